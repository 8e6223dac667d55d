// The caps document: who delegated and held which CPUs when, as plain data. Renderers are functions of it; a contract.
import type { ExactNumber, ResultFinding, Verdict } from './result.ts';

export const CAPS_SCHEMA = 'scx-check/caps@1';
export const CAPS_STATE_SCHEMA = 'scx-check/caps-state@1';

/** A set of capabilities as people write it: `enq_immed|enq`, `none`; a question mark behind what may be there. */
export type CapsText = string;

/** The cid space. */
export interface CapsLayout {
  /** Number of cids; null: not known. */
  readonly cids: number | null;
  /** Published in the trace, derived from the topology, or not known. */
  readonly source: 'recorded' | 'derived' | 'unknown';
  /** CPU of each cid; empty when not known. */
  readonly cpus: readonly number[];
  /** Cids of each shard, as a list of ranges; empty when not known. */
  readonly shards: readonly string[];
}

export interface CapsScheduler {
  readonly id: ExactNumber;
  readonly name: string;
  readonly level: number;
  readonly parent: ExactNumber | null;
  readonly path: string;
  readonly cgroup: ExactNumber;
  /** Times of the life of the instance; null: not in the trace. */
  readonly linked: ExactNumber | null;
  readonly enabled: ExactNumber | null;
  readonly exited: ExactNumber | null;
  readonly unlinked: ExactNumber | null;
  /** How it ended; null: it did not. */
  readonly exit: string | null;
}

/** From `ts` on the scheduler has these sets on these cids. */
export interface CapsChange {
  readonly ts: ExactNumber;
  readonly sched: ExactNumber;
  readonly cids: string;
  /** What was granted. */
  readonly literal: CapsText;
  /** What is in effect on the CPU. */
  readonly effective: CapsText;
  /** The next fold will bring (`grant`) or take (`revoke`) something; null: nothing, or not known. */
  readonly pending: 'grant' | 'revoke' | null;
}

export interface CapsCall {
  readonly ts: ExactNumber;
  readonly kind: 'grant' | 'revoke' | 'kill';
  readonly caller: ExactNumber | null;
  readonly target: ExactNumber | null;
  readonly caps: CapsText;
  readonly cids: string;
  /** Result; null: none, or not recorded. */
  readonly ret: number | null;
  /** Cids that were refused; null: not recorded. */
  readonly denied: string | null;
}

/** What the core did for lack of capabilities. */
export interface CapsDeedEntry {
  readonly ts: ExactNumber;
  readonly kind: string;
  readonly sched: ExactNumber | null;
  readonly cid: number | null;
  readonly cpu: number;
  readonly pid: number | null;
  readonly comm: string | null;
  /** Capabilities that were missing; null: not known. */
  readonly missing: CapsText | null;
}

export interface CapsDocument {
  readonly schema: typeof CAPS_SCHEMA;
  readonly trace: { readonly path: string; readonly kernel: string | null; readonly cpus: number };
  /** First and last event of the trace. */
  readonly start: ExactNumber;
  readonly end: ExactNumber;
  readonly layout: CapsLayout;
  /** In the order of the tree: parents before their children. */
  readonly schedulers: readonly CapsScheduler[];
  readonly changes: readonly CapsChange[];
  readonly calls: readonly CapsCall[];
  readonly deeds: readonly CapsDeedEntry[];
  readonly verdict: Verdict;
  readonly fidelity: { readonly observed: number; readonly explained: number; readonly unknown: number };
  readonly findings: readonly ResultFinding[];
}

/** Sets of one scheduler that hold on a list of cids. */
export interface CapsHolding {
  readonly cids: string;
  readonly literal: CapsText;
  readonly effective: CapsText;
  /** As last told by ops.sub_ecaps_updated(); null: the recording does not show that. */
  readonly reported: CapsText | null;
}

export interface CapsStateScheduler {
  readonly id: ExactNumber;
  readonly name: string;
  readonly level: number;
  readonly parent: ExactNumber | null;
  readonly path: string;
  /** `live`, `being attached`, `exiting`, or `unknown`. */
  readonly state: string;
  /** Depth of bypass mode; null: not known. */
  readonly bypass: number | null;
  readonly holdings: readonly CapsHolding[];
  /** Changes that ops.sub_caps_updated() has not been told yet, by shard; null: the recording does not show that. */
  readonly untold: readonly { readonly shard: number; readonly cids: string; readonly caps: CapsText }[] | null;
}

export interface CapsStateCpu {
  readonly cpu: number;
  readonly cid: number | null;
  /** Task that runs; `idle`; null: not known. */
  readonly current: string | null;
  readonly owner: ExactNumber | null;
  /** Schedulers whose syncs wait for a fold, newest first; null: not known. */
  readonly pending: readonly ExactNumber[] | null;
  readonly rejected: readonly string[];
  readonly parked: readonly string[];
  /** Task that is being rescued. */
  readonly rescuee: string | null;
}

/** The exact state at one time: after the last event that is not later. */
export interface CapsStateDocument {
  readonly schema: typeof CAPS_STATE_SCHEMA;
  readonly trace: { readonly path: string; readonly kernel: string | null; readonly cpus: number };
  readonly at: ExactNumber;
  /** Time of that event; null: the trace begins later. */
  readonly event: ExactNumber | null;
  readonly layout: CapsLayout;
  readonly schedulers: readonly CapsStateScheduler[];
  readonly cpus: readonly CapsStateCpu[];
}
