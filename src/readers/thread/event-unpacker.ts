// Unpacks what EventPacker packed. Every shape has a record of its own, whose fixed parts are set once.
import { newTraceEvent, type TraceEvent } from '../../trace/event.ts';
import { momentOf } from '../../trace/moment.ts';
import { wordOf } from '../../trace/vocabulary/index.ts';
import type { EventSink } from '../reader.ts';
import type { Chunk } from './chunk-ring.ts';
import { CPU_WORD, EVENT_WORDS, EventShape, POSITION_DOUBLE, TIME_DOUBLE } from './event-shape.ts';
import type { Definitions } from './messages.ts';

interface ShapeRecord {
  readonly shape: EventShape;
  readonly event: TraceEvent;
}

export class EventUnpacker {
  readonly #records: ShapeRecord[] = [];
  readonly #strings: string[] = [];
  #seq = 0;

  /** Number of events so far. */
  get count(): number {
    return this.#seq;
  }

  learn({ anew, shapes, strings }: Definitions): void {
    if (anew) {
      this.#records.length = 0;
      this.#strings.length = 0;
    }
    for (const message of shapes) {
      const event = newTraceEvent();
      event.kind = message.kind;
      if (message.phase !== '') event.phase = wordOf(message.phase);
      if (message.step !== '') event.step = wordOf(message.step);
      event.presence.set(message.presence);
      event.moment = momentOf(event);
      this.#records.push({ shape: new EventShape(message, this.#records.length), event });
    }
    for (const text of strings) this.#strings.push(wordOf(text));
  }

  /** Delivers the events in the words `from..end` (both even); false when the sink wants no more. */
  unpack({ words: source, doubles }: Chunk, from: number, end: number, sink: EventSink): boolean {
    const records = this.#records;
    for (let at = from; at < end; ) {
      const record = records[source[at] ?? 0];
      if (record === undefined) throw new RangeError(`no shape ${source[at]}`);
      const { event, shape } = record;
      event.seq = this.#seq++;
      event.cpu = source[at + CPU_WORD] ?? 0;
      const pair = at >> 1;
      event.t = doubles[pair + TIME_DOUBLE] ?? 0;
      event.position = doubles[pair + POSITION_DOUBLE] ?? 0;
      at += EVENT_WORDS;
      const { words } = shape;
      const values = event.words;
      for (let i = 0; i < words.length; i++) values[words[i] ?? 0] = source[at++] ?? 0;
      if (shape.hasTexts) at = this.#unpackTexts(record, source, at);
      at += at & 1;
      if (!sink.event(event)) return false;
    }
    return true;
  }

  #unpackTexts({ shape, event }: ShapeRecord, source: Int32Array, from: number): number {
    const { strings, masks } = shape;
    let at = from;
    for (let i = 0; i < strings.length; i++) event.setText(strings[i] ?? 0, this.#strings[source[at++] ?? 0] ?? '');
    for (let i = 0; i < masks.length; i++) {
      const mask = event.masks[masks[i] ?? 0];
      const length = source[at++] ?? 0;
      if (mask !== undefined) {
        if (mask.words.length > length) mask.clear();
        for (let j = 0; j < length; j++) mask.setWord(j, source[at + j] ?? 0);
      }
      at += length;
    }
    return at;
  }
}
