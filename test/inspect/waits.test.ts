// Waits for a CPU from switches and wakeups alone.
import { expect, test } from 'vitest';
import { sourceFromBytes } from '../../src/input/open.ts';
import { inspectTrace } from '../../src/inspect/inspect.ts';
import { openTrace } from '../../src/readers/index.ts';
import { type EventJson, traceText } from '../support/replay.ts';

const waits = async (events: readonly EventJson[]) => {
  const trace = await openTrace(sourceFromBytes(traceText(events), 'trace'));
  return inspectTrace(trace, { path: 'trace', bytes: 0, rules: [] }).waits;
};

const RUN: readonly EventJson[] = [
  { ts: 1000, cpu: 0, type: 'switch', prev: 0, next: 11, prev_state: 0 },
  { ts: 2000, cpu: 1, type: 'wakeup', step: 'waking', pid: 12 },
  { ts: 2100, cpu: 1, type: 'wakeup', step: 'wakeup', pid: 12 },
  // 11 is preempted and waits, 12 has waited since 2000.
  { ts: 5000, cpu: 0, type: 'switch', prev: 11, next: 12, prev_state: 256 },
  // 12 sleeps.
  { ts: 6000, cpu: 0, type: 'switch', prev: 12, next: 0, prev_state: 1 },
  { ts: 9500, cpu: 0, type: 'switch', prev: 0, next: 11, prev_state: 0 },
];

test('a wait lasts from the wakeup or the preemption to the switch', async () => {
  expect(await waits(RUN)).toEqual({
    measured: 2,
    mean_ns: 3750,
    longest: { pid: 11, since: '5000', ns: 4500 },
    waiting_at_end: null,
  });
});

test('who still waits when the trace ends is named', async () => {
  const end: EventJson = { ts: 40_000, cpu: 1, type: 'switch', prev: 0, next: 13, prev_state: 0 };
  const found = await waits([...RUN, { ts: 10_000, cpu: 1, type: 'wakeup', step: 'waking', pid: 12 }, end]);
  expect(found.waiting_at_end).toEqual({ pid: 12, since: '10000', ns: 30_000 });
});

test('a loss ends all waits', async () => {
  const lost: EventJson = { ts: 4000, cpu: 0, type: 'lost', count: 3 };
  const found = await waits([...RUN.slice(0, 3), lost, ...RUN.slice(3, 5)]);
  expect(found.measured).toBe(0);
});

test('a task that is woken while it runs does not wait', async () => {
  const woken: EventJson = { ts: 1500, cpu: 1, type: 'wakeup', step: 'waking', pid: 11 };
  const end: EventJson = { ts: 90_000, cpu: 1, type: 'switch', prev: 0, next: 13, prev_state: 0 };
  expect((await waits([...RUN.slice(0, 1), woken, end])).waiting_at_end).toBeNull();
  // Once it left, it does.
  const later: EventJson = { ts: 50_000, cpu: 1, type: 'wakeup', step: 'waking', pid: 11 };
  const left: EventJson = { ts: 40_000, cpu: 0, type: 'switch', prev: 11, next: 0, prev_state: 1 };
  expect((await waits([...RUN.slice(0, 1), woken, left, later, end])).waiting_at_end).toMatchObject({ pid: 11 });
});
