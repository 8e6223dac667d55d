// The head of a ring-buffer page: time stamp, how full it is, and how many records were lost before it.
import type { PageFormat, PageStream } from './page-stream.ts';

// The commit word: bytes used, and whether records were lost before the page (RB_MISSED_EVENTS, RB_MISSED_STORED).
const MISSED_EVENTS = 1 << 31;
const MISSED_STORED = 1 << 30;
export const COMMIT_MASK = (1 << 27) - 1;

export class PageHead {
  stampHi = 0;
  stampLo = 0;
  /** Bytes of records in the page. */
  used = 0;
  /** Records lost before the page; 0 none, -1 some. */
  lost = 0;
  #upper = 0;
  #commit = 0;

  /** Reads the head of the current page; false when not all of it is there. */
  read(pages: PageStream, { layout, littleEndian }: PageFormat): boolean {
    if (pages.available < layout.dataOffset) return false;
    const { words } = pages;
    const stampAt = pages.pageStart >> 2;
    this.stampLo = words[littleEndian ? stampAt : stampAt + 1] ?? 0;
    this.stampHi = words[littleEndian ? stampAt + 1 : stampAt] ?? 0;
    const commitAt = (pages.pageStart + layout.commitOffset) >> 2;
    const isLong = layout.commitSize === 8;
    this.#commit = words[isLong && !littleEndian ? commitAt + 1 : commitAt] ?? 0;
    this.#upper = isLong ? (words[littleEndian ? commitAt + 1 : commitAt] ?? 0) : 0;
    this.used = this.#commit & COMMIT_MASK;
    this.lost = (this.#commit & MISSED_EVENTS) === 0 ? 0 : -1;
    if (this.lost !== 0 && (this.#commit & MISSED_STORED) !== 0) {
      // The number lies behind the records, as a long.
      const end = layout.dataOffset + this.used;
      if (end + layout.commitSize <= pages.available) {
        const at = pages.pageStart + end;
        const n = isLong ? Number(pages.view.getBigUint64(at, littleEndian)) : pages.view.getUint32(at, littleEndian);
        if (n > 0) this.lost = n;
      }
    }
    return true;
  }

  /** The page can be filled like that. */
  isPlausible(capacity: number): boolean {
    const known = COMMIT_MASK | MISSED_EVENTS | MISSED_STORED;
    // The kernel adds RB_MISSED_EVENTS as an int, 1 << 31: in a long it carries its sign up.
    if (this.#upper !== 0 && (this.#upper !== -1 || this.lost === 0)) return false;
    return (this.#commit & ~known) === 0 && this.used <= capacity && (this.used & 3) === 0;
  }

  /** The commit word in words. */
  describe(): string {
    const word = (BigInt(this.#upper >>> 0) << 32n) | BigInt(this.#commit >>> 0);
    return `${this.used} bytes (commit word 0x${word.toString(16)})`;
  }
}

/** Adds losses: 0 none, -1 some. */
export function addLoss(a: number, b: number): number {
  return a < 0 || b < 0 ? -1 : a + b;
}
