// What conclusions stand on besides the trace itself: when it breaks, they become inconclusive.

/** A description that holds, or a pattern in what was observed that does. */
export class Premise {
  broken = false;
  reason = '';

  /** It does not hold; the first reason counts. */
  break(reason: string): void {
    if (this.broken) return;
    this.broken = true;
    this.reason = reason;
  }
}
