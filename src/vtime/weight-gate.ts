// Whether it is their weight that decides which tasks a basis follows, as far as what was observed says.
import { Premise } from './premise.ts';
import type { VtimeTask } from './task-state.ts';

/** What was observed of one basis. */
export class WeightGate {
  /** Holds while every task that was seen moving the basis is heavier than every one that was seen not to. */
  readonly premise = new Premise();
  #lightestHeeded = Number.POSITIVE_INFINITY;
  #heaviestIgnored = 0;
  #ignored: VtimeTask | undefined;

  /** A run of a task of that weight moved the basis. */
  heeds(weight: number): void {
    if (weight > 0 && weight < this.#lightestHeeded) this.#lightestHeeded = weight;
    this.#judge();
  }

  /** A run of the task did not move the basis, and should have. */
  ignores(task: VtimeTask): void {
    if (task.movedWeight > this.#heaviestIgnored) {
      this.#heaviestIgnored = task.movedWeight;
      this.#ignored = task;
    }
    this.#judge();
  }

  /** A task that the basis does not follow, where by all that was seen it follows none of that weight either. */
  ignoredLike(weight: number): VtimeTask | undefined {
    if (this.premise.broken || !Number.isFinite(this.#lightestHeeded)) return undefined;
    return weight > 0 && weight <= this.#heaviestIgnored ? this.#ignored : undefined;
  }

  #judge(): void {
    if (this.#ignored !== undefined && this.#lightestHeeded <= this.#heaviestIgnored)
      this.premise.break('a task that is no heavier does move the basis');
  }
}
