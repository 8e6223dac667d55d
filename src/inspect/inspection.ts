// The document of an inspection: what a file holds and what can be decided from it, as plain data.

export const INSPECTION_SCHEMA = 'scx-check/inspection@1';

/** Rules that lack the same thing. */
export interface UndecidableRules {
  /** What records it: a command; '' when no recorder does; undefined when more recording does not help. */
  readonly record?: string;
  readonly reason: string;
  readonly rules: readonly string[];
}

/** A task that was runnable and did not run; `since` as decimal text, ns of the trace's clock. */
export interface InspectedWait {
  readonly pid: number;
  readonly since: string;
  readonly ns: number;
}

export interface Inspection {
  readonly schema: typeof INSPECTION_SCHEMA;
  readonly path: string;
  readonly format: string;
  readonly bytes: number;
  readonly kernel: string | null;
  /** Where the release comes from that rules and model go by, such as `header` or `assumed`. */
  readonly semantics: string;
  readonly clock: string | null;
  /** Times of the first and the last event, ns of the trace's clock as decimal text; null without events. */
  readonly first: string | null;
  readonly last: string | null;
  readonly span_ns: number;
  readonly cpus: {
    /** CPUs that the header knows as possible; null: it does not say. */
    readonly possible: string | null;
    readonly online: string | null;
    /** CPUs that executed events. */
    readonly seen: string;
  };
  readonly tasks: {
    readonly in_header: number;
    readonly with_affinity: number;
    readonly seen: number;
  };
  readonly schedulers: readonly { readonly id: string; readonly name: string; readonly exit: string | null }[];
  /** State of sched_ext when the recording began, as the snapshot says; null: not known. */
  readonly sched_ext: string | null;
  readonly events: {
    readonly total: number;
    /** By type. */
    readonly by_type: Readonly<Record<string, number>>;
    /** Records that become no event, by name. */
    readonly unused: Readonly<Record<string, number>>;
  };
  readonly lost: {
    /** Records; -1: an unknown number. */
    readonly records: number;
    readonly by_cpu: Readonly<Record<string, number>>;
  };
  /** Waits of tasks for a CPU, from switches and wakeups. */
  readonly waits: {
    readonly measured: number;
    readonly mean_ns: number;
    readonly longest: InspectedWait | null;
    /** Who has waited longest when the trace ends. */
    readonly waiting_at_end: InspectedWait | null;
  };
  /** Events of some tasks may have been left out on purpose. */
  readonly may_be_filtered: boolean;
  readonly rules: {
    readonly decidable: readonly string[];
    readonly undecidable: readonly UndecidableRules[];
  };
  /** What ended the reading early. */
  readonly damage?: string;
}
