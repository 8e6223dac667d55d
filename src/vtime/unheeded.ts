// Finds the tasks whose runs a basis demonstrably does not follow.
import { before, type U64 } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';

/**
 * Tasks whose last update should have moved the basis beyond what was seen of it by a callback that began at the event
 * `since`, when the update of another task explains what was seen to the nanosecond. Empty: nothing so clear.
 */
export function findUnheeded(
  state: VtimeState,
  sched: SchedVtime,
  basis: Basis,
  seen: U64,
  since: number,
): readonly VtimeTask[] {
  const ahead: VtimeTask[] = [];
  let explained = false;
  for (const task of state.tasks()) {
    if (task.sched !== sched || task.movedBasis !== basis || task.movedSeq > since) continue;
    if (before(seen.hi, seen.lo, task.movedTo.hi, task.movedTo.lo)) ahead.push(task);
    else if (seen.equals(task.movedTo.hi, task.movedTo.lo)) explained = true;
  }
  return explained ? ahead.toSorted((a, b) => a.pid - b.pid) : [];
}

/** A basis that was seen not to follow some tasks is seen exactly where one of them would have moved it: it is not that simple. */
export function dispute(state: VtimeState, sched: SchedVtime, basis: Basis, seen: U64): void {
  if (basis.ignores === 0 || basis.observations.broken) return;
  for (const task of state.tasks()) {
    if (task.sched !== sched || task.movedBasis !== basis || !seen.equals(task.movedTo.hi, task.movedTo.lo)) continue;
    if (!task.ignoredBy.includes(basis)) return;
    basis.observations.break(
      `basis ${basis.label} does follow ${task.task.label} at times: it is not one basis, or follows by another rule`,
    );
  }
}
