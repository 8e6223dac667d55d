// 64-bit values as two halves obey the laws of 64-bit arithmetic.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  before,
  difference,
  formatDecimal,
  formatHex,
  highHalf,
  lessThan,
  lowHalf,
  parseInteger,
  toBigInt,
  toNumber,
  toSignedBigInt,
  toSignedNumber,
  U64,
} from '../../src/trace/u64.ts';

const MAX = 2n ** 64n - 1n;
/** All values, with a preference for the edges of 32, 53, 63 and 64 bits. */
const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: MAX }),
  fc
    .tuple(fc.constantFrom(0n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, MAX), fc.integer({ min: -3, max: 3 }))
    .map(([edge, step]) => BigInt.asUintN(64, edge + BigInt(step))),
);
const halves = (value: bigint): [number, number] => [highHalf(value), lowHalf(value)];

describe('halves', () => {
  test('carry the unsigned and the signed value', () => {
    fc.assert(
      fc.property(u64, (value) => {
        const [hi, lo] = halves(value);
        expect([hi | 0, lo | 0]).toEqual([hi, lo]);
        expect(toBigInt(hi, lo)).toBe(value);
        expect(toSignedBigInt(hi, lo)).toBe(BigInt.asIntN(64, value));
        expect(halves(BigInt.asIntN(64, value))).toEqual([hi, lo]);
        expect(toNumber(hi, lo)).toBe(Number(value));
        expect(toSignedNumber(hi, lo)).toBe(Number(BigInt.asIntN(64, value)));
      }),
    );
  });

  test('compare as unsigned values, and wrapping as the kernel compares times', () => {
    fc.assert(
      fc.property(u64, u64, (a, b) => {
        expect(lessThan(...halves(a), ...halves(b))).toBe(a < b);
        expect(before(...halves(a), ...halves(b))).toBe(BigInt.asIntN(64, a - b) < 0n);
        expect(difference(...halves(a), ...halves(b))).toBe(Number(BigInt.asIntN(64, a - b)));
      }),
    );
  });

  test('are a cell with value semantics', () => {
    fc.assert(
      fc.property(u64, u64, (a, b) => {
        const cell = new U64(...halves(a));
        const other = new U64();
        expect(other.isZero).toBe(true);
        other.copy(cell);
        expect(other.toBigInt()).toBe(a);
        expect(cell.equals(...halves(b))).toBe(a === b);
        cell.set(...halves(b));
        expect([cell.toBigInt(), other.toBigInt(), cell.isZero]).toEqual([b, a, b === 0n]);
      }),
    );
  });
});

describe('text', () => {
  test('is what BigInt writes, and is read back', () => {
    fc.assert(
      fc.property(u64, (value) => {
        const [hi, lo] = halves(value);
        expect(formatDecimal(hi, lo)).toBe(value.toString());
        expect(formatHex(hi, lo)).toBe(`0x${value.toString(16)}`);
        expect(parseInteger(formatDecimal(hi, lo))).toBe(value);
        expect(parseInteger(formatHex(hi, lo).toUpperCase().replace('0X', '0x'))).toBe(value);
        expect(parseInteger(BigInt.asIntN(64, value).toString())).toBe(BigInt.asIntN(64, value));
      }),
    );
  });

  test.each([
    '',
    '-',
    '0x',
    '1.0',
    '1e3',
    ' 1',
    '1 ',
    '+1',
    '--1',
    '0b1',
    '-0x1',
    'x',
    '１',
    '18446744073709551616',
    '-9223372036854775809',
    '0x10000000000000000',
  ])('%j is no 64-bit integer', (text) => {
    expect(parseInteger(text)).toBeUndefined();
  });

  test('the extremes are', () => {
    expect(
      ['18446744073709551615', '-9223372036854775808', '0xFFFFFFFFFFFFFFFF', '007', '-0'].map(parseInteger),
    ).toEqual([MAX, -(2n ** 63n), MAX, 7n, 0n]);
  });
});
