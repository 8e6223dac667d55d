// Bounds-checked reading of the metadata of a trace.dat file; every failure names the byte.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';

const decoder = new TextDecoder();

/** Sanity bound of counts in the metadata: no kernel has more event formats or CPUs. */
const MAX_COUNT = 200_000;

/** A cursor over a source (or over a decompressed section of it) that never reads past the end silently. */
export class ByteReader {
  readonly path: string;
  readonly littleEndian: boolean;
  readonly #source: Pick<Source, 'readAt' | 'size'>;
  /** Where byte 0 of this reader lies, for messages. */
  readonly #where: string;
  #end: number;
  position: number;

  constructor(path: string, source: Pick<Source, 'readAt' | 'size'>, littleEndian: boolean, position = 0, where = '') {
    this.path = path;
    this.#source = source;
    this.littleEndian = littleEndian;
    this.position = position;
    this.#where = where;
    this.#end = source.size;
  }

  /** Bytes that there are, up to the limit if one is set. */
  get size(): number {
    return this.#end;
  }

  /** Makes `end` the end of what may be read. */
  limit(end: number): void {
    this.#end = Math.min(this.#end, end);
  }

  bytes(length: number, what: string): Uint8Array {
    if (length > this.#end - this.position) throw this.truncated(length, what);
    const target = new Uint8Array(length);
    const n = this.#source.readAt(this.position, target);
    if (n < length) throw this.truncated(length, what);
    this.position += length;
    return target;
  }

  u16(what: string): number {
    return this.#view(2, what).getUint16(0, this.littleEndian);
  }

  u32(what: string): number {
    return this.#view(4, what).getUint32(0, this.littleEndian);
  }

  /** A number of things that the file describes one by one. */
  count(what: string): number {
    const at = this.position;
    const n = this.u32(what);
    if (n > MAX_COUNT) throw this.damaged(at, `${what} is impossible`, `at most ${MAX_COUNT}`, String(n));
    return n;
  }

  /** A 64-bit offset or size. */
  u64(what: string): number {
    const at = this.position;
    const value = this.#view(8, what).getBigUint64(0, this.littleEndian);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.damaged(at, `${what} is impossible`, 'a size within the file', String(value));
    }
    return Number(value);
  }

  text(length: number, what: string): string {
    return decoder.decode(this.bytes(length, what));
  }

  /** A NUL-terminated string. */
  cString(what: string, limit = 4096): string {
    const start = this.position;
    const window = new Uint8Array(Math.max(0, Math.min(limit, this.#end - start)));
    const n = this.#source.readAt(start, window);
    const end = window.subarray(0, n).indexOf(0);
    if (end < 0 && n < limit) throw this.truncated(n + 1, what);
    if (end < 0) throw this.damaged(start, `the ${what} does not end`, `at most ${limit - 1} bytes`, 'more than that');
    this.position = start + end + 1;
    return decoder.decode(window.subarray(0, end));
  }

  place(position: number): string {
    return this.#where === '' ? `byte ${position}` : `byte ${position} of ${this.#where}`;
  }

  damaged(position: number, what: string, expected: string, found: string): InputError {
    return new InputError({ code: 'damaged', path: this.path, position: this.place(position), expected, found }, what);
  }

  truncated(length: number, what: string): InputError {
    return new InputError(
      {
        code: 'truncated',
        path: this.path,
        position: this.place(this.position),
        expected: `${length} more bytes for the ${what}`,
        found: `${Math.max(0, this.#end - this.position)}`,
        hint: 'the file was cut off; copy or record it again',
      },
      'the file ends too early',
    );
  }

  #view(length: number, what: string): DataView {
    const bytes = this.bytes(length, what);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }
}
