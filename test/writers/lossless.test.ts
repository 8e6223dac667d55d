// Conversion between the canonical spellings loses nothing: any stream of events, written and read, is the same stream.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { usedFields } from '../../src/commands/convert.ts';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { OpenTrace } from '../../src/readers/reader.ts';
import { emptyHeader, type TraceHeader } from '../../src/trace/header.ts';
import { headerFromJson, headerToJson } from '../../src/trace/header-json.ts';
import { FIELD_NAMES } from '../../src/trace/vocabulary/fields.ts';
import { eventToJson } from '../../src/writers/event-json.ts';
import { WRITERS, writerForPath } from '../../src/writers/index.ts';
import { arbitraryStream, type EventModel, toTraceEvent } from '../support/arbitrary-event.ts';
import { arbitraryHeader } from '../support/arbitrary-header.ts';

type SpellingId = (typeof WRITERS)[number]['id'];
const SPELLINGS: readonly SpellingId[] = ['json', 'jsonl', 'csv'];

/** Times of a stream since its first event. */
function timesOf(events: readonly EventModel[]): number[] {
  let t = 0;
  return events.map((event, i) => {
    if (i > 0) t += event.delta;
    return t;
  });
}

function write(id: SpellingId, header: TraceHeader, start: bigint, events: readonly EventModel[]): string {
  const spec = WRITERS.find((writer) => writer.id === id);
  let text = '';
  const used = new Set(events.flatMap((event) => event.fields.map(([field]) => field)));
  const writer = spec?.create(
    { write: (part) => (text += part) },
    FIELD_NAMES.filter((field) => used.has(field)),
  );
  writer?.begin(header);
  const times = timesOf(events);
  for (const [i, event] of events.entries()) writer?.event(toTraceEvent(event, times[i] ?? 0, i), start);
  writer?.end();
  return text;
}

/** Writes an opened trace, as the command does. */
function convert(trace: OpenTrace, id: SpellingId): string {
  const spec = WRITERS.find((writer) => writer.id === id);
  let text = '';
  const writer = spec?.create({ write: (part) => (text += part) }, id === 'csv' ? usedFields(trace) : []);
  writer?.begin(trace.header);
  trace.run({
    event(event) {
      writer?.event(event, trace.timeBase);
      return true;
    },
  });
  writer?.end();
  return text;
}

const open = (text: string, chunkBytes?: number): Promise<OpenTrace> =>
  openTrace(sourceFromBytes(text, 'trace'), chunkBytes === undefined ? {} : { chunkBytes });

function stream(trace: OpenTrace): string[] {
  const lines: string[] = [];
  trace.run({
    event(event) {
      lines.push(`${event.seq} ${event.t} ${eventToJson(event, trace.timeBase)}`);
      return true;
    },
  });
  return lines;
}

function expectedStream(start: bigint, events: readonly EventModel[]): string[] {
  const times = timesOf(events);
  return events.map((event, i) => `${i} ${times[i]} ${eventToJson(toTraceEvent(event, times[i] ?? 0, i), start)}`);
}

describe.each(SPELLINGS)('%s', (id) => {
  test('a stream that was written is read back, exactly', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryStream, async ({ start, events }) => {
        const trace = await open(write(id, emptyHeader(), start, events));
        expect(trace.format).toBe(id);
        expect(stream(trace)).toEqual(expectedStream(start, events));
      }),
      { numRuns: 250 },
    );
  });

  test('in chunks of 1, 7 and 100 bytes', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryStream, fc.constantFrom(1, 7, 100), async ({ start, events }, chunkBytes) => {
        const trace = await open(write(id, emptyHeader(), start, events), chunkBytes);
        expect(stream(trace)).toEqual(expectedStream(start, events));
        expect(stream(trace)).toEqual(expectedStream(start, events));
      }),
      { numRuns: 60 },
    );
  });

  test('a header that was written is read back, exactly', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryHeader, async (json) => {
        const header = headerFromJson(json);
        const trace = await open(write(id, header, 0n, []));
        expect(headerToJson(trace.header)).toEqual(headerToJson(header));
      }),
      { numRuns: 60 },
    );
  });

  test('no events', async () => {
    expect(stream(await open(write(id, emptyHeader(), 0n, [])))).toEqual([]);
  });
});

test('json → jsonl → csv → json gives the same bytes', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryStream, arbitraryHeader, async ({ start, events }, header) => {
      const json = write('json', headerFromJson(header), start, events);
      const jsonl = convert(await open(json), 'jsonl');
      const csv = convert(await open(jsonl), 'csv');
      expect(convert(await open(csv), 'json')).toBe(json);
    }),
    { numRuns: 120 },
  );
});

test('the spelling of a file is told by its ending', () => {
  expect(['a.json', 'a.jsonl', 'x/y.csv', 'a.dat', 'json'].map((path) => writerForPath(path)?.id)).toEqual([
    'json',
    'jsonl',
    'csv',
    undefined,
    undefined,
  ]);
});
