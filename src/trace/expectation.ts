// What an author expects of a replay: part of a trace's header, or a file beside the trace. Every key may be left out.
import type { WideJson } from './header-json.ts';

/** Version of the format of expectation files. */
export const EXPECTATION_FORMAT = 'scx-expect@1';

/** A finding that must be there. Only the keys that are given are compared. */
export interface ExpectedFinding {
  rule: string;
  /** Default: `violation`; with `count`, `violation` or `possible`. */
  verdict?: string | undefined;
  class?: string | undefined;
  /** `comm[pid]`. */
  task?: string | undefined;
  cpu?: number | undefined;
  dsq?: string | undefined;
  /** Name of the scheduler. */
  sched?: string | undefined;
  ts?: WideJson | undefined;
  /** What the kernel did about it: `confirmed`, `masked` … */
  kernel?: string | undefined;
  /** Stands for this many findings with these keys. */
  count?: number | undefined;
}

/** A scheduler that must have ended. */
export interface ExpectedExit {
  scheduler: string;
  kind?: number | undefined;
  reason?: string | undefined;
  message?: string | undefined;
}

export interface ExpectationJson {
  /** Replay with these rules only. */
  rules?: string[] | undefined;
  /** Replay under the semantics of this release. */
  kernel?: string | undefined;
  verdict?: string | undefined;
  exit_code?: number | undefined;
  /** All findings that are violations or possible, in any order. */
  findings?: ExpectedFinding[] | undefined;
  /** All schedulers that end, in the order of their appearance. */
  exits?: ExpectedExit[] | undefined;
  /** Smallest share (0..1) that the model must have predicted, by fidelity line. */
  fidelity?: Record<string, number> | undefined;
  /** Rules that must have been checked at least once. */
  evaluated?: string[] | undefined;
}

/** An expectation in a file of its own. */
export interface ExpectationFile extends ExpectationJson {
  format: typeof EXPECTATION_FORMAT;
}
