// Verdicts that the core drops silently, and why: what the scheduler asked for and never got.
import type { Sched } from './sched.ts';
import type { Task } from './task.ts';

/**
 * Why a verdict had no effect.
 * - `never-given`: at the insert the task was not in the hands of the scheduler, and was not since.
 * - `taken-back`: the task was dequeued between insert and finish, and has not come back.
 * - `given-again`: it was dequeued and enqueued anew: the verdict is about an earlier round (qseq).
 * - `token-lost`: a dequeue won while the dispatching CPU changed run-queue locks.
 * - `deferred-cancelled`: a direct dispatch to another CPU waited for its lock, and the task was dequeued meanwhile.
 */
export type DropReason = 'never-given' | 'taken-back' | 'given-again' | 'token-lost' | 'deferred-cancelled' | 'unknown';

export interface Drop {
  readonly reason: DropReason;
  readonly task: Task;
  readonly sched: Sched | undefined;
  /** DSQ that was asked for, as people write it, and the CPU of a local one; -1 otherwise. */
  readonly dsq: string;
  readonly target: number;
  /** The insert. */
  readonly seq: number;
  readonly time: number;
  /** What took the task away, and when; '' not known. */
  readonly cause: string;
  readonly causeSeq: number;
  readonly causeTime: number;
}

/** The drop in one sentence. `now` is the time at which it was dropped, ns. */
export function describeDrop(drop: Drop, now: number): string {
  const what = `dispatch of ${drop.task.label} to ${drop.dsq} dropped`;
  const why = whyDropped(drop, now);
  return why === '' ? what : `${what}: ${why}`;
}

/** Why it was dropped, as a clause; '' not known. */
export function whyDropped(drop: Drop, now: number): string {
  const when = drop.causeTime < 0 ? '' : ` ${microseconds(now - drop.causeTime)} before`;
  switch (drop.reason) {
    case 'never-given':
      return "the task was not the scheduler's to dispatch when it was inserted";
    case 'taken-back':
      return `${drop.cause === '' ? 'taken back' : drop.cause}${when}`;
    case 'given-again':
      return `${drop.cause === '' ? 'enqueued anew' : drop.cause}${when}, and enqueued anew since`;
    case 'token-lost':
      return `${drop.cause === '' ? 'dequeued' : drop.cause} while the lock of its run queue was awaited`;
    case 'deferred-cancelled':
      return `${drop.cause === '' ? 'dequeued' : drop.cause} before the deferred dispatch was carried out`;
    default:
      return '';
  }
}

function microseconds(ns: number): string {
  return ns < 10_000 ? `${(ns / 1000).toFixed(1)} µs` : `${Math.round(ns / 1000)} µs`;
}
