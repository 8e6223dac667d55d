// Packs events into words, so that they can go from one thread to another: fields that are absent take no room.
import type { TraceEvent } from '../../trace/event.ts';
import { EVENT_TYPES } from '../../trace/vocabulary/index.ts';
import type { Chunk } from './chunk-ring.ts';
import { CPU_WORD, EVENT_WORDS, EventShape, POSITION_DOUBLE, type ShapeMessage, TIME_DOUBLE } from './event-shape.ts';
import type { Definitions } from './messages.ts';

/** Beyond this many the tables begin anew: their size must not grow with the trace. */
const MAX_STRINGS = 1 << 15;
const MAX_SHAPES = 1 << 12;

export class EventPacker {
  readonly #shapes: EventShape[][] = EVENT_TYPES.map(() => []);
  readonly #strings = new Map<string, number>();
  #shapeCount = 0;
  #anew = false;
  #newShapes: ShapeMessage[] = [];
  #newStrings: string[] = [];

  /** Packs the event at word `at` (even) of `target`; returns where the next one begins. */
  pack(event: TraceEvent, { words: target, doubles }: Chunk, at: number): number {
    const shape = this.#shapeOf(event);
    target[at] = shape.id;
    target[at + CPU_WORD] = event.cpu;
    const pair = at >> 1;
    doubles[pair + TIME_DOUBLE] = event.t;
    doubles[pair + POSITION_DOUBLE] = event.position;
    let to = at + EVENT_WORDS;
    const { words } = shape;
    const values = event.words;
    for (let i = 0; i < words.length; i++) target[to++] = values[words[i] ?? 0] ?? 0;
    if (shape.hasTexts) to = this.#packTexts(event, shape, target, to);
    return to + (to & 1);
  }

  #packTexts(event: TraceEvent, { strings, masks }: EventShape, target: Int32Array, at: number): number {
    let to = at;
    for (let i = 0; i < strings.length; i++) target[to++] = this.#stringOf(event.strings[strings[i] ?? 0] ?? '');
    for (let i = 0; i < masks.length; i++) {
      const bits = event.masks[masks[i] ?? 0]?.words;
      if (bits === undefined) continue;
      target[to++] = bits.length;
      for (let j = 0; j < bits.length; j++) target[to++] = bits[j] ?? 0;
    }
    return to;
  }

  /** What is new since the last call; undefined when nothing is. Events packed later build upon it. */
  definitions(): Definitions | undefined {
    if (!this.#anew && this.#newShapes.length === 0 && this.#newStrings.length === 0) return undefined;
    const definitions = { anew: this.#anew, shapes: this.#newShapes, strings: this.#newStrings };
    this.#anew = false;
    this.#newShapes = [];
    this.#newStrings = [];
    return definitions;
  }

  /** To be called between two messages: begins anew when the tables are full. */
  trim(): void {
    if (this.#strings.size <= MAX_STRINGS && this.#shapeCount <= MAX_SHAPES) return;
    this.#strings.clear();
    for (const shapes of this.#shapes) shapes.length = 0;
    this.#shapeCount = 0;
    this.#anew = true;
  }

  #shapeOf(event: TraceEvent): EventShape {
    const { kind } = event;
    const shapes = this.#shapes[kind];
    if (shapes === undefined) throw new RangeError(`no event type ${kind}`);
    for (let i = 0; i < shapes.length; i++) {
      const shape = shapes[i];
      if (shape?.isOf(event) === true) return shape;
    }
    return this.#newShape(event, shapes);
  }

  // Apart from the search: what hardly ever happens would throw away the code compiled for what always does.
  #newShape({ kind, phase, presence, step }: TraceEvent, shapes: EventShape[]): EventShape {
    const message = { kind, phase, step, presence: presence.slice() };
    this.#newShapes.push(message);
    const shape = new EventShape(message, this.#shapeCount++);
    shapes.push(shape);
    return shape;
  }

  #stringOf(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const id = this.#strings.size;
    this.#strings.set(text, id);
    this.#newStrings.push(text);
    return id;
  }
}
