// Places in a trace: every spelling that users have at hand leads to the event that they mean.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parsePlace } from '../../src/commands/place.ts';
import { InputError, UsageError } from '../../src/errors.ts';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { EventSink, OpenTrace } from '../../src/readers/reader.ts';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { findPlace } from '../../src/state/place-in-trace.ts';
import { newTraceEvent } from '../../src/trace/event.ts';
import { emptyHeader } from '../../src/trace/header.ts';
import { KIND } from '../../src/trace/vocabulary/index.ts';
import { traceText } from '../support/replay.ts';
import { AT, ordinal, SMALL, START_NS, STEP_NS } from './small-trace.ts';
import { fixture, open, stateOf } from './support.ts';

const eventAt = async (at: string, options = {}): Promise<number | undefined> =>
  (await stateOf(SMALL, at, options)).event?.event;

describe('spellings', () => {
  const flush = ordinal('flush');
  const time = START_NS + flush * STEP_NS;
  test.each([
    [`@${flush}`],
    [`#${flush}`],
    [`event ${flush}`],
    [`event:${flush}`],
    [`${time}ns`],
    [`5.${String(time - START_NS).padStart(9, '0')}`],
    [`5.${String(time - START_NS).padStart(9, '0')}s`],
    [`+${flush}us`],
    [`+${time - START_NS}ns`],
    // Between two events: the one before.
    [`${time + STEP_NS - 1}ns`],
    [`line ${flush + 2}`],
    [`trace.jsonl:${flush + 2}`],
    [`trace.jsonl:${flush + 2}:1`],
  ])('%s', async (at) => {
    expect(await eventAt(at)).toBe(flush);
    const before = await stateOf(SMALL, at, { before: true });
    expect([before.event?.event, before.when]).toEqual([flush, 'before']);
  });

  test('start and end', async () => {
    expect(await stateOf(SMALL, 'start')).toMatchObject({ when: 'start', event: null });
    expect(await eventAt('end')).toBe(ordinal('later'));
    expect(await eventAt('end', { before: true })).toBe(ordinal('later'));
  });

  test.each([['soon'], ['line x'], ['12 apples'], ['other.jsonl:3'], ['@x'], ['']])('%s is no place', (text) => {
    expect(() => parsePlace(text, '--at', 'trace.jsonl')).toThrow(UsageError);
  });
});

describe('places outside of the trace', () => {
  test.each([
    ['4.9', /expected a time from 5\.000000000 to 5\.000029000, found 4\.9/],
    ['6', /expected a time from 5\.000000000 to 5\.000029000, found 6/],
    ['+1s', /expected a time from/],
    [`${START_NS}`, /did you mean 5000000000ns\?/],
    ['@30', /expected an event up to @29, found @30/],
    ['line 999', /expected a place such as "line 2", found "line 999"/],
    ['CPU 0, byte 12', /expected a place such as "line 2"/],
  ])('%s', async (at, message) => {
    for (const before of [false, true]) {
      const error = await stateOf(SMALL, at, { before }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InputError);
      expect((error as InputError).details.code).toBe('not-in-trace');
      expect((error as InputError).describe()).toMatch(message);
    }
  });

  test('a trace without events has a start and an end', async () => {
    const empty = traceText([]);
    for (const at of ['start', 'end']) expect(await stateOf(empty, at)).toMatchObject({ when: 'start', event: null });
    await expect(stateOf(empty, '@0')).rejects.toThrow(InputError);
  });
});

test('what findings print can be pasted, and leads to the event that they show', async () => {
  const text = fixture('affinity-race.jsonl');
  const result = runReplay(await open(text), { path: 'trace.jsonl', rules: RULES });
  const evidence = result.findings.flatMap((finding) => finding.evidence);
  expect(evidence.length).toBeGreaterThan(3);
  for (const item of evidence) {
    const byPlace = (await stateOf(text, item.position)).event;
    expect(byPlace).toMatchObject({ ts: item.ts, cpu: item.cpu, type: item.type, position: item.position });
    expect((await stateOf(text, `${item.ts}ns`)).event?.ts).toBe(item.ts);
  }
});

test('of several events with one time the last is meant, whatever their CPU', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 30 }), async (gaps) => {
      let ts = 100;
      const times = gaps.map((gap) => {
        ts += gap;
        return ts;
      });
      const trace = await open(traceText(times.map((at, i) => ({ ts: at, cpu: i % 2, type: 'mark', text: `${i}` }))));
      for (const at of times) {
        const found = findPlace(trace, { kind: 'time', ns: BigInt(at), relative: false, text: '' }, '');
        expect(found.seq).toBe(times.lastIndexOf(at));
      }
    }),
    { numRuns: 20 },
  );
});

test('several events on one line: the first, and the document says so', async () => {
  const json =
    '{"format":"scx-trace@1","events":[{"ts":1,"cpu":0,"type":"mark","text":"a"},{"ts":2,"cpu":0,"type":"mark","text":"b"}]}';
  const document = await stateOf(json, 'line 1');
  expect(document).toMatchObject({ event: { event: 0 }, ambiguous: true });
  expect((await stateOf(SMALL, 'line 4')).ambiguous).toBeUndefined();
  expect((await openTrace(sourceFromBytes(json))).format).toBe('json');
});

describe('positions of binary traces', () => {
  /** A trace with the positions of a trace.dat: a loss is placed where the record behind it is. */
  function binaryTrace(): OpenTrace {
    const records = [
      { cpu: 0, position: 64, kind: KIND.mark },
      { cpu: 1, position: 64, kind: KIND.mark },
      { cpu: 1, position: 128, kind: KIND.lost },
      { cpu: 1, position: 128, kind: KIND.mark },
    ];
    return {
      format: 'binary',
      header: emptyHeader(),
      timeBase: 1000n,
      unused: new Map(),
      absorbed: 0,
      positionOf: (event) => `CPU ${event.cpu}, byte ${event.position}`,
      run(sink: EventSink): void {
        const event = newTraceEvent();
        for (const [seq, record] of records.entries()) {
          event.begin(record.kind);
          event.seq = seq;
          event.t = seq;
          event.cpu = record.cpu;
          event.position = record.position;
          if (!sink.event(event)) return;
        }
      },
    };
  }

  test.each([
    ['CPU 1, byte 64', 1],
    ['CPU 1, byte 128', 3],
    ['byte 64', 0],
  ])('%s', (text, seq) => {
    const place = parsePlace(text, '--at', 'trace.dat');
    expect(findPlace(binaryTrace(), place, 'trace.dat')).toMatchObject({ seq });
  });
});

test('ordinals begin at 0', async () => {
  expect(await eventAt('@0')).toBe(0);
  expect(AT.load).toBe('@0');
});
