// The earliest of some times. 64-bit times become ns since then, exact as doubles.
import { difference, lessThan, toBigInt } from '../../trace/u64.ts';

export class TimeBase {
  #hi = 0;
  #lo = 0;
  #known = false;

  get isKnown(): boolean {
    return this.#known;
  }

  get halves(): { readonly hi: number; readonly lo: number } {
    return { hi: this.#hi, lo: this.#lo };
  }

  /** Takes a time that may be the earliest. */
  offer(hi: number, lo: number): void {
    if (this.#known && !lessThan(hi, lo, this.#hi, this.#lo)) return;
    this.#hi = hi;
    this.#lo = lo;
    this.#known = true;
  }

  since(hi: number, lo: number): number {
    return difference(hi, lo, this.#hi, this.#lo);
  }

  toBigInt(): bigint {
    return toBigInt(this.#hi, this.#lo);
  }
}
