// What `scx-check vtime` found out about the vtimes of a trace: per task and basis the drift, and where runtime was charged.
import type { ExactNumber } from './result.ts';

export const VTIME_SCHEMA = 'scx-vtime@1';

/** Drift at one moment: bounds of the vtime of the task minus the basis, ns; null: not bounded. */
export interface DriftSample {
  readonly ts: ExactNumber;
  readonly min_ns: number | null;
  readonly max_ns: number | null;
}

export interface VtimeDrift {
  readonly basis: string;
  /** Samples at inserts and at the ends of runs, thinned out: the largest of each stretch. */
  readonly samples: readonly DriftSample[];
  /** Largest drift that is certain; null: nothing is. */
  readonly largest_ns: number | null;
  /** Runtime that was charged to the task and did not reach this basis, ns, and in how many runs. */
  readonly hidden_ns: number;
  readonly hidden_runs: number;
  /** First of these runs; null: none. */
  readonly first_hidden: ExactNumber | null;
  /** At the last stop: growth in vtime ns per ns, and time to the scheduler's limit and to a stall; null: none foreseen. */
  readonly rate: number | null;
  readonly to_error_ns: number | null;
  readonly to_stall_ns: number | null;
}

/** Runs that were charged in the same circumstances. */
export interface VtimeCharged {
  /** Group of the CPU; null: unknown, or there are no groups. */
  readonly group: number | null;
  readonly borrowed: boolean | null;
  readonly pinned: boolean | null;
  readonly runs: number;
  readonly runtime_ns: number;
  /** By how much the vtime grew, ns, where it was seen or follows from the description. */
  readonly charge_ns: number;
}

export interface VtimeTaskReport {
  readonly pid: number;
  readonly comm: string;
  readonly weight: number;
  readonly drifts: readonly VtimeDrift[];
  readonly charged: readonly VtimeCharged[];
}

export interface VtimeBasisReport {
  readonly basis: string;
  /** Last known value: exact, or bounds; null: not bounded. */
  readonly low: ExactNumber | null;
  readonly high: ExactNumber | null;
  /** Number of updates that moved it, and the largest step, ns. */
  readonly updates: number;
  readonly largest_step_ns: number;
  /** Tasks whose charged runs did not reach it, and the runtime, ns. */
  readonly hidden_tasks: number;
  readonly hidden_ns: number;
}

export interface VtimeSchedReport {
  readonly scheduler: string;
  /** Why the description does not fit; null: nothing contradicts it. */
  readonly mismatch: string | null;
  readonly bases: readonly VtimeBasisReport[];
  /** The task that drifted most comes first. */
  readonly tasks: readonly VtimeTaskReport[];
}

export interface VtimeDocument {
  readonly schema: typeof VTIME_SCHEMA;
  readonly path: string;
  readonly domain: string;
  /** Nothing was described: drift is known only as far as keys show it. */
  readonly auto: boolean;
  readonly slice_ns: number;
  readonly limit_ns: number | null;
  readonly from: ExactNumber;
  readonly to: ExactNumber;
  readonly schedulers: readonly VtimeSchedReport[];
}
