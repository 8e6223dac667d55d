// Walks the ring-buffer pages of one CPU record by record: time stamps, padding, time extends, losses.
import { InputError } from '../../errors.ts';
import type { PageStream } from './chunks.ts';
import type { RingLayout } from './file.ts';

// struct ring_buffer_event: five bits of type_len, 27 bits of time_delta (include/linux/ring_buffer.h).
const TYPE_PADDING = 29;
const TYPE_TIME_EXTEND = 30;
// 31: absolute time stamp

const MISSED_EVENTS = 1 << 31;
const MISSED_STORED = 1 << 30;
const COMMIT_MASK = (1 << 27) - 1;

const TWO_27 = 2 ** 27;
const TWO_32 = 2 ** 32;

/** Time of `t = 0` as two halves; set once, before the first record is read. */
export interface TimeBase {
  hi: number;
  lo: number;
}

/** A position in the data of one CPU. After `next()` returned true, the record at `start` of `view` is current. */
export class CpuCursor {
  readonly cpu: number;
  /** Time of the current record since the time base, in units of the clock. */
  t = 0;
  /** First byte of the record's payload in `view`, and its length. */
  start = 0;
  length = 0;
  view: DataView;
  /** Place of the record for reports. */
  position = 0;
  /** Records lost before the current one on this CPU; -1: some, number unknown. Cleared by the merger. */
  lost = 0;
  /** Nothing has been read from this CPU yet. */
  fresh = true;
  /** What ended the data of this CPU early; it takes effect when the merge reaches the time of the last good record. */
  failure: InputError | undefined;

  readonly #path: string;
  readonly #pages: PageStream;
  readonly #layout: RingLayout;
  readonly #littleEndian: boolean;
  readonly #base: TimeBase;
  #pageHi = 0;
  #offset = 0;
  #end = 0;

  constructor(path: string, cpu: number, pages: PageStream, layout: RingLayout, littleEndian: boolean, base: TimeBase) {
    this.#path = path;
    this.cpu = cpu;
    this.#pages = pages;
    this.#layout = layout;
    this.#littleEndian = littleEndian;
    this.#base = base;
    this.view = new DataView(pages.buffer.buffer, pages.buffer.byteOffset, pages.buffer.byteLength);
  }

  /** Like `next`, but keeps damage as `failure` and returns true. */
  advance(): boolean {
    try {
      return this.next();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.failure = error;
      return true;
    }
  }

  /** Advances to the next record; false at the end of this CPU's data. Damage is an InputError. */
  next(): boolean {
    const littleEndian = this.#littleEndian;
    for (;;) {
      if (this.#offset >= this.#end) {
        if (!this.#nextPage()) return false;
        continue;
      }
      const { view } = this;
      const at = this.#offset;
      if (at + 4 > this.#end) throw this.#damage(at, 'a record header does not fit into its page');
      const head = view.getUint32(at, littleEndian);
      const typeLen = littleEndian ? head & 31 : head >>> 27;
      const delta = littleEndian ? head >>> 5 : head & (TWO_27 - 1);
      let payload = at + 4;
      let length: number;
      if (typeLen >= TYPE_PADDING) {
        if (typeLen === TYPE_PADDING && delta === 0) {
          this.#offset = this.#end;
          continue;
        }
        if (payload + 4 > this.#end) throw this.#damage(at, 'a record header does not fit into its page');
        const extra = view.getUint32(payload, littleEndian);
        if (typeLen === TYPE_PADDING) {
          this.t += delta;
          this.#offset = payload + extra;
          if (extra < 4 || this.#offset > this.#end) throw this.#damage(at, 'padding reaches beyond its page');
        } else if (typeLen === TYPE_TIME_EXTEND) {
          this.t += extra * TWO_27 + delta;
          this.#offset = payload + 4;
        } else {
          this.t = this.#absolute(extra, delta);
          this.#offset = payload + 4;
        }
        continue;
      }
      if (typeLen === 0) {
        if (payload + 4 > this.#end) throw this.#damage(at, 'a record header does not fit into its page');
        const total = view.getUint32(payload, littleEndian);
        if (total < 4) throw this.#damage(at, 'a record has an impossible length');
        payload += 4;
        length = total - 4;
        this.#offset = at + 4 + ((total + 3) & ~3);
      } else {
        length = typeLen << 2;
        this.#offset = payload + length;
      }
      if (payload + length > this.#end) throw this.#damage(at, 'a record reaches beyond its page');
      this.t += delta;
      this.start = payload;
      this.length = length;
      this.position = this.#pages.pagePosition + (at - this.#pages.pageStart);
      this.fresh = false;
      return true;
    }
  }

  /** The record as damage, for payloads that make no sense. */
  damage(what: string, expected?: string, found?: string): InputError {
    return this.#damage(this.start, what, expected, found);
  }

  /** Spells the place of the current record. */
  place(): string {
    return this.#pages.place(this.start - this.#pages.pageStart);
  }

  #nextPage(): boolean {
    const pages = this.#pages;
    if (!pages.advance()) return false;
    const { buffer, pageStart } = pages;
    if (
      this.view.buffer !== buffer.buffer ||
      this.view.byteOffset !== buffer.byteOffset ||
      this.view.byteLength !== buffer.length
    ) {
      this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
    const { view } = this;
    const { commitOffset, commitSize, dataOffset, pageSize } = this.#layout;
    const littleEndian = this.#littleEndian;
    const stampLo = view.getInt32(pageStart + (littleEndian ? 0 : 4), littleEndian);
    const stampHi = view.getInt32(pageStart + (littleEndian ? 4 : 0), littleEndian);
    const commitAt = pageStart + commitOffset + (littleEndian || commitSize === 4 ? 0 : 4);
    const commit = view.getUint32(commitAt, littleEndian);
    const used = commit & COMMIT_MASK;
    const data = pageStart + dataOffset;
    if (used > pageSize - dataOffset) {
      throw this.#damage(
        commitAt,
        'a page claims more data than it can hold',
        `at most ${pageSize - dataOffset} bytes`,
        String(used),
      );
    }
    const previous = this.t;
    this.#pageHi = stampHi;
    this.#offset = data;
    this.#end = data + used;
    const stamp = this.#relative(stampHi, stampLo);
    if (used > 0 && !this.fresh && stamp < previous) {
      throw this.#damage(
        pageStart,
        'the time stamp of a page lies before the records of the page before',
        `at least ${previous}`,
        String(stamp),
      );
    }
    if ((commit & MISSED_EVENTS) !== 0) {
      let count = -1;
      if ((commit & MISSED_STORED) !== 0 && this.#end + commitSize <= pageStart + pageSize) {
        const at = this.#end + (littleEndian || commitSize === 4 ? 0 : 4);
        count = view.getUint32(at, littleEndian);
      }
      this.lost = count < 0 || this.lost < 0 ? -1 : this.lost + count;
    }
    if (used > 0) this.t = stamp;
    return true;
  }

  /** 59 bits of absolute time; the upper five come from the page. */
  #absolute(extra: number, delta: number): number {
    const lo = (extra << 27) | delta;
    const hi = (extra >>> 5) | (this.#pageHi & 0xf8000000);
    return this.#relative(hi, lo);
  }

  #relative(hi: number, lo: number): number {
    return ((hi >>> 0) - (this.#base.hi >>> 0)) * TWO_32 + ((lo >>> 0) - (this.#base.lo >>> 0));
  }

  #damage(at: number, what: string, expected?: string, found?: string): InputError {
    return new InputError(
      {
        code: 'damaged',
        path: this.#path,
        position: this.#pages.place(at - this.#pages.pageStart),
        ...(expected === undefined ? {} : { expected }),
        ...(found === undefined ? {} : { found }),
        hint: 'the recording is damaged here; --keep-going reports what lies before',
      },
      what,
    );
  }
}
