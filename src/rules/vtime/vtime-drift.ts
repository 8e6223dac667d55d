// Rule: a task is not further ahead of a basis than the charge of its last run explains.

import type { Basis } from '../../vtime/basis.ts';
import type { DriftFact } from '../../vtime/facts.ts';
import type { VtimeTask } from '../../vtime/task-state.ts';
import { distance, driftCauses, driftDetails } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeDrift = defineRule({
  id: 'vtime-drift',
  title: 'A task is ahead of the bases that it is compared with by no more than its last charge.',
  severity: 'warning',
  fn: 'ops.stopping, ops.enqueue',
  needs: ['run', 'stop', ['insert', 'dsq_link']],
  vtime: 'any',
  leadsTo: [
    'vtime-drift-eta',
    'vtime-too-far-ahead',
    'vtime-starvation',
    'vtime-starvation-predicted',
    'runnable-stall',
  ],
  meaning:
    'The vtime of a task is further ahead of its basis than a healthy scheduler shows: it will be served late, or not at all.',
  causes: [
    'runtime that is charged to the task and moves no basis (vtime-hidden-runtime)',
    'a basis that stepped back',
    'a vtime carried over from another domain',
  ],
  avoid: 'Let the basis follow every run, or bring tasks that come from elsewhere to the new basis.',
  create(context) {
    /** Where a task that is not hidden from a basis was reported against it. */
    const reported = new Map<VtimeTask, Basis>();
    return {
      vtime: {
        onDrift(fact: DriftFact) {
          const { task, basis, record, sched } = fact;
          if (fact.where === 'running') return;
          const limit = context.vtime?.drift.warnNs(basis) ?? Number.POSITIVE_INFINITY;
          const observed = record?.observed === true;
          const excess = observed ? fact.excessMax : fact.excessMin;
          if (!(excess > limit) || !Number.isFinite(excess)) return;
          if (record !== undefined) {
            if (record.driftSeq >= 0) return;
            record.driftSeq = fact.seq;
            record.driftTime = fact.t;
          } else {
            if (reported.get(task) === basis) return;
            reported.set(task, basis);
          }
          const chain = driftCauses(task, ['vtime-drift']);
          context.report({
            // Without a description nothing says how the basis moves.
            verdict: observed || sched.domain.auto ? 'possible' : 'violation',
            message: `${task.task.label} (weight ${task.task.weight}) is ${distance(observed ? fact.driftMax : fact.driftMin, sched.domain)} ahead of basis ${basis.label}${basis.isExact ? ` (${basis.describe()})` : ''}; ${distance(limit, sched.domain)} beyond its last charge are healthy at most`,
            task: task.task,
            cpu: fact.cpu,
            dsq: task.queue?.name ?? '',
            sched: sched.sched,
            began: chain[0]?.seq ?? -1,
            evidence: chain.map((cause) => ({ seq: cause.seq, note: cause.text })),
            note: fact.where === 'insert' ? 'inserted' : 'the run ends and is charged',
            at: fact,
            chain,
            premise: observed || sched.domain.auto ? basis.observations : sched.premise,
            details: driftDetails(fact),
          });
        },
        onRebase: (fact) => {
          reported.delete(fact.task);
        },
      },
      onEnd() {
        const engine = context.vtime;
        if (engine === undefined) return;
        context.checked(engine.driftsCompared);
      },
    };
  },
});
