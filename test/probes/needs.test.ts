// The catalogue and what rules need of it: every rule can be recorded for, or says that it cannot.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { sourceFromBytes } from '../../src/input/open.ts';
import { PROBES } from '../../src/probes/catalogue.ts';
import { eventsFor, levelFor, probesAtLevel, probesFor, SITE_NEEDS } from '../../src/probes/needs.ts';
import { openTrace } from '../../src/readers/index.ts';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { SLOTS } from '../../src/trace/event.ts';
import { EVENT_SPECS } from '../../src/trace/vocabulary/index.ts';
import { ablate } from '../support/ablate.ts';

const FIELDS = new Set<string>(SLOTS.map((slot) => slot.field));
const STATE = join(import.meta.dirname, '../../fixtures/state');

test('every argument fills a field that its event type has', () => {
  for (const probe of PROBES) {
    for (const arg of probe.args) {
      if (arg.field === undefined) continue;
      expect(FIELDS.has(arg.field), `${probe.event}.${arg.name}`).toBe(true);
    }
    expect(EVENT_SPECS[probe.type], probe.event).toBeDefined();
  }
});

test('a filter names an argument of its probe', () => {
  for (const { event, filter, args } of PROBES) {
    const name = filter?.split(' ')[0];
    if (name !== undefined)
      expect(
        args.map((arg) => arg.name),
        event,
      ).toContain(name);
  }
});

test('names of probes are unique', () => {
  const names = PROBES.map((probe) => `${probe.system}/${probe.event}`);
  expect(new Set(names).size).toBe(names.length);
});

test('every error site that needs are declared for is a rule', () => {
  const ids = new Set(RULES.map((rule) => rule.id));
  expect(Object.keys(SITE_NEEDS).filter((id) => !ids.has(id))).toEqual([]);
});

describe.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (_, rule) => {
  test('what is recorded for it holds what it needs', () => {
    const level = levelFor(rule.needs);
    if (level === undefined) return;
    const events = eventsFor([rule]);
    const probes = probesFor([rule]);
    for (const need of rule.needs) {
      const names = typeof need === 'string' ? [need] : need;
      for (const name of names) expect(events.has(name)).toBe(true);
      const types = names.map((name) => name.split(':')[0]);
      expect(probes.some((probe) => types.includes(probe.type))).toBe(true);
    }
  });
});

test.each(['affinity-race.jsonl', 'bypass-begins.jsonl'])('%s: level 1 finds what all levels find', async (name) => {
  const bytes = readFileSync(join(STATE, name));
  const open = () => openTrace(sourceFromBytes(bytes, name));
  const summary = (result: ReturnType<typeof runReplay>) => ({
    violations: result.findings
      .filter((finding) => finding.verdict === 'violation')
      .map(({ rule, message }) => [rule, message]),
    inconsistent: result.rules.find((rule) => rule.id === 'trace-inconsistent')?.findings,
  });
  const whole = runReplay(await open(), { path: name, rules: RULES });
  const level1 = runReplay(ablate(await open(), probesAtLevel(1)), { path: name, rules: RULES });
  expect(summary(level1)).toEqual(summary(whole));
});
