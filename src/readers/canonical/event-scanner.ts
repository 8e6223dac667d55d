// Reads one event object straight from bytes, whatever its spelling: no intermediate objects, 64-bit values exact. What it
// does not accept is left to the explainer, which says in words what is wrong.
import { newTraceEvent, SLOTS, type TraceEvent } from '../../trace/event.ts';
import { EVENT_TYPES } from '../../trace/vocabulary/index.ts';
import { EventShapes } from './event-shapes.ts';
import {
  ALLOWED,
  CPU,
  FRAMED_KEYS,
  KEY_BY_NAME,
  KEY_COUNT,
  MAX_CPU,
  PRESENCE_WORDS,
  REQUIRED,
  TS,
  TYPE,
} from './event-tables.ts';
import { ValueReader } from './value-reader.ts';

const QUOTE = 0x22;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const BLANK = 0x20;
const NEWLINE = 0x0a;

/** Zero bytes that must follow the bytes to be scanned: comparisons look ahead. */
export const SCAN_SLACK = 64;

/** Stands for the key before the first. */
const START = KEY_COUNT;

const SEEN_TS = 1;
const SEEN_CPU = 2;
const SEEN_TYPE = 4;
const SEEN_ALL = SEEN_TS | SEEN_CPU | SEEN_TYPE;

/** What went wrong, where a place in the bytes is expected: the text is no valid event. */
const BAD = -1;

export class EventScanner {
  /** The event that was scanned last, in a record that is reused. */
  event: TraceEvent = newTraceEvent();
  /** Exact time of it, as halves. */
  tsHi = 0;
  tsLo = 0;
  /** It goes over several lines. */
  passedNewline = false;
  readonly #values = new ValueReader();
  readonly #shapes: EventShapes;
  readonly #records = new Array<TraceEvent | undefined>(EVENT_TYPES.length).fill(undefined);
  /** Fields of each record that may hold something other than what absent fields read as. */
  readonly #dirty = new Int32Array(EVENT_TYPES.length * PRESENCE_WORDS);
  /** The two keys that last followed a key, by event type: machine-made traces repeat themselves. -1: none yet. */
  readonly #followers = new Int16Array(2 * (EVENT_TYPES.length + 1) * (KEY_COUNT + 1)).fill(-1);
  /** The key that `#otherKey` has read. */
  #key = 0;

  /** @param unlearnt - events of a trace from which no shapes are learnt */
  constructor(unlearnt?: number) {
    this.#shapes = new EventShapes(this.#values, unlearnt);
  }

  /** Another trace follows. */
  begin(): void {
    this.#shapes.begin();
  }

  /**
   * Reads the object that begins at `from` (blanks allowed before it) and ends before `to` into `event`; `bytes` must go on
   * for SCAN_SLACK bytes behind `to`, and not with a digit or a quote. Returns the place behind the object, or -1 when
   * there is no valid event.
   */
  scan(bytes: Uint8Array, from: number, to: number): number {
    const values = this.#values;
    if (bytes !== values.bytes) values.bind(bytes);
    const shapes = this.#shapes;
    const behind = shapes.read(from, to);
    if (behind !== BAD) {
      this.event = shapes.event;
      this.tsHi = shapes.time.hi;
      this.tsLo = shapes.time.lo;
      this.passedNewline = shapes.hasNewline;
      return behind;
    }
    this.passedNewline = false;
    const begin = this.#skipBlanks(from, to);
    const end = this.#scanMembers(begin, to);
    if (end !== BAD) shapes.learn(begin, end, this.event);
    return end;
  }

  /** Reads the object at `from` key by key. */
  #scanMembers(from: number, to: number): number {
    const values = this.#values;
    const { bytes, view, integers } = values;
    const followers = this.#followers;
    let event: TraceEvent | undefined;
    let kind = -1;
    let seen = 0;
    let cpu = 0;
    let previous = START;
    let at = from;
    if (bytes[at] !== OPEN) return BAD;
    do {
      const follower = 2 * ((kind + 1) * (KEY_COUNT + 1) + previous);
      let key = followers[follower] ?? -1;
      if (key >= 0 && FRAMED_KEYS.matches(view, at + 1, key)) at += 1 + (FRAMED_KEYS.lengths[key] ?? 0);
      else {
        const first = key;
        key = followers[follower + 1] ?? -1;
        if (key >= 0 && FRAMED_KEYS.matches(view, at + 1, key)) at += 1 + (FRAMED_KEYS.lengths[key] ?? 0);
        else {
          at = this.#otherKey(at + 1, to);
          if (at === BAD) return BAD;
          key = this.#key;
        }
        followers[follower] = key;
        followers[follower + 1] = first;
      }
      previous = key;
      if ((bytes[at] ?? 0) <= BLANK) at = this.#skipBlanks(at, to);
      if (key < TS) {
        if (event === undefined) {
          // The fields come before the type: hand-written traces do that.
          kind = this.#findKind(at, to, key);
          if (kind < 0) return BAD;
          event = this.#begin(kind);
        }
        const { presence } = event;
        const bit = 1 << (key & 31);
        const flags = presence[key >> 5] ?? 0;
        if ((flags & bit) !== 0) return BAD;
        presence[key >> 5] = flags | bit;
        at = values.read(at, key, kind, event);
      } else if (key === TS) {
        if ((seen & SEEN_TS) !== 0) return BAD;
        seen |= SEEN_TS;
        at = integers.wide(bytes, view, at);
        // Times are signed.
        if (integers.hi < 0 && !integers.negative) return BAD;
        this.tsHi = integers.hi;
        this.tsLo = integers.lo;
      } else if (key === CPU) {
        if ((seen & SEEN_CPU) !== 0) return BAD;
        seen |= SEEN_CPU;
        at = integers.number(bytes, at);
        if (integers.negative || integers.hi !== 0 || integers.lo >>> 0 > MAX_CPU) return BAD;
        cpu = integers.lo;
      } else {
        if ((seen & SEEN_TYPE) !== 0) return BAD;
        seen |= SEEN_TYPE;
        at = values.readType(at);
        if (at === BAD) return BAD;
        kind = values.kind;
        event ??= this.#begin(kind);
      }
      if (at === BAD) return BAD;
      if (bytes[at] !== COMMA) at = this.#skipBlanks(at, to);
    } while (bytes[at] === COMMA);
    if (bytes[at] !== CLOSE || at >= to || seen !== SEEN_ALL || event === undefined) return BAD;
    event.cpu = cpu;
    this.event = event;
    return this.#finish(kind, event) ? at + 1 : BAD;
  }

  /** The record of a type, without fields. */
  #begin(kind: number): TraceEvent {
    let event = this.#records[kind];
    if (event === undefined) {
      event = newTraceEvent();
      event.begin(kind);
      this.#records[kind] = event;
    }
    const { presence } = event;
    const dirty = this.#dirty;
    const first = kind * PRESENCE_WORDS;
    for (let i = 0; i < PRESENCE_WORDS; i++) {
      dirty[first + i] = (dirty[first + i] ?? 0) | (presence[i] ?? 0);
      presence[i] = 0;
    }
    return event;
  }

  /** The fields are those of the type; what the event before it left in others is emptied. */
  #finish(kind: number, event: TraceEvent): boolean {
    const { presence } = event;
    const dirty = this.#dirty;
    const first = kind * PRESENCE_WORDS;
    for (let i = 0; i < PRESENCE_WORDS; i++) {
      const bits = presence[i] ?? 0;
      if ((bits & ~(ALLOWED[first + i] ?? 0)) !== 0 || (~bits & (REQUIRED[first + i] ?? 0)) !== 0) return false;
      let stale = (dirty[first + i] ?? 0) & ~bits;
      dirty[first + i] = 0;
      for (; stale !== 0; stale &= stale - 1) {
        const slot = SLOTS[(i << 5) + 31 - Math.clz32(stale & -stale)];
        if (slot !== undefined) event.dropSlot(slot);
      }
    }
    return true;
  }

  /** The number of the type of an event whose fields come first; `from` is at the value of a field. -1: there is none. */
  #findKind(from: number, to: number, firstKey: number): number {
    const values = this.#values;
    const { bytes } = values;
    let key = firstKey;
    let at = from;
    for (;;) {
      if (key === TYPE) return values.readType(at) === BAD ? -1 : values.kind;
      if (bytes[at] === QUOTE) at = values.stringEnd(at);
      else while (at < to && bytes[at] !== COMMA && bytes[at] !== CLOSE) at++;
      if (at === BAD) return -1;
      at = this.#skipBlanks(at, to);
      if (at >= to || bytes[at] !== COMMA) return -1;
      at = this.#otherKey(at + 1, to);
      if (at === BAD) return -1;
      key = this.#key;
      at = this.#skipBlanks(at, to);
    }
  }

  #skipBlanks(from: number, to: number): number {
    const { bytes } = this.#values;
    const at = skipBlanks(bytes, from, to);
    for (let i = from; i < at; i++) if (bytes[i] === NEWLINE) this.passedNewline = true;
    return at;
  }

  /** Reads `"key":` with any blanks into `#key`; a key that no event has is BAD. Returns the place behind the colon. */
  #otherKey(from: number, to: number): number {
    const values = this.#values;
    const { bytes } = values;
    const begin = this.#skipBlanks(from, to);
    const at = values.stringEnd(begin);
    if (at === BAD) return BAD;
    const name = values.text(begin, at);
    const key = name === undefined ? undefined : KEY_BY_NAME.get(name);
    if (key === undefined) return BAD;
    this.#key = key;
    const colon = this.#skipBlanks(at, to);
    return bytes[colon] === COLON ? colon + 1 : BAD;
  }
}

/** The first place from `from` on that is no JSON blank, at most `to`. */
export function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at] ?? 0;
    if (byte > 0x20 || (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)) return at;
    at++;
  }
  return at;
}
