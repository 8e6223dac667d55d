// Numbers as the kernel prints them, of any size, in any spelling.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberReader } from '../../../src/readers/text/number.ts';
import { toBigInt } from '../../../src/trace/u64.ts';

const reader = new NumberReader();

/** Value and length of the number at the beginning of `text`; what follows it lies behind the end. */
function read(text: string, behind = ' '): { value: bigint; length: number } | undefined {
  const bytes = new Uint8Array(80);
  bytes.set(new TextEncoder().encode(text + behind));
  const at = reader.read(bytes, 0, text.length);
  return at < 0 ? undefined : { value: toBigInt(reader.hi, reader.lo), length: at };
}

test('any 64-bit number, decimal, negative, hexadecimal, with leading zeros', () => {
  const value = fc.oneof(fc.bigInt(0n, 0xffff_ffff_ffff_ffffn), fc.bigInt(0n, 0xffff_ffffn), fc.bigInt(0n, 2000n));
  const behind = fc.constantFrom(' ', '\n', '7', 'x', 'f');
  fc.assert(
    fc.property(value, behind, (number, next) => {
      for (const text of [
        `${number}`,
        `0x${number.toString(16)}`,
        `0x${number.toString(16).toUpperCase()}`,
        `00${number}`,
      ])
        expect(read(text, next)).toEqual({ value: number, length: text.length });
      if (number < 1n << 63n)
        expect(read(`-${number}`, next)).toEqual({ value: BigInt.asUintN(64, -number), length: `-${number}`.length });
    }),
    { numRuns: 2000 },
  );
});

test.each([
  '18446744073709551616',
  '99999999999999999999',
  '100000000000000000000',
  '0x',
  '0x12345678123456781',
  '-',
  '',
  'x1',
])('%j is no 64-bit number', (text) => expect(read(text)).toBeUndefined());

test.each([
  ['12abc', 12n, 2],
  ['0xfg', 15n, 3],
  ['1x5', 1n, 1],
  ['00x5', 0n, 2],
])('%s ends where its digits do', (text, value, length) => expect(read(text)).toEqual({ value, length }));
