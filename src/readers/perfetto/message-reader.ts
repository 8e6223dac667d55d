// Walks one message that lies in memory, field by field: the hot path of decoding.
import { WIRE } from './proto-reader.ts';

const TWO_32 = 4294967296;

export class MessageReader {
  bytes: Uint8Array = new Uint8Array(0);
  /** Next unread byte, and the end of the message. */
  at = 0;
  end = 0;
  field = 0;
  wire = 0;
  /** Value of a varint or fixed field, as halves. */
  hi = 0;
  lo = 0;
  /** Payload of a field of bytes. */
  from = 0;
  to = 0;
  /** The message ended inside a field, or held a field that is none. */
  broken = false;

  reset(bytes: Uint8Array, from: number, to: number): void {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
    this.broken = false;
  }

  /** Reads the next field; false at the end of the message, or where it is broken. */
  next(): boolean {
    if (this.at >= this.end) return false;
    this.#varint();
    this.field = this.lo >>> 3;
    const wire = this.lo & 7;
    this.wire = wire;
    if (this.field === 0) return this.#fail();
    if (wire === WIRE.varint) {
      if (this.at >= this.end) return this.#fail();
      this.#varint();
    } else if (wire === WIRE.bytes) {
      this.#varint();
      this.from = this.at;
      this.to = this.at + this.lo;
      if (this.hi !== 0 || this.lo < 0 || this.to > this.end) return this.#fail();
      this.at = this.to;
    } else if (wire === WIRE.fixed64 || wire === WIRE.fixed32) {
      const size = wire === WIRE.fixed64 ? 8 : 4;
      if (this.at + size > this.end) return this.#fail();
      this.lo = this.#word(this.at);
      this.hi = size === 8 ? this.#word(this.at + 4) : 0;
      this.at += size;
    } else return this.#fail();
    return this.at <= this.end || this.#fail();
  }

  /** Reads one varint of a packed field; false at its end. */
  packed(): boolean {
    if (this.at >= this.end) return false;
    this.#varint();
    return this.at <= this.end || this.#fail();
  }

  /** The value as a number, exact below 2^53. */
  get number(): number {
    return (this.hi >>> 0) * TWO_32 + (this.lo >>> 0);
  }

  #fail(): boolean {
    this.broken = true;
    this.at = this.end;
    return false;
  }

  #word(at: number): number {
    const { bytes } = this;
    return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  }

  #varint(): void {
    const { bytes } = this;
    let at = this.at;
    let byte = bytes[at++] ?? 0;
    let lo = byte & 0x7f;
    if (byte < 0x80) {
      this.at = at;
      this.lo = lo;
      this.hi = 0;
      return;
    }
    let hi = 0;
    let shift = 7;
    do {
      byte = bytes[at++] ?? 0;
      const bits = byte & 0x7f;
      if (shift < 28) lo |= bits << shift;
      else if (shift === 28) {
        lo |= bits << 28;
        hi = bits >>> 4;
      } else hi |= bits << (shift - 32);
      shift += 7;
    } while (byte >= 0x80 && shift < 70);
    this.at = at;
    this.lo = lo;
    this.hi = hi;
  }
}
