// Rule: ops.dequeue() says why.

import { DEQ_HI_CORE_SCHED_EXEC, DEQ_HI_SCHED_CHANGE, DEQ_SLEEP } from '../../kernel/flags.ts';
import { NO } from '../../model/sched.ts';
import { SLOT } from '../../trace/event.ts';
import { formatHex } from '../../trace/u64.ts';
import { defineRule } from '../rule.ts';
import { callsOp } from './dequeue-duplicate.ts';

const { deq_flags: DEQ_FLAGS } = SLOT;

export const dequeueFlags = defineRule({
  id: 'dequeue-flags',
  title: 'The flags of ops.dequeue() are none (dispatched), SLEEP, SCHED_CHANGE or CORE_SCHED_EXEC.',
  severity: 'error',
  since: '7.1',
  fn: 'ops_dequeue, call_task_dequeue',
  needs: ['ops_dequeue'],
  meaning:
    'ops.dequeue() was called with flags that stand for none of the reasons for which a task leaves the scheduler.',
  causes: ['a kernel bug', 'an altered trace'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      ops_dequeue(event, step) {
        if (!context.model.semantics.custody || !event.hasSlot(DEQ_FLAGS) || callsOp(event) === NO) return;
        context.checked();
        const { deq_flags_hi: hi, deq_flags_lo: lo } = event;
        const none = hi === 0 && lo === 0;
        if (none || (lo & DEQ_SLEEP) !== 0 || (hi & (DEQ_HI_SCHED_CHANGE | DEQ_HI_CORE_SCHED_EXEC)) !== 0) return;
        context.report({
          verdict: 'violation',
          message: `ops.dequeue() of ${step.task?.label ?? `pid ${event.pid}`} has flags ${formatHex(hi, lo)}, none of SLEEP, SCHED_CHANGE, CORE_SCHED_EXEC`,
          task: step.task,
          cpu: event.rq,
        });
      },
    };
  },
});
