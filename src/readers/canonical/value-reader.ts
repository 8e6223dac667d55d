// Reads the value of one field, wherever in an event it stands, from bytes into the event record.
import { CpuMask } from '../../trace/cpu-mask.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { parseWide } from '../../trace/spelling.ts';
import { StringTable } from '../string-table.ts';
import { CODE, CODES, INDEXES, KIND_BY_NAME, PHASE, STEP, STEPS } from './event-tables.ts';
import { IntegerReader } from './integer-reader.ts';
import { MAX_CACHED, ValueCache } from './value-cache.ts';
import { WordPattern } from './word-patterns.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `"0x` */
const HEX_MARK = 0x783022;

const TRUE = WordPattern.of('true');
const FALSE = WordPattern.of('false');

/** What is cached apart: values by the way they are read, those of `phase`, event types, and the steps of each. */
const PHASE_ROW = 8;
const TYPE_ROW = 9;
const STEP_ROWS = 10;

/** What went wrong, where a place in the bytes is expected: the text is no valid event. */
const BAD = -1;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The functions return the place behind the value, or -1. */
export class ValueReader {
  readonly integers = new IntegerReader();
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Place behind the mask that was read last. */
  end = 0;
  /** Number of the type that was read last. */
  kind = 0;
  readonly #strings = new StringTable();
  readonly #cache = new ValueCache();
  /** Where in the cache the quoted value lies that was read last. */
  #entry = 0;
  #escaped = false;

  /** The bytes that are read from now on. */
  bind(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Reads the value of field `id` of an event of type `kind` into `event`, whose presence flags stay as they are. */
  read(from: number, id: number, kind: number, event: TraceEvent): number {
    const { bytes, integers } = this;
    const { words } = event;
    const index = INDEXES[id] ?? 0;
    const code = CODES[id] ?? 0;
    if (bytes[from] === QUOTE) {
      if (code < CODE.str) return BAD;
      if (code >= CODE.s64 && (this.view.getInt32(from, true) & 0xffffff) === HEX_MARK) {
        const at = integers.hex(bytes, this.view, from + 3);
        if (at === BAD || bytes[at] !== QUOTE) return BAD;
        words[index] = integers.lo;
        words[index + 1] = integers.hi;
        return at + 1;
      }
      const at = this.#quoted(from, id, code, kind);
      if (at === BAD) return BAD;
      const cache = this.#cache;
      const entry = this.#entry;
      if (code === CODE.str) event.setText(index, cache.texts[entry] ?? '');
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
      const value = TRUE.matches(this.view, from);
      if (!value && !FALSE.matches(this.view, from)) return BAD;
      words[index] = value ? 1 : 0;
      return from + (value ? TRUE : FALSE).length;
    }
    const at = integers.number(bytes, from);
    if (at === BAD || code === CODE.str || code === CODE.cpus) return BAD;
    const { hi, lo, negative } = integers;
    words[index] = lo;
    if (code === CODE.int) return hi === lo >> 31 && negative === lo < 0 ? at : BAD;
    if (negative && code !== CODE.s64) return BAD;
    if (code === CODE.uint) return hi === 0 ? at : BAD;
    words[index + 1] = hi;
    return at;
  }

  /** The mask that the value of field `id` spells, never changed later; undefined when it spells none. See `end`. */
  readMask(from: number, id: number, kind: number): CpuMask | undefined {
    if (this.bytes[from] !== QUOTE) return undefined;
    this.end = this.#quoted(from, id, CODE.cpus, kind);
    return this.end === BAD ? undefined : this.#cache.masks[this.#entry];
  }

  /** Reads the type of an event into `kind`. */
  readType(from: number): number {
    if (this.bytes[from] !== QUOTE) return BAD;
    const { view } = this;
    const cache = this.#cache;
    // Types that begin alike differ in this letter.
    const entry = cache.entryFor(view, from, TYPE_ROW + ((this.bytes[from + 10] ?? 0) << 8));
    if (cache.holds(view, from, entry, TYPE_ROW)) {
      this.kind = cache.lo[entry] ?? 0;
      return from + (cache.lengths[entry] ?? 0);
    }
    const at = this.stringEnd(from);
    const text = at === BAD ? undefined : this.text(from, at);
    const kind = text === undefined ? undefined : KIND_BY_NAME.get(text);
    if (kind === undefined) return BAD;
    if (at - from <= MAX_CACHED) {
      cache.store(view, from, at - from, entry, TYPE_ROW);
      cache.lo[entry] = kind;
    }
    this.kind = kind;
    return at;
  }

  /** The place behind a quoted string, of which `text` may then be asked. */
  stringEnd(from: number): number {
    const { bytes } = this;
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

  /** The text of the quoted string at `from..to`, which `stringEnd` has passed; undefined when its escapes are none. */
  text(from: number, to: number): string | undefined {
    if (!this.#escaped) return this.#strings.intern(this.view, from + 1, to - from - 2);
    try {
      return JSON.parse(decoder.decode(this.bytes.subarray(from, to))) as string;
    } catch {
      return undefined;
    }
  }

  /** A quoted value, whose meaning is then at `#entry` of the cache. */
  #quoted(from: number, id: number, code: number, kind: number): number {
    const cache = this.#cache;
    const { view } = this;
    const row = id === STEP ? STEP_ROWS + kind : id === PHASE ? PHASE_ROW : code;
    const entry = cache.entryFor(view, from, row);
    this.#entry = entry;
    if (cache.holds(view, from, entry, row)) return from + (cache.lengths[entry] ?? 0);
    return this.#newQuoted(from, id, code, kind, row);
  }

  /** Reads a quoted value that is not remembered, and remembers it. */
  #newQuoted(from: number, id: number, code: number, kind: number, row: number): number {
    const { integers } = this;
    const cache = this.#cache;
    let at: number;
    let text = '';
    let mask: CpuMask | undefined;
    if (code >= CODE.s64) {
      at = integers.wide(this.bytes, this.view, from);
      if (at === BAD || (integers.negative && code !== CODE.s64)) return BAD;
    } else {
      at = this.stringEnd(from);
      const string = at === BAD ? undefined : this.text(from, at);
      if (string === undefined) return BAD;
      text = string;
      if (code === CODE.cpus) {
        mask = CpuMask.fromList(text);
        if (mask === undefined) return BAD;
      } else if (code === CODE.dsq) {
        const halves = parseWide('dsq', text);
        if (halves === undefined) return BAD;
        integers.hi = halves.hi;
        integers.lo = halves.lo;
      } else if (id === STEP) {
        if (STEPS[kind]?.has(text) !== true) return BAD;
      } else if (id === PHASE && text !== 'begin' && text !== 'end') return BAD;
    }
    const length = at - from;
    if (length > MAX_CACHED) this.#entry = cache.scratch;
    else cache.store(this.view, from, length, this.#entry, row);
    const entry = this.#entry;
    cache.hi[entry] = integers.hi;
    cache.lo[entry] = integers.lo;
    cache.texts[entry] = text;
    cache.masks[entry] = mask;
    return at;
  }
}
