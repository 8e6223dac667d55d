// What a mutation is: one kind of break, applied at a chosen place.
import type { TraceEvent } from '../../src/trace/event.ts';
import type { Random } from './random.ts';
import type { Recording } from './recording.ts';

export interface Mutant {
  /** `replaced` events from `at` on are replaced by `by`. */
  readonly at: number;
  readonly replaced: number;
  readonly by: readonly TraceEvent[];
  /** Whom the break is about, to tell whether a report names it. */
  readonly pids: readonly number[];
  readonly cpus: readonly number[];
  readonly dsq: string;
  /** Why nothing in the trace can show the break; '' it can be seen. */
  readonly unobservable: string;
}

export interface Mutation {
  readonly id: string;
  /** What is broken, in words. */
  readonly title: string;
  /** A mutant of the recording at a random place; undefined when it has no place for one. */
  make(recording: Recording, random: Random): Mutant | undefined;
}
