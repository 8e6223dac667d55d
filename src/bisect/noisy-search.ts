// Which commit brought a bug that shows only sometimes: the probability of each, given all runs made, and the commit whose next
// run tells most. A run that shows the bug proves that the commit has it; a run that does not is only a hint, as strong as the
// hit rate is high.
import type { History } from './history.ts';

/** A probability distribution of the hit rate. */
export interface RateBelief {
  readonly rates: readonly number[];
  readonly weights: readonly number[];
}

/** No bug is so sure to show that a single run without it would be proof. */
const HIGHEST_RATE = 0.9999;
/** Bugs that show less often are not searched for in this way. */
const LOWEST_RATE = 0.005;
const RATE_STEPS = 40;

/** The rate is known. */
export function knownRate(rate: number): RateBelief {
  return { rates: [Math.min(rate, HIGHEST_RATE)], weights: [1] };
}

/**
 * Nothing is known of the rate. Low rates count more than their share (Beta(1/2, 1)): were all shares as likely as each other,
 * rare bugs would be taken for more frequent than they are, and a run without the bug for better news than it is.
 */
export function unknownRate(): RateBelief {
  const rates = Array.from({ length: RATE_STEPS }, (_, i) => HIGHEST_RATE * LOWEST_RATE ** (i / (RATE_STEPS - 1)));
  // The steps are as wide as the rates are high.
  const weights = rates.map((rate) => rate / Math.sqrt(rate));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return { rates, weights: weights.map((weight) => weight / total) };
}

export interface Choice {
  readonly index: number;
  /** What a run there is expected to tell about the culprit, bits. */
  readonly bits: number;
}

/** What is left of the best expectation is enough to stay at the commit that is built already. */
const STAY = 0.9;
/** Less than this is nothing, bits. */
const NOTHING = 1e-9;

export class NoisySearch {
  readonly history: History;
  /** Joint probability of culprit and rate, `culprit * rates + rate`. */
  readonly #joint: Float64Array;
  readonly #rates: readonly number[];
  readonly #unusable = new Set<number>();

  constructor(history: History, belief: RateBelief) {
    this.history = history;
    this.#rates = belief.rates;
    this.#joint = new Float64Array(history.length * belief.rates.length);
    for (let k = 0; k < history.length; k++)
      for (const [r, weight] of belief.weights.entries())
        this.#joint[k * belief.rates.length + r] = weight / history.length;
  }

  /** Takes in a run of commit `i`. */
  observe(i: number, hit: boolean): void {
    const n = this.#rates.length;
    let total = 0;
    for (let k = 0; k < this.history.length; k++) {
      const isBad = this.history.contains(i, k);
      for (let r = 0; r < n; r++) {
        const rate = isBad ? (this.#rates[r] ?? 0) : 0;
        const value = (this.#joint[k * n + r] ?? 0) * (hit ? rate : 1 - rate);
        this.#joint[k * n + r] = value;
        total += value;
      }
    }
    for (let j = 0; j < this.#joint.length; j++) this.#joint[j] = (this.#joint[j] ?? 0) / total;
  }

  /** Nothing can be learned from runs of commit `i`. */
  exclude(i: number): void {
    this.#unusable.add(i);
  }

  /** Probability of each commit to be the one that brought the bug. */
  posterior(): Float64Array {
    const n = this.#rates.length;
    return Float64Array.from({ length: this.history.length }, (_, k) => {
      let sum = 0;
      for (let r = 0; r < n; r++) sum += this.#joint[k * n + r] ?? 0;
      return sum;
    });
  }

  /** Expected hit rate of a bad commit. */
  rate(): number {
    const n = this.#rates.length;
    let sum = 0;
    for (let j = 0; j < this.#joint.length; j++) sum += (this.#joint[j] ?? 0) * (this.#rates[j % n] ?? 0);
    return sum;
  }

  /** The commit whose next run tells most; `current` is kept where that costs little. Undefined: no run tells anything. */
  choose(current: number | undefined): Choice | undefined {
    const n = this.#rates.length;
    const size = this.history.length;
    const hits = new Float64Array(size);
    const blurs = new Float64Array(size);
    for (let k = 0; k < size; k++) {
      let mass = 0;
      let hit = 0;
      for (let r = 0; r < n; r++) {
        const p = this.#joint[k * n + r] ?? 0;
        mass += p;
        hit += p * (this.#rates[r] ?? 0);
      }
      hits[k] = hit;
      blurs[k] = mass === 0 ? 0 : mass * entropy(hit / mass);
    }
    const hitAt = this.history.sums(hits);
    const blurAt = this.history.sums(blurs);
    const bitsAt = (i: number): number => entropy(hitAt[i] ?? 0) - (blurAt[i] ?? 0);
    let best: Choice | undefined;
    for (let i = 0; i < size; i++) {
      if (this.#unusable.has(i)) continue;
      const bits = bitsAt(i);
      if (bits > NOTHING && (best === undefined || bits > best.bits)) best = { index: i, bits };
    }
    if (best === undefined || current === undefined || this.#unusable.has(current)) return best;
    const staying = bitsAt(current);
    return staying >= STAY * best.bits ? { index: current, bits: staying } : best;
  }
}

/** Entropy of a coin, bits. */
function entropy(p: number): number {
  if (p <= 0 || p >= 1) return 0;
  return -(p * Math.log2(p) + (1 - p) * Math.log2(1 - p));
}

/**
 * A number of runs that no way of searching can fall below on average, for `size` equally likely commits, a hit rate and an
 * error probability: Fano's inequality over the capacity of the channel that a run is (a Z-channel).
 */
export function fewestRuns(size: number, rate: number, error: number): number {
  const miss = 1 - rate;
  const capacity = rate >= 1 ? 1 : Math.log2(1 + rate * miss ** (miss / rate));
  const needed = Math.log2(size) - entropy(error) - error * Math.log2(Math.max(1, size - 1));
  return Math.max(0, needed / capacity);
}
