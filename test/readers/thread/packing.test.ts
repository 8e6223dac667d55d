// Events go from thread to thread without loss.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Chunk } from '../../../src/readers/thread/chunk-ring.ts';
import { EventPacker } from '../../../src/readers/thread/event-packer.ts';
import { MAX_EVENT_WORDS } from '../../../src/readers/thread/event-shape.ts';
import { EventUnpacker } from '../../../src/readers/thread/event-unpacker.ts';
import { MAX_CPU } from '../../../src/trace/cpu-mask.ts';
import { newTraceEvent, type TraceEvent } from '../../../src/trace/event.ts';
import { FIELD_NAMES } from '../../../src/trace/vocabulary/fields.ts';
import { KIND } from '../../../src/trace/vocabulary/index.ts';
import { arbitraryEvent, toTraceEvent } from '../../support/arbitrary-event.ts';

/** All that a sink can see of an event. */
function seen(event: TraceEvent): object {
  const fields = FIELD_NAMES.map((field) => {
    const value = event.value(field);
    return [field, event.has(field), typeof value === 'object' ? [...value] : value];
  });
  const absent = [...event.words].join();
  return { kind: event.kind, t: event.t, seq: event.seq, cpu: event.cpu, at: event.position, fields, absent };
}

function newChunk(words: number): Chunk {
  const memory = new ArrayBuffer((words + 1) * 8);
  return { words: new Int32Array(memory), doubles: new Float64Array(memory) };
}

/** The events as they arrive when a message is sent behind every `batch` of them. */
function transfer(events: readonly TraceEvent[], batch: number): object[] {
  const packer = new EventPacker();
  const unpacker = new EventUnpacker();
  const arrived: object[] = [];
  for (let i = 0; i < events.length; i += batch) {
    const chunk = newChunk(batch * MAX_EVENT_WORDS);
    let end = 0;
    for (const event of events.slice(i, i + batch)) end = packer.pack(event, chunk, end);
    const definitions = packer.definitions();
    if (definitions !== undefined) unpacker.learn(structuredClone(definitions));
    packer.trim();
    unpacker.unpack(chunk, 0, end, {
      event(event) {
        arrived.push(seen(event));
        return true;
      },
    });
  }
  return arrived;
}

test('any event arrives as it was sent', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(arbitraryEvent, fc.integer({ min: 0, max: 2 ** 53 - 1 })), { maxLength: 20 }),
      fc.integer({ min: 1, max: 7 }),
      (models, batch) => {
        const events = models.map(([model, t], seq) => {
          const event = toTraceEvent(model, t, seq);
          event.position = 2 ** 53 - 1 - t;
          return event;
        });
        expect(transfer(events, batch)).toEqual(events.map(seen));
      },
    ),
    { numRuns: 100 },
  );
});

test('names that never repeat do not pile up', () => {
  const packer = new EventPacker();
  const unpacker = new EventUnpacker();
  const event = newTraceEvent();
  const chunk = newChunk(MAX_EVENT_WORDS);
  let anew = 0;
  for (let i = 0; i < 100_000; i++) {
    event.begin(KIND.mark);
    event.comm = `task-${i}`;
    const end = packer.pack(event, chunk, 0);
    const definitions = packer.definitions();
    if (definitions?.anew === true) anew++;
    if (definitions !== undefined) unpacker.learn(definitions);
    packer.trim();
    let comm = '';
    unpacker.unpack(chunk, 0, end, {
      event(arrived) {
        comm = arrived.comm;
        return true;
      },
    });
    if (comm !== event.comm) expect(comm).toBe(event.comm);
  }
  expect(anew).toBe(3);
});

test('the largest event that there can be has room', () => {
  const event = newTraceEvent();
  const packer = new EventPacker();
  event.begin(KIND.switch);
  event.presence.fill(-1);
  for (const mask of event.masks) mask.add(MAX_CPU);
  const chunk = newChunk(2 * MAX_EVENT_WORDS);
  expect(packer.pack(event, chunk, 0)).toBeLessThanOrEqual(MAX_EVENT_WORDS);
});
