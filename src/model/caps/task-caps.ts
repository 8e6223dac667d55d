// What a task has to do with capabilities: why it was turned away, how it came to its local DSQ, its rescue.
import type { Sched } from '../sched.ts';

/** How an insertion on a local DSQ passed the check. */
export const ADMIT_NONE = 0;
/** The placer held what it needed, or nothing was needed. */
export const ADMIT_CAPS = 1;
/** It could not be refused: CPU offline, migration disabled or pending. */
export const ADMIT_FORCED = 2;
/** As a rescue. */
export const ADMIT_RESCUE = 3;
/** The core put it there regardless (restore, rescuee). */
export const ADMIT_IGNORED = 4;
/** Somebody else's host placed it. */
export const ADMIT_HOSTED = 5;
export const ADMIT_UNKNOWN = 6;

/** Places of a task: nowhere; on some CPU that the trace does not name. */
export const NO_CPU = -1;
export const SOME_CPU = -2;

export class TaskCaps {
  // Turned away: on the REJECT DSQ of a CPU, or taken off its local DSQ by a scan.
  /** CPU whose REJECT DSQ it is on; NO_CPU, SOME_CPU. */
  rejectedOn = NO_CPU;
  rejectSeq = -1;
  /** Capabilities that the last rejection found missing; -1 unknown. */
  missing = -1;
  /** Who had placed it then. */
  placer: Sched | undefined;
  /** Shared DSQ that it was taken from last: `global`, `bypass`, `user`, or ''. */
  takenFrom = '';
  /** Re-enqueue with reason CAP that is due: CPU (NO_CPU: none; SOME_CPU), missing capabilities (-1 unknown) and event. */
  capReenqOn = NO_CPU;
  capReenqCaps = -1;
  capReenqSeq = -1;
  /** Owner at that time. */
  capReenqSched: Sched | undefined;
  /** Re-enqueues since it last ran, as far as they were seen. */
  reenqCount = 0;

  /** Event at which its owner changed last; -1 not seen. */
  ownerSeq = -1;

  /** Event at which it was dequeued last; -1 not seen. */
  dequeueSeq = -1;
  /** It was moved while a migration was pending, which may still be so. */
  pendingMove = false;

  /** It is being initialised because it is forked. */
  forking = false;

  // Local DSQ.
  admitted = ADMIT_NONE;
  admitSeq = -1;

  // Rescue.
  parkedOn = NO_CPU;
  parkedTime = -1;
  parkedSeq = -1;
}
