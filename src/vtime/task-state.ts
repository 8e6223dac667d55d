// What the engine keeps of a task: its vtime, the run or charge under way, its place, and what its runs were hidden from.
import { type Tri, UNKNOWN } from '../model/sched.ts';
import type { Task } from '../model/task.ts';
import { NEVER, TIME_ZERO } from '../trace/time.ts';
import { U64 } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import type { RebaseEvent } from './description.ts';
import type { QueueInstance, SchedVtime } from './sched-vtime.ts';

/** Runs of one task that were charged to it and never reached one basis. */
export class HiddenRecord {
  readonly basis: Basis;
  /** Raw runtime, ns, since the drift was last nothing. */
  runtimeNs = 0;
  runs = 0;
  /** The first of these runs: ordinal and time of its start and end, and the drift after it. */
  firstRunSeq = -1;
  firstRunTime = -1;
  firstStopSeq = -1;
  /** Last of these runs. */
  lastRunSeq = -1;
  /** Stops in a row in which the excess did not shrink, and the first of them. */
  growing = 0;
  growingSince = -1;
  growingFrom = 0;
  lastExcess = Number.NEGATIVE_INFINITY;
  /** What was reported already: 0 nothing, 1 information, 2 warning, 3 error. */
  reported = 0;
  /** Where the excess was first reported as drift. */
  driftSeq = -1;
  driftTime = -1;
  /** It shows in what others were clamped to, not in what the description says. */
  observed = false;

  constructor(basis: Basis) {
    this.basis = basis;
  }
}

/** A charge that the trace did not show explains any distance. */
export const UNKNOWN_CHARGE = Number.POSITIVE_INFINITY;

export class VtimeTask {
  readonly task: Task;
  /** Scheduler whose vtime it carries. */
  sched: SchedVtime | undefined;

  /** Vtime: in [v, v + slack]. */
  readonly v = new U64();
  vKnown = false;
  slack = 0;
  /** Ordinal of the last event that showed it. */
  observedSeq = -1;

  // The run under way. CPU -1: it does not run.
  runCpu = -1;
  runSeq = -1;
  runTime = NEVER;
  /** When the callback at the start had certainly returned. */
  runSettled = -1;
  yielded = false;

  // The charge under way: ops.stopping() was called, its result has not been seen.
  charging = false;
  chargeCpu = -1;
  stopSeq = -1;
  stopTime = NEVER;
  /** The put that follows the dequeue of a running task was seen: what is shown now is the result. */
  stopDone = false;
  /** The run that ended: its start, -1 when it was not seen. */
  chargedRunSeq = -1;
  chargedRunTime = NEVER;
  chargedRunSettled = -1;
  /** The last charge, ns of vtime: as large as can be while the trace has not shown it. And the raw runtime behind it. */
  lastChargeNs = UNKNOWN_CHARGE;
  lastRuntimeNs = TIME_ZERO;

  // Bases that the run was applied to, and how certainly.
  /** The first of them; mostly there is but one. */
  #appliedFirst: Basis | undefined;
  #appliedFirstTri: Tri = 0;
  readonly #appliedMore: { readonly basis: Basis; tri: Tri }[] = [];
  /** The run may have been applied to instances that could not be told. */
  appliedUnknown = false;

  // Place.
  /** Queue and basis of the last ordered insert. */
  queue: QueueInstance | undefined;
  basis: Basis | undefined;
  queueSeq = -1;
  /** Basis against which the vtime was last set or clamped. */
  reference: Basis | undefined;
  /** Groups: its own, and the one noted at the last placement; -1 unknown. */
  group = -1;
  groupSeq = -1;
  chargeGroup = -1;
  cgroup = -1;
  llc = -1;
  /** Ordinal of the last insert or placement. */
  placedSeq = -1;
  /** It went through a shared DSQ since it was last given to the scheduler. */
  viaShared = false;
  borrowed: Tri = 0;
  /** It was directly dispatched, and nothing showed yet where to. */
  directPending = false;
  /** Ordinal of the last affinity change. */
  maskSeq = -1;

  // Changes of the vtime outside a charge.
  /** Something happened that lets the scheduler set the vtime anew or carry it over to another basis. */
  rebaseAllowed = false;
  rebaseCause: RebaseEvent | '' = '';
  rebaseSeq = -1;
  /** The last time since its last insert that this happened, -1 never, and by how much it was set back, ns. */
  rebasedSeq = -1;
  rebaseDeltaNs = 0;
  enableBeginSeq = -1;

  // The insert under way.
  /** Begin of the ops.enqueue() around it; -1 none. */
  opSeq = -1;
  readonly opV = new U64();
  opVKnown = false;
  /** Key that was asked for and has not been seen taking effect. */
  readonly asked = new U64();
  askedPending = false;
  /** An iterator moves it: its key is no clamped vtime. */
  moved = false;
  /** It slept since its last ordered insert. */
  slept = true;

  hidden: HiddenRecord[] = [];
  /** Bases that demonstrably do not follow this task's runs. */
  ignoredBy: Basis[] = [];
  /** The last value with which a callback for it certainly moved the basis of its queue, or would have: when that had happened. */
  readonly movedTo = new U64();
  movedSeq = -1;
  movedBasis: Basis | undefined;
  movedWeight = 0;

  constructor(task: Task) {
    this.task = task;
  }

  get pid(): number {
    return this.task.pid;
  }

  setV(hi: number, lo: number, seq: number): void {
    this.v.set(hi, lo);
    this.vKnown = true;
    this.slack = 0;
    this.observedSeq = seq;
  }

  forgetV(): void {
    this.vKnown = false;
    this.slack = 0;
  }

  beginApplied(): void {
    this.#appliedFirst = undefined;
    if (this.#appliedMore.length > 0) this.#appliedMore.length = 0;
    this.appliedUnknown = false;
  }

  noteApplied(basis: Basis, tri: Tri): void {
    if (this.#appliedFirst === undefined) {
      this.#appliedFirst = basis;
      this.#appliedFirstTri = tri;
      return;
    }
    if (this.#appliedFirst === basis) {
      if (tri === 1 || this.#appliedFirstTri === 0) this.#appliedFirstTri = tri;
      return;
    }
    for (const entry of this.#appliedMore) {
      if (entry.basis !== basis) continue;
      if (tri === 1 || entry.tri === 0) entry.tri = tri;
      return;
    }
    this.#appliedMore.push({ basis, tri });
  }

  /** Was the run that just ended applied to the basis? */
  wasAppliedTo(basis: Basis): Tri {
    let tri: Tri = 0;
    if (this.#appliedFirst === basis) tri = this.#appliedFirstTri;
    else for (const entry of this.#appliedMore) if (entry.basis === basis) tri = entry.tri;
    return tri === 0 && this.appliedUnknown ? UNKNOWN : tri;
  }

  /** A callback for it moves the basis of its queue to `v`, or would. */
  noteMove(basis: Basis, v: U64, seq: number): void {
    this.movedTo.copy(v);
    this.movedSeq = seq;
    this.movedBasis = basis;
    this.movedWeight = this.task.weight;
  }

  hiddenFrom(basis: Basis): HiddenRecord | undefined {
    for (const record of this.hidden) if (record.basis === basis) return record;
    return undefined;
  }

  /** What is hidden the longest: the root of what follows. */
  firstHidden(): HiddenRecord | undefined {
    let first: HiddenRecord | undefined;
    for (const record of this.hidden)
      if (record.firstRunSeq >= 0 && (first === undefined || record.firstRunSeq < first.firstRunSeq)) first = record;
    return first;
  }

  /** The vtime starts anew: nothing is owed any more. */
  clearDrift(): void {
    if (this.hidden.length > 0) this.hidden = [];
  }

  /** What may have changed unseen becomes unknown. */
  forget(): void {
    this.forgetV();
    this.runCpu = -1;
    this.charging = false;
    // What ran so far is no run of the scheduler that comes.
    this.chargedRunSeq = -1;
    this.chargedRunTime = -1;
    this.chargedRunSettled = -1;
    this.lastChargeNs = UNKNOWN_CHARGE;
    this.queue = undefined;
    this.basis = undefined;
    this.reference = undefined;
    this.chargeGroup = -1;
    this.borrowed = UNKNOWN;
    this.rebaseAllowed = true;
    this.rebaseCause = '';
    this.opSeq = -1;
    this.opVKnown = false;
    this.askedPending = false;
    this.moved = false;
    this.slept = true;
    this.clearDrift();
    this.movedBasis = undefined;
  }
}
