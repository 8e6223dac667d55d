// Real text of ftrace, trace-cmd and perf: every way in which the same buffer was printed gives the same events.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type PlainEvent, readBytes } from '../../support/events.ts';

const ROOT = join(import.meta.dirname, '../../../fixtures/readers');

function golden(name: string): PlainEvent[] {
  const text = readFileSync(join(ROOT, name), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PlainEvent);
}

const read = (name: string) => readBytes(readFileSync(join(ROOT, name)));

/** With the option `fields` marks are printed as their raw fields. */
const withoutMarks = (events: readonly PlainEvent[]): PlainEvent[] => events.filter((event) => event.type !== 'mark');

/** Names of tasks are told once: a part of a trace tells them at another place than the whole. */
const withoutNames = (events: readonly PlainEvent[]): PlainEvent[] =>
  events.map((event) => Object.fromEntries(Object.entries(event).filter(([name]) => !name.endsWith('comm'))));

describe('tracefs', () => {
  const expected = golden('ftrace/expected.jsonl');
  const files = readdirSync(join(ROOT, 'ftrace')).filter((name) => name.endsWith('.txt'));

  test.each(files)('%s', async (name) => {
    const { events, error, trace } = await read(`ftrace/${name}`);
    expect(error).toBeUndefined();
    expect(trace.format).toBe('ftrace text');
    const asPrinted = name === 'fields.txt' ? withoutMarks(expected) : expected;
    const shown = asPrinted.slice(0, events.length);
    expect(events.length).toBeGreaterThanOrEqual(15);
    expect(events.map(({ ts, ...event }) => event)).toEqual(shown.map(({ ts, ...event }) => event));
    // Latency formats count from the beginning of the buffer, and cut off below a microsecond.
    const offset = name.startsWith('latency') ? Number(shown[0]?.ts) - Number(events[0]?.ts) : 0;
    for (const [i, event] of events.entries())
      expect(Math.abs(Number(event.ts) + offset - Number(shown[i]?.ts))).toBeLessThanOrEqual(offset === 0 ? 0 : 1000);
  });
});

test.each(['plain.txt', 'header.txt'])('perf script, %s', async (name) => {
  const { events, trace } = await read(`perf/${name}`);
  expect(trace.format).toBe('perf script');
  expect(events).toEqual(golden('perf/expected.jsonl'));
});

test('the header of perf script tells the kernel, the CPUs and what was recorded', async () => {
  const { trace } = await read('perf/header.txt');
  expect(trace.header.kernel).toBe('6.18.44');
  expect(trace.header.possible?.toString()).toBe('0-1');
  // Forks were recorded, and none occurs.
  expect(trace.header.recorded?.has('fork')).toBe(true);
});

// The expected events were read from the trace.dat that trace-cmd printed here.
test('trace-cmd report gives the events of the trace.dat', async () => {
  const { events, trace, positions } = await read('report/report.txt');
  expect(withoutNames(events)).toEqual(golden('report/expected.jsonl'));
  expect([...trace.unused]).toEqual([]);
  expect(positions[0]).toBe('line 2');
  expect(trace.header.possible?.toString()).toBe('0-3');
});
