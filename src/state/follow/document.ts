// The life of one subject as data: a head, an entry for every event that concerns it, a summary. Its shape is a contract.
import type { ExactNumber } from '../../findings/result.ts';
import type { EventView, Moment, TraceView } from '../document.ts';

export const FOLLOW_SCHEMA = 'scx-check/follow@1';

export type FactValue = null | boolean | number | string | Moment | readonly (number | string)[];

/** What is known of a subject: the facts of `scx-check/state@1`, by name. */
export type Facts = Readonly<Record<string, FactValue>>;

/** One fact that an event changed. */
export interface ValueChange {
  readonly field: string;
  readonly before: FactValue;
  readonly after: FactValue;
}

/** A list of which `removed` was taken out at index `at`, and `inserted` put in there. */
export interface ListChange {
  readonly field: string;
  readonly at: number;
  readonly removed: readonly (number | string)[];
  readonly inserted: readonly (number | string)[];
}

export type Change = ValueChange | ListChange;

/** Why, or what it means, in words; `refers` is the event that it speaks of. */
export interface Note {
  readonly text: string;
  readonly refers?: Moment;
}

export interface FollowEntry extends EventView {
  readonly changes: readonly Change[];
  readonly notes: readonly Note[];
}

export type SubjectKind = 'task' | 'cpu' | 'dsq';

export interface FollowHead {
  readonly schema: typeof FOLLOW_SCHEMA;
  readonly trace: TraceView;
  readonly subject: { readonly kind: SubjectKind; readonly name: string };
  /** The facts before the first entry; changes count from here. Null: there is no entry, and nothing was known. */
  readonly initial: Facts | null;
}

/** A verdict that the kernel dropped. */
export interface Drop {
  readonly pid: number;
  readonly dsq: string;
  readonly inserted: Moment;
  readonly dropped: Moment;
  readonly why: string;
}

export interface LongestWait {
  readonly ns: number;
  readonly began: Moment;
  readonly ended: Moment;
}

export interface TaskSummary {
  readonly kind: 'task';
  readonly runs: number;
  readonly run_ns: number;
  /** Runs by CPU. */
  readonly cpus: readonly { readonly cpu: number; readonly runs: number; readonly run_ns: number }[];
  /** Runs that began on another CPU than the one before. */
  readonly migrations: number;
  /** Waits that ended in a run, of known length. */
  readonly waits: number;
  readonly wait_ns: number;
  readonly longest_wait: LongestWait | null;
  /** It is waiting at the end, since. */
  readonly open_wait: Moment | null;
  /** How often it was given to the scheduler, and how often the scheduler took it. */
  readonly enqueues: number;
  readonly taken: number;
  readonly inserts: number;
  readonly affinity_changes: number;
  /** Times that a CPU took a later task from its DSQ because it may not run this one. */
  readonly passed_over: number;
  readonly drops: number;
  readonly drop_list: readonly Drop[];
  /** Errors that the core raised about it. */
  readonly errors: readonly string[];
}

export interface CpuSummary {
  readonly kind: 'cpu';
  readonly switches: number;
  readonly busy_ns: number;
  readonly picks: number;
  readonly picks_of_nothing: number;
  readonly inserts: number;
  readonly drops: number;
  readonly drop_list: readonly Drop[];
}

export interface DsqSummary {
  readonly kind: 'dsq';
  readonly links: number;
  readonly unlinks: number;
  readonly max_nr: number;
  readonly longest_stay: (LongestWait & { readonly pid: number }) | null;
}

export type FollowSummary = TaskSummary | CpuSummary | DsqSummary;

export interface FollowTail {
  /** The facts after the last entry. */
  readonly final: Facts | null;
  /** Entries shown, and span of the events looked at. */
  readonly entries: number;
  readonly from: ExactNumber | null;
  readonly to: ExactNumber | null;
  readonly summary: FollowSummary;
  readonly incomplete?: { readonly error: string };
}
