// The last tasks that were taken from one DSQ, for proofs about who was served while somebody waited.
import { before } from '../trace/u64.ts';

const FIRST_SIZE = 64;
const LAST_SIZE = 16_384;

/** One entry of the log, filled by `read`. */
export interface Take {
  t: number;
  seq: number;
  pid: number;
  cpu: number;
  keyHi: number;
  keyLo: number;
}

export class TakeLog {
  #size = FIRST_SIZE;
  #times = new Float64Array(FIRST_SIZE);
  #seqs = new Float64Array(FIRST_SIZE);
  #pids = new Int32Array(FIRST_SIZE);
  #cpus = new Int16Array(FIRST_SIZE);
  #his = new Int32Array(FIRST_SIZE);
  #los = new Int32Array(FIRST_SIZE);
  /** Number of takes ever. */
  total = 0;

  add(t: number, seq: number, pid: number, cpu: number, keyHi: number, keyLo: number): void {
    const at = this.total & (this.#size - 1);
    this.#times[at] = t;
    this.#seqs[at] = seq;
    this.#pids[at] = pid;
    this.#cpus[at] = cpu;
    this.#his[at] = keyHi;
    this.#los[at] = keyLo;
    this.total++;
  }

  /** Time of the entry that the next one replaces; -1: none, or the log may not grow. */
  get replaced(): number {
    if (this.total < this.#size || this.#size >= LAST_SIZE) return -1;
    return this.#times[this.total & (this.#size - 1)] ?? -1;
  }

  /** Number of entries at hand. */
  get length(): number {
    return Math.min(this.total, this.#size);
  }

  /** Reads the i-th newest entry. */
  read(i: number, out: Take): void {
    const at = (this.total - 1 - i) & (this.#size - 1);
    out.t = this.#times[at] ?? 0;
    out.seq = this.#seqs[at] ?? 0;
    out.pid = this.#pids[at] ?? 0;
    out.cpu = this.#cpus[at] ?? 0;
    out.keyHi = this.#his[at] ?? 0;
    out.keyLo = this.#los[at] ?? 0;
  }

  /** Makes room for twice as many entries. */
  grow(): void {
    const from = Math.max(0, this.total - this.#size);
    const size = this.#size * 2;
    this.#times = moved(this.#times, new Float64Array(size), from, this.total);
    this.#seqs = moved(this.#seqs, new Float64Array(size), from, this.total);
    this.#pids = moved(this.#pids, new Int32Array(size), from, this.total);
    this.#cpus = moved(this.#cpus, new Int16Array(size), from, this.total);
    this.#his = moved(this.#his, new Int32Array(size), from, this.total);
    this.#los = moved(this.#los, new Int32Array(size), from, this.total);
    this.#size = size;
  }
}

/** Copies the entries numbered from..to from one ring to a larger one. */
function moved<T extends Float64Array | Int32Array | Int16Array>(ring: T, larger: T, from: number, to: number): T {
  for (let at = from; at < to; ) {
    const start = at & (ring.length - 1);
    const n = Math.min(to - at, ring.length - start);
    larger.set(ring.subarray(start, start + n), at & (larger.length - 1));
    at += n;
  }
  return larger;
}

export function newTake(): Take {
  return { t: 0, seq: 0, pid: 0, cpu: 0, keyHi: 0, keyLo: 0 };
}

/** Is it by the order of keys that the taken task went before one with key (hi, lo)? Equal keys go in the order of arrival. */
export function wonByOrder(take: Take, hi: number, lo: number): boolean {
  return !before(hi, lo, take.keyHi, take.keyLo);
}
