// Walks the data of one CPU page by page. A page is checked as a whole before any of its records is passed on: a damaged
// one would otherwise be noticed only after wrong events.
import { InputError } from '../../errors.ts';
import { NEVER, TIME_ZERO } from '../../trace/time.ts';
import { type CommonFields, MAX_EVENT_ID } from './format-table.ts';
import { addLoss, PageHead } from './page-head.ts';
import type { PageFormat, PageStream } from './page-stream.ts';
import { ENTRY_BYTES, PID_MAX, type RecordLimits } from './record-limits.ts';

// struct ring_buffer_event: five bits of type_len, 27 bits of time_delta (include/linux/ring_buffer.h).
const TYPE_PADDING = 29;
const TYPE_TIME_EXTEND = 30;
// 31: absolute time stamp
const DELTA_BITS = 27;
const DELTA_MASK = (1 << DELTA_BITS) - 1;

const TWO_27 = 2 ** 27;
const TWO_32 = 2 ** 32;
/** Times are exact as doubles below this: 104 days in ns. */
const MAX_TIME = 2 ** 53;
/** An absolute time stamp may lie this much before the record before it (ns): records of nested interrupts. */
const MAX_STEP_BACK = 1_000_000;

/** Time of `t = 0` as two halves; set once, before the first record is read. */
export interface TimeBase {
  hi: number;
  lo: number;
}

/** What the cursors of all CPUs of a file share. */
export interface CursorContext {
  readonly path: string;
  readonly format: PageFormat;
  readonly common: CommonFields;
  readonly limits: RecordLimits;
  readonly base: TimeBase;
  /** No record is later than this: the time at which the recorder looked at its statistics. */
  readonly latest: number;
}

export class CpuCursor {
  readonly cpu: number;
  /** The records of the current page, in order. */
  count = 0;
  /** Number of the first of them that was not passed on yet. */
  index = 0;
  /** Time since the time base, in units of the clock. Never decreases. */
  times = new Float64Array(128);
  /** First byte of the payload in `view`, and its length. */
  starts = new Int32Array(128);
  lengths = new Int32Array(128);
  ids = new Int32Array(128);
  /** Records lost before the first record of the page; 0 none, -1 some. */
  lost = 0;
  /** Time of the last record of the pages so far; -1: there was none. */
  last = NEVER;
  /** What ends the data of this CPU early, behind the records of the current page. */
  failure: InputError | undefined;
  readonly pages: PageStream;
  readonly #context: CursorContext;
  /** By how much the next page may lie before `last`: discarded records take a nanosecond that they did not have. */
  #slack = 0;
  readonly #head = new PageHead();

  constructor(cpu: number, pages: PageStream, context: CursorContext) {
    this.cpu = cpu;
    this.pages = pages;
    this.#context = context;
  }

  get view(): DataView {
    return this.pages.view;
  }

  /** Loads the next page that has records, or a failure. False at the end of the data; `lost` then tells of a loss there. */
  load(): boolean {
    this.count = 0;
    this.index = 0;
    this.lost = 0;
    if (this.failure !== undefined) return true;
    try {
      while (this.pages.advance()) {
        this.#readPage();
        if (this.count > 0 || this.failure !== undefined) return true;
      }
      return false;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.count = 0;
      this.failure = error;
      return true;
    }
  }

  /** Place of a record of the current page: of the word before its payload. */
  positionOf(index: number): number {
    return this.pages.pagePosition + (this.starts[index] ?? 0) - 4 - this.pages.pageStart;
  }

  /** The error for a record whose contents make no sense. */
  damagedRecord(index: number, what: string, expected: string, found: string): InputError {
    return this.#damage((this.starts[index] ?? 0) - 4, what, expected, found);
  }

  #readPage(): void {
    const { pages } = this;
    const head = this.#head;
    const { format, latest } = this.#context;
    const { layout } = format;
    if (!head.read(pages, format)) {
      this.failure = pages.truncation();
      return;
    }
    const capacity = layout.pageSize - layout.dataOffset;
    if (!head.isPlausible(capacity)) {
      const at = pages.pageStart + layout.commitOffset;
      throw this.#damage(at, 'a page is filled in an impossible way', `at most ${capacity} bytes`, head.describe());
    }
    this.lost = addLoss(this.lost, head.lost);
    if (head.used === 0) return;
    const stamp = this.#relative(head.stampHi, head.stampLo);
    const earliest = this.last - this.#slack;
    const highest = Math.min(MAX_TIME, latest);
    if (stamp < earliest || stamp > highest) {
      const what =
        stamp < earliest
          ? 'the time stamp of a page lies before the records of the page before'
          : 'the time stamp of a page is impossible';
      throw this.#damage(pages.pageStart, what, `${earliest} to ${highest} ns since the first page`, `${stamp}`);
    }
    const begin = (pages.pageStart + layout.dataOffset) >> 2;
    this.#slack = 0;
    const last = this.#index(begin, begin + (head.used >> 2), stamp, head.stampHi);
    if (pages.available === layout.pageSize && pages.peek()) {
      const next = this.#relative(pages.nextHi, pages.nextLo);
      if (next < last - this.#slack) {
        const what = 'the records of a page do not lie before the time stamp of the next page';
        throw this.#damage(pages.pageStart, what, `at most ${next} ns since the first page`, `${last}`);
      }
    }
    if (this.count > 0) this.last = last;
  }

  /** Finds the records in `begin..end` (words) and checks their frames; returns the time of the last. */
  #index(begin: number, end: number, stamp: number, stampHi: number): number {
    const { pages } = this;
    const { words } = pages;
    const { format, common, limits } = this.#context;
    const { littleEndian } = format;
    const { bounds, fixed, max, min } = limits;
    // Halfwords and words within the payload, in words of this machine.
    const idWord = common.typeOffset >> 2;
    const idShift = (common.typeOffset & 2) === (littleEndian ? 0 : 2) ? 0 : 16;
    const pidWord = common.pidOffset >> 2;
    const stop = Math.min(end, (pages.pageStart + pages.available) >> 2);
    this.#reserve((end - begin) >> 1);
    const { times, starts, lengths, ids } = this;
    let count = 0;
    // Sums, because V8 knows that these are numbers, and keeps them where it would make an object of each time.
    let t = stamp + TIME_ZERO;
    let last = Math.max(this.last, 0);
    let at = begin;
    while (at < end) {
      const head = words[at] ?? 0;
      const type = littleEndian ? head & 31 : head >>> DELTA_BITS;
      const delta = littleEndian ? head >>> 5 : head & DELTA_MASK;
      if (type === TYPE_PADDING && delta === 0 && at < stop) {
        at = end;
        break;
      }
      if (at + 1 >= stop) break;
      const second = words[at + 1] ?? 0;
      let payload = at + 1;
      let length = type << 2;
      if (type === 0) {
        payload = at + 2;
        length = second - 4;
        if (length < 0)
          throw this.#damage(at << 2, 'a record has an impossible length', 'at least 8 bytes', `${length}`);
      } else if (type >= TYPE_PADDING) {
        if (type === TYPE_PADDING) {
          // A discarded record, `second` bytes behind its header.
          if (second < 4 || (second & 3) !== 0 || at + 1 + (second >> 2) > end)
            throw this.#damage(
              at << 2,
              'padding reaches beyond its page',
              `at most ${(end - at - 1) << 2} bytes`,
              `${second}`,
            );
          t += delta;
          this.#slack++;
          at += 1 + (second >> 2);
        } else {
          // With doubles from the first pause on: the first long one would throw away the code compiled for short ones.
          if (type === TYPE_TIME_EXTEND) t += (TIME_ZERO + (second >>> 0)) * TWO_27 + delta;
          else {
            t = this.#absolute(stampHi, second, delta) + TIME_ZERO;
            if (t < last - MAX_STEP_BACK)
              throw this.#damage(
                at << 2,
                'an absolute time stamp lies before the records before it',
                `at least ${last}`,
                `${t}`,
              );
          }
          at += 2;
        }
        continue;
      }
      const next = payload + ((length + 3) >> 2);
      if (next > end)
        throw this.#damage(
          at << 2,
          'a record reaches beyond its page',
          `at most ${(end - payload) << 2} bytes`,
          `${length}`,
        );
      if (next > stop) break;
      const id = ((words[payload + idWord] ?? 0) >>> idShift) & MAX_EVENT_ID;
      const pid = words[payload + pidWord] ?? 0;
      if (length < (min[id] ?? ENTRY_BYTES) || length > (max[id] ?? length) || id === 0 || pid < 0 || pid > PID_MAX)
        throw this.#badRecord(at, id, pid, length);
      if (fixed[id] === 1) limits.learn(id, length);
      const pairs = bounds[id];
      if (pairs !== undefined)
        for (let i = 0; i < pairs.length; i += 2)
          if ((words[payload + (pairs[i] ?? 0)] ?? 0) >>> 0 >= (pairs[i + 1] ?? 0))
            throw this.#outOfBounds(payload + (pairs[i] ?? 0), id, pairs[i + 1] ?? 0);
      t += delta;
      if (t > last) last = t;
      times[count] = last;
      starts[count] = payload << 2;
      lengths[count] = length;
      ids[count] = id;
      count++;
      at = next;
    }
    this.count = count;
    if (at < end) {
      if (stop >= end)
        throw this.#damage(at << 2, 'a record header does not fit into its page', 'at least 8 bytes', '4');
      this.failure = pages.truncation();
    }
    return last;
  }

  /** 59 bits of absolute time; the upper five come from the page. */
  #absolute(pageHi: number, second: number, delta: number): number {
    const lo = (second << DELTA_BITS) | delta;
    const hi = (second >>> 5) | (pageHi & 0xf8000000);
    return this.#relative(hi, lo);
  }

  #relative(hi: number, lo: number): number {
    const { base } = this.#context;
    return ((hi >>> 0) - (base.hi >>> 0)) * TWO_32 + ((lo >>> 0) - (base.lo >>> 0));
  }

  #reserve(records: number): void {
    if (records <= this.times.length) return;
    this.times = new Float64Array(records);
    this.starts = new Int32Array(records);
    this.lengths = new Int32Array(records);
    this.ids = new Int32Array(records);
  }

  #badRecord(at: number, id: number, pid: number, length: number): InputError {
    const { min, max } = this.#context.limits;
    if (id === 0 || pid < 0 || pid > PID_MAX) {
      const expected = `an event id and a pid up to ${PID_MAX}`;
      return this.#damage(at << 2, 'a record does not begin like one', expected, `${id} and ${pid}`);
    }
    const bound = length < (min[id] ?? ENTRY_BYTES) ? `at least ${min[id] ?? ENTRY_BYTES}` : `at most ${max[id]}`;
    return this.#damage(
      at << 2,
      `a record of event ${id} has a length that does not suit it`,
      `${bound} bytes`,
      `${length}`,
    );
  }

  #outOfBounds(word: number, id: number, bound: number): InputError {
    const found = `${(this.pages.words[word] ?? 0) >>> 0}`;
    return this.#damage(
      word << 2,
      `a record of event ${id} names an impossible task or CPU`,
      `less than ${bound}`,
      found,
    );
  }

  /** `at`: index into the bytes at hand. */
  #damage(at: number, what: string, expected: string, found: string): InputError {
    const position = this.pages.place(at - this.pages.pageStart);
    const hint = 'the recording is damaged here; --keep-going reports what lies before';
    return new InputError({ code: 'damaged', path: this.#context.path, position, expected, found, hint }, what);
  }
}
