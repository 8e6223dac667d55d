// Rule: whoever leaves the custody of the scheduler is announced by ops.dequeue().

import { TASK_IN_CUSTODY } from '../../kernel/flags.ts';
import { YES } from '../../model/sched.ts';
import { SLOT } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

const { scx_flags: SCX_FLAGS } = SLOT;

export const dequeueMissing = defineRule({
  id: 'dequeue-missing',
  title: 'A task that leaves the custody of the scheduler is announced by ops.dequeue().',
  severity: 'error',
  since: '7.1',
  fn: 'call_task_dequeue',
  needs: ['ops_enqueue', 'ops_dequeue', 'dsq_link', 'stop'],
  disturbance: true,
  meaning:
    'A task ran although the scheduler was still owed an ops.dequeue() for it: a scheduler that tracks its tasks by enqueue and dequeue now believes that it still has it.',
  causes: [
    'remote moves in 7.1 to 7.2.6, where the kernel forgets the call',
    'an event is missing in the trace',
    'a kernel bug',
  ],
  avoid: 'Use a kernel with the fix (7.2.13, 7.3), or do not rely on ops.dequeue() for tasks that ops.running() shows.',
  create(context) {
    const { custody, remoteMoveDequeue } = context.model.semantics;
    return {
      stop(event, step) {
        const { task } = step;
        if (task === undefined || !custody) return;
        if (step.inCustodyBefore !== YES) {
          context.checked();
          return;
        }
        // The flag itself decides.
        if (!event.hasSlot(SCX_FLAGS)) {
          context.undecided('the trace does not show the flags of the task');
          return;
        }
        if ((event.scx_flags_lo & TASK_IN_CUSTODY) === 0) return;
        if (!remoteMoveDequeue) {
          context.undecided('kernels before 7.2.13 forget ops.dequeue() for remote moves');
          return;
        }
        context.checked();
        context.report({
          verdict: 'violation',
          message: `${task.label} has run on CPU ${event.rq} and the scheduler was never told by ops.dequeue() that it lost it`,
          task,
          cpu: event.rq,
          began: step.inCustodySeqBefore,
          evidence: [{ seq: step.inCustodySeqBefore, note: 'the scheduler takes custody' }],
        });
      },
    };
  },
});
