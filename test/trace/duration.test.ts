// Durations in words: three digits, the unit that fits, never 1000 of a unit.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatDuration } from '../../src/trace/duration.ts';

test.each([
  [0, '0 ns'],
  [999, '999 ns'],
  [1000, '1 µs'],
  [12_345, '12.3 µs'],
  [999_499, '999 µs'],
  [999_999, '1.00 ms'],
  [3_250_000, '3.25 ms'],
  [1_712_000_000, '1.71 s'],
  [41_000_000_000, '41 s'],
  [5_632_123_456_789, '5632 s'],
  [-1500, '-1.50 µs'],
])('%d ns', (ns, text) => {
  expect(formatDuration(ns)).toBe(text);
});

test('reads back to within a percent', () => {
  const scale: Readonly<Record<string, number>> = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e12 }), (ns) => {
      const [number = '', unit = ''] = formatDuration(ns).split(' ');
      expect(Math.abs(Number(number) * (scale[unit] ?? Number.NaN) - ns) / ns).toBeLessThan(0.01);
      expect(Number(number) < 1000 || unit === 's').toBe(true);
    }),
  );
});
