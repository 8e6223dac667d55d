// Command names of tasks: which one each task had last, so that a name is passed on only when it is news.
import type { StringTable } from '../string-table.ts';

const SLOTS = 4096;
/** Names that the kernel stores have 15 bytes; longer ones of other tools are looked up without the shortcut. */
const LONGEST = 16;

/** Remembers the command name of each task. Most lines repeat it, so its bytes are compared before a string is made. */
export class CommTable {
  readonly #strings: StringTable;
  readonly #comms = new Map<number, string>();
  /** The task of each slot (pid modulo the number of slots), -1 for none, and the bytes of its name. */
  readonly #pids = new Int32Array(SLOTS).fill(-1);
  readonly #bytes = new Int32Array(SLOTS * 4);

  constructor(strings: StringTable) {
    this.#strings = strings;
  }

  /** The name at `from..to` when it is not the one that `pid` had last, remembered from now on; undefined otherwise. */
  news(view: DataView, from: number, to: number, pid: number): string | undefined {
    const length = to - from;
    if (pid <= 0) return undefined;
    if (length > LONGEST) return this.#text(view, from, length, pid);
    const slot = pid & (SLOTS - 1);
    const first = slot << 2;
    const bytes = this.#bytes;
    const a = wordAt(view, from, length);
    const b = length > 4 ? wordAt(view, from + 4, length - 4) : 0;
    const c = length > 8 ? wordAt(view, from + 8, length - 8) : 0;
    const d = length > 12 ? wordAt(view, from + 12, length - 12) : 0;
    if (
      this.#pids[slot] === pid &&
      bytes[first] === a &&
      bytes[first + 1] === b &&
      bytes[first + 2] === c &&
      bytes[first + 3] === d
    )
      return undefined;
    const text = this.#text(view, from, length, pid);
    this.#pids[slot] = pid;
    bytes[first] = a;
    bytes[first + 1] = b;
    bytes[first + 2] = c;
    bytes[first + 3] = d;
    return text;
  }

  /** Is `comm` another name than the one that `pid` had last? Remembers it. */
  isNews(pid: number, comm: string): boolean {
    if (pid <= 0 || this.#comms.get(pid) === comm) return false;
    this.#comms.set(pid, comm);
    const slot = pid & (SLOTS - 1);
    if (this.#pids[slot] === pid) this.#pids[slot] = -1;
    return true;
  }

  #text(view: DataView, from: number, length: number, pid: number): string | undefined {
    const comm = this.#strings.intern(view, from, length);
    return this.isNews(pid, comm) ? comm : undefined;
  }
}

/** Up to four bytes at `from` as a number; `left` says how many belong to the name. */
function wordAt(view: DataView, from: number, left: number): number {
  const word = view.getInt32(from, true);
  return left >= 4 ? word : word & ((1 << (left << 3)) - 1);
}
