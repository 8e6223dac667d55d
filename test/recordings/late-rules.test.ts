// Rules that a trace has to confirm first are held against its beginning, too, once it has: a missing call near the start is found.
import { expect, test } from 'vitest';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import { type EventType, KIND } from '../../src/trace/vocabulary/index.ts';
import { eventsWhere, withoutWindow } from '../support/damaged-trace.ts';
import { openRecording, recordingPath } from '../support/recordings.ts';
import { held } from '../support/soundness.ts';

const recording = held(await openRecording(recordingPath('st_minimal', '.dat.xz')), 1e9);
const rules = RULES.filter(({ id }) => id === 'trace-inconsistent');

/** Ordinals of the events of that type. */
function placesOf(type: EventType): readonly number[] {
  const places: number[] = [];
  recording.run({
    event(event) {
      if (event.kind === KIND[type]) places.push(event.seq);
      return true;
    },
  });
  return places;
}

/** What is held against the recording without the events at these ordinals. */
function foundWithout(...places: readonly number[]) {
  const trace = eventsWhere(recording, (event) => !places.includes(event.seq));
  return runReplay(trace, { path: 'trace', rules }).findings;
}

test.each(['ops_dequeue', 'dispatch_dequeue', 'dispatch_enqueue'] as const)(
  'a missing %s is found where it is missing, though it is the fourth of its kind',
  (type) => {
    const place = placesOf(type)[3] ?? -1;
    let after = 0;
    recording.run({
      event(event) {
        if (event.seq > place && event.t > 0) after ||= event.t;
        return after === 0;
      },
    });
    const [found] = foundWithout(place);
    expect(found).toMatchObject({
      rule: 'trace-inconsistent',
      class: type === 'dispatch_enqueue' ? 'link' : 'sequence',
    });
    expect(Number(BigInt(found?.ts ?? 0) - recording.timeBase) - after).toBeLessThan(100_000);
  },
);

test('a call that was not seen before may not have been probed yet', () => {
  expect(foundWithout(placesOf('ops_dequeue')[0] ?? -1)).toEqual([]);
});

test('a recorder that misses several calls is no witness', () => {
  const [, , , fourth = -1, , sixth = -1] = placesOf('ops_dequeue');
  expect(foundWithout(fourth, sixth)).toEqual([]);
});

test('what was out of sequence before a loss may have been so for that', () => {
  const [, , , fourth = -1, fifth = -1] = placesOf('ops_dequeue');
  const trace = eventsWhere(withoutWindow(recording, fifth, fifth + 1, 0), (event) => event.seq !== fourth);
  expect(runReplay(trace, { path: 'trace', rules }).findings).toEqual([]);
});
