// Walks protocol buffers in a source, field by field, without building messages: absolute positions, a sliding window.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';

/** Wire types. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Longest varint: 64 bits, seven a byte. */
const VARINT_BYTES = 10;
const WINDOW_BYTES = 256 * 1024;
const TWO_32 = 4294967296;

const decoder = new TextDecoder();

export class ProtoReader {
  /** Field number and wire type of the field that was entered last. */
  field = 0;
  wire = 0;
  /** Value of a varint or fixed field, as halves. */
  hi = 0;
  lo = 0;
  /** Length of a field of bytes; it lies at `position`. */
  length = 0;
  /** Bytes around the position: `bytes[position - base]`. */
  bytes: Uint8Array;
  /** Offset in the source of `bytes[0]`. */
  base = 0;
  readonly #source: Source;
  #at = 0;
  #end = 0;

  constructor(source: Source, windowBytes = WINDOW_BYTES) {
    this.#source = source;
    this.bytes = new Uint8Array(Math.max(VARINT_BYTES * 4, windowBytes));
  }

  get position(): number {
    return this.base + this.#at;
  }

  seek(position: number): void {
    if (position >= this.base && position <= this.base + this.#end) {
      this.#at = position - this.base;
      return;
    }
    this.base = position;
    this.#at = 0;
    this.#end = 0;
  }

  /**
   * Enters the next field before `end`; false when there is none. Numbers are read, bytes are not: pass over them with
   * `skip`, enter them, or load them. A field that is no field or reaches beyond `end` is an InputError.
   */
  next(end: number): boolean {
    if (this.position >= end) return false;
    this.#varint(end);
    if (this.hi !== 0) throw this.damage('a field has an impossible number', end);
    this.field = this.lo >>> 3;
    this.wire = this.lo & 7;
    if (this.field === 0) throw this.damage('a field has the number 0', end);
    switch (this.wire) {
      case WIRE.varint:
        this.#varint(end);
        return true;
      case WIRE.bytes:
        this.#varint(end);
        this.length = (this.hi >>> 0) * TWO_32 + (this.lo >>> 0);
        if (this.position + this.length > end) throw this.#truncated(end);
        return true;
      case WIRE.fixed64:
        this.#fixed(8, end);
        return true;
      case WIRE.fixed32:
        this.#fixed(4, end);
        return true;
      default:
        throw this.damage(`a field has the unknown wire type ${this.wire}`, end);
    }
  }

  /** Passes over the bytes of the field that was entered. */
  skip(): void {
    if (this.wire === WIRE.bytes) this.seek(this.position + this.length);
  }

  /** Makes the next `length` bytes available in `bytes`; returns their index there. */
  load(length: number): number {
    if (this.#end - this.#at < length) this.#fill(length);
    return this.#at;
  }

  /** Text of the field of bytes that was entered; moves behind it. */
  text(): string {
    const { length } = this;
    const at = this.load(length);
    const text = decoder.decode(this.bytes.subarray(at, at + length));
    this.#at += length;
    return text;
  }

  /** Copy of the field of bytes that was entered; moves behind it. */
  copy(): Uint8Array {
    const { length } = this;
    const at = this.load(length);
    this.#at += length;
    return this.bytes.slice(at, at + length);
  }

  /** The value as a number, exact below 2^53. */
  get number(): number {
    return (this.hi >>> 0) * TWO_32 + (this.lo >>> 0);
  }

  damage(what: string, end: number): InputError {
    return new InputError(
      {
        code: 'damaged',
        path: this.#source.path,
        position: `byte ${this.position} (message ends at ${end})`,
        expected: 'a field of a Perfetto trace',
        found: `field ${this.field}, wire type ${this.wire}`,
        hint: 'the file is damaged here; --keep-going reports what lies before',
      },
      what,
    );
  }

  #truncated(end: number): InputError {
    const atEnd = end >= this.#source.size;
    return new InputError(
      {
        code: atEnd ? 'truncated' : 'damaged',
        path: this.#source.path,
        position: `byte ${this.position}`,
        expected: `${this.length} bytes for field ${this.field}`,
        found: String(Math.max(0, end - this.position)),
        hint: 'the file was cut off or is damaged; --keep-going reports what lies before',
      },
      atEnd ? 'the file ends too early' : 'a field reaches beyond its message',
    );
  }

  #varint(end: number): void {
    if (this.#end - this.#at < VARINT_BYTES) this.#fill(VARINT_BYTES, true);
    const { bytes } = this;
    let at = this.#at;
    let byte = bytes[at++] ?? 0;
    let lo = byte & 0x7f;
    let hi = 0;
    if (byte >= 0x80) {
      byte = bytes[at++] ?? 0;
      lo |= (byte & 0x7f) << 7;
      if (byte >= 0x80) {
        byte = bytes[at++] ?? 0;
        lo |= (byte & 0x7f) << 14;
        if (byte >= 0x80) {
          byte = bytes[at++] ?? 0;
          lo |= (byte & 0x7f) << 21;
          if (byte >= 0x80) {
            byte = bytes[at++] ?? 0;
            lo |= byte << 28;
            hi = (byte & 0x7f) >>> 4;
            for (let shift = 3; byte >= 0x80; shift += 7) {
              if (shift > 31) throw this.damage('a number is too long', end);
              byte = bytes[at++] ?? 0;
              hi |= (byte & 0x7f) << shift;
            }
          }
        }
      }
    }
    if (at > this.#end || this.base + at > end) {
      this.length = 1;
      throw this.#truncated(end);
    }
    this.#at = at;
    this.lo = lo;
    this.hi = hi;
  }

  #fixed(size: 4 | 8, end: number): void {
    this.length = size;
    if (this.position + size > end) throw this.#truncated(end);
    const at = this.load(size);
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + at, size);
    this.lo = view.getInt32(0, true);
    this.hi = size === 8 ? view.getInt32(4, true) : 0;
    this.#at += size;
  }

  /** Moves the window so that at least `length` bytes follow; fewer only at the end of the source, where `lenient`. */
  #fill(length: number, lenient = false): void {
    const rest = this.#end - this.#at;
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, this.bytes.length * 2));
      larger.set(this.bytes.subarray(this.#at, this.#end));
      this.bytes = larger;
    } else this.bytes.copyWithin(0, this.#at, this.#end);
    this.base += this.#at;
    this.#at = 0;
    this.#end = rest;
    while (this.#end < length) {
      const n = this.#source.readAt(this.base + this.#end, this.bytes.subarray(this.#end));
      if (n === 0) break;
      this.#end += n;
    }
    // What lies behind the end of the source must not be taken for data.
    this.bytes.fill(0, this.#end);
    if (this.#end < length && !lenient) {
      this.length = length;
      throw this.#truncated(this.#source.size);
    }
  }
}
