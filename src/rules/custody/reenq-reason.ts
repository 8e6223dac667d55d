// Rule: a re-enqueue has a reason, and nothing else has.

import { ENQ_HI_REENQ, TASK_REENQ_REASON_SHIFT } from '../../kernel/flags.ts';
import { isAtLeast } from '../../kernel/release.ts';
import { SLOT } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

const { scx_flags: SCX_FLAGS, enq_flags: ENQ_FLAGS, sticky_cpu: STICKY_CPU } = SLOT;

export const reenqReason = defineRule({
  id: 'reenq-reason',
  title: 'ops.enqueue() with SCX_ENQ_REENQ has a re-enqueue reason, without it it has none.',
  severity: 'error',
  since: '7.1',
  fn: 'scx_do_enqueue_task, reenq_local, reenq_user',
  needs: ['ops_enqueue'],
  disturbance: true,
  meaning:
    'The reason in p->scx.flags and the flag of the enqueue do not agree, so the scheduler cannot tell why a task comes back.',
  causes: ['a kernel bug', 'an altered trace'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const mask = isAtLeast(context.model.semantics.version.release, '7.3') ? 7 : 3;
    return {
      'ops_enqueue:call'(event, step) {
        if (!event.hasSlot(SCX_FLAGS) || !event.hasSlot(ENQ_FLAGS)) return;
        // A task that the core moves keeps the flags of its enqueue, and ops.enqueue() is not called for it.
        if (event.hasSlot(STICKY_CPU) && event.sticky_cpu >= 0) return;
        const reason = (event.scx_flags_lo >> TASK_REENQ_REASON_SHIFT) & mask;
        const again = (event.enq_flags_hi & ENQ_HI_REENQ) !== 0;
        if (again === (reason !== 0)) {
          context.checked();
          return;
        }
        if (again && !event.hasSlot(STICKY_CPU) && context.model.header.recorded !== undefined) {
          context.undecided('whether a task arrives from a move is not recorded');
          return;
        }
        context.checked();
        context.report({
          verdict: 'violation',
          message: again
            ? `${step.task?.label ?? 'a task'} is re-enqueued without a reason`
            : `${step.task?.label ?? 'a task'} is enqueued with re-enqueue reason ${reason}, and is not re-enqueued`,
          task: step.task,
          cpu: event.rq,
        });
      },
    };
  },
});
