// Rule: no task is on its way to the limit.
import { formatDuration } from '../../vtime/durations.ts';
import type { DriftFact } from '../../vtime/facts.ts';
import { timeToLimit } from '../../vtime/forecast.ts';
import type { HiddenRecord } from '../../vtime/task-state.ts';
import { driftCauses, driftDetails } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeDriftEta = defineRule({
  id: 'vtime-drift-eta',
  title: 'No drift grows so that it reaches the limit soon.',
  severity: 'warning',
  fn: 'ops.stopping',
  needs: ['run', 'stop'],
  vtime: 'described',
  meaning:
    "The drift of a task has grown stop after stop. If it goes on like this, the scheduler's own limit, or a stall as long as the watchdog allows, is reached at the time given.",
  causes: ['see vtime-hidden-runtime'],
  avoid: 'See vtime-hidden-runtime.',
  create(context) {
    const told = new Set<HiddenRecord>();
    return {
      vtime: {
        onDrift(fact: DriftFact) {
          const { record, sched, task, basis } = fact;
          if (fact.where !== 'stop' || record === undefined) return;
          context.checked();
          const { limits, cap } = sched.domain;
          if (record.growing < limits.number('vtime-drift-eta', 'n') || !(fact.rate > 0) || told.has(record)) return;
          const limit = cap?.ns ?? context.vtime?.drift.critical(sched, task, fact.t) ?? Number.POSITIVE_INFINITY;
          if (fact.driftMin >= limit) return;
          const eta = timeToLimit(limit, fact.driftMin, fact.rate);
          if (eta >= limits.number('vtime-drift-eta', 'horizon')) return;
          told.add(record);
          const what =
            cap === undefined
              ? 'a drift that stalls it until the watchdog ends the scheduler'
              : "the scheduler's limit";
          const chain = driftCauses(task);
          context.report({
            verdict: 'prediction',
            message: `the drift of ${task.task.label} from basis ${basis.label} grows by ${formatDuration(fact.rate * 1e9)} a second; it reaches ${what} (${formatDuration(limit)}) in ${formatDuration(eta)}`,
            task: task.task,
            cpu: fact.cpu,
            sched: sched.sched,
            began: record.firstRunSeq,
            evidence: [{ seq: record.firstRunSeq, note: 'the first run that is hidden' }],
            note: `it has grown at ${record.growing} stops in a row`,
            at: fact,
            chain,
            premise: record.observed ? basis.observations : sched.premise,
            details: { ...driftDetails(fact), rate: fact.rate, limit_ns: limit, eta_ns: Math.round(eta) },
          });
        },
      },
    };
  },
});
