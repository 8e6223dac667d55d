// Words for parts of the model that several reports of it use: tasks, moments, lists, unknown values.
import type { ExactNumber } from '../findings/result.ts';
import type { Moment, TaskRef, TaskView } from '../state/document.ts';
import { formatDuration } from '../trace/duration.ts';

/** What a value that is not known is printed as. */
export const UNKNOWN_TEXT = '?';

/** Members of a list that are named before the rest is counted. */
const NAMED = 8;

export function known(value: string | number | boolean | null): string {
  return value === null ? UNKNOWN_TEXT : String(value);
}

export function yesNo(value: boolean | null): string {
  return value === null ? UNKNOWN_TEXT : value ? 'yes' : 'no';
}

/** `hog-3[508]`, as the kernel writes tasks. */
export function taskName(task: TaskRef): string {
  return task.pid === 0 ? 'idle' : task.comm === null ? `pid ${task.pid}` : `${task.comm}[${task.pid}]`;
}

/** Time in seconds, ns exact, as trace-cmd prints times. */
export function seconds(ts: ExactNumber): string {
  const ns = BigInt(ts);
  const sign = ns < 0n ? '-' : '';
  const abs = ns < 0n ? -ns : ns;
  return `${sign}${abs / 1_000_000_000n}.${String(abs % 1_000_000_000n).padStart(9, '0')}`;
}

/** ns from one time to another. */
export function between(from: ExactNumber, to: ExactNumber): number {
  return Number(BigInt(to) - BigInt(from));
}

/** `3.2 ms, since 36.840000000 (@24390)`. */
export function since(moment: Moment, now: ExactNumber): string {
  return `${formatDuration(between(moment.ts, now))}, since ${seconds(moment.ts)} (@${moment.event})`;
}

/** `191 µs ago, at 36.856717352 (@37652)`. */
export function ago(moment: Moment, now: ExactNumber): string {
  return `${formatDuration(between(moment.ts, now))} ago, at ${seconds(moment.ts)} (@${moment.event})`;
}

/** A slice or another time in ns that may be infinite. */
export function duration(ns: ExactNumber | 'inf' | null): string {
  if (ns === null) return UNKNOWN_TEXT;
  return ns === 'inf' ? 'infinite' : formatDuration(Number(ns));
}

/** The first few names of a list, and how many more there are. */
export function nameList(names: readonly string[], limit = NAMED): string {
  const more = names.length > limit ? ` and ${names.length - limit} more` : '';
  return `${names.slice(0, limit).join(', ')}${more}`;
}

export function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Where a task is, in a few words. */
export function placeText(task: TaskView): string {
  const still = task.place !== 'running' && typeof task.on_cpu === 'number' ? `, still on CPU ${task.on_cpu}` : '';
  return `${place(task)}${still}`;
}

function place(task: TaskView): string {
  switch (task.place) {
    case 'running':
      return `running on CPU ${known(task.on_cpu)}`;
    case 'dsq': {
      const position = task.dsq_position === null ? '' : `, position ${task.dsq_position}`;
      const of = task.dsq_nr === null || task.dsq_position === null ? '' : ` of ${task.dsq_nr}`;
      return `on DSQ ${known(task.dsq)}${position}${of}`;
    }
    case 'scheduler':
      return 'held by the scheduler';
    case 'dispatch':
      return 'claimed for a dispatch';
    case 'enqueue':
      return 'being enqueued';
    case 'deferred':
      return `direct dispatch to ${known(task.direct_dispatch)} pending`;
    case 'transit':
      return 'on its way from a DSQ to a CPU';
    case 'off':
      return 'not runnable';
    case 'dead':
      return 'dead';
    case 'nowhere':
      return 'on no queue at this moment';
    case null:
      return `${UNKNOWN_TEXT} (where it is, is not known)`;
  }
}
