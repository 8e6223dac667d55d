// What conclusions stand on besides the trace itself: when it breaks, they become inconclusive.

/** A description that holds, or a pattern in what was observed that does. */
export class Premise {
  broken = false;
  reason = '';
  readonly #follows: Premise[] = [];

  /** It does not hold, nor does what rests on it; the first reason counts. */
  break(reason: string): void {
    if (this.broken) return;
    this.broken = true;
    this.reason = reason;
    for (const premise of this.#follows) premise.break(reason);
  }

  /** It breaks with the other. */
  restOn(other: Premise): void {
    if (other.broken) this.break(other.reason);
    else other.#follows.push(this);
  }
}
