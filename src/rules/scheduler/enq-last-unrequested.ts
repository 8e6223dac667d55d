// Rule: SCX_ENQ_LAST comes only to schedulers that asked for it.
import { ENQ_HI_LAST, OPS_ENQ_LAST } from '../../kernel/flags.ts';
import { defineRule } from '../rule.ts';

export const enqLastUnrequested = defineRule({
  id: 'enq-last-unrequested',
  title: 'SCX_ENQ_LAST is passed only to schedulers with SCX_OPS_ENQ_LAST.',
  severity: 'warning',
  fn: 'put_prev_task_scx',
  needs: ['ops_enqueue', 'sched_attach'],
  meaning:
    'The last runnable task of a CPU was given back although the scheduler did not ask for that: the kernel warns about it.',
  causes: ['core scheduling', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const { cpus } = context.model.header;
    // Core scheduling needs SMT siblings.
    const certain = cpus.length > 0 && cpus.every((cpu) => cpu.siblings === undefined || cpu.siblings.size <= 1);
    return {
      'ops_enqueue:call'(event, step) {
        const { sched, task } = step;
        if (sched === undefined || !sched.opsFlagsKnown) return;
        context.checked();
        if ((event.enq_flags_hi & ENQ_HI_LAST) === 0 || (sched.opsFlags & OPS_ENQ_LAST) !== 0) return;
        context.report({
          verdict: certain ? 'violation' : 'possible',
          message: `${task?.label ?? 'a task'} is enqueued with SCX_ENQ_LAST, scheduler ${sched.label} has no SCX_OPS_ENQ_LAST`,
          task,
          cpu: event.rq,
          sched,
          began: sched.linkSeq,
        });
      },
    };
  },
});
