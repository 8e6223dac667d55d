// Rule: the scheduler is not given a task that it has already.
import { ENQ_HI_REENQ } from '../../kernel/flags.ts';
import { defineRule } from '../rule.ts';

export const enqueueTwice = defineRule({
  id: 'enqueue-twice',
  title:
    'A task is given to the scheduler once: ops.enqueue() comes again only after a dequeue, a dispatch or as a re-enqueue.',
  severity: 'error',
  fn: 'scx_do_enqueue_task',
  needs: ['ops_enqueue', 'ops_dequeue', 'dsq_link'],
  disturbance: true,
  meaning: 'ops.enqueue() was called for a task that the scheduler had already and that nothing had taken back.',
  causes: ['an event is missing in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      'ops_enqueue:call'(event, step) {
        const { task } = step;
        if (task === undefined) return;
        context.checked();
        if (step.custodySeqBefore < 0 || (event.enq_flags_hi & ENQ_HI_REENQ) !== 0) return;
        context.report({
          verdict: 'violation',
          message: `${task.label} is enqueued again, the scheduler has had it since its last ops.enqueue()`,
          task,
          cpu: event.rq,
          began: step.custodySeqBefore,
          evidence: [{ seq: step.custodySeqBefore, note: 'the scheduler takes the task' }],
        });
      },
    };
  },
});
