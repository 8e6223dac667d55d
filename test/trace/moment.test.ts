// Which events a key of a handler comprises.
import { expect, test } from 'vitest';
import { RuleRun } from '../../src/findings/collector.ts';
import { Model } from '../../src/model/model.ts';
import { Step } from '../../src/model/step.ts';
import { ExitTracker } from '../../src/replay/exits.ts';
import { KeptEvents } from '../../src/replay/kept-events.ts';
import { StagedRule } from '../../src/replay/rule-stage.ts';
import { RULES } from '../../src/rules/index.ts';
import { newTraceEvent, type TraceEvent } from '../../src/trace/event.ts';
import { emptyHeader } from '../../src/trace/header.ts';
import { comprises, MOMENTS, type Moment, momentOf, momentsIn, parseMoment } from '../../src/trace/moment.ts';
import { EVENT_SPECS, EVENT_TYPES, type EventType, KIND } from '../../src/trace/vocabulary/index.ts';

function eventOf(type: EventType, step = '', phase = ''): TraceEvent {
  const event = newTraceEvent();
  event.begin(KIND[type]);
  if (step !== '') event.step = step;
  if (phase !== '') event.phase = phase;
  return event;
}

function isIn(key: Moment, event: TraceEvent): boolean {
  const wanted = parseMoment(key);
  return wanted !== undefined && wanted.kind === event.kind && comprises(wanted, momentOf(event));
}

test.each<[Moment, string, string, boolean]>([
  ['insert', 'kfunc', 'begin', true],
  ['insert', 'commit', '', true],
  ['insert:commit', 'commit', '', true],
  ['insert:commit', 'kfunc', 'end', false],
  ['insert:call', 'kfunc', 'begin', true],
  ['insert:call', 'kfunc', 'end', false],
  ['insert:return', 'kfunc', 'begin', false],
  ['insert:return', 'kfunc', 'end', true],
  ['insert:kfunc:call', 'kfunc', 'begin', true],
  ['insert:kfunc:call', 'kfunc', 'end', false],
  ['insert:kfunc:call', 'commit', '', false],
  // Without a step it is the insert as a whole, without a phase the call as a whole.
  ['insert:kfunc:call', '', '', true],
  ['insert:commit', '', '', true],
  ['insert:call', 'commit', '', true],
  ['insert:return', 'commit', '', true],
  // A step that the vocabulary does not have is none of the others.
  ['insert:commit', 'elsewhere', '', false],
  ['insert', 'elsewhere', '', true],
])('%s and step "%s", phase "%s": %s', (key, step, phase, expected) => {
  expect(isIn(key, eventOf('insert', step, phase))).toBe(expected);
});

test('every event has a number of its own type, step and phase', () => {
  const seen = new Set<number>();
  for (const type of EVENT_TYPES)
    for (const step of ['', ...(EVENT_SPECS[type].steps ?? [])])
      for (const phase of ['', 'begin', 'end']) {
        const moment = momentOf(eventOf(type, step, phase));
        expect(moment).toBeLessThan(MOMENTS);
        expect(seen.has(moment), `${type} ${step} ${phase}`).toBe(false);
        seen.add(moment);
        const all = parseMoment(type);
        expect(all === undefined ? [] : momentsIn(all)).toContain(moment);
      }
});

test('what is no event type is no moment', () => {
  expect(parseMoment('onEnd')).toBeUndefined();
  expect(parseMoment('vtime')).toBeUndefined();
});

test('rules listen to steps that exist', () => {
  const header = emptyHeader();
  const stage = {
    model: new Model({ header }),
    step: new Step(),
    filter: {},
    exits: new ExitTracker('7.3', header),
    event: newTraceEvent(),
    vtime: undefined,
    kept: new KeptEvents(),
  };
  const keys = RULES.flatMap((rule) => {
    const handlers = rule.create(new StagedRule(new RuleRun(rule), stage));
    return [...Object.keys(handlers), ...(handlers.checkedAt ?? [])];
  });
  const wanted = keys.flatMap((key) => parseMoment(key) ?? []);
  expect(wanted.some(({ step }) => step !== '')).toBe(true);
  for (const { kind, step } of wanted)
    if (step !== '') expect(EVENT_SPECS[EVENT_TYPES[kind] ?? 'mark'].steps ?? []).toContain(step);
});
