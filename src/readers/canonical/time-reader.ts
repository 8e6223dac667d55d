// Reads the times of events: the digits in front mostly are those of the event before, so only the last ones are parsed.
import type { IntegerReader } from './integer-reader.ts';

const QUOTE = 0x22;
const ZERO = 0x30;

/** Digits that are parsed each time, at least: the last five digits of nanoseconds change all the time. */
const MIN_REST = 5;
/** Words of four bytes that are compared, at most. */
const MAX_LEAD = 3;

const BAD = -1;

export class TimeReader {
  /** The time that was read last, as halves. */
  hi = 0;
  lo = 0;
  readonly #integers: IntegerReader;
  /** Text that times begin with, maybe with a quote; no words: none is known. */
  readonly #lead = new Int32Array(MAX_LEAD);
  #leadWords = 0;
  /** Digits behind it, and the value that the time would have if they were all 0. */
  #restDigits = 0;
  #baseHi = 0;
  #baseLo = 0;
  #quoted = false;

  constructor(integers: IntegerReader) {
    this.#integers = integers;
  }

  /** Reads the time at `from`: a number or quoted text, within s64. Returns the place behind it, or -1. */
  read(bytes: Uint8Array, view: DataView, from: number): number {
    const lead = this.#lead;
    const leadWords = this.#leadWords;
    let at = from;
    for (let i = 0; i < leadWords; i++, at += 4)
      if (view.getInt32(at, true) !== lead[i]) return this.#readAll(bytes, view, from);
    const end = at + this.#restDigits;
    if (at === end) return this.#readAll(bytes, view, from);
    let rest = 0;
    do {
      const digit = ((bytes[at] ?? 0) - ZERO) >>> 0;
      if (digit > 9) return this.#readAll(bytes, view, from);
      rest = (Math.imul(rest, 10) + digit) | 0;
    } while (++at < end);
    if (this.#quoted) {
      if (bytes[at++] !== QUOTE) return this.#readAll(bytes, view, from);
    } else if (((bytes[at] ?? 0) - ZERO) >>> 0 <= 9) return this.#readAll(bytes, view, from);
    const baseLo = this.#baseLo;
    const lo = (baseLo + rest) | 0;
    this.lo = lo;
    this.hi = (this.#baseHi + (lo >>> 0 < baseLo >>> 0 ? 1 : 0)) | 0;
    return this.hi < 0 ? BAD : at;
  }

  /** Reads all of a time, and remembers how it begins. */
  #readAll(bytes: Uint8Array, view: DataView, from: number): number {
    const integers = this.#integers;
    const at = integers.wide(bytes, view, from);
    const { hi, lo, negative } = integers;
    // Times are signed.
    if (at === BAD || (hi < 0 && !negative)) return BAD;
    this.hi = hi;
    this.lo = lo;
    this.#quoted = bytes[from] === QUOTE;
    const digitsEnd = this.#quoted ? at - 1 : at;
    const leadWords = Math.min((digitsEnd - from - MIN_REST) >> 2, MAX_LEAD);
    const isPlain = !negative && !(this.#quoted && bytes[from + 1] === ZERO);
    this.#leadWords = isPlain && leadWords > 0 ? leadWords : 0;
    this.#restDigits = 0;
    if (this.#leadWords === 0) return at;
    const restFrom = from + leadWords * 4;
    this.#restDigits = digitsEnd - restFrom;
    let rest = 0;
    for (let i = restFrom; i < digitsEnd; i++) rest = rest * 10 + (bytes[i] ?? 0) - ZERO;
    for (let i = 0; i < leadWords; i++) this.#lead[i] = view.getInt32(from + i * 4, true);
    this.#baseLo = (lo - rest) | 0;
    this.#baseHi = (hi - (lo >>> 0 < rest ? 1 : 0)) | 0;
    return at;
  }
}
