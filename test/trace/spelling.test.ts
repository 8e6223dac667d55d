// Values are written as people write them, exactly, and the text of a 64-bit value gives the same bits again.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDsqId, parseDsqId } from '../../src/kernel/dsq-id.ts';
import { parseWide, wideToText } from '../../src/trace/spelling.ts';
import { highHalf, lowHalf } from '../../src/trace/u64.ts';
import type { FieldKind } from '../../src/trace/vocabulary/fields.ts';

const WIDE: readonly FieldKind[] = ['u64', 's64', 'hex', 'id', 'dsq'];
const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.nat({ max: 20 }).map(BigInt),
  fc.nat({ max: 20 }).map((n) => 2n ** 63n + BigInt(n)),
  fc.nat({ max: 0xffffffff }).map((n) => 3n * 2n ** 62n + BigInt(n)),
);

test.each(WIDE)('%s: the text of a value gives the same bits again', (kind) => {
  fc.assert(
    fc.property(u64, (value) => {
      const [hi, lo] = [highHalf(value), lowHalf(value)];
      expect(parseWide(kind, wideToText(kind, hi, lo))).toEqual({ hi, lo });
    }),
  );
});

test.each(WIDE)('%s: decimal and 0x text mean the same', (kind) => {
  fc.assert(
    fc.property(u64, (value) => {
      expect(parseWide(kind, value.toString())).toEqual(parseWide(kind, `0x${value.toString(16)}`));
    }),
  );
});

test('negative numbers are for signed values only', () => {
  expect(WIDE.map((kind) => parseWide(kind, '-1'))).toEqual([
    undefined,
    { hi: -1, lo: -1 },
    undefined,
    undefined,
    undefined,
  ]);
});

describe('DSQ ids', () => {
  test.each([
    [0x8000000000000000n, 'invalid'],
    [0x8000000000000001n, 'global'],
    [0x8000000000000002n, 'local'],
    [0x8000000000000003n, 'bypass'],
    [0x8000000000000004n, 'reject'],
    [0x8000000000000005n, 'rescue'],
    [0x8000000000000006n, '0x8000000000000006'],
    [0xc000000000000000n, 'local_on:0'],
    [0xc0000000ffffffffn, 'local_on:4294967295'],
    [0xc000000100000000n, '0xc000000100000000'],
    [0n, '0'],
    [9n, '9'],
    [10n, '0xa'],
  ])('%s is %s', (id, text) => {
    expect(formatDsqId(highHalf(id), lowHalf(id))).toBe(text);
    expect(parseDsqId(text)).toEqual({ hi: highHalf(id), lo: lowHalf(id) });
  });

  test.each([
    '',
    'Local',
    'local_on',
    'local_on:',
    'local_on:x',
    'local_on:-1',
    'local_on:4294967296',
    'local:3',
    '-1',
    '1.5',
  ])('%j is none', (text) => {
    expect(parseDsqId(text)).toBeUndefined();
  });
});
