// A domain description in the form the engine works with: numbers, indices, bit fields.
import type { CpuMask } from '../trace/cpu-mask.ts';
import type { AdvanceMode, Instance, RebaseEvent, Scope } from './description.ts';
import type { Limits } from './limits.ts';

export interface BasisSpec {
  readonly index: number;
  readonly id: string;
  /** `queue`: one for each ordered DSQ, when nothing is described. */
  readonly scope: Scope | 'queue';
  /** Halves of the value at loading; undefined: unknown. */
  readonly init: { readonly hi: number; readonly lo: number } | undefined;
}

export interface BitField {
  readonly shift: number;
  readonly width: number;
}

export interface QueueSpec {
  readonly index: number;
  readonly name: string;
  /** Does the queue stand for a DSQ with this id? */
  readonly match:
    | { readonly kind: 'any' }
    | { readonly kind: 'cgroup' }
    | {
        readonly kind: 'mask';
        readonly maskHi: number;
        readonly maskLo: number;
        readonly hi: number;
        readonly lo: number;
      }
    | { readonly kind: 'range'; readonly from: bigint; readonly to: bigint };
  readonly cpu: BitField | undefined;
  readonly llc: BitField | undefined;
  readonly group: BitField | undefined;
  readonly basis: BasisSpec;
  /** Bases that the order of its tasks depends on. */
  readonly drift: readonly BasisSpec[];
  readonly compareWith: readonly number[];
  /** Queue that wins when heads are equal; -1: this one. */
  readonly tie: number;
}

export const PRED_BORROWED = 0;
export const PRED_PINNED = 1;
export const PRED_CHARGE_IS_CPU = 2;
export const PRED_TASK_IS_CPU = 3;
export const PRED_LLC_AWARE = 4;
export const PRED_BELOW = 5;
export const PRED_WEIGHT = 6;

export interface Predicate {
  readonly kind: number;
  readonly negated: boolean;
  /** ns for `below`, the weight for `weight>=`. */
  readonly value: number;
  readonly text: string;
}

export interface AdvanceLine {
  readonly on: 'running' | 'stopping' | 'retag';
  readonly basis: BasisSpec;
  readonly of: Instance;
  /** Basis whose value is taken; undefined: the task's vtime. */
  readonly from: BasisSpec | undefined;
  readonly mode: AdvanceMode;
  readonly when: readonly Predicate[];
}

export interface Lag {
  readonly ns: number;
  readonly weight: 'none' | 'mul' | 'inv';
  /** Bounds of a factor that the scheduler varies. */
  readonly factorMin: number;
  readonly factorMax: number;
  readonly floorZero: boolean;
}

export type GroupMap =
  | { readonly kind: 'none' }
  | { readonly kind: 'event' }
  | { readonly kind: 'cgroup'; readonly groups: ReadonlyMap<string, number> }
  | { readonly kind: 'tasks'; readonly groups: ReadonlyMap<string, number> }
  | { readonly kind: 'cpus'; readonly groups: readonly { readonly cpus: CpuMask; readonly group: number }[] };

/** How one scheduler keeps vtime. */
export interface Domain {
  readonly name: string;
  /** Nothing was described: one basis a DSQ, running-max, lag unknown. */
  readonly auto: boolean;
  readonly sliceNs: number;
  readonly taskGroups: GroupMap;
  readonly cpuGroups: GroupMap;
  readonly initialGroup: number;
  readonly bases: readonly BasisSpec[];
  readonly queues: readonly QueueSpec[];
  readonly charge: {
    readonly source: 'clock' | 'slice' | 'none';
    readonly num: number;
    readonly minNs: number;
    readonly yieldSlice: boolean;
    readonly capacity: boolean;
  };
  readonly privateAccumulator: boolean;
  /** Low clamp; undefined: there is none. */
  readonly lag: Lag | undefined;
  readonly cap: { readonly ns: number; readonly action: 'error' | 'clamp' } | undefined;
  readonly keyOffsetMaxNs: number;
  readonly running: readonly AdvanceLine[];
  readonly stopping: readonly AdvanceLine[];
  readonly retag: readonly AdvanceLine[];
  readonly chargeGroup: { readonly normal: 'task' | 'cpu'; readonly pinned: 'task' | 'cpu' };
  readonly vtimeCommit: 'auto' | 'kfunc' | 'enqueue';
  readonly reset: ReadonlySet<RebaseEvent>;
  readonly translate: ReadonlySet<RebaseEvent>;
  readonly unsignedCompare: boolean;
  readonly watchdogNs: number;
  readonly llcAware: boolean;
  readonly limits: Limits;
  /** Does a run that is visible to the basis end with the task at or before it (stopping), or one charge ahead (running)? */
  readonly followsAt: (basis: BasisSpec) => 'running' | 'stopping' | 'none';
}

/** Smallest low clamp distance for a weight, ns. */
export function lagMin(lag: Lag, weight: number): number {
  return Math.floor(scaledLag(lag, weight) * lag.factorMin);
}

/** Largest low clamp distance for a weight, ns. */
export function lagMax(lag: Lag, weight: number): number {
  return Math.ceil(scaledLag(lag, weight) * lag.factorMax);
}

function scaledLag(lag: Lag, weight: number): number {
  if (lag.weight === 'none') return lag.ns;
  return lag.weight === 'mul' ? Math.floor((lag.ns * weight) / 100) : Math.floor((lag.ns * 100) / weight);
}
