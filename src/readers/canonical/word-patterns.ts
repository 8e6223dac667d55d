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

  /** `texts` are ASCII. */
  constructor(texts: readonly string[]) {
    const count = texts.length;
    this.lengths = new Uint8Array(count);
    this.#starts = new Int32Array(count + 1);
    this.#tails = new Int32Array(count);
    const words: number[] = [];
    for (let i = 0; i < count; i++) {
      const text = texts[i] ?? '';
      for (let at = 0; at < text.length; at += 4) words.push(wordOf(text, at));
      this.lengths[i] = text.length;
      this.#starts[i + 1] = words.length;
      this.#tails[i] = tailMask(text.length);
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

/** Four characters as the bytes of a little-endian word; behind the end there are zeros. */
function wordOf(text: string, at: number): number {
  let word = 0;
  for (let i = Math.min(at + 3, text.length - 1); i >= at; i--) word = (word << 8) | text.charCodeAt(i);
  return word;
}

/** The bits that count in the last word of `length` bytes. */
export function tailMask(length: number): number {
  const tail = length & 3;
  return tail === 0 ? -1 : (1 << (tail * 8)) - 1;
}
