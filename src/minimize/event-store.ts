// All events of a trace in memory, a few words each, so that any part of them can be replayed as often as needed.
import type { OpenTrace } from '../readers/reader.ts';
import type { CpuMask } from '../trace/cpu-mask.ts';
import { SLOTS, type Slot, type TraceEvent } from '../trace/event.ts';
import { isWide } from '../trace/vocabulary/fields.ts';

const CHUNK_WORDS = 1 << 20;

/** Events of one kind with the same fields: what there is to store, in order. */
interface Shape {
  readonly kind: number;
  readonly presence: Int32Array;
  /** Indexes into `words` of the record. */
  readonly words: Int32Array;
  readonly strings: readonly Slot[];
  readonly masks: readonly Slot[];
}

export class EventStore {
  /** Number of events; event i has the ordinal i. */
  length = 0;
  /** Time of `t = 0`. */
  timeBase = 0n;
  #times = new Float64Array(1024);
  #cpus = new Uint16Array(1024);
  #shapeOf = new Uint32Array(1024);
  /** First word of each event in the chunks. */
  #at = new Float64Array(1024);
  readonly #shapes: Shape[] = [];
  readonly #shapeIds = new Map<string, number>();
  readonly #chunks: Int32Array[] = [];
  #used = 0;
  readonly #texts: string[] = [];
  readonly #textIds = new Map<string, number>();
  readonly #masks: CpuMask[] = [];
  readonly #maskIds = new Map<string, number>();
  /** Shape of the event stored last, and its presence bits: most often the next is alike. */
  readonly #lastByKind: (number | undefined)[] = [];

  /** Reads a whole trace. Damage is the reader's InputError. */
  static of(trace: OpenTrace): EventStore {
    const store = new EventStore();
    trace.run({
      event(event) {
        store.push(event);
        return true;
      },
    });
    store.timeBase = trace.timeBase;
    return store;
  }

  /** Stores a copy of the event as the next one. */
  push(event: TraceEvent): void {
    if (this.length === this.#times.length) this.#grow();
    const i = this.length++;
    const id = this.#shapeIdOf(event);
    this.#times[i] = event.t;
    this.#cpus[i] = event.cpu;
    this.#shapeOf[i] = id;
    const shape = this.#shapes[id];
    if (shape === undefined) return;
    const size = shape.words.length + shape.strings.length + shape.masks.length;
    const capacity = this.#chunks.length * CHUNK_WORDS;
    if (this.#used + size > capacity || capacity === 0) {
      this.#used = capacity;
      this.#chunks.push(new Int32Array(CHUNK_WORDS));
    }
    this.#at[i] = this.#used;
    const chunk = this.#chunks[this.#chunks.length - 1];
    if (chunk === undefined) return;
    let at = this.#used % CHUNK_WORDS;
    for (let k = 0; k < shape.words.length; k++) chunk[at++] = event.words[shape.words[k] ?? 0] ?? 0;
    for (const slot of shape.strings) chunk[at++] = this.#textId(event.string(slot));
    for (const slot of shape.masks) chunk[at++] = this.#maskId(event.masks[slot.index]);
    this.#used += size;
  }

  /** Fills the record with event `i`, whose ordinal is `i`. */
  load(i: number, event: TraceEvent): void {
    const shape = this.#shapes[this.#shapeOf[i] ?? 0];
    if (shape === undefined) return;
    event.begin(shape.kind);
    event.seq = i;
    event.t = this.#times[i] ?? 0;
    event.cpu = this.#cpus[i] ?? 0;
    event.position = i;
    const from = this.#at[i] ?? 0;
    const chunk = this.#chunks[Math.floor(from / CHUNK_WORDS)];
    if (chunk === undefined) return;
    let at = from % CHUNK_WORDS;
    const { words } = event;
    for (let k = 0; k < shape.words.length; k++) words[shape.words[k] ?? 0] = chunk[at++] ?? 0;
    for (const slot of shape.strings) event.setText(slot.index, this.#texts[chunk[at++] ?? 0] ?? '');
    for (const slot of shape.masks) {
      const mask = this.#masks[chunk[at++] ?? 0];
      if (mask !== undefined) event.masks[slot.index]?.copy(mask);
    }
    event.markAll(shape.presence);
  }

  kindOf(i: number): number {
    return this.#shapes[this.#shapeOf[i] ?? 0]?.kind ?? 0;
  }

  cpuOf(i: number): number {
    return this.#cpus[i] ?? 0;
  }

  /** Time since the time base, ns. */
  timeOf(i: number): number {
    return this.#times[i] ?? 0;
  }

  #shapeIdOf(event: TraceEvent): number {
    const { kind, presence } = event;
    const last = this.#lastByKind[kind];
    if (last !== undefined && sameBits(this.#shapes[last]?.presence, presence)) return last;
    const key = `${kind}:${presence.join(',')}`;
    let id = this.#shapeIds.get(key);
    if (id === undefined) {
      id = this.#shapes.length;
      this.#shapes.push(shapeOf(event));
      this.#shapeIds.set(key, id);
    }
    this.#lastByKind[kind] = id;
    return id;
  }

  #textId(text: string): number {
    let id = this.#textIds.get(text);
    if (id === undefined) {
      id = this.#texts.push(text) - 1;
      this.#textIds.set(text, id);
    }
    return id;
  }

  #maskId(mask: CpuMask | undefined): number {
    if (mask === undefined) return 0;
    const key = mask.words.join(',');
    let id = this.#maskIds.get(key);
    if (id === undefined) {
      id = this.#masks.push(mask.clone()) - 1;
      this.#maskIds.set(key, id);
    }
    return id;
  }

  #grow(): void {
    const size = this.#times.length * 2;
    this.#times = enlarged(this.#times, new Float64Array(size));
    this.#cpus = enlarged(this.#cpus, new Uint16Array(size));
    this.#shapeOf = enlarged(this.#shapeOf, new Uint32Array(size));
    this.#at = enlarged(this.#at, new Float64Array(size));
  }
}

function shapeOf(event: TraceEvent): Shape {
  const present = SLOTS.filter((slot) => event.hasSlot(slot));
  const numbers = present.filter(({ kind }) => kind !== 'str' && kind !== 'cpus');
  return {
    kind: event.kind,
    presence: event.presence.slice(),
    words: Int32Array.from(numbers.flatMap(({ kind, index }) => (isWide(kind) ? [index, index + 1] : [index]))),
    strings: present.filter(({ kind }) => kind === 'str'),
    masks: present.filter(({ kind }) => kind === 'cpus'),
  };
}

function sameBits(a: Int32Array | undefined, b: Int32Array): boolean {
  if (a === undefined) return false;
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function enlarged<T extends Float64Array | Uint16Array | Uint32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
