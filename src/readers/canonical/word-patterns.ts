// Fixed texts that bytes are compared with four at a time, without a string being made.

export class WordPattern {
  /** Number of bytes. */
  readonly length: number;
  readonly #words: Int32Array;
  /** Which bits of the last word count. */
  readonly #tail: number;

  /** The text is the bytes at `from..to`, which are copied: at least one. */
  constructor(bytes: Uint8Array, from = 0, to = bytes.length) {
    this.length = to - from;
    const padded = new Uint8Array((this.length + 3) & ~3);
    padded.set(bytes.subarray(from, to));
    const view = new DataView(padded.buffer);
    this.#words = Int32Array.from({ length: padded.length >> 2 }, (_, i) => view.getInt32(i << 2, true));
    this.#tail = tailMask(this.length);
  }

  static of(text: string): WordPattern {
    return new WordPattern(new TextEncoder().encode(text));
  }

  /** The bytes at `from` are those of the pattern. Reads up to three bytes more. */
  matches(view: DataView, from: number): boolean {
    const words = this.#words;
    const last = words.length - 1;
    let at = from;
    for (let i = 0; i < last; i++, at += 4) if (view.getInt32(at, true) !== words[i]) return false;
    return (view.getInt32(at, true) & this.#tail) === words[last];
  }
}

/** Many patterns in one list, for those that are asked for by number. */
export class WordPatterns {
  /** Number of bytes of each pattern. */
  readonly lengths: Uint8Array;
  readonly #words: Int32Array;
  /** First word of each pattern in `#words`; one more entry for the end of the last. */
  readonly #starts: Int32Array;
  /** Which bits of the last word count. */
  readonly #tails: Int32Array;

  constructor(texts: readonly string[]) {
    const encoder = new TextEncoder();
    const encoded = texts.map((text) => encoder.encode(text));
    this.lengths = Uint8Array.from(encoded, (bytes) => bytes.length);
    this.#starts = new Int32Array(texts.length + 1);
    this.#tails = new Int32Array(texts.length);
    const words: number[] = [];
    for (const [i, bytes] of encoded.entries()) {
      const padded = new Uint8Array((bytes.length + 3) & ~3);
      padded.set(bytes);
      const view = new DataView(padded.buffer);
      for (let at = 0; at < padded.length; at += 4) words.push(view.getInt32(at, true));
      this.#starts[i + 1] = words.length;
      this.#tails[i] = tailMask(bytes.length);
    }
    this.#words = Int32Array.from(words);
  }

  /** The bytes at `from` are those of pattern `id`. Reads up to three bytes more. */
  matches(view: DataView, from: number, id: number): boolean {
    const words = this.#words;
    const last = (this.#starts[id + 1] ?? 0) - 1;
    let at = from;
    for (let i = this.#starts[id] ?? 0; i < last; i++, at += 4) if (view.getInt32(at, true) !== words[i]) return false;
    return (view.getInt32(at, true) & (this.#tails[id] ?? 0)) === words[last];
  }
}

/** The bits that count in the last word of `length` bytes. */
export function tailMask(length: number): number {
  const tail = length & 3;
  return tail === 0 ? -1 : (1 << (tail * 8)) - 1;
}
