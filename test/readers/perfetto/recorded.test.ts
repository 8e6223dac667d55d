// What Perfetto's own service wrote (version 56, Linux 6.18, two CPUs): with full events, and with the compact form.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runReplay } from '../../../src/replay/run.ts';
import { RULES } from '../../../src/rules/index.ts';
import { readBytes } from '../../support/events.ts';

const read = (name: string) =>
  readBytes(readFileSync(join(import.meta.dirname, '../../../fixtures/readers/perfetto', name)));

test.each([
  ['full.pftrace', 'Perfetto', { switch: 390, wakeup: 227, exit: 36, migrate: 18, fork: 16 }],
  ['compact.pftrace', 'Perfetto (compact)', { switch: 472, wakeup: 269, exit: 26, migrate: 10, fork: 20 }],
])('%s', async (name, format, expected) => {
  const { events, trace, error } = await read(name);
  expect(error).toBeUndefined();
  expect(trace.format).toBe(format);
  const counts: Record<string, number> = {};
  for (const { type } of events) counts[String(type)] = (counts[String(type)] ?? 0) + 1;
  expect(counts).toEqual(expected);
  expect([...trace.unused]).toEqual([]);
  // Ftrace events count boot time, although this trace's own clock is another (`primary_trace_clock`).
  expect(trace.header.clock).toBe('boot');
  const running = new Map<unknown, unknown>();
  for (const { type, cpu, prev, next } of events) {
    if (type !== 'switch') continue;
    if (running.has(cpu)) expect(prev).toBe(running.get(cpu));
    running.set(cpu, next);
  }
  const times = events.map(({ ts }) => Number(ts));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test.each(['full.pftrace', 'compact.pftrace'])('%s replays without a finding', async (name) => {
  const { trace } = await read(name);
  const result = runReplay(trace, { path: name, rules: RULES });
  expect(result.findings).toEqual([]);
  expect(result.trace.events.lost).toBe(0);
});
