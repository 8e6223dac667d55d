// Rule: no task waits long only because others always go before it by vtime.
import { formatDuration } from '../../vtime/durations.ts';
import type { WaitFact } from '../../vtime/wait-fact.ts';
import { driftCauses } from '../common/vtime-words.ts';
import { waitDetails, winnersText } from '../common/wait-words.ts';
import { defineRule } from '../rule.ts';

/** A wait up to this many times of what one slice at the weight of the task costs is by design. */
const JUSTIFIED = 2;

export const vtimeStarvation = defineRule({
  id: 'vtime-starvation',
  title: 'No task loses every decision by vtime for a good part of the watchdog timeout.',
  severity: 'error',
  fn: 'scx_consume_dispatch_q',
  needs: ['consume', 'dsq_link', 'dsq_unlink', 'switch'],
  vtime: 'any',
  leadsTo: ['runnable-stall'],
  meaning:
    'The task waited on a vtime-ordered DSQ while every CPU that could have served it took tasks that go before it. The wait is longer than its own weight explains.',
  causes: [
    'its vtime ran away from its basis (see the chain)',
    'the queue of a lagging basis that always wins (vtime-domain-split)',
  ],
  avoid: 'Bound how far ahead a vtime can get, or how long a task can wait.',
  create(context) {
    return {
      vtime: {
        onWait(fact: WaitFact) {
          const { task, timeoutNs } = fact;
          const limits = context.vtime?.state.domain.limits;
          const share = fact.waitedNs / timeoutNs;
          if (limits === undefined || share < limits.number('vtime-starvation', 'min_wait')) return;
          context.checked();
          const late = fact.waitedNs >= timeoutNs;
          // A wait that its own weight, or the number of its competitors, explains is no starvation until it is too long.
          if (!late && fact.waitedNs <= JUSTIFIED * fact.justifiedAtLeastNs) return;
          const { proof } = fact;
          if (proof.class === 'unknown') {
            context.undecided('long waits whose cause the trace does not show');
            return;
          }
          if (proof.class !== 'order') return;
          if (!late && fact.premise.broken) {
            context.undecided('long waits that only the description could justify, which does not fit');
            return;
          }
          const serious = share >= limits.number('vtime-starvation', 'error_wait');
          const own = context.vtime?.state.task(task);
          if (!late && proof.waitedNs <= JUSTIFIED * fact.justifiedNs) return;
          if (!late && !serious && own?.firstHidden() === undefined) return;
          const chain = [
            ...(proof.lastLostSeq >= 0
              ? [
                  {
                    rule: 'vtime-starvation',
                    seq: proof.firstLostSeq,
                    text: `the first of ${proof.lost} decisions that ${task.label} loses by order`,
                  },
                ]
              : []),
            ...driftCauses(own),
          ];
          context.report({
            verdict: late ? 'violation' : 'possible',
            severity: serious ? 'error' : 'warning',
            class: fact.open ? 'waiting' : 'served-late',
            message: `${task.label} (weight ${task.weight}) waited ${formatDuration(proof.waitedNs)} on DSQ ${proof.dsq} and lost all ${proof.decisions} decisions by order to ${winnersText(proof)}; the watchdog allows ${formatDuration(timeoutNs)}`,
            task,
            dsq: proof.dsq,
            sched: task.sched,
            began: proof.sinceSeq,
            evidence: [
              { seq: proof.sinceSeq, note: `it begins to wait with key ${proof.key ?? '?'}` },
              { seq: proof.firstLostSeq, note: 'the first decision that it loses' },
              { seq: proof.lastLostSeq, note: `the last of ${proof.lost}` },
            ],
            note: fact.open ? 'it still waits' : 'it is taken off at last',
            chain,
            ...(fact.isDescribed ? { premise: fact.premise } : {}),
            details: { ...waitDetails(proof), forecast_ns: Math.round(fact.forecastNs), timeout_ns: timeoutNs },
          });
        },
      },
    };
  },
});
