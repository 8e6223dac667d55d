// Rule: a charge never takes vtime away.
import type { ChargeFact, InsertFact } from '../../vtime/facts.ts';
import { defineRule } from '../rule.ts';

/** Beyond this a difference is no distance any more, ns. */
const HUGE = 2 ** 62;

export const vtimeChargeUnderflow = defineRule({
  id: 'vtime-charge-underflow',
  title: 'A charge does not make a vtime smaller, or change it by half the range of numbers.',
  severity: 'error',
  fn: 'ops.stopping',
  needs: ['run', 'stop'],
  vtime: 'any',
  leadsTo: ['vtime-key-wrap'],
  meaning:
    'The vtime after a run lies before the one at its beginning: a negative runtime or an unsigned underflow. The task jumps to the head of every queue, or to its end for good.',
  causes: [
    'a start time later than now (a reloaded scheduler, a clock that differs between CPUs)',
    'a slice longer than the one that the rest is subtracted from',
    'a floor computed below zero',
  ],
  avoid: 'Clamp the runtime at zero before it is scaled.',
  create(context) {
    return {
      vtime: {
        onCharge(fact: ChargeFact) {
          if (Number.isNaN(fact.deltaNs) || !fact.observed || !fact.isPure) return;
          context.checked();
          const { task, sched } = fact;
          const huge = Math.abs(fact.deltaNs) > HUGE;
          // Without a description nobody knows that a stop only ever adds.
          if (!huge && (sched.domain.auto || fact.deltaNs >= 0)) return;
          context.report({
            verdict: 'violation',
            message: `the run of ${task.task.label} on CPU ${fact.cpu} changes its vtime from ${fact.before.toBigInt()} to ${fact.after.toBigInt()}`,
            task: task.task,
            cpu: fact.cpu,
            sched: sched.sched,
            began: fact.runSeq,
            evidence: [
              { seq: fact.runSeq, note: `the run begins at ${fact.before.toBigInt()}` },
              { seq: task.observedSeq, note: `and leaves ${fact.after.toBigInt()}` },
            ],
            note: 'the run ends',
            at: { seq: fact.seq, t: fact.t },
            ...(huge ? {} : { premise: sched.premise }),
            details: { domain: sched.domain.name, delta_ns: fact.deltaNs },
          });
        },
        onInsert(fact: InsertFact) {
          if (!Number.isFinite(fact.driftMax) || fact.basis === undefined) return;
          const { task, sched, basis } = fact;
          if (fact.driftMax >= -HUGE) return;
          context.report({
            verdict: 'violation',
            class: 'drift',
            message: `the vtime of ${task.task.label} (${fact.before.toBigInt()}) lies half the range of numbers before basis ${basis.label}`,
            task: task.task,
            dsq: fact.queue.name,
            sched: sched.sched,
            began: task.observedSeq,
            evidence: [{ seq: task.observedSeq, note: 'its vtime' }],
            premise: sched.premise,
            details: { domain: sched.domain.name, basis: basis.label },
          });
        },
      },
    };
  },
});
