// Without a description: learns the low clamp from clamped keys, and sees runs that do not move what others are clamped to.
import { before, difference, U64 } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import type { DriftWatch } from './drift.ts';
import type { InsertFact } from './facts.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';
import { dispute, findUnheeded } from './unheeded.ts';
import { WeightGate } from './weight-gate.ts';

/** Equal distances in a row, each at another value of the basis, from which on the clamp counts as known. */
const ENOUGH = 4;

type ClampedKey = Pick<InsertFact, 'key' | 'seq' | 't'>;

/** What was learnt of the low clamp of one basis. */
class Learnt {
  distance = -1;
  samples = 0;
  known = false;
  /** The assumption that the basis follows the runs does not hold: nothing is concluded any more. */
  refuted = false;
  readonly lastBasis = new U64();
  readonly gate = new WeightGate();
}

export class AutoLag {
  readonly #state: VtimeState;
  readonly #drift: DriftWatch;
  readonly #learnt = new Map<Basis, Learnt>();
  readonly #seen = new U64();
  readonly #then = new U64();
  /** Clamped keys that agreed with what had been learnt. */
  confirmed = 0;

  constructor(state: VtimeState, drift: DriftWatch) {
    this.#state = state;
    this.#drift = drift;
  }

  /**
   * An ordered insert whose key was clamped up to the basis as a callback saw it after the event `since`. Where the scheduler
   * keeps a basis that follows at running, and clamps keys to a constant distance behind it, the distance between the highest
   * start of a run and a clamped key is that constant.
   */
  clamped(sched: SchedVtime, task: VtimeTask, basis: Basis, { key, seq, t }: ClampedKey, since: number): void {
    if (!basis.bestKnown) return;
    const learnt = this.#of(basis);
    if (learnt.refuted || this.#state.pending.concerns(basis) || basis.changeSeq > since) return;
    const { best } = basis;
    const distance = difference(best.hi, best.lo, key.hi, key.lo);
    if (!learnt.known) {
      this.#learn(learnt, basis, distance);
      return;
    }
    if (distance === learnt.distance) {
      this.confirmed++;
      this.#noteHeeded(learnt, basis);
      return;
    }
    this.#seen.copy(key);
    this.#seen.add(learnt.distance);
    dispute(this.#state, sched, basis, this.#seen);
    if (distance < learnt.distance) {
      // The basis is ahead of every run: it follows something else.
      learnt.refuted = true;
      basis.observations.break(`basis ${basis.label} follows something else than the runs of its tasks`);
      return;
    }
    const certain = basis.lowAt(since, this.#then);
    if (!certain || !before(this.#seen.hi, this.#seen.lo, this.#then.hi, this.#then.lo)) return;
    const hidden = findUnheeded(this.#state, sched, basis, this.#seen, since);
    if (hidden.length === 0) {
      learnt.refuted = true;
      return;
    }
    basis.setExact(this.#seen.hi, this.#seen.lo, seq);
    for (const other of hidden) {
      if (other === task) continue;
      this.#drift.observedHidden(sched, other, basis, seq, t);
      learnt.gate.ignores(other);
    }
  }

  /** What is known of the weights of the tasks that a basis follows; undefined: nothing yet. */
  gateOf(basis: Basis): WeightGate | undefined {
    return this.#learnt.get(basis)?.gate;
  }

  /** The basis is where a task moved it. */
  #noteHeeded({ gate }: Learnt, basis: Basis): void {
    const setter = basis.setterPid < 0 ? undefined : this.#state.findTask(basis.setterPid);
    if (setter?.movedBasis === basis && setter.movedTo.equals(basis.best.hi, basis.best.lo))
      gate.heeds(setter.movedWeight);
  }

  #learn(learnt: Learnt, basis: Basis, distance: number): void {
    if (distance < 0) {
      learnt.samples = 0;
      learnt.distance = -1;
      return;
    }
    if (distance !== learnt.distance) {
      learnt.distance = distance;
      learnt.samples = 1;
    } else if (!learnt.lastBasis.equals(basis.best.hi, basis.best.lo)) {
      learnt.samples++;
      this.#noteHeeded(learnt, basis);
    }
    learnt.lastBasis.copy(basis.best);
    learnt.known = learnt.samples >= ENOUGH;
  }

  #of(basis: Basis): Learnt {
    const known = this.#learnt.get(basis);
    if (known !== undefined) return known;
    const fresh = new Learnt();
    fresh.gate.premise.restOn(basis.observations);
    this.#learnt.set(basis, fresh);
    return fresh;
  }
}
