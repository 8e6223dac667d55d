// Rule: no task is further ahead than the scheduler itself allows.
import { formatDuration } from '../../vtime/durations.ts';
import type { ErrorRecordFact } from '../../vtime/facts.ts';
import { INSERT_CAPPED } from '../../vtime/facts.ts';
import { distance, driftCauses, known } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeTooFarAhead = defineRule({
  id: 'vtime-too-far-ahead',
  title: "A task's vtime stays within the limit that the scheduler itself checks at enqueue.",
  severity: 'error',
  fn: 'ops.enqueue',
  needs: [['insert', 'dsq_link', 'bpf_exit', 'sched_exit']],
  vtime: 'any',
  leadsTo: ['bpf-error', 'scheduler-ejected'],
  meaning:
    'The scheduler found a vtime too far ahead of its basis: it ended itself with an error, or clamped the vtime down and went on.',
  causes: ['a drift that grew unnoticed (see the chain of the finding)', 'a single charge beyond the limit'],
  avoid: 'Find the run that moved no basis: the chain of the finding leads to it.',
  create(context) {
    return {
      vtime: {
        onErrorRecord(fact: ErrorRecordFact) {
          context.checked();
          const { task, sched } = fact;
          const predicted = fact.capNs >= 0 && fact.driftMin > fact.capNs;
          const chain = driftCauses(task);
          context.report({
            verdict: 'violation',
            class: 'error',
            message: `${task?.task.label ?? `pid ${fact.pid}`} is ${distance(fact.diffNs, sched.domain)} ahead of its basis at enqueue, and the scheduler ends itself (${fact.message})`,
            task: task?.task,
            sched: sched.sched,
            began: chain.at(-1)?.seq ?? -1,
            evidence: chain.map((cause) => ({ seq: cause.seq, note: cause.text })),
            note: predicted ? 'the scheduler raises its error, as predicted' : 'the scheduler raises its error',
            at: fact,
            chain,
            details: {
              domain: sched.domain.name,
              vtime: fact.vtime.toString(),
              basis_value: fact.basis?.toString() ?? null,
              diff_ns: fact.diffNs,
              limit_ns: fact.capNs < 0 ? null : fact.capNs,
              predicted,
              drift_min_ns: known(fact.driftMin),
              drift_max_ns: known(fact.driftMax),
            },
          });
        },
        onInsert(fact) {
          const { sched, task, basis } = fact;
          const { cap } = sched.domain;
          if (cap === undefined || basis === undefined) return;
          context.checked();
          if (fact.kind !== INSERT_CAPPED || cap.action !== 'clamp' || fact.driftMin <= cap.ns) return;
          const chain = driftCauses(task);
          context.report({
            verdict: 'violation',
            severity: 'warning',
            class: 'clamped',
            message: `${task.task.label} is ${distance(fact.driftMin, sched.domain)} ahead of basis ${basis.label}, and the scheduler clamps it down to ${formatDuration(cap.ns)}`,
            task: task.task,
            dsq: fact.queue.name,
            sched: sched.sched,
            began: chain.at(-1)?.seq ?? -1,
            evidence: chain.map((cause) => ({ seq: cause.seq, note: cause.text })),
            chain,
            premise: sched.premise,
            details: {
              domain: sched.domain.name,
              basis: basis.label,
              limit_ns: cap.ns,
              drift_min_ns: known(fact.driftMin),
            },
          });
        },
      },
    };
  },
});
