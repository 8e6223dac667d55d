// Compares bytes of a text with fixed words, four at a time, and looks words up in a table.

export class Pattern {
  readonly length: number;
  readonly #first: number;
  readonly #firstMask: number;
  readonly #second: number;
  readonly #secondMask: number;
  /** Words behind the first eight bytes, the last one masked. */
  readonly #rest: Int32Array;
  readonly #restMask: Int32Array;

  constructor(text: string) {
    const bytes = new TextEncoder().encode(text);
    this.length = bytes.length;
    const padded = new Uint8Array(Math.max(8, (this.length + 3) & ~3));
    padded.set(bytes);
    const view = new DataView(padded.buffer);
    const words = Int32Array.from({ length: padded.length / 4 }, (_, i) => view.getInt32(i * 4, true));
    const masks = words.map((_, i) => {
      const left = this.length - i * 4;
      return left >= 4 ? -1 : left <= 0 ? 0 : (1 << (left * 8)) - 1;
    });
    this.#first = words[0] ?? 0;
    this.#firstMask = masks[0] ?? 0;
    this.#second = words[1] ?? 0;
    this.#secondMask = masks[1] ?? 0;
    this.#rest = words.subarray(2);
    this.#restMask = masks.subarray(2);
  }

  /** The bytes at `from` are these, and they end before `to`. */
  matches(view: DataView, from: number, to: number): boolean {
    if ((view.getInt32(from, true) & this.#firstMask) !== this.#first || from + this.length > to) return false;
    if (this.length <= 4) return true;
    if ((view.getInt32(from + 4, true) & this.#secondMask) !== this.#second) return false;
    const rest = this.#rest;
    for (let i = 0; i < rest.length; i++)
      if ((view.getInt32(from + 8 + (i << 2), true) & (this.#restMask[i] ?? 0)) !== rest[i]) return false;
    return true;
  }
}

interface Entry<T> {
  readonly length: number;
  /** First and last four bytes, filled up with zeros. */
  readonly first: number;
  readonly last: number;
  /** Words behind the first one, up to the last. */
  readonly middle: Int32Array;
  readonly value: T;
}

const BUCKETS = 1024;
const BUCKET_BITS = 10;

/** Words and what they stand for; what is not in the table yet is made by `make`, once, from the word and its number. */
export class WordTable<T> {
  readonly #buckets: Entry<T>[][] = Array.from({ length: BUCKETS }, () => []);
  readonly #make: (word: string, index: number) => T;
  readonly #values: T[] = [];

  constructor(make: (word: string, index: number) => T) {
    this.#make = make;
  }

  /** What the word at `from..to` stands for. */
  find(bytes: Uint8Array, view: DataView, from: number, to: number): T {
    const length = to - from;
    const first = length >= 4 ? view.getInt32(from, true) : view.getInt32(from, true) & ((1 << (length << 3)) - 1);
    const last = length >= 4 ? view.getInt32(to - 4, true) : 0;
    const hash = Math.imul(first ^ Math.imul(last ^ length, 0x9e3779b1), 0x85ebca6b) >>> (32 - BUCKET_BITS);
    const bucket = this.#buckets[hash];
    if (bucket !== undefined) {
      for (let i = 0; i < bucket.length; i++) {
        const entry = bucket[i];
        if (entry === undefined || entry.first !== first || entry.last !== last || entry.length !== length) continue;
        const { middle } = entry;
        let at = 0;
        while (at < middle.length && view.getInt32(from + 4 + (at << 2), true) === middle[at]) at++;
        if (at === middle.length) return entry.value;
      }
    }
    const word = new TextDecoder().decode(bytes.subarray(from, to));
    const value = this.#make(word, this.#values.length);
    this.#values.push(value);
    const middle = Int32Array.from({ length: Math.max(0, (length - 5) >> 2) }, (_, i) =>
      view.getInt32(from + 4 + (i << 2), true),
    );
    bucket?.push({ length, first, last, middle, value });
    return value;
  }

  /** Everything that was looked up so far. */
  get values(): readonly T[] {
    return this.#values;
  }
}
