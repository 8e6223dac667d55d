// How the vtime rules speak: distances, bases, and the chain from a symptom back to the first hidden run.
import type { Domain } from '../../vtime/domain.ts';
import { formatDuration } from '../../vtime/durations.ts';
import type { DriftFact } from '../../vtime/facts.ts';
import type { VtimeTask } from '../../vtime/task-state.ts';
import type { Cause } from '../rule.ts';

/** `2 s (100 slices)`; without slices where nobody described how long one is. */
export function distance(ns: number, { auto, sliceNs }: Pick<Domain, 'auto' | 'sliceNs'>): string {
  if (!Number.isFinite(ns)) return 'an unknown distance';
  if (auto) return formatDuration(ns);
  const slices = ns / sliceNs;
  return `${formatDuration(ns)} (${slices < 10 ? Number(slices.toFixed(1)) : Math.round(slices)} slices)`;
}

/** A finite number for programs; null where it is not known. */
export function known(ns: number): number | null {
  return Number.isFinite(ns) ? Math.round(ns) : null;
}

/** Why a task is ahead: its drift, and the first run that a basis did not follow. Nearest cause first. */
export function driftCauses(task: VtimeTask | undefined, without: readonly string[] = []): readonly Cause[] {
  const record = task?.firstHidden();
  if (task === undefined || record === undefined) return [];
  const { basis } = record;
  const causes: Cause[] = [];
  if (record.driftSeq >= 0)
    causes.push({
      rule: 'vtime-drift',
      seq: record.driftSeq,
      text: `${task.task.label} is ahead of basis ${basis.label}`,
    });
  if (record.firstRunSeq >= 0)
    causes.push({
      rule: 'vtime-hidden-runtime',
      seq: record.firstRunSeq,
      text: `the first run of ${task.task.label} that is charged and does not reach basis ${basis.label}`,
    });
  return causes.filter((cause) => !without.includes(cause.rule));
}

/** What a drift finding carries for programs. */
export function driftDetails(fact: DriftFact): Record<string, string | number | boolean | null> {
  const { task, basis, sched } = fact;
  return {
    domain: sched.domain.name,
    basis: basis.label,
    basis_is: fact.isEnqueueBasis ? 'of the queue' : 'of its competitors',
    vtime: task.vKnown ? task.v.toBigInt().toString() : null,
    weight: task.task.weight,
    drift_min_ns: known(fact.driftMin),
    drift_max_ns: known(fact.driftMax),
    excess_min_ns: known(fact.excessMin),
    excess_max_ns: known(fact.excessMax),
    hidden_ns: Math.round(fact.hiddenNs),
    hidden_runs: fact.record?.runs ?? 0,
    observed: fact.record?.observed === true,
  };
}
