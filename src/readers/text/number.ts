// Reads the numbers that the kernel prints: decimal, negative, hexadecimal with 0x; 64 bit as two halves.

const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const LOWER_X = 0x78;
const TWO_32 = 4294967296;

export class NumberReader {
  /** Halves of the last number, as bit patterns. */
  hi = 0;
  lo = 0;

  /** Reads the number at `from` and returns the place behind it; -1 when there is none. */
  read(bytes: Uint8Array, from: number, to: number): number {
    // Nearly all numbers are decimal and short; the byte behind the text ends the loop.
    let at = from;
    let value = 0;
    let byte = bytes[at] ?? 0;
    while (byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      byte = bytes[++at] ?? 0;
    }
    if (at > from && at - from < 10 && at <= to && byte !== LOWER_X) {
      this.hi = 0;
      this.lo = value;
      return at;
    }
    return this.#other(bytes, from, to);
  }

  #other(bytes: Uint8Array, from: number, to: number): number {
    const byte = bytes[from] ?? 0;
    if (byte === ZERO && bytes[from + 1] === LOWER_X) return this.#hex(bytes, from + 2, to);
    if (byte !== MINUS) return this.#decimal(bytes, from, to);
    const at = this.#decimal(bytes, from + 1, to);
    if (at >= 0) {
      this.lo = -this.lo | 0;
      this.hi = (~this.hi + (this.lo === 0 ? 1 : 0)) | 0;
    }
    return at;
  }

  #decimal(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    const exactEnd = Math.min(to, from + 15);
    let value = 0;
    let byte = bytes[at] ?? 0;
    while (at < exactEnd && byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      byte = bytes[++at] ?? 0;
    }
    if (at === from) return -1;
    if (value < 2147483648 && at < exactEnd) {
      this.hi = 0;
      this.lo = value;
      return at;
    }
    let hi = Math.floor(value / TWO_32);
    let lo = value - hi * TWO_32;
    // Fifteen digits were exact; the rest is carried into the high half.
    while (at < to && byte >= ZERO && byte <= NINE) {
      lo = lo * 10 + (byte - ZERO);
      const carry = Math.floor(lo / TWO_32);
      lo -= carry * TWO_32;
      hi = hi * 10 + carry;
      byte = bytes[++at] ?? 0;
    }
    if (hi >= TWO_32) return -1;
    this.hi = hi | 0;
    this.lo = lo | 0;
    return at;
  }

  #hex(bytes: Uint8Array, from: number, to: number): number {
    let hi = 0;
    let lo = 0;
    let at = from;
    for (; at < to; at++) {
      const byte = bytes[at] ?? 0;
      const lower = byte | 0x20;
      const digit = byte >= ZERO && byte <= NINE ? byte - ZERO : lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
      if (digit < 0) break;
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | digit;
    }
    if (at === from || at - from > 16) return -1;
    this.hi = hi;
    this.lo = lo;
    return at;
  }
}
