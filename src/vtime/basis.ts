// A basis ("now" clock) as far as the trace tells: an interval with wrap, and a short memory of its lower end.
import { before, difference, toBigInt, U64 } from '../trace/u64.ts';
import type { BasisSpec } from './domain.ts';
import { Premise } from './premise.ts';

/** Changes of the lower end that are remembered: as many as happen within one callback on another CPU. */
const MEMORY = 32;

/** Steps after which the largest one is forgotten, twice. */
const STEP_WINDOW = 64;

export class Basis {
  readonly spec: BasisSpec;
  /** Which instance: `global`, `cpu 3`, `cell 2`. */
  readonly label: string;
  /** CPU or group that it belongs to; -1 none. */
  readonly owner: number;

  /** Lower end: certain, also when unlocked updates were lost. Unknown: minus infinity. */
  readonly lo = new U64();
  loKnown = false;
  /** Upper end, without updates that may be under way. Unknown: plus infinity. */
  readonly hi = new U64();
  hiKnown = false;
  /** Most likely value: exact observations and certain updates. */
  readonly best = new U64();
  bestKnown = false;

  /** Ordinal of the last change of either end. */
  changeSeq = -1;
  /** pid and ordinal of the update that made the lower end what it is; -1: it was observed. */
  setterPid = -1;
  setterSeq = -1;
  /** The value as an event of the trace last recorded it, and that event. */
  readonly recorded = new U64();
  recordedKnown = false;
  recordedSeq = -1;
  /** Ordinal of the last exact observation. */
  exactSeq = -1;
  /** Any update or observation was applied since it began. */
  touched = false;

  /** Number of tasks whose runs it was seen not to follow, and that it was never seen to follow one of them after all. */
  ignores = 0;
  readonly observations = new Premise();

  /** Number of steps ever. */
  steps = 0;
  /** Largest single steps of the last one to two windows. */
  #stepCount = 0;
  #stepMax = 0;
  #stepMaxBefore = 0;

  readonly #seqs = new Float64Array(MEMORY).fill(-1);
  readonly #his = new Int32Array(MEMORY);
  readonly #los = new Int32Array(MEMORY);
  readonly #knowns = new Uint8Array(MEMORY);
  #next = 0;
  /** Last update by a callback that moved the lower end. */
  #writeSeq = -1;

  constructor(spec: BasisSpec, label: string, owner: number) {
    this.spec = spec;
    this.label = label;
    this.owner = owner;
  }

  get isExact(): boolean {
    return this.loKnown && this.hiKnown && this.lo.lo === this.hi.lo && this.lo.hi === this.hi.hi;
  }

  get largestStep(): number {
    return Math.max(this.#stepMax, this.#stepMaxBefore);
  }

  /** The value is exactly known: seen, or given for the loading of the scheduler. */
  setExact(hi: number, lo: number, seq: number): void {
    this.lo.set(hi, lo);
    this.hi.set(hi, lo);
    this.best.set(hi, lo);
    this.loKnown = true;
    this.hiKnown = true;
    this.bestKnown = true;
    this.exactSeq = seq;
    this.setterPid = -1;
    this.setterSeq = seq;
    this.touched = true;
    this.#remember(seq);
  }

  /** It is at least this value. */
  raiseLow(hi: number, lo: number, seq: number, pid = -1): void {
    if (this.loKnown && !before(this.lo.hi, this.lo.lo, hi, lo)) return;
    this.#setLow(hi, lo, seq, pid);
  }

  /** It may be as low as this value, whatever was concluded before. */
  lowerLow(hi: number, lo: number, seq: number): void {
    if (this.loKnown && before(hi, lo, this.lo.hi, this.lo.lo)) this.#setLow(hi, lo, seq, -1);
  }

  /** It is at most this value. */
  lowerHigh(hi: number, lo: number, seq: number): void {
    if (this.hiKnown && !before(hi, lo, this.hi.hi, this.hi.lo)) return;
    this.hi.set(hi, lo);
    this.hiKnown = true;
    this.changeSeq = seq;
  }

  /** It may have become this value: `maxw(basis, x)` under a condition that is not known. */
  raiseHigh(hi: number, lo: number, seq: number): void {
    if (!this.hiKnown || !before(this.hi.hi, this.hi.lo, hi, lo)) return;
    this.hi.set(hi, lo);
    this.changeSeq = seq;
  }

  /** Nothing bounds it from above any more: records were lost. */
  forgetHigh(seq: number): void {
    this.hiKnown = false;
    this.changeSeq = seq;
  }

  /**
   * `basis := maxw(basis, x)` by a callback that ran between the events `since` and `seq`, x in [x, x + slack]. An update
   * by another CPU in the same time may have been lost, or have overwritten this one: the lower end is then the smaller
   * of the two. Returns by how much the most likely value moved, ns.
   */
  advance(hi: number, lo: number, slack: number, since: number, seq: number, pid: number): number {
    this.touched = true;
    const moved = this.bestKnown ? Math.max(0, difference(hi, lo, this.best.hi, this.best.lo)) : 0;
    if (!this.loKnown || this.#writeSeq <= since) {
      if (!this.loKnown || before(this.lo.hi, this.lo.lo, hi, lo)) {
        this.#setLow(hi, lo, seq, pid);
        this.#writeSeq = seq;
      }
    } else if (before(hi, lo, this.lo.hi, this.lo.lo)) {
      const at = this.#indexAt(since);
      const known = at >= 0 && this.#knowns[at] === 1;
      // Not beyond what it was when the callback began: nothing was written.
      if (!known || before(this.#his[at] ?? 0, this.#los[at] ?? 0, hi, lo)) {
        this.#setLow(hi, lo, seq, pid);
        this.#writeSeq = seq;
      }
    }
    if (this.hiKnown) {
      high.set(hi, lo);
      if (slack > 0) high.add(slack);
      this.raiseHigh(high.hi, high.lo, seq);
    }
    if (!this.bestKnown || before(this.best.hi, this.best.lo, hi, lo)) {
      this.best.set(hi, lo);
      this.bestKnown = true;
      this.changeSeq = seq;
    }
    return moved;
  }

  /** Counts a step for `largestStep`. */
  countStep(ns: number): void {
    this.steps++;
    if (ns > this.#stepMax) this.#stepMax = ns;
    if (++this.#stepCount < STEP_WINDOW) return;
    this.#stepMaxBefore = this.#stepMax;
    this.#stepMax = 0;
    this.#stepCount = 0;
  }

  /** `basis += r`, r in [from, to] ns. */
  accumulate(from: number, to: number, seq: number): void {
    this.touched = true;
    if (this.loKnown) {
      this.lo.add(from);
      this.#remember(seq);
    }
    if (this.hiKnown) this.hi.add(to);
    if (this.bestKnown) this.best.add(Math.round((from + to) / 2));
    this.changeSeq = seq;
  }

  /** Lower end as it was after the event `seq`; false: unknown then, or longer ago than is remembered. */
  lowAt(seq: number, out: U64): boolean {
    if (!this.loKnown) return false;
    const at = this.#indexAt(seq);
    if (at < 0 || this.#knowns[at] !== 1) return false;
    out.set(this.#his[at] ?? 0, this.#los[at] ?? 0);
    return true;
  }

  /** `[1.2 s, 1.3 s]` in ns, for people. */
  describe(): string {
    if (this.isExact) return String(toBigInt(this.lo.hi, this.lo.lo));
    const low = this.loKnown ? String(toBigInt(this.lo.hi, this.lo.lo)) : '?';
    return `${low}..${this.hiKnown ? String(toBigInt(this.hi.hi, this.hi.lo)) : '?'}`;
  }

  #setLow(hi: number, lo: number, seq: number, pid: number): void {
    this.lo.set(hi, lo);
    this.loKnown = true;
    this.setterPid = pid;
    this.setterSeq = seq;
    this.#remember(seq);
    if (!this.bestKnown || before(this.best.hi, this.best.lo, hi, lo)) {
      this.best.set(hi, lo);
      this.bestKnown = true;
    }
  }

  #remember(seq: number): void {
    const at = this.#next;
    this.#seqs[at] = seq;
    this.#his[at] = this.lo.hi;
    this.#los[at] = this.lo.lo;
    this.#knowns[at] = this.loKnown ? 1 : 0;
    this.#next = (at + 1) % MEMORY;
    this.changeSeq = seq;
  }

  /** Newest entry that is not newer than `seq`; -1: none is remembered. */
  #indexAt(seq: number): number {
    for (let i = 1; i <= MEMORY; i++) {
      const at = (this.#next + MEMORY - i) % MEMORY;
      const entry = this.#seqs[at] ?? -1;
      if (entry < 0) return -1;
      if (entry <= seq) return at;
    }
    return -1;
  }
}

/** Scratch value: no update overlaps another. */
const high = new U64();
