// Rule: nobody who waits at the end will wait longer than the watchdog allows.
import { formatDuration } from '../../vtime/durations.ts';
import type { WaitFact } from '../../vtime/wait-fact.ts';
import { driftCauses } from '../common/vtime-words.ts';
import { waitDetails, winnersText } from '../common/wait-words.ts';
import { defineRule } from '../rule.ts';

/** A wait up to this many times of what one slice at the weight of the task costs is by design. */
const BY_DESIGN = 2;

export const vtimeStarvationPredicted = defineRule({
  id: 'vtime-starvation-predicted',
  title:
    'No task that waits when the trace ends is so far behind its competitors that the watchdog will end the scheduler.',
  severity: 'warning',
  fn: 'check_rq_for_timeouts',
  needs: ['consume', 'dsq_link', 'dsq_unlink', 'switch'],
  vtime: 'any',
  meaning:
    'The task still waits on a vtime-ordered DSQ. Until its competitors have passed it, at the rate at which they are served, more time passes than the watchdog allows. They may sleep: it is a prediction.',
  causes: ['see vtime-starvation'],
  avoid: 'See vtime-starvation.',
  create(context) {
    return {
      vtime: {
        onWait(fact: WaitFact) {
          const { task, timeoutNs } = fact;
          if (!fact.open || fact.waitedNs >= timeoutNs) return;
          context.checked();
          const { proof } = fact;
          if (proof.class !== 'order') return;
          const safety = context.vtime?.state.domain.limits.number('vtime-starvation-predicted', 'safety') ?? 1;
          if (proof.waitedNs + fact.forecastNs / safety <= timeoutNs) return;
          // It has to wait that long for its weight alone.
          if (fact.forecastNs <= BY_DESIGN * fact.designedNs) return;
          if (fact.premise.broken) {
            context.undecided('waits whose end only the description could tell, which does not fit');
            return;
          }
          const chain = driftCauses(context.vtime?.state.task(task));
          context.report({
            verdict: 'prediction',
            message: `${task.label} (weight ${task.weight}) has waited ${formatDuration(proof.waitedNs)} on DSQ ${proof.dsq} and will wait ${formatDuration(fact.forecastNs)} more behind ${winnersText(proof)}; the watchdog allows ${formatDuration(timeoutNs)}`,
            task,
            dsq: proof.dsq,
            sched: task.sched,
            began: proof.sinceSeq,
            evidence: [{ seq: proof.sinceSeq, note: `it begins to wait with key ${proof.key ?? '?'}` }],
            note: 'it still waits',
            chain,
            premise: fact.premise,
            details: { ...waitDetails(proof), forecast_ns: Math.round(fact.forecastNs), timeout_ns: timeoutNs },
          });
        },
      },
    };
  },
});
