// The ring-buffer pages of one CPU in order: plain from the file, or from compressed chunks that are inflated one by one.
import { endianness } from 'node:os';
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import type { CpuData, RingLayout } from './file.ts';
import type { Inflate } from './inflate.ts';
import { COMMIT_MASK } from './page-head.ts';

/** Bytes of a page before its records, at most: time stamp and commit word. */
const HEAD_BYTES = 16;

/** The number of chunks stands before them; up to version 3.1 of trace-cmd the size of a CPU's data does not include it. */
const CHUNK_COUNT_BYTES = 4;

const HOST_IS_LITTLE_ENDIAN = endianness() === 'LE';

/** What the streams of all CPUs of a file share. */
export interface PageFormat {
  readonly layout: RingLayout;
  readonly littleEndian: boolean;
  readonly inflate: Inflate | undefined;
  /** Bytes read at a time from the data of one CPU; at least a page is. */
  readonly window: number;
}

export class PageStream {
  /** Bytes at hand; the current page begins at `pageStart`, of which `available` bytes are there. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes as 32-bit words in the byte order of this machine. */
  words: Int32Array = new Int32Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  pageStart = 0;
  available = 0;
  /** Place of the current page: offset in the file, or in the CPU's uncompressed data. */
  pagePosition = 0;
  /** Time stamp of the page that follows the current one, valid after `peek()` returned true. */
  nextHi = 0;
  nextLo = 0;
  readonly #source: Source;
  readonly #data: CpuData;
  readonly #pageSize: number;
  readonly #format: PageFormat;
  /** The file's byte order is not this machine's: `words` are a swapped copy of `bytes`. */
  readonly #swapped: boolean;
  readonly #head = new DataView(new ArrayBuffer(HEAD_BYTES));
  readonly #headWords = new Int32Array(HEAD_BYTES / 4);
  #filled = 0;
  #next: number;
  #chunksLeft = -1;
  #uncompressedDone = 0;

  constructor(source: Source, data: CpuData, format: PageFormat) {
    this.#source = source;
    this.#data = data;
    this.#format = format;
    this.#pageSize = format.layout.pageSize;
    this.#swapped = format.littleEndian !== HOST_IS_LITTLE_ENDIAN;
    this.#next = data.offset;
  }

  /** Words for a place in the current page. */
  place(offsetInPage: number): string {
    const { cpu, compressed } = this.#data;
    const at = this.pagePosition + offsetInPage;
    return compressed ? `CPU ${cpu}, byte ${at} of its uncompressed data` : `byte ${at} (data of CPU ${cpu})`;
  }

  /** Moves to the next page; false at the end. The last page may be cut off, see `available` and `truncation()`. */
  advance(): boolean {
    const following = this.#filled === 0 ? 0 : this.pageStart + this.#pageSize;
    if (following < this.#filled) {
      this.pageStart = following;
      this.pagePosition += this.#pageSize;
    } else {
      if (!(this.#data.compressed ? this.#fillFromChunk() : this.#fillFromFile())) return false;
      this.pageStart = 0;
    }
    this.available = Math.min(this.#pageSize, this.#filled - this.pageStart);
    return true;
  }

  /** The error for a current page of which not all bytes are there. */
  truncation(): InputError {
    return this.#truncated(
      this.place(this.available),
      'the data ends inside a page',
      `${this.#pageSize - this.available} more bytes of the page`,
      '0',
    );
  }

  /** Looks at the head of the next page, as far as that costs little: false when it is not known, or has no records. */
  peek(): boolean {
    const { littleEndian, layout } = this.#format;
    const following = this.pageStart + this.#pageSize;
    let head = this.words;
    let at = following >> 2;
    if (following + HEAD_BYTES > this.#filled) {
      const { compressed, offset, size } = this.#data;
      if (compressed || following < this.#filled || this.#next + HEAD_BYTES > offset + size) return false;
      if (this.#source.readAt(this.#next, new Uint8Array(this.#head.buffer)) < HEAD_BYTES) return false;
      for (let i = 0; i < HEAD_BYTES; i += 4) this.#headWords[i >> 2] = this.#head.getInt32(i, littleEndian);
      head = this.#headWords;
      at = 0;
    }
    this.nextLo = head[littleEndian ? at : at + 1] ?? 0;
    this.nextHi = head[littleEndian ? at + 1 : at] ?? 0;
    const commitAt = at + (layout.commitOffset >> 2);
    const commit = head[layout.commitSize === 8 && !littleEndian ? commitAt + 1 : commitAt] ?? 0;
    return (commit & COMMIT_MASK) !== 0;
  }

  #fillFromFile(): boolean {
    const end = this.#data.offset + this.#data.size;
    if (this.#next >= end) return false;
    if (this.bytes.length === 0) {
      const wanted = Math.min(this.#format.window, this.#data.size);
      this.#allocate(this.#pageSize * Math.max(1, Math.floor(wanted / this.#pageSize)));
    }
    this.pagePosition = this.#next;
    const wanted = Math.min(this.bytes.length, end - this.#next);
    const n = this.#source.readAt(this.#next, this.bytes.subarray(0, wanted));
    if (n === 0)
      throw this.#truncated(
        `byte ${this.#next} (data of CPU ${this.#data.cpu})`,
        'the file ends too early',
        `${end - this.#next} more bytes`,
        '0',
      );
    this.#next += n;
    this.#setFilled(n);
    return true;
  }

  #fillFromChunk(): boolean {
    const { offset, size } = this.#data;
    if (this.#chunksLeft < 0) this.#chunksLeft = this.#u32('number of chunks');
    if (this.#chunksLeft === 0) {
      const over = this.#next - (offset + size);
      if (over !== 0 && over !== CHUNK_COUNT_BYTES)
        throw this.#damaged(
          this.#chunkPlace(),
          'the chunks do not fill the data',
          `${offset + size - this.#next} bytes less`,
        );
      return false;
    }
    this.#chunksLeft--;
    const where = this.#chunkPlace();
    const packedSize = this.#u32('compressed size of a chunk');
    const unpackedSize = this.#u32('size of a chunk');
    if (unpackedSize === 0 || unpackedSize % this.#pageSize !== 0)
      throw this.#damaged(
        where,
        'the size of a chunk is impossible',
        `a multiple of ${this.#pageSize}`,
        `${unpackedSize}`,
      );
    const packed = this.#read(packedSize, 'chunk');
    const { inflate } = this.#format;
    if (inflate === undefined)
      throw this.#damaged(where, 'compressed data without a compression', 'a compression name');
    const unpacked = inflate(packed, unpackedSize, where);
    if (this.bytes.length < unpackedSize) this.#allocate(unpackedSize);
    this.bytes.set(unpacked);
    this.pagePosition = this.#uncompressedDone;
    this.#uncompressedDone += unpackedSize;
    this.#setFilled(unpackedSize);
    return true;
  }

  #allocate(length: number): void {
    const buffer = new ArrayBuffer(length);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
    this.words = this.#swapped ? new Int32Array(length >> 2) : new Int32Array(buffer);
  }

  #setFilled(length: number): void {
    this.#filled = length;
    if (!this.#swapped) return;
    const { view, words } = this;
    for (let i = 0; i < length >> 2; i++) words[i] = view.getInt32(i << 2, this.#format.littleEndian);
  }

  #chunkPlace(): string {
    return `byte ${this.#next} (compressed data of CPU ${this.#data.cpu})`;
  }

  #u32(what: string): number {
    const bytes = this.#read(4, what);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, this.#format.littleEndian);
  }

  #read(length: number, what: string): Uint8Array {
    const end = this.#data.offset + this.#data.size + CHUNK_COUNT_BYTES;
    if (this.#next + length > end)
      throw this.#damaged(
        this.#chunkPlace(),
        `the ${what} reaches beyond the data of its CPU`,
        `at most ${end - this.#next} bytes`,
        `${length}`,
      );
    const bytes = new Uint8Array(length);
    const n = this.#source.readAt(this.#next, bytes);
    if (n < length)
      throw this.#truncated(this.#chunkPlace(), 'the file ends too early', `${length} bytes for the ${what}`, `${n}`);
    this.#next += length;
    return bytes;
  }

  #truncated(position: string, what: string, expected: string, found: string): InputError {
    const hint = 'the file was cut off; copy or record it again, or see with --keep-going what lies before';
    return new InputError({ code: 'truncated', path: this.#source.path, position, expected, found, hint }, what);
  }

  #damaged(position: string, what: string, expected: string, found?: string): InputError {
    const hint = 'the recording is damaged here; --keep-going reports what lies before';
    return new InputError(
      { code: 'damaged', path: this.#source.path, position, expected, ...(found === undefined ? {} : { found }), hint },
      what,
    );
  }
}
