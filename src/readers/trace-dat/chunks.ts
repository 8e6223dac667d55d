// Sequential bytes of one CPU's data: plain from the file, or from compressed chunks that are inflated one at a time.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import type { CpuData } from './file.ts';

/** Decompresses one block of known size. `where` names it in errors. */
export type Inflate = (packed: Uint8Array, size: number, where: string) => Uint8Array;

/** The decompressor that a version 7 file names; undefined for `none`. */
export async function inflaterFor(name: string, path: string): Promise<Inflate | undefined> {
  if (name === 'none' || name === '') return undefined;
  const guarded =
    (inflate: (packed: Uint8Array, size: number) => Uint8Array): Inflate =>
    (packed, size, where) => {
      try {
        const bytes = inflate(packed, size);
        if (bytes.length !== size) throw new Error(`${bytes.length} bytes instead of ${size}`);
        return bytes;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new InputError(
          { code: 'damaged', path, position: where },
          `compressed data cannot be unpacked: ${reason}`,
        );
      }
    };
  if (name === 'zstd') {
    const { ZSTDDecoder } = await import('zstddec');
    const decoder = new ZSTDDecoder();
    await decoder.init();
    return guarded((packed, size) => decoder.decode(packed, size));
  }
  if (name === 'zlib') {
    const { inflateSync } = await import('node:zlib');
    return guarded((packed, size) => inflateSync(packed, { maxOutputLength: Math.max(1, size) }));
  }
  throw new InputError(
    {
      code: 'unsupported',
      path,
      expected: 'none, zlib or zstd',
      found: name,
      hint: 'trace-cmd convert --compression zstd',
    },
    'the compression of this trace.dat is not supported',
  );
}

/** Delivers the pages of one CPU in order. */
export class PageStream {
  readonly #source: Source;
  readonly #data: CpuData;
  readonly #pageSize: number;
  readonly #littleEndian: boolean;
  readonly #inflate: Inflate | undefined;
  /** Window of bytes at hand. */
  buffer: Uint8Array;
  #filled = 0;
  /** Start of the current page in `buffer`. */
  pageStart = 0;
  /** Place of the current page: offset in the file, or in the CPU's uncompressed data. */
  pagePosition = 0;
  #next: number;
  #chunksLeft = -1;
  #uncompressedDone = 0;

  constructor(source: Source, data: CpuData, pageSize: number, littleEndian: boolean, inflate: Inflate | undefined) {
    this.#source = source;
    this.#data = data;
    this.#pageSize = pageSize;
    this.#littleEndian = littleEndian;
    this.#inflate = data.compressed ? inflate : undefined;
    this.buffer = new Uint8Array(data.compressed ? 0 : pageSize * Math.max(1, Math.floor((128 * 1024) / pageSize)));
    this.#next = data.offset;
    this.pageStart = 0;
  }

  /** Words for an error in the current page. */
  place(offsetInPage: number): string {
    const cpu = this.#data.cpu;
    return this.#data.compressed
      ? `CPU ${cpu}, byte ${this.pagePosition + offsetInPage} of its uncompressed data`
      : `byte ${this.pagePosition + offsetInPage} (data of CPU ${cpu})`;
  }

  /** Moves to the next page; false at the end. A partial page at the end is an InputError. */
  advance(): boolean {
    const following = this.#filled === 0 ? 0 : this.pageStart + this.#pageSize;
    if (following < this.#filled) {
      this.pageStart = following;
      this.pagePosition += this.#pageSize;
      return this.#checkWhole();
    }
    if (!this.#fill()) return false;
    this.pageStart = 0;
    return this.#checkWhole();
  }

  #checkWhole(): boolean {
    if (this.pageStart + this.#pageSize <= this.#filled) return true;
    throw new InputError(
      {
        code: 'truncated',
        path: this.#source.path,
        position: this.place(0),
        expected: `a page of ${this.#pageSize} bytes`,
        found: `${this.#filled - this.pageStart}`,
        hint: 'the file was cut off; copy or record it again',
      },
      'the data ends inside a page',
    );
  }

  #fill(): boolean {
    return this.#data.compressed ? this.#fillFromChunk() : this.#fillFromFile();
  }

  #fillFromFile(): boolean {
    const end = this.#data.offset + this.#data.size;
    if (this.#next >= end) return false;
    this.pagePosition = this.#next;
    const wanted = Math.min(this.buffer.length, end - this.#next);
    this.#filled = this.#source.readAt(this.#next, this.buffer.subarray(0, wanted));
    this.#next += wanted;
    if (this.#filled === 0) {
      throw new InputError(
        {
          code: 'truncated',
          path: this.#source.path,
          position: `byte ${this.pagePosition} (data of CPU ${this.#data.cpu})`,
          expected: `${end - this.pagePosition} more bytes`,
          found: '0',
          hint: 'the file was cut off; copy or record it again',
        },
        'the file ends too early',
      );
    }
    return true;
  }

  #fillFromChunk(): boolean {
    if (this.#chunksLeft < 0) {
      if (this.#data.size === 0) return false;
      this.#chunksLeft = this.#u32('number of chunks');
    }
    if (this.#chunksLeft === 0) return false;
    this.#chunksLeft--;
    const where = `byte ${this.#next} (compressed data of CPU ${this.#data.cpu})`;
    const packedSize = this.#u32('compressed size of a chunk');
    const size = this.#u32('size of a chunk');
    const packed = this.#bytes(packedSize, 'chunk');
    if (this.#inflate === undefined) {
      throw new InputError(
        { code: 'damaged', path: this.#source.path, position: where },
        'compressed data without a compression',
      );
    }
    this.buffer = this.#inflate(packed, size, where);
    this.#filled = this.buffer.length;
    this.pagePosition = this.#uncompressedDone;
    this.#uncompressedDone += this.#filled;
    return this.#filled > 0;
  }

  #u32(what: string): number {
    const bytes = this.#bytes(4, what);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, this.#littleEndian);
  }

  #bytes(length: number, what: string): Uint8Array {
    // The recorded size of compressed data does not count the number of chunks in front of it.
    const end = this.#data.offset + this.#data.size + 4;
    const bytes = new Uint8Array(Math.max(0, Math.min(length, end - this.#next)));
    const n = this.#source.readAt(this.#next, bytes);
    if (n < length) {
      throw new InputError(
        {
          code: 'truncated',
          path: this.#source.path,
          position: `byte ${this.#next} (compressed data of CPU ${this.#data.cpu})`,
          expected: `${length} bytes for the ${what}`,
          found: String(n),
          hint: 'the file was cut off; copy or record it again',
        },
        'the file ends too early',
      );
    }
    this.#next += length;
    return bytes;
  }
}
