// Rule: while an instance bypasses on a CPU, its scheduling callbacks are not called there.
import { YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import { defineRule } from '../rule.ts';

export const opDuringBypass = defineRule({
  id: 'op-during-bypass',
  title:
    'While an instance bypasses on a CPU, ops.enqueue(), ops.dispatch() and ops.select_cpu() are not called for it.',
  severity: 'error',
  fn: 'scx_do_enqueue_task, scx_dispatch_sched, select_task_rq_scx',
  needs: ['bypass', ['ops_enqueue', 'flush']],
  disturbance: true,
  meaning:
    'A callback of the scheduler was called although bypass mode was in force: the core, not the scheduler, decides then.',
  causes: ['an event is missing or altered in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const check = (step: Step, op: string): void => {
      const { sched, rq } = step;
      const owner = op === 'ops.dispatch()' ? sched : (step.task?.sched ?? sched);
      if (owner === undefined || rq === undefined) return;
      const bypassing = owner.isBypassing(rq.id);
      if (bypassing >= 0) context.checked();
      if (bypassing !== YES) return;
      context.report({
        verdict: 'violation',
        message: `${op} of ${owner.label} is called for CPU ${rq.id}, where it bypasses${step.task === undefined ? '' : ` (${step.task.label})`}`,
        task: step.task,
        cpu: rq.id,
        sched: owner,
        began: owner.bypassSeq,
        evidence: owner.bypassSeq < 0 ? [] : [{ seq: owner.bypassSeq, note: 'bypass mode' }],
      });
    };
    return {
      'ops_enqueue:return'(event, step) {
        // Custody shows that ops.enqueue() was called; shortcuts of the core leave none.
        if (step.task?.custodySeq === event.seq) check(step, 'ops.enqueue()');
      },
      'flush:call'(_event, step) {
        // ops.dispatch() may drop the rq lock: bypass mode can begin while it runs.
        if (!beganInside(step)) check(step, 'ops.dispatch()');
      },
    };
  },
});

/** Bypass mode was switched after the pick began: for the scheduler, or for one above it. */
function beganInside({ rq, sched }: Step): boolean {
  if (rq?.pick.active !== true) return false;
  for (let at = sched; at !== undefined; at = at.parent) if (at.bypassSeq > rq.pick.beginSeq) return true;
  return false;
}
