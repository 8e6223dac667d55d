// Perfetto traces: layouts, damage, and what they cannot tell. They are built here by field numbers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { sourceFromBytes } from '../../../src/input/open.ts';
import { openTrace } from '../../../src/readers/index.ts';
import { type PlainEvent, readBytes, readEvents } from '../../support/events.ts';
import { concat, perfettoTrace, systemInfo } from '../../support/perfetto.ts';
import { ProtoWriter } from '../../support/proto-writer.ts';
import { type EventJson, traceText } from '../../support/replay.ts';

const RACE = readFileSync(join(import.meta.dirname, '../../../fixtures/state/affinity-race.jsonl'));

const SWITCHES: readonly EventJson[] = [
  { ts: 1000, cpu: 0, type: 'switch', prev: 0, next: 11, prev_state: 0, next_comm: 'hog-1' },
  { ts: 1500, cpu: 1, type: 'wakeup', step: 'waking', pid: 12, target: 0, prio: 120, comm: 'slp-1' },
  { ts: 2000, cpu: 0, type: 'switch', prev: 11, next: 12, prev_state: 256, next_comm: 'slp-1' },
  { ts: 2500, cpu: 1, type: 'switch', prev: 0, next: 11, prev_state: 0, next_comm: 'hog-1' },
  { ts: 3000, cpu: 0, type: 'switch', prev: 12, next: 0, prev_state: 1, next_comm: 'swapper/0' },
];

const build = async (events: readonly EventJson[], options = {}): Promise<Uint8Array> =>
  perfettoTrace(await openTrace(sourceFromBytes(traceText(events), 'trace')), options);

const without = (events: readonly PlainEvent[], ...names: string[]): PlainEvent[] =>
  events.map((event) => Object.fromEntries(Object.entries(event).filter(([name]) => !names.includes(name))));

test('compact switches: who was switched away from follows from the switch before', async () => {
  const { events, trace } = await readBytes(await build(SWITCHES, { compact: true }));
  expect(trace.format).toBe('Perfetto (compact)');
  // The first switch of each CPU only tells who runs from then on.
  expect(events).toEqual([
    { ts: 1500, cpu: 1, type: 'wakeup', step: 'waking', pid: 12, comm: 'slp-1', prio: 120, target: 0 },
    { ts: 2000, cpu: 0, type: 'switch', prev: 11, next: 12, prev_state: 256 },
    { ts: 3000, cpu: 0, type: 'switch', prev: 12, next: 0, prev_state: 1 },
  ]);
  expect(trace.header.features.has('inferred:prev')).toBe(true);
});

test('the kernel and the CPUs come from the system information', async () => {
  const { trace } = await readBytes(await build(SWITCHES, { before: [systemInfo('7.3.0', 4)] }));
  expect(trace.header.kernel).toBe('7.3.0');
  expect(trace.header.possible?.toString()).toBe('0-3');
});

test('events of other sources are counted by name', async () => {
  // FtraceEvent 20 is sched_waking, 3 is print, 9999 is of a later version.
  const unknown = new ProtoWriter().varint(1, 1200).varint(2, 1).bytes(9999, new ProtoWriter().varint(1, 5));
  const packet = new ProtoWriter().bytes(1, new ProtoWriter().varint(1, 0).bytes(2, unknown));
  const bytes = concat([await build(SWITCHES), new ProtoWriter().bytes(1, packet).finish()]);
  const { trace, events } = await readBytes(bytes);
  expect(events).toHaveLength(SWITCHES.length);
  expect([...trace.unused]).toEqual([['ftrace event 9999', 1]]);
});

test('bundles that say that records were lost before them are losses', async () => {
  const packet = (ts: number, next: number, ...lost: number[]): Uint8Array => {
    const event = new ProtoWriter().varint(1, ts).bytes(4, new ProtoWriter().varint(2, 11).varint(6, next));
    const bundle = new ProtoWriter().varint(1, 0).bytes(2, event);
    for (const flag of lost) bundle.varint(3, flag);
    return new ProtoWriter().bytes(1, new ProtoWriter().bytes(1, bundle)).finish();
  };
  const { events } = await readBytes(concat([packet(1000, 12), packet(2000, 13, 1), packet(3000, 14, 0)]));
  expect(events.map(({ ts, type, next }) => [ts, type, next])).toEqual([
    [1000, 'switch', 12],
    [2000, 'lost', undefined],
    [2000, 'switch', 13],
    [3000, 'switch', 14],
  ]);
});

describe('damage', () => {
  test('a truncated file is read up to the damage, which is then said', async () => {
    const whole = perfettoTrace(await openTrace(sourceFromBytes(RACE, 'trace')), { perBundle: 20 });
    const all = (await readBytes(whole)).events;
    for (const part of [0.2, 0.5, 0.83, 0.999]) {
      const { events, error } = await readBytes(whole.subarray(0, Math.floor(whole.length * part)));
      expect(error).toBeInstanceOf(InputError);
      expect(error?.details.position).toMatch(/byte \d+/);
      expect(events.length).toBeGreaterThan(0);
      const known = new Set(
        all.map((event) => JSON.stringify(without([event], 'comm', 'prev_comm', 'next_comm', 'cpus_bits'))),
      );
      for (const event of events)
        expect(known.has(JSON.stringify(without([event], 'comm', 'prev_comm', 'next_comm', 'cpus_bits')))).toBe(true);
    }
  });

  test.each([8193, -1])('%i CPUs are too many', async (cpus) => {
    const whole = await build(SWITCHES, { compact: true, before: [systemInfo('7.3.0', cpus)] });
    const { error } = await readBytes(whole, { format: 'perfetto' });
    expect(error?.describe()).toContain('impossible number of CPUs');
  });

  test('whatever replaces bytes, nothing but an input error is thrown', async () => {
    const whole = await build(SWITCHES, { compact: true, before: [systemInfo('7.3.0', 4)] });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
        async (changes) => {
          const bytes = whole.slice();
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            readEvents(await openTrace(sourceFromBytes(bytes, 'trace'), { format: 'perfetto' }));
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
