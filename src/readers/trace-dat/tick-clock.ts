// Exact conversion of clock ticks to ns without BigInt: (ticks * mult) >> shift, as trace-cmd does for TSC recordings.
import type { TickConversion } from './file.ts';

const TWO_16 = 2 ** 16;

/** Converts ticks since a base to ns since the base; exact for all ticks below 2^53 whose ns are below 2^53. */
export class TickClock {
  readonly #mult: number;
  readonly #scale: number;
  /** What the base leaves below the binary point: (base * mult) modulo 2^shift. */
  readonly #rest: number;
  /** Time of the base, ns. */
  readonly baseNs: bigint;

  constructor({ mult, shift }: TickConversion, base: bigint) {
    this.#mult = mult;
    this.#scale = 2 ** shift;
    const product = base * BigInt(mult);
    this.baseNs = product >> BigInt(shift);
    this.#rest = Number(product & ((1n << BigInt(shift)) - 1n));
  }

  /** ns since the base. Every intermediate value is an integer below 2^53. */
  ns(ticks: number): number {
    const mult = this.#mult;
    const scale = this.#scale;
    const whole = Math.floor(ticks / scale);
    const part = ticks - whole * scale;
    const partHigh = Math.floor(part / TWO_16);
    const partLow = part - partHigh * TWO_16;
    const high = partHigh * mult;
    // partHigh is 0 unless scale is above 2^16, so the quotient below is exact.
    const unit = Math.max(1, scale / TWO_16);
    const highWhole = Math.floor(high / unit);
    const highPart = high - highWhole * unit;
    return whole * mult + highWhole + Math.floor((highPart * TWO_16 + partLow * mult + this.#rest) / scale);
  }
}
