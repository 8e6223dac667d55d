// The difference between two states of a subject, and how it is applied: applying it to the first gives the second.
import type { Change, Facts, FactValue, ListChange } from './document.ts';

/** What changed from `before` to `after`, in the order of the fields. Lists change by one splice. */
export function differenceOf(before: Facts, after: Facts): Change[] {
  const changes: Change[] = [];
  for (const [field, value] of Object.entries(after)) {
    const old = before[field] ?? null;
    if (Array.isArray(value) && Array.isArray(old)) {
      const splice = spliceOf(field, old, value);
      if (splice !== undefined) changes.push(splice);
    } else if (!isSame(old, value)) changes.push({ field, before: old, after: value });
  }
  return changes;
}

/** `facts` after `changes`. */
export function applyChanges(facts: Facts, changes: readonly Change[]): Facts {
  const result: Record<string, FactValue> = { ...facts };
  for (const change of changes) {
    if ('after' in change) result[change.field] = change.after;
    else {
      const list = result[change.field];
      const items = Array.isArray(list) ? [...(list as readonly (number | string)[])] : [];
      items.splice(change.at, change.removed.length, ...change.inserted);
      result[change.field] = items;
    }
  }
  return result;
}

/** One splice that turns a list into another; undefined when they are equal. */
function spliceOf(
  field: string,
  before: readonly (number | string)[],
  after: readonly (number | string)[],
): ListChange | undefined {
  let head = 0;
  const shorter = Math.min(before.length, after.length);
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const removed = before.slice(head, before.length - tail);
  const inserted = after.slice(head, after.length - tail);
  return removed.length === 0 && inserted.length === 0 ? undefined : { field, at: head, removed, inserted };
}

function isSame(a: FactValue, b: FactValue): boolean {
  if (a === b) return true;
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false;
  return 'event' in a && 'event' in b && a.event === b.event && a.ts === b.ts;
}
