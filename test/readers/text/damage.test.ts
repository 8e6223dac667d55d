// Text that is cut, damaged, out of order, or no trace at all.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { errorOf, readBytes } from '../../support/events.ts';

const REPORT = readFileSync(join(import.meta.dirname, '../../../fixtures/readers/report/report.txt'), 'utf8');
const LINES = REPORT.trimEnd().split('\n');

test.each([1, 7, 100])('chunks of %d bytes', async (chunkBytes) => {
  const whole = await readBytes(REPORT);
  const chunked = await readBytes(REPORT, { chunkBytes });
  expect(chunked.events).toEqual(whole.events);
  expect(chunked.positions).toEqual(whole.positions);
});

test('a line that cannot be read is a loss, not silence', async () => {
  const { events, trace } = await readBytes([...LINES.slice(0, 40), 'l^@bt', ...LINES.slice(40)].join('\n'));
  const lost = events.filter((event) => event.type === 'lost');
  expect(lost).toMatchObject([{ count: 1, text: 'unreadable line 41' }]);
  expect(trace.unused.get('unreadable line')).toBe(1);
  expect(events).toHaveLength((await readBytes(REPORT)).events.length + 1);
});

test.each([
  ['CPU:1 [LOST 12 EVENTS]', 12],
  ['CPU:1 [EVENTS DROPPED]', undefined],
  ['##### CPU 1 buffer started ####', undefined],
])('%s is a loss', async (line, count) => {
  const { events } = await readBytes([...LINES.slice(0, 40), line, ...LINES.slice(40)].join('\n'));
  const [lost] = events.filter((event) => event.type === 'lost');
  expect(lost).toMatchObject({ cpu: 1 });
  expect(lost?.count).toBe(count);
});

test('lines that come a little late are put in their place', async () => {
  const swapped = [...LINES];
  const [a, b] = [swapped[30] ?? '', swapped[31] ?? ''];
  swapped[30] = b;
  swapped[31] = a;
  const times = (await readBytes(swapped.join('\n'))).events.map((event) => Number(event.ts));
  expect(times).toEqual(times.toSorted((x, y) => x - y));
});

test('text without one readable line is an error with its place', async () => {
  const error = await errorOf(`cpus=4\n${'             hog-1 [000] no time at all\n'.repeat(5)}`, {
    format: 'ftrace-text',
  });
  expect(error.details.position).toMatch(/^line \d+/);
  expect(error.message).toContain('cannot be read');
});

test('times of whole microseconds are known to be coarse', async () => {
  const coarse = REPORT.replace(/(\d+\.\d{6})\d{3}: /g, '$1: ');
  expect((await readBytes(coarse)).trace.header.features.has('coarse-time')).toBe(true);
  expect((await readBytes(REPORT)).trace.header.features.has('coarse-time')).toBe(false);
});

describe('laws', () => {
  test('cut off anywhere, a text gives the events of its whole lines', async () => {
    const whole = (await readBytes(REPORT)).events;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 400, max: REPORT.length }), async (length) => {
        const cut = REPORT.slice(0, length);
        const complete = cut.split('\n').length - 2;
        const { events } = await readBytes(cut);
        expect(events.filter((event) => event.type !== 'lost').slice(0, complete - 1)).toEqual(
          whole.slice(0, complete - 1),
        );
      }),
      { numRuns: 40 },
    );
  });

  test('whatever replaces a byte, nothing but an input error is thrown', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(REPORT.length - 1), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 20,
        }),
        async (changes) => {
          const bytes = new TextEncoder().encode(REPORT);
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            await readBytes(bytes, { format: 'ftrace-text' });
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});
