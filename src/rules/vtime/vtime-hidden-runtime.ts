// Rule: what is charged to a task moves the bases that the task is compared with.

import { formatDuration } from '../../vtime/durations.ts';
import type { DriftFact } from '../../vtime/facts.ts';
import { timeToLimit } from '../../vtime/forecast.ts';
import type { VtimeTask } from '../../vtime/task-state.ts';
import { distance, driftDetails } from '../common/vtime-words.ts';
import { defineRule, type Report } from '../rule.ts';

const INFO = 1;
const WARNING = 2;
const ERROR = 3;

export const vtimeHiddenRuntime = defineRule({
  id: 'vtime-hidden-runtime',
  title: 'Runtime that is charged to a task reaches every basis that the order of the task depends on.',
  severity: 'error',
  fn: 'ops.running, ops.stopping',
  needs: ['run', 'stop'],
  vtime: 'any',
  leadsTo: [
    'vtime-drift',
    'vtime-drift-eta',
    'vtime-too-far-ahead',
    'vtime-starvation',
    'vtime-starvation-predicted',
    'runnable-stall',
  ],
  meaning:
    'A run was charged to the vtime of the task, and the scheduler moved no basis for it: from here on the task drifts away from what it is compared with, until the scheduler gives up or the task starves.',
  causes: [
    'the update of the basis stands behind a condition (borrowed CPU, other cell, low weight) and the charge does not',
    'the run is counted for the basis of another group than the one whose tasks it competes with',
  ],
  avoid:
    'Move the basis that the next enqueue compares with, and the one that its competitors follow, for every run that is charged.',
  create(context) {
    /** Tasks whose runs were said to move a basis no more than those of others of their weight. */
    const suspected = new Set<VtimeTask>();
    const expected = (fact: DriftFact, like: VtimeTask): void => {
      const { task, basis, sched } = fact;
      if (suspected.has(task)) return;
      suspected.add(task);
      const first = like.firstHidden()?.firstRunSeq ?? like.movedSeq;
      context.report({
        verdict: 'possible',
        severity: 'warning',
        class: 'alike',
        message: `${task.task.label} (weight ${task.task.weight}) begins to run ${distance(fact.driftMin, sched.domain)} ahead of basis ${basis.label}, which does not follow the runs of ${like.task.label} (weight ${like.movedWeight}) and has been seen to follow heavier tasks only`,
        task: task.task,
        cpu: fact.cpu,
        dsq: task.queue?.name ?? '',
        sched: sched.sched,
        began: first,
        evidence: [{ seq: first, note: `a run of ${like.task.label} that basis ${basis.label} does not follow` }],
        note: 'a run that should move the basis',
        at: fact,
        ...(fact.expectation === undefined ? {} : { premise: fact.expectation }),
        details: driftDetails(fact),
      });
    };
    const report = (fact: DriftFact): void => {
      const { record, sched, task, basis } = fact;
      const { domain } = sched;
      if (fact.alike !== undefined) expected(fact, fact.alike);
      if (record === undefined || !fact.hidden) return;
      const minHidden = domain.limits.number('vtime-hidden-runtime', 'min_hidden');
      if (fact.where !== 'observed' && fact.hiddenNs < minHidden) return;
      const level = record.observed ? WARNING : levelOf(fact);
      if (level <= record.reported) return;
      record.reported = level;
      const last = record.runs > 1 ? ` in ${record.runs} runs` : '';
      context.report({
        verdict:
          record.observed || (level > INFO && !Number.isFinite(fact.excessMin))
            ? 'possible'
            : level === INFO
              ? 'info'
              : 'violation',
        severity: level === ERROR ? 'error' : level === WARNING ? 'warning' : 'info',
        class: record.observed
          ? 'observed'
          : fact.hiddenFromAll
            ? 'all-bases'
            : fact.isEnqueueBasis
              ? 'queue-basis'
              : 'competitors',
        message: record.observed
          ? `runs of ${task.task.label} (weight ${task.task.weight}) do not move basis ${basis.label}: others are still clamped to what it was before, ${distance(fact.driftMax, domain)} behind its vtime`
          : `${formatDuration(fact.hiddenNs)} of ${task.task.label} (weight ${task.task.weight})${last} on CPU ${fact.cpu} reached no basis ${basis.label}; it is ${distance(fact.driftMin, domain)} ahead of it`,
        task: task.task,
        cpu: fact.cpu,
        dsq: task.queue?.name ?? '',
        sched: sched.sched,
        began: record.firstRunSeq,
        evidence: [
          { seq: record.firstRunSeq, note: `the first run that basis ${basis.label} does not follow` },
          ...(record.lastRunSeq >= 0 && record.lastRunSeq !== record.firstRunSeq
            ? [{ seq: record.lastRunSeq, note: 'and the last so far' }]
            : []),
        ],
        note:
          fact.where === 'running'
            ? 'by now it has run that long'
            : fact.where === 'observed'
              ? 'clamped to the basis as if the runs had not been'
              : 'the run ends and is charged',
        at: fact,
        premise: record.observed ? basis.observations : sched.premise,
        details: driftDetails(fact),
      } satisfies Report);
    };
    const levelOf = (fact: DriftFact): number => {
      const { sched, task } = fact;
      const { domain } = sched;
      const { sliceNs, limits, cap } = domain;
      const excess = Number.isFinite(fact.excessMin)
        ? fact.excessMin
        : Number.isFinite(task.lastChargeNs)
          ? task.lastChargeNs
          : 0;
      if (excess <= sliceNs) return INFO;
      if (excess > limits.number('vtime-hidden-runtime', 'error_slices') * sliceNs) return ERROR;
      if (!(fact.rate > 0)) return WARNING;
      const limit = cap?.ns ?? context.vtime?.drift.critical(sched, task, fact.t) ?? Number.POSITIVE_INFINITY;
      const eta = timeToLimit(limit, fact.driftMin, fact.rate);
      return eta < limits.number('vtime-hidden-runtime', 'eta') ? ERROR : WARNING;
    };
    return {
      vtime: { onDrift: report },
      onEnd() {
        const engine = context.vtime;
        if (engine === undefined) return;
        context.checked(engine.runsCompared);
      },
    };
  },
});
