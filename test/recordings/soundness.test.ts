// Less evidence never makes a new finding: records may be lost anywhere, and a recording may begin anywhere.
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { OpenTrace } from '../../src/readers/reader.ts';
import {
  endingAt,
  startingAt,
  withoutCpu,
  withoutField,
  withoutType,
  withoutWindow,
} from '../support/damaged-trace.ts';
import { foundRecordings, openRecording, recordingNames, recordingPath } from '../support/recordings.ts';
import { measure, unsound, vocabularyOf, type Whole } from '../support/soundness.ts';

/**
 * Work per property and recording, in events replayed: small recordings get many cases, large ones few. With
 * SCX_CHECK_RECORDINGS, a directory of further recordings, the search is wider.
 */
const MORE = process.env.SCX_CHECK_RECORDINGS;
const EVENTS_PER_PROPERTY = MORE === undefined ? 12_000 : 2_000_000;
const MAX_CASES = MORE === undefined ? 12 : 200;

interface Gap {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  readonly cpu: number;
}

/** Lengths of gaps: mostly a few records, now and then most of the recording. */
const gapLength = (events: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: events }));

const recordings = [
  ...recordingNames('.dat.xz').map((name) => [name, recordingPath(name, '.dat.xz')] as const),
  ...recordingNames('.jsonl').map((name) => [`${name} (cut)`, recordingPath(name, '.jsonl')] as const),
  ...(MORE === undefined ? [] : foundRecordings(MORE)),
];

/** Recordings up to this size are tried without each single event type, and cuts also without each field. */
const SMALL = 4_000;
const CUT = 200;

describe.each(recordings)('%s', (_name, path) => {
  let whole: Whole;
  beforeAll(async () => {
    whole = measure(await openRecording(path));
  });

  const timeout = MORE === undefined ? 60_000 : 600_000;
  const check = <T>(arbitrary: (whole: Whole) => fc.Arbitrary<T>, damage: (value: T) => OpenTrace): void => {
    const numRuns = Math.max(1, Math.min(MAX_CASES, Math.floor(EVENTS_PER_PROPERTY / whole.events)));
    fc.assert(
      fc.property(arbitrary(whole), (value) => {
        expect(unsound(whole, damage(value))).toEqual([]);
      }),
      { numRuns, seed: 20_250_917, endOnFailure: true },
    );
  };
  const place = ({ events }: Whole): fc.Arbitrary<number> => fc.nat({ max: events - 1 });
  const gap = (w: Whole): fc.Arbitrary<Gap> =>
    fc
      .record({ from: place(w), length: gapLength(w.events), cpu: fc.nat({ max: w.cpus - 1 }) })
      .map(({ from, length, cpu }) => ({ from, to: Math.min(w.events, from + length), cpu }));

  test('records lost on all CPUs', { timeout }, () => {
    check(gap, ({ from, to, cpu }) => withoutWindow(whole.trace, from, to, cpu));
  });

  test('records lost on one CPU', { timeout }, () => {
    check(gap, ({ from, to, cpu }) => withoutCpu(whole.trace, from, to, cpu));
  });

  test('several losses', { timeout }, () => {
    check(
      (w) => fc.array(gap(w), { minLength: 2, maxLength: 3 }),
      (gaps) =>
        gaps.reduce(
          (trace, { from, to, cpu }, i) =>
            i % 2 === 0 ? withoutCpu(trace, from, to, cpu) : withoutWindow(trace, from, to, cpu),
          whole.trace,
        ),
    );
  });

  test('an event type or a field that the recorder does not know', { timeout }, () => {
    if (whole.events > SMALL) return;
    const { types, fields } = vocabularyOf(whole.trace);
    // What is there to be found may be found by another event.
    const rules = new Set([...whole.found].map((text) => text.split(' ')[0]));
    const isNew = (text: string): boolean => !rules.has(text.split(' ')[0]);
    const claims = [
      ...types.flatMap((type) => unsound(whole, withoutType(whole.trace, type)).map((text) => `${type}: ${text}`)),
      ...(whole.events > CUT ? [] : fields).flatMap(([type, field]) =>
        unsound(whole, withoutField(whole.trace, type, field)).map((text) => `${type}.${field}: ${text}`),
      ),
    ];
    expect(claims.filter((claim) => isNew(claim.slice(claim.indexOf(': ') + 2)))).toEqual([]);
  });

  test('a beginning in the middle', { timeout }, () => {
    check(place, (from) => startingAt(whole.trace, from));
  });

  test('an end in the middle', { timeout }, () => {
    check(place, (to) => endingAt(whole.trace, to));
  });
});
