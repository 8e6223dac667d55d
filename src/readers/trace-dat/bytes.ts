// Bounds-checked reading of the metadata of a trace.dat file; every failure names the byte.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';

const decoder = new TextDecoder();

/** A cursor over a source (or over a decompressed section of it) that never reads past the end silently. */
export class ByteReader {
  readonly path: string;
  readonly littleEndian: boolean;
  readonly #source: Pick<Source, 'readAt' | 'size'>;
  /** Where byte 0 of this reader lies, for messages. */
  readonly #where: string;
  position: number;

  constructor(path: string, source: Pick<Source, 'readAt' | 'size'>, littleEndian: boolean, position = 0, where = '') {
    this.path = path;
    this.#source = source;
    this.littleEndian = littleEndian;
    this.position = position;
    this.#where = where;
  }

  get size(): number {
    return this.#source.size;
  }

  bytes(length: number, what: string): Uint8Array {
    if (length > this.#source.size - this.position) throw this.truncated(length, what);
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

  /** A 64-bit offset or size. */
  u64(what: string): number {
    const at = this.position;
    const value = this.#view(8, what).getBigUint64(0, this.littleEndian);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw this.damaged(at, `${what} is impossible`, 'a size within the file', String(value));
    }
    return Number(value);
  }

  bigU64(what: string): bigint {
    return this.#view(8, what).getBigUint64(0, this.littleEndian);
  }

  text(length: number, what: string): string {
    return decoder.decode(this.bytes(length, what));
  }

  /** A NUL-terminated string. */
  cString(what: string, limit = 4096): string {
    const start = this.position;
    const window = new Uint8Array(Math.min(limit, this.#source.size - start));
    const n = this.#source.readAt(start, window);
    const end = window.subarray(0, n).indexOf(0);
    if (end < 0) throw this.truncated(n + 1, what);
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
        found: `${Math.max(0, this.#source.size - this.position)}`,
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
