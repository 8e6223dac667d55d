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
  return explained ? ahead : [];
}
