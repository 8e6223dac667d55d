// A CPU mask is a set: every operation agrees with that of a Set of numbers.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CpuMask, MAX_CPU } from '../../src/trace/cpu-mask.ts';

const cpu = fc.oneof(
  fc.nat({ max: 70 }),
  fc.nat({ max: MAX_CPU }),
  fc.constantFrom(0, 31, 32, 63, 64, 127, 128, MAX_CPU),
);
const set = fc.uniqueArray(cpu, { maxLength: 20 }).map((cpus) => cpus.toSorted((a, b) => a - b));
const maskOf = (cpus: readonly number[]): CpuMask => CpuMask.of(...cpus);

describe('a mask', () => {
  test('has its members, in order', () => {
    fc.assert(
      fc.property(set, cpu, (cpus, probe) => {
        const mask = maskOf(cpus);
        expect([...mask]).toEqual(cpus);
        expect([mask.size, mask.first, mask.last, mask.isEmpty]).toEqual([
          cpus.length,
          cpus[0] ?? -1,
          cpus.at(-1) ?? -1,
          cpus.length === 0,
        ]);
        expect(mask.has(probe)).toBe(cpus.includes(probe));
        expect(mask.has(-1)).toBe(false);
      }),
    );
  });

  test('loses and gains members', () => {
    fc.assert(
      fc.property(set, cpu, (cpus, other) => {
        const mask = maskOf(cpus);
        mask.add(other);
        expect([...mask]).toEqual([...new Set([...cpus, other])].toSorted((a, b) => a - b));
        mask.delete(other);
        expect([...mask]).toEqual(cpus.filter((member) => member !== other));
        mask.clear();
        expect(mask.isEmpty).toBe(true);
      }),
    );
  });

  test('is compared as a set, however many words it has', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const [x, y] = [maskOf(a), maskOf(b)];
        expect(x.equals(y)).toBe(a.join() === b.join());
        expect(x.isSubsetOf(y)).toBe(a.every((member) => b.includes(member)));
        expect(x.intersects(y)).toBe(a.some((member) => b.includes(member)));
        expect(x.equals(maskOf(a))).toBe(true);
      }),
    );
  });

  test('copies are independent, also of wider masks', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const mask = maskOf(a);
        const copy = mask.clone();
        mask.copy(maskOf(b));
        expect([[...copy], [...mask]]).toEqual([a, b]);
      }),
    );
  });

  test('takes words as the kernel stores them', () => {
    const mask = new CpuMask(32);
    mask.setWord(2, 0b101);
    mask.setWord(9, 0);
    expect([...mask]).toEqual([64, 66]);
    mask.setWord(2, 0);
    expect(mask.isEmpty).toBe(true);
  });
});

describe('a cpulist', () => {
  test('is read back', () => {
    fc.assert(
      fc.property(set, (cpus) => {
        const list = maskOf(cpus).toString();
        expect(list).toMatch(/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/);
        expect([...(CpuMask.fromList(list) ?? [])]).toEqual(cpus);
      }),
    );
  });

  test.each([
    ['', ''],
    ['0', '0'],
    ['0-3,8', '0-3,8'],
    ['8,0-3', '0-3,8'],
    ['1,0,2', '0-2'],
    ['0-1,1-2', '0-2'],
    [`${MAX_CPU}`, `${MAX_CPU}`],
    ['0x10f', '0-3,8'],
    ['0x1', '0'],
    [`0x8${'0'.repeat(MAX_CPU >> 2)}`, `${MAX_CPU}`],
    ['0x0', ''],
  ])('%j means %j', (list, normal) => {
    expect(CpuMask.fromList(list)?.toString()).toBe(normal);
  });

  test.each([
    'a',
    '-1',
    '1-',
    '3-1',
    '0,,1',
    '0-3:1/2',
    ' 0',
    '0 ',
    '0x',
    '0xg',
    `0x1${'0'.repeat(2048)}`,
    `${MAX_CPU + 1}`,
    '0-99999999',
  ])('%j is none', (list) => {
    expect(CpuMask.fromList(list)).toBeUndefined();
    const mask = CpuMask.of(5);
    expect([mask.parse(list), mask.isEmpty]).toEqual([false, true]);
  });
});
