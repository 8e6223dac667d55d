// What a recording does not show is held against nobody: event types and fields left out, a beginning cut off, events lost.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReplayResult } from '../../src/findings/result.ts';
import { CAPS_RULES } from '../../src/rules/caps/index.ts';
import { withoutField } from '../support/damaged-trace.ts';
import { openRecording } from '../support/recordings.ts';
import { type EventJson, replayEvents } from '../support/replay.ts';
import { held, measure, unsound, vocabularyOf } from '../support/soundness.ts';
import { Script, WORKED_EXAMPLE } from './script.ts';

const example = new Script();
const recorded = example.header.recorded as readonly string[];

const OURS: ReadonlySet<string> = new Set(CAPS_RULES.map(({ id }) => id));

function blamed(result: ReplayResult): string[] {
  return result.findings
    .filter(({ rule, verdict }) => OURS.has(rule) && (verdict === 'violation' || verdict === 'possible'))
    .map(({ rule, message }) => `${rule}: ${message}`);
}

describe('event types that are not recorded', () => {
  test.each(recorded.filter((type) => type !== 'sched_attach'))('%s', async (type) => {
    const events = example.events.filter((event) => event.type !== type);
    const result = await replayEvents(events, {
      ...example.header,
      recorded: recorded.filter((other) => other !== type),
    });
    expect(blamed(result)).toEqual([]);
  });

  test.each([['queue'], ['fold'], ['entry'], ['fold', 'entry'], ['queue', 'entry']])(
    'cap_sync %s %s',
    async (...steps) => {
      const events = example.events.filter(
        ({ type, step }) => type !== 'cap_sync' || !steps.some((missing) => missing === step),
      );
      const others = ['queue', 'fold', 'entry']
        .filter((step) => !steps.includes(step))
        .map((step) => `cap_sync:${step}`);
      const result = await replayEvents(events, { ...example.header, recorded: [...recorded, ...others] });
      expect(blamed(result)).toEqual([]);
    },
  );
});

const ROOT = join(import.meta.dirname, '../../fixtures');

/** The traces of the caps rules that are not wrong. */
const FIXTURES = [...OURS]
  .map((id) => join(ROOT, 'rules', id))
  .flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []))
  .filter((path) => !/violating[^/]*$/.test(path));

describe('fields that are not recorded', () => {
  test.each([WORKED_EXAMPLE, ...FIXTURES].map((path) => [relative(ROOT, path), path]))('%s', async (_name, path) => {
    const whole = measure(held(await openRecording(path), Number.POSITIVE_INFINITY), CAPS_RULES);
    expect([...whole.mispredicted]).toEqual([]);
    // What is there to be found may be found by another event.
    const rules = new Set([...whole.found].map((text) => text.split(' ')[0]));
    const claims = vocabularyOf(whole.trace).fields.flatMap(([type, field]) =>
      unsound(whole, withoutField(whole.trace, type, field))
        .filter((text) => !rules.has(text.split(' ')[0]))
        .map((text) => `${type}.${field}: ${text}`),
    );
    expect(claims).toEqual([]);
  });
});

const SCHEDULERS = [
  { sched: 1, name: 'R', level: 0, path: '/', cid_form: true },
  { sched: 2, name: 'A', level: 1, cgroup: 100, path: '/A', parent: 1, cid_form: true },
  { sched: 3, name: 'A1', level: 2, cgroup: 200, path: '/A/A1', parent: 2, cid_form: true },
];

const LATER = [7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];

test.each(LATER)('a trace that begins with step %d', async (step) => {
  const events = example.events.filter(({ ts }) => ts >= example.begin(step));
  const result = await replayEvents(events, { ...example.header, schedulers: SCHEDULERS, starts_mid_run: true });
  expect(blamed(result)).toEqual([]);
});

test.each(LATER.slice(0, -1))('step %d is lost', async (step) => {
  const [from, to] = [example.begin(step), example.begin(step + 1)];
  const lost: EventJson = { ts: to - 1, cpu: 0, type: 'lost' };
  const events = [
    ...example.events.filter(({ ts }) => ts < from),
    lost,
    ...example.events.filter(({ ts }) => ts >= to),
  ];
  expect(blamed(await replayEvents(events, example.header))).toEqual([]);
});
