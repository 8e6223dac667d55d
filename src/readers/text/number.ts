// Reads the numbers that the kernel prints: decimal, negative, hexadecimal with 0x; 64 bit as two halves.

const ZERO = 0x30;
const MINUS = 0x2d;
const LOWER_X = 0x78;
const TWO_15 = 32768;
const TWO_16 = 65536;
const TWO_17 = 131072;
const TWO_32 = 4294967296;
const BILLION = 1_000_000_000;

/** Value of each byte as a hexadecimal digit; 255: it is none. */
const HEX_DIGIT = new Uint8Array(256).fill(255);
for (const [value, digit] of [...'0123456789abcdef'].entries()) {
  HEX_DIGIT[digit.charCodeAt(0)] = value;
  HEX_DIGIT[digit.toUpperCase().charCodeAt(0)] = value;
}

export class NumberReader {
  /** Halves of the last number, as bit patterns. */
  hi = 0;
  lo = 0;

  /** Reads the number at `from` and returns the place behind it; -1 when there is none. The text goes on behind `to`. */
  read(bytes: Uint8Array, from: number, to: number): number {
    // Nearly all numbers are decimal and short.
    let at = from;
    let value = 0;
    const nine = from + 9;
    let digit = ((bytes[at] ?? 0) - ZERO) >>> 0;
    while (digit <= 9 && at < nine) {
      value = (Math.imul(value, 10) + digit) | 0;
      digit = ((bytes[++at] ?? 0) - ZERO) >>> 0;
    }
    if (digit <= 9) return this.#more(bytes, from, at, to, value);
    if (at === from) return bytes[from] === MINUS && from < to ? this.#negative(bytes, from + 1, to) : -1;
    if (at > to) return from < to ? this.#long(bytes, from, to) : -1;
    if (bytes[at] === LOWER_X && at === from + 1 && value === 0 && at < to) return this.#hex(bytes, from + 2, to);
    this.hi = 0;
    this.lo = value;
    return at;
  }

  #negative(bytes: Uint8Array, from: number, to: number): number {
    const at = this.#long(bytes, from, to);
    if (at >= 0) {
      this.lo = -this.lo | 0;
      this.hi = (~this.hi + (this.lo === 0 ? 1 : 0)) | 0;
    }
    return at;
  }

  /** Decimal digits of which the first nine, up to `middle`, have the value `upper`. */
  #more(bytes: Uint8Array, from: number, middle: number, to: number, upper: number): number {
    let at = middle;
    let lower = 0;
    let power = 1;
    const end = Math.min(to, middle + 9);
    let digit = ((bytes[at] ?? 0) - ZERO) >>> 0;
    while (digit <= 9 && at < end) {
      lower = (Math.imul(lower, 10) + digit) | 0;
      power = Math.imul(power, 10);
      digit = ((bytes[++at] ?? 0) - ZERO) >>> 0;
    }
    // upper * power + lower, by halves of `upper`, so that every step is exact as a double.
    const high = (upper >>> 15) * power;
    const carried = Math.floor(high / TWO_17);
    const low = (high - carried * TWO_17) * TWO_15 + (upper & 0x7fff) * power + lower;
    let hi = carried + Math.floor(low / TWO_32);
    let lo = low % TWO_32;
    if (digit <= 9 && at < to) {
      if (at + 2 < to && isDigit(bytes[at + 2] ?? 0)) return this.#long(bytes, from, to);
      while (at < to && isDigit(bytes[at] ?? 0)) {
        lo = lo * 10 + (bytes[at++] ?? 0) - ZERO;
        const carry = Math.floor(lo / TWO_32);
        lo -= carry * TWO_32;
        hi = hi * 10 + carry;
      }
      if (hi >= TWO_32) return -1;
    }
    this.hi = hi | 0;
    this.lo = lo | 0;
    return at;
  }

  /** Decimal digits, any number of them that fits into 64 bits. */
  #long(bytes: Uint8Array, from: number, to: number): number {
    let end = from;
    while (end < to && isDigit(bytes[end] ?? 0)) end++;
    if (end === from) return -1;
    let first = from;
    while (first < end - 1 && bytes[first] === ZERO) first++;
    if (end - first > 20) return -1;
    // All but the last nine digits are exact as a double, and so is every step of their product with a billion.
    const split = Math.max(first, end - 9);
    const upper = digits(bytes, first, split);
    const upperHi = Math.floor(upper / TWO_32);
    const upperLo = upper - upperHi * TWO_32;
    const high = Math.floor(upperLo / TWO_16) * BILLION;
    const middle = Math.floor(high / TWO_16);
    const low = (high - middle * TWO_16) * TWO_16 + (upperLo % TWO_16) * BILLION + digits(bytes, split, end);
    const carry = Math.floor(low / TWO_32);
    const hi = upperHi * BILLION + middle + carry;
    if (hi >= TWO_32) return -1;
    this.hi = hi | 0;
    this.lo = (low - carry * TWO_32) | 0;
    return end;
  }

  #hex(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    let first = 0;
    let digit = HEX_DIGIT[bytes[at] ?? 0] ?? 255;
    const eight = Math.min(to, from + 8);
    while (at < eight && digit !== 255) {
      first = (first << 4) | digit;
      digit = HEX_DIGIT[bytes[++at] ?? 0] ?? 255;
    }
    if (at === from) return -1;
    if (digit === 255 || at === to) {
      this.hi = 0;
      this.lo = first;
      return at;
    }
    const second = at;
    let rest = 0;
    while (at < to && digit !== 255) {
      rest = (rest << 4) | digit;
      digit = HEX_DIGIT[bytes[++at] ?? 0] ?? 255;
    }
    const bits = (at - second) << 2;
    if (bits > 32) return -1;
    this.hi = bits === 32 ? first : first >>> (32 - bits);
    this.lo = bits === 32 ? rest : (first << bits) | rest;
    return at;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

/** At most eleven digits. */
function digits(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 10 + (bytes[at] ?? 0) - ZERO;
  return value;
}
