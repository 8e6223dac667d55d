// Reads integers of up to 64 bits from bytes, as JSON numbers or as quoted text, exact and without a BigInt.

const QUOTE = 0x22;
const MINUS = 0x2d;
const ZERO = 0x30;

/** What went wrong, where a place in the bytes is expected. */
const BAD = -1;

/** The functions return the place behind the number, or -1; the bytes must end with something that is no digit. */
export class IntegerReader {
  /** The number that was read last, as halves. */
  hi = 0;
  lo = 0;
  /** It is below zero. */
  negative = false;

  /** A number, or a quoted decimal or `0x` number. */
  wide(bytes: Uint8Array, view: DataView, from: number): number {
    if (bytes[from] !== QUOTE) return this.number(bytes, from);
    const isHex = bytes[from + 1] === ZERO && ((bytes[from + 2] ?? 0) | 0x20) === 0x78;
    const at = isHex ? this.hex(bytes, view, from + 3) : this.#decimal(bytes, from + 1);
    return at !== BAD && bytes[at] === QUOTE ? at + 1 : BAD;
  }

  /** Hexadecimal digits, four at a time. */
  hex(bytes: Uint8Array, view: DataView, from: number): number {
    let hi = 0;
    let lo = 0;
    let at = from;
    for (;;) {
      const text = view.getInt32(at, true);
      // Each byte as if it were a digit or a small letter, and back: equal when all of them are.
      const digits = (text & 0x0f0f0f0f) + ((text >>> 6) & 0x01010101) * 9;
      const letters = ((digits + 0x06060606) >>> 4) & 0x01010101;
      if ((digits & 0x10101010) !== 0 || digits + 0x30303030 + letters * 0x27 !== text) break;
      if (hi >>> 16 !== 0) return BAD;
      const pairs = ((digits << 4) | (digits >>> 8)) & 0x00ff00ff;
      hi = (hi << 16) | (lo >>> 16);
      lo = (lo << 16) | ((pairs & 0xff) << 8) | (pairs >>> 16);
      at += 4;
    }
    for (let digit = hexDigit(bytes[at] ?? 0); digit >= 0; digit = hexDigit(bytes[++at] ?? 0)) {
      if (hi >>> 28 !== 0) return BAD;
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | digit;
    }
    this.hi = hi;
    this.lo = lo;
    this.negative = false;
    return at > from ? at : BAD;
  }

  /** Decimal text in quotes: leading zeros are allowed, as in `parseInteger`. */
  #decimal(bytes: Uint8Array, from: number): number {
    const negative = bytes[from] === MINUS;
    let first = negative ? from + 1 : from;
    while (bytes[first] === ZERO && isDigit(bytes[first + 1] ?? 0)) first++;
    const at = this.#digits(bytes, first);
    return at === BAD || !negative ? at : this.#negate(at);
  }

  /** A JSON integer; leading zeros, fractions and exponents are not accepted. */
  number(bytes: Uint8Array, from: number): number {
    const negative = bytes[from] === MINUS;
    const first = negative ? from + 1 : from;
    if (bytes[first] === ZERO && isDigit(bytes[first + 1] ?? 0)) return BAD;
    const at = this.#digits(bytes, first);
    return at === BAD || !negative ? at : this.#negate(at);
  }

  /** A row of digits as an unsigned 64-bit value. */
  #digits(bytes: Uint8Array, first: number): number {
    // Nine digits fit a small integer.
    const limit = first + 9;
    let at = first;
    let value = 0;
    let digit = (bytes[at] ?? 0) - ZERO;
    while (digit >= 0 && digit <= 9 && at < limit) {
      value = (value * 10 + digit) | 0;
      digit = (bytes[++at] ?? 0) - ZERO;
    }
    if (at === first) return BAD;
    this.negative = false;
    if (digit >= 0 && digit <= 9) return this.moreDigits(bytes, at, value, first);
    this.hi = 0;
    this.lo = value;
    return at;
  }

  /** The digits from `from` on, behind nine others that begin at `first` and whose value is given. */
  moreDigits(bytes: Uint8Array, from: number, firstValue: number, first: number): number {
    let at = from;
    // Six more, fifteen in all, stay exact in a double; the rest is carried into the high half.
    const exactEnd = first + 15;
    let more = 0;
    let scale = 1;
    let digit = (bytes[at] ?? 0) - ZERO;
    while (digit >= 0 && digit <= 9 && at < exactEnd) {
      more = (Math.imul(more, 10) + digit) | 0;
      scale = Math.imul(scale, 10);
      digit = (bytes[++at] ?? 0) - ZERO;
    }
    const value = firstValue * scale + more;
    let hi = Math.floor(value / 4294967296);
    let lo = value - hi * 4294967296;
    while (digit >= 0 && digit <= 9) {
      lo = lo * 10 + digit;
      const carry = Math.floor(lo / 4294967296);
      lo -= carry * 4294967296;
      hi = hi * 10 + carry;
      if (hi > 4294967295) return BAD;
      digit = (bytes[++at] ?? 0) - ZERO;
    }
    this.hi = hi | 0;
    this.lo = lo | 0;
    this.negative = false;
    return at;
  }

  /** Makes the last number negative; `at` is returned unless it is below -2^63. */
  #negate(at: number): number {
    const hi = this.hi;
    const lo = this.lo;
    if (hi < 0 && (hi !== 0x80000000 >> 0 || lo !== 0)) return BAD;
    // -0 is 0.
    this.negative = hi !== 0 || lo !== 0;
    this.lo = -lo | 0;
    this.hi = (~hi + (lo === 0 ? 1 : 0)) | 0;
    return at;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
