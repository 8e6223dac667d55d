// Unpacks what EventPacker packed. Every shape has a record of its own, whose fixed parts are set once.
import { newTraceEvent, type TraceEvent } from '../../trace/event.ts';
import { wordOf } from '../../trace/vocabulary/index.ts';
import type { EventSink } from '../reader.ts';
import { EVENT_WORDS, EventShape } from './event-shape.ts';
import type { Definitions } from './messages.ts';

const TWO_32 = 2 ** 32;

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
      this.#records.push({ shape: new EventShape(message, this.#records.length), event });
    }
    for (const text of strings) this.#strings.push(wordOf(text));
  }

  /** Delivers the events in `from..end` of `source`; false when the sink wants no more. */
  unpack(source: Int32Array, from: number, end: number, sink: EventSink): boolean {
    const records = this.#records;
    for (let at = from; at < end; ) {
      const record = records[source[at] ?? 0];
      if (record === undefined) throw new RangeError(`no shape ${source[at]}`);
      const { event, shape } = record;
      event.seq = this.#seq++;
      event.cpu = source[at + 1] ?? 0;
      event.t = (source[at + 3] ?? 0) * TWO_32 + ((source[at + 2] ?? 0) >>> 0);
      event.position = (source[at + 5] ?? 0) * TWO_32 + ((source[at + 4] ?? 0) >>> 0);
      at += EVENT_WORDS;
      const { words } = shape;
      const values = event.words;
      for (let i = 0; i < words.length; i++) values[words[i] ?? 0] = source[at++] ?? 0;
      if (shape.hasTexts) at = this.#rest(record, source, at);
      if (!sink.event(event)) return false;
    }
    return true;
  }

  #rest({ shape, event }: ShapeRecord, source: Int32Array, from: number): number {
    const { strings, masks } = shape;
    let at = from;
    for (let i = 0; i < strings.length; i++) event.strings[strings[i] ?? 0] = this.#strings[source[at++] ?? 0] ?? '';
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
