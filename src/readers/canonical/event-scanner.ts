// Reads one event object straight from bytes: no intermediate objects, 64-bit values exact. Whatever it does not accept is
// left to the explainer, which says in words what is wrong.
import { CpuMask } from '../../trace/cpu-mask.ts';
import { presenceOf, SLOT, SLOTS, type Slot, type TraceEvent } from '../../trace/event.ts';
import { parseWide } from '../../trace/spelling.ts';
import { EVENT_SPECS, EVENT_TYPES, fieldsOf } from '../../trace/vocabulary/index.ts';
import { StringTable } from '../string-table.ts';

const BLANK = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Keys that are not fields. */
const TS = -1;
const CPU = -2;
const TYPE = -3;
/** Stands for the key before the first. */
const START = -4;

/** Bytes that may be read behind the text to be scanned: comparisons go four bytes at a time. */
export const SCAN_SLACK = 8;

/** Bytes to compare with, four at a time. */
class Pattern {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly #words: Int32Array;
  readonly #tailMask: number;
  readonly #fullWords: number;

  constructor(text: string) {
    this.bytes = new TextEncoder().encode(text);
    this.length = this.bytes.length;
    const padded = new Uint8Array((this.length + 3) & ~3);
    padded.set(this.bytes);
    const view = new DataView(padded.buffer);
    this.#words = Int32Array.from({ length: padded.length / 4 }, (_, i) => view.getInt32(i * 4, true));
    this.#fullWords = this.length >> 2;
    const tail = this.length & 3;
    this.#tailMask = tail === 0 ? 0 : (1 << (tail * 8)) - 1;
  }

  /** The bytes at `from` are these; `view` is over the same buffer as the scanned bytes. */
  matches(view: DataView, from: number, to: number): boolean {
    const words = this.#words;
    if (from + this.length > to) return false;
    const n = this.#fullWords;
    for (let i = 0; i < n; i++) if (view.getInt32(from + (i << 2), true) !== words[i]) return false;
    return n === words.length || (view.getInt32(from + (n << 2), true) & this.#tailMask) === words[n];
  }
}

interface Name {
  readonly pattern: Pattern;
  /** The name in quotes, with a colon. */
  readonly framed: Pattern;
  readonly value: number;
}

/** Names by a cheap hash of their bytes: keys of events, and event types. */
class NameTable {
  readonly #buckets: Name[][] = Array.from({ length: 1024 }, () => []);

  add(name: string, value: number): void {
    const pattern = new Pattern(name);
    this.#buckets[hash(pattern.bytes, 0, pattern.length)]?.push({ pattern, framed: new Pattern(`"${name}":`), value });
  }

  /** The name at `from..to`; undefined when it is not in the table. */
  find(bytes: Uint8Array, view: DataView, from: number, to: number): Name | undefined {
    const bucket = this.#buckets[hash(bytes, from, to)];
    if (bucket === undefined) return undefined;
    for (let i = 0; i < bucket.length; i++) {
      const name = bucket[i];
      if (name !== undefined && name.pattern.length === to - from && name.pattern.matches(view, from, to)) return name;
    }
    return undefined;
  }
}

const TRUE = new Pattern('true');
const FALSE = new Pattern('false');

const KEYS = new NameTable();
KEYS.add('ts', TS);
KEYS.add('cpu', CPU);
KEYS.add('type', TYPE);
for (const slot of SLOTS) KEYS.add(slot.field, slot.id);

/** Number of keys, `START` included. */
const KEY_COUNT = SLOTS.length - START;

const TYPES = new NameTable();
for (const [kind, type] of EVENT_TYPES.entries()) TYPES.add(type, kind);

/** Kinds of fields as small numbers, by slot. */
const CODE = { int: 0, uint: 1, bool: 2, str: 3, cpus: 4, dsq: 5, s64: 6, u64: 7, hex: 7, id: 7 } as const;
const CODES = Uint8Array.from(SLOTS, (slot) => CODE[slot.kind]);

/** Presence bits that each type requires and allows. */
const REQUIRED = EVENT_TYPES.map((type) => presenceOf(EVENT_SPECS[type].required.map((field) => SLOT[field])));
const ALLOWED = EVENT_TYPES.map((type) => presenceOf(fieldsOf(type).map((field) => SLOT[field])));
const STEPS = EVENT_TYPES.map((type) => new Set(EVENT_SPECS[type].steps ?? []));

/** What went wrong, where a place in the bytes is expected: the text is no valid event. */
const BAD = -1;

export class EventScanner {
  /** Exact time of the last event, as halves. */
  tsHi = 0;
  tsLo = 0;
  readonly #strings = new StringTable();
  readonly #masks = new Map<string, CpuMask>();
  /** The two keys that last followed a key, by event type: machine-made traces repeat themselves. */
  readonly #followers = new Array<Name | undefined>(2 * EVENT_TYPES.length * KEY_COUNT).fill(undefined);
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  // Results of the token functions, which return the place behind the token.
  #hi = 0;
  #lo = 0;
  #negative = false;
  #text = '';
  #key: Name | undefined;

  /**
   * Fills `event` from the object that begins at `from` (blanks allowed before it) and ends before `to`; `bytes` must go
   * on for SCAN_SLACK bytes behind it. Returns the place behind the object, or -1 when there is no valid event; the
   * record is then in an undefined state.
   */
  scan(bytes: Uint8Array, from: number, to: number, event: TraceEvent): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    event.begin(0);
    let seen = 0;
    let previous = START;
    let at = skipBlanks(bytes, from, to);
    if (bytes[at] !== OPEN) return BAD;
    do {
      at = this.#readKey(bytes, at, to, event.kind, previous);
      const key = this.#key;
      if (at === BAD || key === undefined) return BAD;
      const { value } = key;
      previous = value;
      if (bytes[at] === BLANK) at = skipBlanks(bytes, at, to);
      if (value >= 0) {
        const slot = SLOTS[value];
        if (slot === undefined) return BAD;
        at = this.#value(bytes, at, to, slot, event);
      } else if (value === TS) {
        at = this.#wide(bytes, at, to);
        this.tsHi = this.#hi;
        this.tsLo = this.#lo;
        seen |= 1;
      } else if (value === CPU) {
        at = this.#number(bytes, at, to);
        if (this.#negative || this.#hi !== 0 || this.#lo >>> 0 > 8191) return BAD;
        event.cpu = this.#lo;
        seen |= 2;
      } else {
        at = this.#quoted(bytes, at, to);
        const kind = at === BAD ? undefined : TYPES.find(bytes, this.#view, this.#lo, at - 1);
        if (kind === undefined) return BAD;
        event.kind = kind.value;
        seen |= 4;
      }
      if (at === BAD) return BAD;
      if (bytes[at] !== COMMA) at = skipBlanks(bytes, at, to);
    } while (at < to && bytes[at] === COMMA);
    if (at >= to || bytes[at] !== CLOSE) return BAD;
    return seen === 7 && this.#fits(event) ? at + 1 : BAD;
  }

  /** The fields are those of the event's type. */
  #fits(event: TraceEvent): boolean {
    const required = REQUIRED[event.kind];
    const allowed = ALLOWED[event.kind];
    if (required === undefined || allowed === undefined) return false;
    const { presence } = event;
    for (let i = 0; i < presence.length; i++) {
      const bits = presence[i] ?? 0;
      if ((bits & ~(allowed[i] ?? 0)) !== 0 || (~bits & (required[i] ?? 0)) !== 0) return false;
    }
    const { step, phase } = event;
    if (step !== '' && STEPS[event.kind]?.has(step) !== true) return false;
    return phase === '' || phase === 'begin' || phase === 'end';
  }

  #value(bytes: Uint8Array, from: number, to: number, slot: Slot, event: TraceEvent): number {
    let at: number;
    switch (CODES[slot.id]) {
      case CODE.int:
        at = this.#number(bytes, from, to);
        if (this.#negative ? this.#hi !== -1 || this.#lo >= 0 : this.#hi !== 0 || this.#lo < 0) return BAD;
        event.setInt(slot, this.#lo);
        return at;
      case CODE.uint:
        at = this.#number(bytes, from, to);
        if (this.#negative || this.#hi !== 0) return BAD;
        event.setInt(slot, this.#lo);
        return at;
      case CODE.bool:
        if (TRUE.matches(this.#view, from, to)) {
          event.setInt(slot, 1);
          return from + 4;
        }
        if (!FALSE.matches(this.#view, from, to)) return BAD;
        event.setInt(slot, 0);
        return from + 5;
      case CODE.str:
        at = this.#string(bytes, from, to);
        if (at !== BAD) event.setString(slot, this.#text);
        return at;
      case CODE.cpus:
        at = this.#string(bytes, from, to);
        return at !== BAD && this.#mask(slot, event) ? at : BAD;
      case CODE.dsq:
        at = this.#dsq(bytes, from, to);
        break;
      default:
        at = this.#wide(bytes, from, to);
        if (this.#negative && slot.kind !== 's64') return BAD;
    }
    event.setWide(slot, this.#hi, this.#lo);
    return at;
  }

  #dsq(bytes: Uint8Array, from: number, to: number): number {
    if (bytes[from] !== QUOTE) {
      const at = this.#number(bytes, from, to);
      return this.#negative ? BAD : at;
    }
    if (bytes[from + 1] === ZERO) return this.#wide(bytes, from, to);
    const at = this.#string(bytes, from, to);
    const halves = at === BAD ? undefined : parseWide('dsq', this.#text);
    if (halves === undefined) return BAD;
    this.#hi = halves.hi;
    this.#lo = halves.lo;
    return at;
  }

  #mask(slot: Slot, event: TraceEvent): boolean {
    const text = this.#text;
    let mask = this.#masks.get(text);
    if (mask === undefined) {
      mask = CpuMask.fromList(text);
      if (mask === undefined) return false;
      if (this.#masks.size < 4096) this.#masks.set(text, mask);
    }
    event.setMask(slot).copy(mask);
    return true;
  }

  /** A number, or a quoted decimal or `0x` number. */
  #wide(bytes: Uint8Array, from: number, to: number): number {
    if (bytes[from] !== QUOTE) return this.#number(bytes, from, to);
    const isHex = bytes[from + 1] === ZERO && ((bytes[from + 2] ?? 0) | 0x20) === 0x78;
    const at = isHex ? this.#hex(bytes, from + 3, to) : this.#number(bytes, from + 1, to);
    return at !== BAD && at < to && bytes[at] === QUOTE ? at + 1 : BAD;
  }

  #hex(bytes: Uint8Array, from: number, to: number): number {
    let hi = 0;
    let lo = 0;
    let at = from;
    for (; at < to; at++) {
      const digit = hexDigit(bytes[at] ?? 0);
      if (digit < 0) break;
      hi = (hi << 4) | (lo >>> 28);
      lo = (lo << 4) | digit;
    }
    this.#hi = hi;
    this.#lo = lo;
    this.#negative = false;
    return at > from && at - from <= 16 ? at : BAD;
  }

  /** An integer; leading zeros, fractions and exponents are not accepted. */
  #number(bytes: Uint8Array, from: number, to: number): number {
    const negative = bytes[from] === MINUS;
    const first = negative ? from + 1 : from;
    let at = first;
    // Fifteen digits stay exact in a double; the rest is carried into the high half.
    const exactEnd = Math.min(to, first + 15);
    let value = 0;
    let byte = bytes[at] ?? 0;
    while (at < exactEnd && byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      byte = bytes[++at] ?? 0;
    }
    if (at === first || (at > first + 1 && bytes[first] === ZERO)) return BAD;
    if (at - first < 10 && !negative && byte !== 0x2e && (byte | 0x20) !== 0x65) {
      this.#negative = false;
      this.#hi = 0;
      this.#lo = value | 0;
      return at;
    }
    let hi = Math.floor(value / 4294967296);
    let lo = value - hi * 4294967296;
    while (at < to && byte >= ZERO && byte <= NINE) {
      if (at - first >= 20) return BAD;
      lo = lo * 10 + (byte - ZERO);
      const carry = Math.floor(lo / 4294967296);
      lo -= carry * 4294967296;
      hi = hi * 10 + carry;
      if (hi > 4294967295) return BAD;
      byte = bytes[++at] ?? 0;
    }
    if (at < to && (byte === 0x2e || (byte | 0x20) === 0x65)) return BAD;
    this.#negative = negative;
    this.#hi = hi | 0;
    this.#lo = lo | 0;
    if (negative) {
      this.#lo = -this.#lo | 0;
      this.#hi = (~this.#hi + (this.#lo === 0 ? 1 : 0)) | 0;
    }
    return at;
  }

  #string(bytes: Uint8Array, from: number, to: number): number {
    const at = this.#quoted(bytes, from, to);
    if (at === BAD) return BAD;
    if (this.#hi === 0) {
      this.#text = this.#strings.intern(this.#view, from + 1, at - from - 2);
      return at;
    }
    try {
      this.#text = JSON.parse(new TextDecoder().decode(bytes.subarray(from, at))) as string;
      return at;
    } catch {
      return BAD;
    }
  }

  /** Passes over a quoted string: `#lo` is its beginning behind the quote, `#hi` is 1 when it has escapes. */
  #quoted(bytes: Uint8Array, from: number, to: number): number {
    if (bytes[from] !== QUOTE) return BAD;
    this.#lo = from + 1;
    this.#hi = 0;
    for (let at = from + 1; at < to; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) return at + 1;
      if (byte === BACKSLASH) {
        this.#hi = 1;
        at++;
      } else if (byte < 0x20) return BAD;
    }
    return BAD;
  }

  /**
   * Reads `,"key":` into `#key`, from the comma (or brace) on: one of the keys that followed `previous` before, if it is
   * one again, without blanks. Returns the place behind the colon.
   */
  #readKey(bytes: Uint8Array, from: number, to: number, kind: number, previous: number): number {
    const follower = 2 * (kind * KEY_COUNT + previous - START);
    const followers = this.#followers;
    const first = followers[follower];
    if (first?.framed.matches(this.#view, from + 1, to) === true) {
      this.#key = first;
      return from + 1 + first.framed.length;
    }
    const second = followers[follower + 1];
    followers[follower + 1] = first;
    if (second?.framed.matches(this.#view, from + 1, to) === true) {
      followers[follower] = second;
      this.#key = second;
      return from + 1 + second.framed.length;
    }
    const at = this.#quoted(bytes, skipBlanks(bytes, from + 1, to), to);
    if (at === BAD) return BAD;
    const key = KEYS.find(bytes, this.#view, this.#lo, at - 1);
    this.#key = key;
    followers[follower] = key;
    const colon = skipBlanks(bytes, at, to);
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

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Length and four bytes tell almost all names apart. */
function hash(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  const first = bytes[from] ?? 0;
  const second = length > 1 ? (bytes[from + 1] ?? 0) : 0;
  const middle = bytes[from + (length >> 1)] ?? 0;
  const last = bytes[to - 1] ?? 0;
  return (
    (Math.imul(length ^ (first << 5) ^ (middle << 10), 0x9e3779b1) + Math.imul(second ^ (last << 8), 0x85ebca6b)) >>> 22
  );
}

let shared: EventScanner | undefined;

/**
 * The scanner that all canonical traces of a process share: it keeps nothing of a trace but names and the order of keys,
 * and making one is dear to a small trace.
 */
export function eventScanner(): EventScanner {
  shared ??= new EventScanner();
  return shared;
}
