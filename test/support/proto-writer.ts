// Writes protocol buffers by field number, for building Perfetto traces in tests.

export class ProtoWriter {
  readonly #bytes: number[] = [];

  varint(field: number, value: number | bigint): this {
    this.#tag(field, 0);
    this.#varint(BigInt.asUintN(64, BigInt(value)));
    return this;
  }

  bytes(field: number, bytes: Uint8Array | ProtoWriter): this {
    const payload = bytes instanceof ProtoWriter ? bytes.finish() : bytes;
    this.#tag(field, 2);
    this.#varint(BigInt(payload.length));
    for (const byte of payload) this.#bytes.push(byte);
    return this;
  }

  text(field: number, text: string): this {
    return this.bytes(field, new TextEncoder().encode(text));
  }

  packed(field: number, values: readonly (number | bigint)[]): this {
    const inner = new ProtoWriter();
    for (const value of values) inner.#varint(BigInt.asUintN(64, BigInt(value)));
    return this.bytes(field, inner);
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }

  #tag(field: number, wire: number): void {
    this.#varint(BigInt((field << 3) | wire));
  }

  #varint(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.#bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#bytes.push(Number(rest));
  }
}
