// Narrows a basis by what an insert, a reset or a record shows of it; finds contradictions, allowing for races.
import { NEVER } from '../trace/time.ts';
import { before, difference, toBigInt, U64 } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import type { DriftWatch } from './drift.ts';
import { formatDuration } from './durations.ts';
import type { Mismatches } from './mismatch.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';
import { dispute, findUnheeded } from './unheeded.ts';

/** Why a basis is what was seen of it. */
export const BY_CLAMP = 0;
export const BY_CAP = 1;
export const BY_KEY = 2;
export const BY_REBASE = 3;
export const BY_RECORD = 4;

/** What was seen of a basis that a callback read between two events. One record, reused. */
export class Sighting {
  /** Bounds, where there are any. Equal ones are the exact value. */
  readonly low = new U64();
  hasLow = false;
  readonly high = new U64();
  hasHigh = false;
  /** Ordinals of the events between which the callback read it, and the time of the second. */
  since = -1;
  seq = -1;
  t = NEVER;
  why = BY_KEY;
  task: VtimeTask | undefined;
  /** The key or value that it follows from. */
  readonly value = new U64();

  begin(why: number, task: VtimeTask | undefined, value: U64, since: number, seq: number, t: number): void {
    this.why = why;
    this.task = task;
    this.value.copy(value);
    this.since = since;
    this.seq = seq;
    this.t = t;
    this.hasLow = false;
    this.hasHigh = false;
  }

  /** At least `value + offset`. */
  atLeast(offset: number): void {
    this.low.copy(this.value);
    this.low.add(offset);
    this.hasLow = true;
  }

  /** At most `value + offset`. */
  atMost(offset: number): void {
    this.high.copy(this.value);
    this.high.add(offset);
    this.hasHigh = true;
  }

  get isExact(): boolean {
    return this.hasLow && this.hasHigh && this.low.equals(this.high.hi, this.high.lo);
  }

  /** Why it is so, in words. */
  describe(): string {
    const label = this.task?.task.label ?? 'somebody';
    const value = this.value.toBigInt();
    switch (this.why) {
      case BY_CLAMP:
        return `${label} was clamped up to ${value}`;
      case BY_CAP:
        return `${label} was clamped down to ${value}`;
      case BY_REBASE:
        return `${label} was set to ${value} by ${this.task?.rebaseCause ?? 'the scheduler'}`;
      case BY_RECORD:
        return `the value ${value} was recorded`;
      default:
        return `${label} was inserted with key ${value}`;
    }
  }
}

export class Bounding {
  readonly #state: VtimeState;
  readonly #drift: DriftWatch;
  readonly #mismatches: Mismatches;
  readonly #toleranceNs: number;
  /** For the caller of `see` to fill. */
  readonly sighting = new Sighting();
  readonly #then = new U64();
  readonly #high = new U64();

  constructor(state: VtimeState, drift: DriftWatch, mismatches: Mismatches) {
    this.#state = state;
    this.#drift = drift;
    this.#mismatches = mismatches;
    this.#toleranceNs = state.domain.limits.number('vtime-model-mismatch', 'race_tolerance');
  }

  /** Takes the sighting in. False: it contradicts what was known, beyond what races explain. */
  see(sched: SchedVtime, basis: Basis): boolean {
    const sighting = this.sighting;
    const { low, high, hasLow, hasHigh, since, seq } = sighting;
    if (hasLow && hasHigh) dispute(this.#state, sched, basis, low);
    const raced = basis.changeSeq > since;
    if (basis.loKnown || basis.hiKnown) sched.tests++;
    let sound = true;
    if (hasHigh && basis.loKnown && before(high.hi, high.lo, basis.lo.hi, basis.lo.lo)) {
      // Updates that came while the callback ran may have come after its look.
      this.#then.copy(basis.lo);
      const known = !raced || basis.lowAt(since, this.#then);
      const gap = known ? difference(this.#then.hi, this.#then.lo, high.hi, high.lo) : 0;
      const hidden = gap > this.#toleranceNs ? this.#tooHigh(sched, basis, gap) : undefined;
      if (gap > 0) this.#adopt(basis, hasLow, high, seq);
      if (hidden !== undefined) {
        sound = false;
        for (const task of hidden) this.#drift.observedHidden(sched, task, basis, seq, sighting.t);
      }
    } else if (hasHigh && !raced) basis.lowerHigh(high.hi, high.lo, seq);
    if (!hasLow || !sound) return sound;
    const known = this.#state.pending.highOf(basis, this.#high);
    const gap = known ? difference(low.hi, low.lo, this.#high.hi, this.#high.lo) : 0;
    if (gap > this.#toleranceNs) {
      this.#tooLow(sched, basis, gap);
      sound = false;
    }
    if (gap > 0) basis.raiseHigh(low.hi, low.lo, seq);
    basis.raiseLow(low.hi, low.lo, seq);
    if (sound && !raced && sighting.isExact) basis.setExact(low.hi, low.lo, seq);
    return sound;
  }

  /** The basis is what was seen, whatever the description made of it. */
  #adopt(basis: Basis, exact: boolean, high: U64, seq: number): void {
    basis.setExact(high.hi, high.lo, seq);
    if (exact) return;
    // Only an upper bound was seen.
    this.#high.copy(high);
    this.#high.add(-this.#toleranceNs);
    basis.lowerLow(this.#high.hi, this.#high.lo, seq);
  }

  /** Seen lower than the updates that were applied to it: some of them did not happen. Returns whose, where that is clear. */
  #tooHigh(sched: SchedVtime, basis: Basis, gap: number): readonly VtimeTask[] {
    const { sighting } = this;
    const seen = sighting.high;
    const because = sighting.describe();
    const hidden = findUnheeded(this.#state, sched, basis, seen, sighting.since);
    const setter = basis.setterPid < 0 ? undefined : this.#state.model.findTask(basis.setterPid);
    const runs =
      hidden.length > 0
        ? `; it does not follow the runs of ${hidden.map((task) => `${task.task.label} (weight ${task.task.weight})`).join(', ')}`
        : '';
    this.#mismatches.contradict(sched, {
      seq: sighting.seq,
      t: sighting.t,
      class: 'basis',
      message: `basis ${basis.label} is at most ${toBigInt(seen.hi, seen.lo)} (${because}), ${formatDuration(gap)} less than the description makes it (${toBigInt(this.#then.hi, this.#then.lo)})${runs}`,
      task: sighting.task,
      basis,
      otherSeq: basis.setterSeq,
      otherNote:
        setter === undefined
          ? 'the basis was seen here'
          : `by the description ${setter.label} moves the basis to ${toBigInt(this.#then.hi, this.#then.lo)}`,
      note: because,
      hidden,
    });
    return hidden;
  }

  /** Seen higher than any update can have made it. */
  #tooLow(sched: SchedVtime, basis: Basis, gap: number): void {
    const { sighting } = this;
    const seen = sighting.low;
    const because = sighting.describe();
    this.#mismatches.contradict(sched, {
      seq: sighting.seq,
      t: sighting.t,
      class: 'basis',
      message: `basis ${basis.label} is at least ${toBigInt(seen.hi, seen.lo)} (${because}), ${formatDuration(gap)} more than the description can make it (${toBigInt(this.#high.hi, this.#high.lo)})`,
      task: sighting.task,
      basis,
      otherSeq: basis.setterSeq,
      otherNote: 'the last update that the description knows of',
      note: because,
      hidden: [],
    });
  }
}
