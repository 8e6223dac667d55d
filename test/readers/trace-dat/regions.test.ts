// The places of the per-CPU data in a file must leave no room for data that no entry of the table names.
import { expect, test } from 'vitest';
import { sourceFromBytes } from '../../../src/input/open.ts';
import { ByteReader } from '../../../src/readers/trace-dat/bytes.ts';
import { checkRegions } from '../../../src/readers/trace-dat/file.ts';

const PAGE = 4096;
const input = new ByteReader('trace.dat', sourceFromBytes(new Uint8Array(16), 'trace.dat'), true, 0);

/** Two CPUs: the data of the first end `size` behind the beginning of a page, those of the second begin on page `page`. */
const check = (size: number, page: number, uncounted: number) => () => {
  const regions = [
    { offset: PAGE, size },
    { offset: page * PAGE, size: 100 },
  ];
  checkRegions(input, 0, regions, PAGE, page * PAGE + 100 + uncounted, PAGE, uncounted);
};

test('bytes that the size of a part leaves out may reach into the next page', () => {
  // trace-cmd aligned the next part behind the real end, which lies four bytes further.
  for (const size of [PAGE - 3, PAGE - 1, PAGE]) expect(check(size, 3, 4)).not.toThrow();
  for (const size of [PAGE - 3, PAGE - 1]) expect(check(size, 3, 0)).toThrow('makes no sense');
});

test('a page between two parts is never passed over', () => {
  for (const uncounted of [0, 4]) {
    expect(check(PAGE - 8, 2, uncounted)).not.toThrow();
    expect(check(PAGE - 8, 3, uncounted)).toThrow('makes no sense');
    expect(check(PAGE + 1, 2, uncounted)).toThrow('makes no sense');
  }
});
