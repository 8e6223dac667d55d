// What the engine tells the rules: facts about charges, inserts, drift, bases, waits. Records are reused: copy what you keep.
import type { Tri } from '../model/sched.ts';
import type { U64 } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import type { Premise } from './premise.ts';
import type { QueueInstance, SchedVtime } from './sched-vtime.ts';
import type { HiddenRecord, VtimeTask } from './task-state.ts';
import type { WaitFact } from './wait-fact.ts';

/** Place of a fact in the trace. */
export interface Place {
  seq: number;
  t: number;
}

/** A run ended and was charged. */
export interface ChargeFact extends Place {
  task: VtimeTask;
  sched: SchedVtime;
  /** CPU that it ran on. */
  cpu: number;
  /** The run was on a CPU of another group. */
  borrowed: Tri;
  runSeq: number;
  /** Raw runtime as the trace shows it, ns, and bounds of what the scheduler can have measured. -1: the start was not seen. */
  runtimeNs: number;
  runtimeMin: number;
  runtimeMax: number;
  /** Vtime before, and after where it was seen. */
  before: U64;
  beforeKnown: boolean;
  after: U64;
  observed: boolean;
  /** after - before, signed ns; NaN where either is not known. */
  deltaNs: number;
  /** What is left of its slice, ns, where it is known; -1 otherwise. */
  sliceLeftNs: number;
  /** Bounds of the charge by the description; -1 where the weight or the runtime is not known. */
  modelMin: number;
  modelMax: number;
  /** Nothing but a charge can have changed the vtime in between. */
  isPure: boolean;
  /** Does the charge fit the description: 1 yes, 0 no, -1 it could not be compared. */
  fit: number;
}

export const INSERT_UNKNOWN = 0;
export const INSERT_UNCLAMPED = 1;
export const INSERT_CLAMPED = 2;
export const INSERT_CAPPED = 3;
/** The key is behind the vtime, and nothing that is described explains it. */
export const INSERT_BEHIND = 4;
export const INSERT_REBASED = 5;

/** An ordered insert was asked for. */
export interface InsertFact extends Place {
  task: VtimeTask;
  sched: SchedVtime;
  queue: QueueInstance;
  basis: Basis | undefined;
  key: U64;
  before: U64;
  beforeKnown: boolean;
  kind: number;
  /** Vtime at the begin of the ops.enqueue() around it, when it was changed in the same callback. */
  staleRead: boolean;
  /** ns by which the key lies before the low clamp of a basis whose value was seen exactly; 0: it does not. */
  belowObserved: number;
  /** The task's vtime was last set against another basis. */
  fromElsewhere: boolean;
  /** The task did not sleep since its last ordered insert. */
  continuous: boolean;
  /** Bounds of `before - basis`, ns; infinite where unknown. */
  driftMin: number;
  driftMax: number;
  /** The basis had never moved or been looked at before. */
  freshBasis: boolean;
  /** By how much its vtime was set back since its last insert, ns; NaN: it was not set. */
  rebaseDeltaNs: number;
  /** Halves of the DSQ id. */
  dsqHi: number;
  dsqLo: number;
}

/** Runtime is charged to a task and does not reach a basis that it is compared with, or the task is ahead of one. */
export interface DriftFact extends Place {
  task: VtimeTask;
  sched: SchedVtime;
  basis: Basis;
  /** Is it the basis of the task's queue (clamp and limit), or one that its competitors follow? */
  isEnqueueBasis: boolean;
  where: 'running' | 'stop' | 'insert' | 'observed';
  /** The run was not applied to this basis, or to none of those that count. */
  hidden: boolean;
  hiddenFromAll: boolean;
  record: HiddenRecord | undefined;
  /** Hidden runtime, ns, what is under way included. */
  hiddenNs: number;
  /** Bounds of v - basis and of the excess over what is healthy, ns. */
  driftMin: number;
  driftMax: number;
  excessMin: number;
  excessMax: number;
  /** Growth over the last stops, vtime ns per ns; NaN with fewer than two. */
  rate: number;
  cpu: number;
  /** Ordinal of an event that proves it further; -1 none. */
  proofSeq: number;
  /** It is only expected: of this task, which is no lighter, runs were seen not to move the basis. */
  alike: VtimeTask | undefined;
  /** What that expectation stands on. */
  expectation: Premise | undefined;
}

/** A callback moved a basis. */
export interface AdvanceFact extends Place {
  task: VtimeTask;
  sched: SchedVtime;
  basis: Basis;
  movedNs: number;
  /** Largest of its last steps, ns, and how many it made in all. */
  largestBefore: number;
  stepsBefore: number;
  /** Basis that the task's vtime was last set against, and by how much it was certainly ahead of this one, ns; 0: it may not have been. */
  reference: Basis | undefined;
  referenceGapNs: number;
  /** Bases or groups changed since the task was placed. */
  retagged: boolean;
  /** It had never moved before. */
  fresh: boolean;
}

/** A task's vtime was set anew outside of a charge. */
export interface RebaseFact extends Place {
  task: VtimeTask;
  sched: SchedVtime;
  cause: string;
  /** Bounds of the drift that is forgotten, ns; infinite when unknown. */
  driftMin: number;
  driftMax: number;
}

/** The value of a basis was recorded. */
export interface SnapFact extends Place {
  sched: SchedVtime;
  basis: Basis;
  /** Earlier recorded value, and the difference to it, ns. */
  previousSeq: number;
  deltaNs: number;
}

/** The trace contradicts the description. */
export interface MismatchFact extends Place {
  sched: SchedVtime;
  class: 'basis' | 'charge' | 'queue' | 'cap' | 'key';
  message: string;
  task: VtimeTask | undefined;
  basis: Basis | undefined;
  /** The other one of the two events that contradict each other; -1 none. */
  otherSeq: number;
  otherNote: string;
  note: string;
  /** Tasks whose runs the basis demonstrably does not follow. */
  hidden: readonly VtimeTask[];
}

/** A task was taken from one of two queues whose heads compete. */
export interface TakeFact extends Place {
  sched: SchedVtime;
  cpu: number;
  task: VtimeTask;
  /** Head of the queue that should have won; undefined: the choice was right. */
  passed: VtimeTask | undefined;
  queue: QueueInstance;
  other: QueueInstance;
  headKey: U64;
  otherKey: U64;
  /** Since when the head of the other queue has waited, ns. */
  otherWaitNs: number;
  otherHead: VtimeTask;
}

/** The scheduler reported a vtime error of its own, with numbers. */
export interface ErrorRecordFact extends Place {
  sched: SchedVtime;
  task: VtimeTask | undefined;
  pid: number;
  message: string;
  vtime: bigint;
  basis: bigint | undefined;
  diffNs: number;
  /** Bounds of v - basis as the model has them, ns; infinite when unknown. */
  driftMin: number;
  driftMax: number;
  /** The limit that the description gives, ns; -1 none. */
  capNs: number;
  record: HiddenRecord | undefined;
}

/** Handlers of facts; only what a rule names reaches it. */
export interface VtimeHandlers {
  readonly onCharge?: (fact: ChargeFact) => void;
  readonly onInsert?: (fact: InsertFact) => void;
  readonly onDrift?: (fact: DriftFact) => void;
  readonly onAdvance?: (fact: AdvanceFact) => void;
  readonly onRebase?: (fact: RebaseFact) => void;
  readonly onSnap?: (fact: SnapFact) => void;
  readonly onMismatch?: (fact: MismatchFact) => void;
  readonly onTake?: (fact: TakeFact) => void;
  readonly onErrorRecord?: (fact: ErrorRecordFact) => void;
  readonly onWait?: (fact: WaitFact) => void;
}

export type FactName = keyof VtimeHandlers;
