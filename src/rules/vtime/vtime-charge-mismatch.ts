// Rule: a run costs what the description says.

import { formatDuration } from '../../vtime/durations.ts';
import type { ChargeFact } from '../../vtime/facts.ts';
import type { SchedVtime } from '../../vtime/sched-vtime.ts';
import { defineRule, type Report } from '../rule.ts';

/** Misfits that are held back until it is clear whether the description fits the others. */
const MAX_HELD = 64;

/** How many more charges by the clock have to be compared than exact ones, and the share that may not fit. */
const CLOCK_FACTOR = 3;
const CLOCK_MISFITS = 0.1;

export const vtimeChargeMismatch = defineRule({
  id: 'vtime-charge-mismatch',
  title: 'A run is charged its runtime, scaled by the weight of the task.',
  severity: 'warning',
  fn: 'ops.stopping',
  needs: ['run', 'stop', ['set_vtime', 'ops_enqueue', 'update_curr']],
  vtime: 'described',
  meaning:
    'The vtime of the task changed by something else than the charge of its run, while other charges fit the description.',
  causes: [
    'a start time that was not stored, or was stored for another CPU',
    'a slice that was refilled or written in between',
    'a weight that changed in between',
    'interrupt time that the clock counts and the slice does not',
  ],
  avoid: 'Store the start of the run with the task, and charge once a stop.',
  create(context) {
    const held = new Map<SchedVtime, Report[]>();
    const isClear = ({ charges, domain }: SchedVtime): boolean => {
      const { compared, fitting } = charges;
      const enough = domain.limits.number('vtime-model-mismatch', 'charges');
      if (domain.charge.source === 'slice') return compared >= enough;
      // Charges by the clock fit within a tolerance only: many have to, and nearly all. Slices must have told that they are not charged.
      const isTold = charges.slicesSeen === 0 || charges.sliceCompared - charges.sliceExact >= enough;
      return isTold && compared >= CLOCK_FACTOR * enough && compared - fitting <= compared * CLOCK_MISFITS;
    };
    const flush = (sched: SchedVtime): void => {
      // Where the description does not fit at all, single charges say nothing.
      if (sched.premise.broken) context.undecided('charges that do not fit a description that does not fit either');
      else for (const report of held.get(sched) ?? []) context.report(report);
      held.delete(sched);
    };
    const reportOf = (fact: ChargeFact): Report => {
      const { task, sched } = fact;
      const exact = sched.domain.charge.source === 'slice';
      return {
        verdict: exact ? 'violation' : 'possible',
        message: `${task.task.label} (weight ${task.task.weight}) ran ${formatDuration(fact.runtimeNs)} on CPU ${fact.cpu} and was charged ${formatDuration(fact.deltaNs)} instead of ${formatDuration(fact.modelMin)}${fact.modelMax === fact.modelMin ? '' : `..${formatDuration(fact.modelMax)}`}`,
        task: task.task,
        cpu: fact.cpu,
        sched: sched.sched,
        began: fact.runSeq,
        evidence: [
          { seq: fact.runSeq, note: 'the run begins' },
          { seq: task.observedSeq, note: 'its vtime afterwards' },
        ],
        note: 'the run ends',
        at: { seq: fact.seq, t: fact.t },
        premise: sched.premise,
        details: {
          domain: sched.domain.name,
          charged_ns: fact.deltaNs,
          model_min_ns: fact.modelMin,
          model_max_ns: fact.modelMax,
          runtime_ns: fact.runtimeNs,
          weight: task.task.weight,
        },
      };
    };
    return {
      vtime: {
        onCharge(fact: ChargeFact) {
          if (fact.fit < 0) return;
          context.checked();
          const { sched } = fact;
          if (fact.fit === 0 && !sched.premise.broken) {
            const list = held.get(sched) ?? [];
            if (list.length < MAX_HELD) list.push(reportOf(fact));
            held.set(sched, list);
          }
          if (held.size > 0 && (sched.premise.broken || isClear(sched))) flush(sched);
        },
      },
      onEnd() {
        for (const [sched, reports] of held) {
          if (sched.premise.broken) continue;
          for (const report of reports) context.report({ ...report, verdict: 'inconclusive' });
          context.undecided(
            `${sched.charges.compared} charges are too few to tell a wrong charge from a wrong description`,
          );
        }
      },
    };
  },
});
