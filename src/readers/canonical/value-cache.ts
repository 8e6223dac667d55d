// Quoted values that were read before, by their bytes: traces repeat flags, masks and names all the time.
import type { CpuMask } from '../../trace/cpu-mask.ts';
import { tailMask } from './word-patterns.ts';

/** Bits of a hash that choose the entry of a value. */
const ENTRY_BITS = 11;
const ENTRIES = 1 << ENTRY_BITS;
/** Words that are remembered of a value, quotes included: longer ones are read anew each time. */
const WORDS = 6;

const QUOTE = 0x22;
/** Bytes of `"0x…"` with sixteen digits. */
const ADDRESS_LENGTH = 20;

/** Longest value that is remembered, in bytes with its quotes. */
export const MAX_CACHED = WORDS * 4;

/**
 * A direct-mapped cache. Values belong to rows, so that the same text may mean different things. What a value means lies in the
 * arrays at its entry.
 */
export class ValueCache {
  readonly hi = new Int32Array(ENTRIES + 1);
  readonly lo = new Int32Array(ENTRIES + 1);
  readonly texts: string[] = new Array<string>(ENTRIES + 1).fill('');
  readonly masks: (CpuMask | undefined)[] = new Array<CpuMask | undefined>(ENTRIES + 1).fill(undefined);
  /** Length of the value in bytes, quotes included; 0: the entry is empty. */
  readonly lengths = new Uint8Array(ENTRIES + 1);
  /** An entry for values that are too long to be remembered. */
  readonly scratch = ENTRIES;
  readonly #rows = new Int16Array(ENTRIES);
  readonly #words = new Int32Array(ENTRIES * WORDS);

  /** The entry in which a value that begins at `from` lies, if it is remembered. */
  entryFor(view: DataView, from: number, row: number): number {
    let mixed = Math.imul(view.getInt32(from, true) ^ (view.getInt32(from + 4, true) >>> 1) ^ row, 0x9e3779b1);
    // Addresses and many types differ in what follows.
    if (view.getUint8(from + ADDRESS_LENGTH - 1) === QUOTE)
      mixed ^= Math.imul(view.getInt32(from + 11, true) ^ (view.getInt32(from + 15, true) >>> 1), 0x85ebca6b);
    return mixed >>> (32 - ENTRY_BITS);
  }

  /** The bytes at `from` are those of the value in `entry`. */
  holds(view: DataView, from: number, entry: number, row: number): boolean {
    const length = this.lengths[entry] ?? 0;
    if (length === 0 || this.#rows[entry] !== row) return false;
    const words = this.#words;
    const first = entry * WORDS;
    const last = first + ((length - 1) >> 2);
    let at = from;
    for (let i = first; i < last; i++, at += 4) if (view.getInt32(at, true) !== words[i]) return false;
    return (view.getInt32(at, true) & tailMask(length)) === words[last];
  }

  /** Remembers the bytes of a value; its meaning is the caller's to store. */
  store(view: DataView, from: number, length: number, entry: number, row: number): void {
    const words = this.#words;
    const first = entry * WORDS;
    const n = (length + 3) >> 2;
    for (let i = 0; i < n; i++) words[first + i] = view.getInt32(from + (i << 2), true);
    words[first + n - 1] = (words[first + n - 1] ?? 0) & tailMask(length);
    this.lengths[entry] = length;
    this.#rows[entry] = row;
  }
}
