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

  /** Everything taken since `time` is at hand. */
  covers(time: number): boolean {
    if (this.total <= this.#size) return true;
    const oldest = this.#times[this.total & (this.#size - 1)] ?? 0;
    return oldest <= time;
  }

  /** Makes room for twice as many entries. */
  grow(): void {
    const entries: Take[] = [];
    for (let i = this.length - 1; i >= 0; i--) {
      const take = newTake();
      this.read(i, take);
      entries.push(take);
    }
    this.#size *= 2;
    this.#times = new Float64Array(this.#size);
    this.#seqs = new Float64Array(this.#size);
    this.#pids = new Int32Array(this.#size);
    this.#cpus = new Int16Array(this.#size);
    this.#his = new Int32Array(this.#size);
    this.#los = new Int32Array(this.#size);
    const { total } = this;
    this.total = total - entries.length;
    for (const take of entries) this.add(take.t, take.seq, take.pid, take.cpu, take.keyHi, take.keyLo);
  }
}

export function newTake(): Take {
  return { t: 0, seq: 0, pid: 0, cpu: 0, keyHi: 0, keyLo: 0 };
}

/** Is it by the order of keys that the taken task went before one with key (hi, lo)? Equal keys go in the order of arrival. */
export function wonByOrder(take: Take, hi: number, lo: number): boolean {
  return !before(hi, lo, take.keyHi, take.keyLo);
}
