// 64-bit values as two 32-bit halves: exact, allocation-free on the hot path; BigInt only at the edges.

/** A mutable 64-bit cell. `hi` and `lo` are the signed 32-bit halves (bit patterns, not magnitudes). */
export class U64 {
  hi: number;
  lo: number;

  constructor(hi = 0, lo = 0) {
    this.hi = hi;
    this.lo = lo;
  }

  set(hi: number, lo: number): void {
    this.hi = hi;
    this.lo = lo;
  }

  copy(other: U64): void {
    this.hi = other.hi;
    this.lo = other.lo;
  }

  equals(hi: number, lo: number): boolean {
    return this.lo === lo && this.hi === hi;
  }

  /** Adds a signed integer of at most 2^53, with wrap. */
  add(n: number): void {
    const low = (n % 4294967296) + (this.lo >>> 0);
    const carry = low < 0 ? -1 : low >= 4294967296 ? 1 : 0;
    this.hi = (this.hi + Math.trunc(n / 4294967296) + carry) | 0;
    this.lo = low | 0;
  }

  get isZero(): boolean {
    return this.lo === 0 && this.hi === 0;
  }

  toBigInt(): bigint {
    return toBigInt(this.hi, this.lo);
  }
}

/** The unsigned value of two halves. */
export function toBigInt(hi: number, lo: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** The two's-complement signed value of two halves. */
export function toSignedBigInt(hi: number, lo: number): bigint {
  return (BigInt(hi | 0) << 32n) | BigInt(lo >>> 0);
}

/** High half of a bigint, as a signed 32-bit pattern; negative values wrap as in C. */
export function highHalf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

/** Low half of a bigint, as a signed 32-bit pattern. */
export function lowHalf(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

/** The unsigned value as a double: exact below 2^53, rounded above. */
export function toNumber(hi: number, lo: number): number {
  return (hi >>> 0) * 4294967296 + (lo >>> 0);
}

/** The signed value as a double: exact below 2^53 in magnitude. */
export function toSignedNumber(hi: number, lo: number): number {
  return (hi | 0) * 4294967296 + (lo >>> 0);
}

/** `(s64)(a - b) < 0`: the wrapping comparison the kernel uses for `dsq_vtime` and time stamps. */
export function before(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  const borrow = aLo >>> 0 < bLo >>> 0 ? 1 : 0;
  return ((aHi - bHi - borrow) | 0) < 0;
}

/** Unsigned `a < b`. */
export function lessThan(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  return aHi === bHi ? aLo >>> 0 < bLo >>> 0 : aHi >>> 0 < bHi >>> 0;
}

/** `(s64)(a - b)` as a double: exact while the difference is below 2^53. */
export function difference(aHi: number, aLo: number, bHi: number, bLo: number): number {
  const borrow = aLo >>> 0 < bLo >>> 0 ? 1 : 0;
  return ((aHi - bHi - borrow) | 0) * 4294967296 + ((aLo - bLo) >>> 0);
}

/** Decimal text of the unsigned value. */
export function formatDecimal(hi: number, lo: number): string {
  if (hi === 0) return String(lo >>> 0);
  if (hi >>> 0 < 0x200000) return String(toNumber(hi, lo));
  return toBigInt(hi, lo).toString();
}

/** `0x…` text without leading zeros. */
export function formatHex(hi: number, lo: number): string {
  const low = (lo >>> 0).toString(16);
  return hi === 0 ? `0x${low}` : `0x${(hi >>> 0).toString(16)}${low.padStart(8, '0')}`;
}

/** Parses decimal, `-` decimal or `0x` text; undefined when it is no 64-bit integer. */
export function parseInteger(text: string): bigint | undefined {
  if (!/^(?:-?\d+|0[xX][0-9a-fA-F]+)$/.test(text)) return undefined;
  const value = BigInt(text);
  return value > 0xffff_ffff_ffff_ffffn || value < -0x8000_0000_0000_0000n ? undefined : value;
}
