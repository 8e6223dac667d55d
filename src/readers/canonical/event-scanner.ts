// Reads one event object straight from bytes: no intermediate objects, 64-bit values exact. Whatever it does not accept is
// left to the explainer, which says in words what is wrong.
import { CpuMask } from '../../trace/cpu-mask.ts';
import { newTraceEvent, SLOTS, type TraceEvent } from '../../trace/event.ts';
import { parseWide } from '../../trace/spelling.ts';
import { EVENT_TYPES } from '../../trace/vocabulary/index.ts';
import { StringTable } from '../string-table.ts';
import {
  ALLOWED,
  CODE,
  CODES,
  CPU,
  FRAMED_KEYS,
  INDEXES,
  KEY_BY_NAME,
  KEY_COUNT,
  KIND_BY_NAME,
  PHASE,
  PRESENCE_WORDS,
  REQUIRED,
  STEP,
  STEPS,
  TS,
  TYPE,
} from './event-tables.ts';
import { MAX_CACHED, ValueCache } from './value-cache.ts';
import { WordPatterns } from './word-patterns.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MINUS = 0x2d;
const ZERO = 0x30;
const BLANK = 0x20;
const NEWLINE = 0x0a;

/** Zero bytes that must follow the bytes to be scanned: comparisons look ahead. */
export const SCAN_SLACK = 64;

const BOOLEANS = new WordPatterns(['true', 'false']);

/** Rows of the value cache: one a field, one a type for its steps and one for its phases, some for the types. */
const STEP_ROWS = SLOTS.length;
const PHASE_ROWS = STEP_ROWS + EVENT_TYPES.length;
const TYPE_ROWS = PHASE_ROWS + EVENT_TYPES.length;
/** Types are told apart by a letter in the middle of most of them before the hash looks at them. */
const TYPE_ROW_COUNT = 8;

/** Stands for the key before the first. */
const START = KEY_COUNT;
const MAX_CPU = 8191;

const SEEN_TS = 1;
const SEEN_CPU = 2;
const SEEN_TYPE = 4;
const SEEN_ALL = SEEN_TS | SEEN_CPU | SEEN_TYPE;

/** What went wrong, where a place in the bytes is expected: the text is no valid event. */
const BAD = -1;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class EventScanner {
  /** The event that was scanned last: each type has a record of its own, which is reused. */
  event: TraceEvent = newTraceEvent();
  /** Exact time of it, as halves. */
  tsHi = 0;
  tsLo = 0;
  /** It goes over several lines. */
  passedNewline = false;
  readonly #strings = new StringTable();
  readonly #cache = new ValueCache(TYPE_ROWS + TYPE_ROW_COUNT);
  readonly #records = new Array<TraceEvent | undefined>(EVENT_TYPES.length).fill(undefined);
  /** Fields of each record that may hold something other than what absent fields read as. */
  readonly #dirty = new Int32Array(EVENT_TYPES.length * PRESENCE_WORDS);
  /** The two keys that last followed a key, by event type: machine-made traces repeat themselves. -1: none yet. */
  readonly #followers = new Int16Array(2 * (EVENT_TYPES.length + 1) * (KEY_COUNT + 1)).fill(-1);
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  // Results of the token functions, which return the place behind the token.
  #hi = 0;
  #lo = 0;
  #negative = false;
  #key = 0;
  #entry = 0;
  #escaped = false;

  /**
   * Reads the object that begins at `from` (blanks allowed before it) and ends before `to` into `event`; `bytes` must go on
   * for SCAN_SLACK bytes behind `to`, and not with a digit or a quote. Returns the place behind the object, or -1 when
   * there is no valid event.
   */
  scan(bytes: Uint8Array, from: number, to: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const view = this.#view;
    const followers = this.#followers;
    let event: TraceEvent | undefined;
    let kind = -1;
    let seen = 0;
    let cpu = 0;
    let previous = START;
    this.passedNewline = false;
    let at = bytes[from] === OPEN ? from : this.#skipBlanks(from, to);
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
        at = this.#value(at, key, kind, event);
      } else if (key === TS) {
        if ((seen & SEEN_TS) !== 0) return BAD;
        seen |= SEEN_TS;
        at = this.#wide(at);
        // Times are signed.
        if (this.#hi < 0 && !this.#negative) return BAD;
        this.tsHi = this.#hi;
        this.tsLo = this.#lo;
      } else if (key === CPU) {
        if ((seen & SEEN_CPU) !== 0) return BAD;
        seen |= SEEN_CPU;
        at = this.#number(at);
        if (this.#negative || this.#hi !== 0 || this.#lo >>> 0 > MAX_CPU) return BAD;
        cpu = this.#lo;
      } else {
        if ((seen & SEEN_TYPE) !== 0) return BAD;
        seen |= SEEN_TYPE;
        at = this.#type(at);
        if (at === BAD) return BAD;
        kind = this.#lo;
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

  /** Reads the value of a field into the event. */
  #value(from: number, id: number, kind: number, event: TraceEvent): number {
    const { presence, words } = event;
    const bit = 1 << (id & 31);
    const flags = presence[id >> 5] ?? 0;
    // A key that comes twice.
    if ((flags & bit) !== 0) return BAD;
    presence[id >> 5] = flags | bit;
    const index = INDEXES[id] ?? 0;
    const bytes = this.#bytes;
    const code = CODES[id] ?? 0;
    let at: number;
    if (bytes[from] === QUOTE) {
      if (code < CODE.str) return BAD;
      at = this.#quoted(from, id, code, kind);
      if (at === BAD) return BAD;
      const cache = this.#cache;
      const entry = this.#entry;
      if (code === CODE.str) event.strings[index] = cache.texts[entry] ?? '';
      else if (code === CODE.cpus) {
        const mask = cache.masks[entry];
        if (mask !== undefined) event.masks[index]?.copy(mask);
      } else {
        words[index] = cache.lo[entry] ?? 0;
        words[index + 1] = cache.hi[entry] ?? 0;
      }
      return at;
    }
    if (code === CODE.bool) {
      const value = BOOLEANS.matches(this.#view, from, 0);
      if (!value && !BOOLEANS.matches(this.#view, from, 1)) return BAD;
      words[index] = value ? 1 : 0;
      return from + (value ? 4 : 5);
    }
    at = this.#number(from);
    if (at === BAD || code === CODE.str || code === CODE.cpus) return BAD;
    const hi = this.#hi;
    const lo = this.#lo;
    words[index] = lo;
    if (code === CODE.int) return hi === lo >> 31 && this.#negative === lo < 0 ? at : BAD;
    if (this.#negative && code !== CODE.s64) return BAD;
    if (code === CODE.uint) return hi === 0 ? at : BAD;
    words[index + 1] = hi;
    return at;
  }

  /** A quoted value, whose meaning is then at `#entry` of the cache. */
  #quoted(from: number, id: number, code: number, kind: number): number {
    const cache = this.#cache;
    const row = id === STEP ? STEP_ROWS + kind : id === PHASE ? PHASE_ROWS + kind : id;
    const entry = cache.entryFor(this.#view, from, row);
    this.#entry = entry;
    if (cache.holds(this.#view, from, entry)) return from + (cache.lengths[entry] ?? 0);
    return this.#newQuoted(from, id, code, kind);
  }

  /** Reads a quoted value that is not remembered, and remembers it. */
  #newQuoted(from: number, id: number, code: number, kind: number): number {
    const cache = this.#cache;
    let at: number;
    let text = '';
    let mask: CpuMask | undefined;
    if (code >= CODE.s64) {
      at = this.#wide(from);
      if (at === BAD || (this.#negative && code !== CODE.s64)) return BAD;
    } else {
      at = this.#stringEnd(from);
      const string = at === BAD ? undefined : this.#text(from, at);
      if (string === undefined) return BAD;
      text = string;
      if (code === CODE.cpus) {
        mask = CpuMask.fromList(text);
        if (mask === undefined) return BAD;
      } else if (code === CODE.dsq) {
        const halves = parseWide('dsq', text);
        if (halves === undefined) return BAD;
        this.#hi = halves.hi;
        this.#lo = halves.lo;
      } else if (id === STEP) {
        if (STEPS[kind]?.has(text) !== true) return BAD;
      } else if (id === PHASE && text !== 'begin' && text !== 'end') return BAD;
    }
    const length = at - from;
    if (length > MAX_CACHED) this.#entry = cache.scratch;
    else cache.store(this.#view, from, length, this.#entry);
    const entry = this.#entry;
    cache.hi[entry] = this.#hi;
    cache.lo[entry] = this.#lo;
    cache.texts[entry] = text;
    cache.masks[entry] = mask;
    return at;
  }

  /** The type of the event: its number is then in `#lo`. */
  #type(from: number): number {
    if (this.#bytes[from] !== QUOTE) return BAD;
    const cache = this.#cache;
    const entry = cache.entryFor(this.#view, from, TYPE_ROWS + ((this.#bytes[from + 8] ?? 0) & (TYPE_ROW_COUNT - 1)));
    if (cache.holds(this.#view, from, entry)) {
      this.#lo = cache.lo[entry] ?? 0;
      return from + (cache.lengths[entry] ?? 0);
    }
    const at = this.#stringEnd(from);
    const text = at === BAD ? undefined : this.#text(from, at);
    const kind = text === undefined ? undefined : KIND_BY_NAME.get(text);
    if (kind === undefined) return BAD;
    if (at - from <= MAX_CACHED) {
      cache.store(this.#view, from, at - from, entry);
      cache.lo[entry] = kind;
    }
    this.#lo = kind;
    return at;
  }

  /** The number of the type of an event whose fields come first; `from` is at the value of a field. -1: there is none. */
  #findKind(from: number, to: number, firstKey: number): number {
    const bytes = this.#bytes;
    let key = firstKey;
    let at = from;
    for (;;) {
      if (key === TYPE) return this.#type(at) === BAD ? -1 : this.#lo;
      if (bytes[at] === QUOTE) at = this.#stringEnd(at);
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
    const at = skipBlanks(this.#bytes, from, to);
    for (let i = from; i < at; i++) if (this.#bytes[i] === NEWLINE) this.passedNewline = true;
    return at;
  }

  /** A number, or a quoted decimal or `0x` number. */
  #wide(from: number): number {
    const bytes = this.#bytes;
    if (bytes[from] !== QUOTE) return this.#number(from);
    const isHex = bytes[from + 1] === ZERO && ((bytes[from + 2] ?? 0) | 0x20) === 0x78;
    const at = isHex ? this.#hex(from + 3) : this.#decimal(from + 1);
    return at !== BAD && bytes[at] === QUOTE ? at + 1 : BAD;
  }

  #hex(from: number): number {
    const bytes = this.#bytes;
    let hi = 0;
    let lo = 0;
    let at = from;
    for (let digit = hexDigit(bytes[at] ?? 0); digit >= 0; digit = hexDigit(bytes[++at] ?? 0)) {
      if (hi >>> 28 !== 0) return BAD;
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | digit;
    }
    this.#hi = hi;
    this.#lo = lo;
    this.#negative = false;
    return at > from ? at : BAD;
  }

  /** Decimal text in quotes: leading zeros are allowed, as in `parseInteger`. */
  #decimal(from: number): number {
    const bytes = this.#bytes;
    const negative = bytes[from] === MINUS;
    let first = negative ? from + 1 : from;
    while (bytes[first] === ZERO && isDigit(bytes[first + 1] ?? 0)) first++;
    const at = this.#digits(first);
    return at === BAD || !negative ? at : this.#negate(at);
  }

  /** A JSON integer; leading zeros, fractions and exponents are not accepted. */
  #number(from: number): number {
    const bytes = this.#bytes;
    const negative = bytes[from] === MINUS;
    const first = negative ? from + 1 : from;
    if (bytes[first] === ZERO && isDigit(bytes[first + 1] ?? 0)) return BAD;
    const at = this.#digits(first);
    return at === BAD || !negative ? at : this.#negate(at);
  }

  /** A row of digits as an unsigned 64-bit value. */
  #digits(first: number): number {
    const bytes = this.#bytes;
    // Nine digits fit a small integer.
    const limit = first + 9;
    let at = first;
    let value = 0;
    let digit = (bytes[at] ?? 0) - ZERO;
    while (digit >= 0 && digit <= 9 && at < limit) {
      value = (value * 10 + digit) | 0;
      digit = (bytes[++at] ?? 0) - ZERO;
    }
    if (at === first) return BAD;
    this.#negative = false;
    if (digit >= 0 && digit <= 9) return this.#moreDigits(at, value, first);
    this.#hi = 0;
    this.#lo = value;
    return at;
  }

  /** The digits behind the first nine, whose value is given. */
  #moreDigits(from: number, firstValue: number, first: number): number {
    const bytes = this.#bytes;
    let at = from;
    // Fifteen digits stay exact in a double; the rest is carried into the high half.
    const exactEnd = first + 15;
    let value = firstValue;
    let digit = (bytes[at] ?? 0) - ZERO;
    while (digit >= 0 && digit <= 9 && at < exactEnd) {
      value = value * 10 + digit;
      digit = (bytes[++at] ?? 0) - ZERO;
    }
    let hi = Math.floor(value / 4294967296);
    let lo = value - hi * 4294967296;
    while (digit >= 0 && digit <= 9) {
      lo = lo * 10 + digit;
      const carry = Math.floor(lo / 4294967296);
      lo -= carry * 4294967296;
      hi = hi * 10 + carry;
      if (hi > 4294967295) return BAD;
      digit = (bytes[++at] ?? 0) - ZERO;
    }
    this.#hi = hi | 0;
    this.#lo = lo | 0;
    return at;
  }

  /** Makes the last number negative; `at` is returned unless it is below -2^63. */
  #negate(at: number): number {
    const hi = this.#hi;
    const lo = this.#lo;
    if (hi < 0 && (hi !== 0x80000000 >> 0 || lo !== 0)) return BAD;
    // -0 is 0.
    this.#negative = hi !== 0 || lo !== 0;
    this.#lo = -lo | 0;
    this.#hi = (~hi + (lo === 0 ? 1 : 0)) | 0;
    return at;
  }

  /** The place behind a quoted string; `#escaped` then tells whether it has escapes. */
  #stringEnd(from: number): number {
    const bytes = this.#bytes;
    if (bytes[from] !== QUOTE) return BAD;
    this.#escaped = false;
    for (let at = from + 1; ; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) {
        this.#escaped = true;
        at++;
      } else if (byte < 0x20) return BAD;
    }
  }

  /** The text of the quoted string at `from..to`, which `#stringEnd` has passed; undefined when its escapes are none. */
  #text(from: number, to: number): string | undefined {
    const bytes = this.#bytes;
    if (!this.#escaped) return this.#strings.intern(this.#view, from + 1, to - from - 2);
    try {
      return JSON.parse(decoder.decode(bytes.subarray(from, to))) as string;
    } catch {
      return undefined;
    }
  }

  /** Reads `"key":` with any blanks into `#key`; a key that no event has is BAD. Returns the place behind the colon. */
  #otherKey(from: number, to: number): number {
    const bytes = this.#bytes;
    const begin = this.#skipBlanks(from, to);
    const at = this.#stringEnd(begin);
    if (at === BAD) return BAD;
    const name = this.#text(begin, at);
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

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function hexDigit(byte: number): number {
  if (isDigit(byte)) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
