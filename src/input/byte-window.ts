// A sliding window over a source: finds lines and JSON values that straddle chunk borders, with line numbers.
import type { Source } from './source.ts';
import { CHUNK_BYTES } from './source.ts';

const NEWLINE = 0x0a;

/** Zero bytes behind the last one, which scanners may read. */
const SLACK = 64;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class ByteWindow {
  bytes: Uint8Array;
  /** Unread bytes lie at `start..end`. */
  start = 0;
  end = 0;
  /** Number of the line that `start` is on, from 1. */
  line = 1;
  /** Offset in the source of `bytes[0]`. */
  base = 0;
  atEnd = false;
  readonly #source: Source;
  /** The same bytes; a Buffer finds a byte several times faster than a Uint8Array does. */
  #search: Buffer;
  #next = 0;
  /** The first newline behind the place that `skipTo` went to last: long lines are searched once. */
  #newline = -1;

  constructor(source: Source, chunkBytes = CHUNK_BYTES) {
    this.#source = source;
    // One byte more than a small input, so that its end is seen without growing.
    this.bytes = new Uint8Array(Math.max(1, Math.min(chunkBytes, source.size + 1)) + SLACK);
    this.#search = Buffer.from(this.bytes.buffer);
  }

  /** Offset in the source of an index into `bytes`. */
  offsetOf(index: number): number {
    return this.base + index;
  }

  /** Reads more bytes behind the unread ones; false when there are none. Indexes into `bytes` move. */
  fill(): boolean {
    if (this.atEnd) return false;
    this.#newline = -1;
    const unread = this.end - this.start;
    if (this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.base += this.start;
      this.start = 0;
      this.end = unread;
    }
    if (unread === this.bytes.length - SLACK) {
      const larger = new Uint8Array(unread * 2 + SLACK);
      larger.set(this.bytes);
      this.bytes = larger;
      this.#search = Buffer.from(larger.buffer);
    }
    const n = this.#source.readAt(this.#next, this.bytes.subarray(this.end, this.bytes.length - SLACK));
    this.#next += n;
    this.end += n;
    this.bytes.fill(0, this.end, this.end + SLACK);
    this.atEnd = n === 0;
    return n > 0;
  }

  /** Passes over a byte order mark at the beginning of the input. */
  skipByteOrderMark(): void {
    while (this.end - this.start < 3 && this.fill());
    const { bytes, start } = this;
    if (bytes[start] === 0xef && bytes[start + 1] === 0xbb && bytes[start + 2] === 0xbf) this.start += 3;
  }

  /** At least `length` unread bytes lie in the window; false at the end of the input. Indexes into `bytes` may move. */
  holds(length: number): boolean {
    while (this.end - this.start < length) if (!this.fill()) return false;
    return true;
  }

  /** Index of the end of the line that begins at `start` (its newline, or the end of the input); -1: nothing left. */
  lineEnd(): number {
    let from = this.start;
    for (;;) {
      const newline = from < this.end ? this.#search.indexOf(NEWLINE, from) : -1;
      if (newline >= 0 && newline < this.end) return newline;
      const scanned = this.end - this.start;
      if (!this.fill()) return this.end > this.start ? this.end : -1;
      from = this.start + scanned;
    }
  }

  /** Moves behind the line that ends at `lineEnd`. */
  nextLine(lineEnd: number): void {
    this.start = Math.min(this.end, lineEnd + 1);
    this.line++;
  }

  /** The next byte that is no blank, counted lines included; -1 at the end of the input. */
  peek(): number {
    for (;;) {
      while (this.start < this.end) {
        const byte = this.bytes[this.start] ?? 0;
        if (byte === NEWLINE) this.line++;
        else if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09) return byte;
        this.start++;
      }
      if (!this.fill()) return -1;
    }
  }

  /**
   * Index behind the JSON object, array or string that begins at `start`; -1 when the input ends inside it. Does not
   * check more than nesting and quotes.
   */
  valueEnd(): number {
    let depth = 0;
    let quoted = false;
    let at = this.start;
    for (;;) {
      const { bytes, end } = this;
      while (at < end) {
        const byte = bytes[at++] ?? 0;
        if (quoted) {
          if (byte === 0x5c) at++;
          else if (byte === 0x22) {
            quoted = false;
            if (depth === 0) return at;
          }
        } else if (byte === 0x22) quoted = true;
        else if (byte === 0x7b || byte === 0x5b) depth++;
        else if (byte === 0x7d || byte === 0x5d) {
          depth--;
          if (depth <= 0) return at;
        }
      }
      const scanned = at - this.start;
      if (!this.fill()) return -1;
      at = this.start + scanned;
    }
  }

  /** Text of `from..to`. */
  text(from: number, to: number): string {
    return decoder.decode(this.bytes.subarray(from, to));
  }

  /** Moves to `index`, counting the lines passed. */
  skipTo(index: number): void {
    let at = this.#newline < this.start ? this.#newlineFrom(this.start) : this.#newline;
    for (; at < index; at = this.#newlineFrom(at + 1)) this.line++;
    this.#newline = at;
    this.start = index;
  }

  /** The first newline from `from` on; `end` when there is none in the window. */
  #newlineFrom(from: number): number {
    const at = this.#search.indexOf(NEWLINE, from);
    return at < 0 || at > this.end ? this.end : at;
  }
}
