// Rule: a task does not get rid of its debt by provoking resets.
import type { RebaseFact } from '../../vtime/facts.ts';
import type { VtimeTask } from '../../vtime/task-state.ts';
import { distance } from '../common/vtime-words.ts';
import { defineRule, type EvidenceRef } from '../rule.ts';

interface Reset {
  readonly t: number;
  readonly seq: number;
  readonly ns: number;
  readonly cause: string;
}

export const vtimeResetDiscount = defineRule({
  id: 'vtime-reset-discount',
  title: 'Resets of the vtime do not forgive a task much runtime.',
  severity: 'warning',
  fn: 'ops.set_cpumask, ops.cgroup_move',
  needs: ['set_vtime', ['affinity', 'cgroup_move', 'cell']],
  vtime: 'described',
  meaning:
    'The task was ahead of its basis, and its vtime was set to the basis, again and again: what it ran is forgotten, and it gets more than its share.',
  causes: ['affinity or cgroup that is changed in a loop', 'a group of CPUs that changes all the time'],
  avoid: 'Translate the vtime to the new basis instead of resetting it.',
  create(context) {
    const resets = new Map<VtimeTask, Reset[]>();
    return {
      vtime: {
        onRebase(fact: RebaseFact) {
          const { task, sched, cause } = fact;
          if (cause === '' || cause === 'enable') return;
          context.checked();
          if (!(fact.driftMin > 0) || !Number.isFinite(fact.driftMin)) return;
          const { limits } = sched.domain;
          const window = limits.number('vtime-reset-discount', 'window');
          const list = (resets.get(task) ?? []).filter((reset) => fact.t - reset.t <= window);
          list.push({ t: fact.t, seq: fact.seq, ns: fact.driftMin, cause });
          resets.set(task, list);
          const sum = list.reduce((total, reset) => total + reset.ns, 0);
          if (list.length < limits.number('vtime-reset-discount', 'resets')) return;
          if (sum <= limits.number('vtime-reset-discount', 'k') * sched.domain.sliceNs) return;
          resets.delete(task);
          context.report({
            verdict: 'violation',
            message: `${task.task.label} is forgiven ${distance(sum, sched.domain)} of vtime by ${list.length} resets (${[...new Set(list.map((reset) => reset.cause))].join(', ')})`,
            task: task.task,
            sched: sched.sched,
            began: list[0]?.seq ?? -1,
            evidence: list
              .slice(0, -1)
              .map((reset): EvidenceRef => ({ seq: reset.seq, note: `${distance(reset.ns, sched.domain)} forgiven` })),
            note: `${distance(fact.driftMin, sched.domain)} forgiven`,
            premise: sched.premise,
            details: { domain: sched.domain.name, forgiven_ns: Math.round(sum), resets: list.length },
          });
        },
      },
    };
  },
});
