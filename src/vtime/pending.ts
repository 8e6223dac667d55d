// Updates of bases that are under way: a callback was entered, and nothing shows yet that it has returned.
import type { Tri } from '../model/sched.ts';
import { before, U64 } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import type { BasisSpec } from './domain.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeTask } from './task-state.ts';

export class PendingUpdate {
  sched: SchedVtime | undefined;
  task: VtimeTask | undefined;
  /** Undefined: one of the instances of `spec`, which one is not known. */
  basis: Basis | undefined;
  spec: BasisSpec | undefined;
  mode: 'max' | 'sum' | 'fraction' = 'max';
  /** Value in [x, x + slack], for `max` and `fraction`. */
  readonly x = new U64();
  slack = 0;
  /** Bounds of the runtime that is added, ns, for `sum`. */
  least = 0;
  most = 0;
  certain: Tri = 0;
  /** Ordinal of the event at which the callback began. */
  since = -1;
}

/** Called when an update took effect for certain: how far the most likely value moved, ns. */
export type AdvanceSink = (update: PendingUpdate, basis: Basis, movedNs: number, fresh: boolean) => void;

export class PendingUpdates {
  readonly #byCpu: PendingUpdate[][] = [];
  readonly #counts: number[] = [];
  readonly #sink: AdvanceSink;
  /** Number of updates under way on all CPUs. */
  #total = 0;

  constructor(sink: AdvanceSink) {
    this.#sink = sink;
  }

  /** A free record on `cpu`, for the caller to fill. */
  add(cpu: number): PendingUpdate {
    while (this.#byCpu.length <= cpu) {
      this.#byCpu.push([]);
      this.#counts.push(0);
    }
    const list = this.#byCpu[cpu] ?? [];
    const n = this.#counts[cpu] ?? 0;
    let update = list[n];
    if (update === undefined) {
      update = new PendingUpdate();
      list.push(update);
    }
    this.#counts[cpu] = n + 1;
    this.#total++;
    return update;
  }

  /** What ran on `cpu` has returned: its updates took effect. */
  settle(cpu: number, seq: number): void {
    const n = this.#counts[cpu];
    if (n === undefined || n === 0) return;
    this.#counts[cpu] = 0;
    this.#total -= n;
    const list = this.#byCpu[cpu];
    for (let i = 0; i < n; i++) {
      const update = list?.[i];
      if (update !== undefined) this.#apply(update, seq);
    }
  }

  settleAll(seq: number): void {
    if (this.#total > 0) for (let cpu = 0; cpu < this.#counts.length; cpu++) this.settle(cpu, seq);
  }

  /** Drops what is under way: records were lost. */
  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }

  /** Upper end of a basis with everything that is under way; false: unknown. */
  highOf(basis: Basis, out: U64): boolean {
    if (!basis.hiKnown) return false;
    out.copy(basis.hi);
    if (this.#total === 0) return true;
    for (let cpu = 0; cpu < this.#counts.length; cpu++) {
      const n = this.#counts[cpu] ?? 0;
      for (let i = 0; i < n; i++) {
        const update = this.#byCpu[cpu]?.[i];
        if (update === undefined || update.certain === 0) continue;
        if (update.basis !== basis && (update.basis !== undefined || update.spec !== basis.spec)) continue;
        if (update.mode === 'sum') out.add(update.most);
        else {
          scratch.copy(update.x);
          scratch.add(update.slack);
          if (before(out.hi, out.lo, scratch.hi, scratch.lo)) out.copy(scratch);
        }
      }
    }
    return true;
  }

  /** Is an update of this basis under way that could move it? */
  concerns(basis: Basis): boolean {
    if (this.#total === 0) return false;
    for (let cpu = 0; cpu < this.#counts.length; cpu++) {
      const n = this.#counts[cpu] ?? 0;
      for (let i = 0; i < n; i++) {
        const update = this.#byCpu[cpu]?.[i];
        if (
          update !== undefined &&
          update.certain !== 0 &&
          (update.basis === basis || (update.basis === undefined && update.spec === basis.spec))
        )
          return true;
      }
    }
    return false;
  }

  #apply(update: PendingUpdate, seq: number): void {
    const { basis, sched, spec, task } = update;
    if (basis === undefined) {
      if (sched === undefined || spec === undefined) return;
      sched.noteStray(spec);
      for (const instance of sched.instances(spec)) this.#raise(update, instance, seq);
    } else if (update.certain !== 1) this.#raise(update, basis, seq);
    else if (update.mode === 'sum') basis.accumulate(update.least, update.most, seq);
    else if (update.mode === 'fraction') this.#raise(update, basis, seq);
    else {
      if (task !== undefined && task.basis === basis) task.noteMove(basis, update.x, seq);
      const fresh = !basis.touched;
      const moved = basis.advance(update.x.hi, update.x.lo, update.slack, update.since, seq, task?.pid ?? -1);
      if (moved > 0) this.#sink(update, basis, moved, fresh);
    }
  }

  /** It may have happened: only the upper end gives way. */
  #raise(update: PendingUpdate, basis: Basis, seq: number): void {
    if (!basis.hiKnown) return;
    if (update.mode === 'sum') {
      basis.hi.add(update.most);
      basis.changeSeq = seq;
      return;
    }
    scratch.copy(update.x);
    scratch.add(update.slack);
    basis.raiseHigh(scratch.hi, scratch.lo, seq);
  }
}

/** Scratch value: no use overlaps another. */
const scratch = new U64();
