// Minimising: the result is short, still shows the same finding, is the same every time, and took far fewer replays than
// delta debugging over events.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainDdmin } from '../../bench/minimize/plain-ddmin.ts';
import { sourceFromBytes } from '../../src/input/open.ts';
import { ddmin } from '../../src/minimize/ddmin.ts';
import { EventStore } from '../../src/minimize/event-store.ts';
import { minimize } from '../../src/minimize/minimize.ts';
import { Probe } from '../../src/minimize/probe.ts';
import { NEAR, thinned } from '../../src/minimize/slice.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { OpenTrace } from '../../src/readers/reader.ts';
import { findRule } from '../../src/rules/index.ts';
import type { RuleSpec } from '../../src/rules/rule.ts';
import { newTraceEvent, SLOTS } from '../../src/trace/event.ts';
import { WRITERS } from '../../src/writers/index.ts';
import type { WriterSpec } from '../../src/writers/writer.ts';
import { affinityRace, RACE_HEADER } from '../support/affinity-race.ts';
import { runIn } from '../support/in-process.ts';
import { temporaryFolder } from '../support/program.ts';
import { replayText, traceText } from '../support/replay.ts';
import { switchEvents } from '../support/results.ts';

const RULE = 'dispatch-disallowed-cpu';

const race = (noise: number, seed = 1): string => traceText(affinityRace({ noise, seed }), RACE_HEADER);
const open = (text: string): Promise<OpenTrace> => openTrace(sourceFromBytes(text, 'race.jsonl'));

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it must be there');
  return value;
}
const rule = (id = RULE): RuleSpec => known(findRule(id));
const json = (): WriterSpec => known(WRITERS[0]);
const minimal = async (text: string, keepValues = false) =>
  known(await minimize(await open(text), { rule: rule(), writer: json(), path: 'minimal.json', keepValues }));

describe('what is left', () => {
  test('a handful of events that show the same finding about the same task', async () => {
    const text = race(5000);
    const whole = await replayText(text, { rules: [rule()] });
    const found = whole.findings.find(({ verdict }) => verdict === 'violation');
    expect(found).toMatchObject({ rule: RULE, comm: 'hog-3', pid: 503, cpu: 1, kernel: 'confirmed' });

    const { text: left, events, result } = await minimal(text);
    expect(events).toBeLessThanOrEqual(8);
    const again = await replayText(left);
    expect(again.verdict).toBe('violation');
    const finding = again.findings.find((entry) => entry.rule === RULE);
    // Pids are renumbered, the name stays.
    expect(finding).toMatchObject({ verdict: 'violation', comm: 'hog-3', cpu: 1, kernel: 'confirmed' });
    expect(result.findings[0]?.message).toBe(finding?.message);
  });

  test('the same, byte by byte, every time', async () => {
    const text = race(1000, 7);
    expect((await minimal(text)).text).toBe((await minimal(text)).text);
  });

  test('with --keep-values: events as they were recorded', async () => {
    const text = race(200);
    const { text: left } = await minimal(text, true);
    const recorded = new Set(text.split('\n'));
    const kept = left.split('\n').filter((line) => line.startsWith('{"ts"'));
    expect(kept.length).toBeGreaterThan(3);
    const plain = (line: string): unknown => JSON.parse(line.replace(/,$/, ''));
    const originals = [...recorded].filter((line) => line.startsWith('{"ts"')).map(plain);
    for (const line of kept) expect(originals).toContainEqual(plain(line));
  });

  test('of a single event that a rule needs nothing is taken', async () => {
    const text = traceText([...switchEvents(), ...switchEvents({ broken: true, start: 3000 })], { kernel: '7.3' });
    const result = known(
      await minimize(await open(text), { rule: rule('switch-chain-broken'), writer: json(), path: 'x.json' }),
    );
    expect(result.events).toBe(2);
    expect(result.result.findings).toMatchObject([{ rule: 'switch-chain-broken', verdict: 'violation' }]);
  });
});

test('at least ten times fewer replays than delta debugging over events', async () => {
  const text = race(1200, 3);
  const { effort, events } = await minimal(text);
  const trace = await open(text);
  const store = EventStore.of(trace);
  const probe = new Probe(store, { rule: rule() });
  const target = known(probe.findTarget(trace.header, {}));
  const left = plainDdmin(store.length, (ordinals) => probe.keeps(trace.header, ordinals, target));
  expect(events).toBeLessThanOrEqual(left.length);
  expect(effort.wholeTraces * 10).toBeLessThanOrEqual(probe.events / store.length);
  expect(effort.replays).toBeLessThan(probe.replays);
});

describe('the command', () => {
  const run = (root: string, args: readonly string[]) => runIn(root, ['minimize', ...args], {}, '.out.json');
  test('writes a fixture that the gate accepts', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'race.jsonl'), race(300));
    const { code, stderr } = await run(root, ['race.jsonl', '--rule', RULE, '--fixture', join(root, 'fixtures')]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/race\.jsonl: \d+ events cut down to \d in fixtures\/dispatch-disallowed-cpu\.json/);
    const expectation = JSON.parse(readFileSync(join(root, 'fixtures', `${RULE}.expect.json`), 'utf8')) as object;
    expect(expectation).toMatchObject({ rules: [RULE], findings: [{ rule: RULE }] });
    const gate = await runIn(root, ['test', join(root, 'fixtures')]);
    expect(gate.code).toBe(0);
    // A second one does not overwrite the first.
    await run(root, ['race.jsonl', '--rule', RULE, '--fixture', join(root, 'fixtures')]);
    expect(existsSync(join(root, 'fixtures', `${RULE}-2.json`))).toBe(true);
  });

  test('says when there is nothing to minimise, and when the rule does not exist', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'clean.jsonl'), traceText(switchEvents(), { kernel: '7.3' }));
    const none = await run(root, ['clean.jsonl', '--rule', 'switch-chain-broken']);
    expect([none.code, none.stderr]).toEqual([125, expect.stringContaining('no violation of switch-chain-broken')]);
    const wrong = await run(root, ['clean.jsonl', '--rule', 'no-such-rule']);
    expect([wrong.code, wrong.stderr]).toEqual([129, expect.stringContaining('there is no rule "no-such-rule"')]);
    const other = await run(root, ['clean.jsonl', '--rule', 'switch-chain-broken', '--pid', '4']);
    expect([other.code, other.stderr]).toEqual([125, expect.stringContaining('about pid 4')]);
  });
});

test('what ddmin leaves cannot lose any single item', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(80), { minLength: 1, maxLength: 12 }), fc.nat(60), (needed, extra) => {
      const items = Array.from({ length: 81 + extra }, (_, i) => i);
      const kept = ddmin(items, (some) => needed.every((item) => some.includes(item)));
      expect(kept).toEqual(needed.toSorted((a, b) => a - b));
    }),
    { numRuns: 60 },
  );
});

test('a few events far off in the order of relevance are found without replaying most of it for each', () => {
  const LENGTH = 40_000;
  const needles = fc.uniqueArray(fc.nat({ max: LENGTH - 1 }), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(needles, (needed) => {
      const circle = Uint32Array.from({ length: LENGTH }, (_, i) => i);
      let replayed = 0;
      const left = thinned(circle, (part) => {
        replayed += part.length;
        return needed.every((needle) => part.includes(needle));
      });
      expect([...left]).toEqual([...left].toSorted((a, b) => a - b));
      expect(needed.every((needle) => left.includes(needle))).toBe(true);
      expect(left.length).toBeLessThanOrEqual(NEAR);
      expect(replayed).toBeLessThan(15 * LENGTH);
    }),
    { numRuns: 50 },
  );
});

test('a circle of which most is needed is not thinned out for long', () => {
  const circle = Uint32Array.from({ length: 20_000 }, (_, i) => i);
  let questions = 0;
  const left = thinned(circle, (part) => {
    questions++;
    return part.length === circle.length;
  });
  expect(left).toEqual(circle);
  expect(questions).toBeLessThan(2 * 64);
});

test('a stored event is the event', async () => {
  const trace = await open(race(100));
  const store = EventStore.of(trace);
  const loaded = newTraceEvent();
  trace.run({
    event(event) {
      store.load(event.seq, loaded);
      expect([loaded.seq, loaded.t, loaded.cpu, loaded.type]).toEqual([event.seq, event.t, event.cpu, event.type]);
      for (const slot of SLOTS) {
        expect(loaded.hasSlot(slot)).toBe(event.hasSlot(slot));
        if (event.hasSlot(slot)) expect(loaded.value(slot.field)).toEqual(event.value(slot.field));
      }
      return true;
    },
  });
});
