// How the CPUs spent their time: idle, in a class above ext, or with ext tasks; for any window that ends now.
import type { Model } from '../model/model.ts';
import { CLASS_EXT, CLASS_OTHER, type Task } from '../model/task.ts';

const IDLE = 0;
const EXT = 1;
const HIGHER = 2;
const UNSEEN = 3;
const KINDS = 4;

/** Two series of snapshots: fine for short windows, coarse for long ones. */
const FINE_NS = 25e6;
const COARSE_NS = 400e6;
const SLOTS = 256;

class Series {
  readonly step: number;
  readonly times = new Float64Array(SLOTS);
  readonly sums: Float64Array[] = [];
  count = 0;
  next = 0;

  constructor(step: number) {
    this.step = step;
  }

  take(t: number, totals: Float64Array): void {
    const slot = this.count % SLOTS;
    this.times[slot] = t;
    const sums = this.sums[slot];
    if (sums === undefined || sums.length < totals.length) this.sums[slot] = totals.slice();
    else sums.set(totals);
    this.count++;
    this.next = t + this.step;
  }

  /** Newest snapshot that is not younger than `time`'s successor: the first one at or after it; -1 none reaches back so far. */
  slotFrom(time: number): number {
    const n = Math.min(this.count, SLOTS);
    if (n === 0) return -1;
    const oldest = (this.count - n) % SLOTS;
    if ((this.times[oldest] ?? 0) > time && this.count > SLOTS) return -1;
    for (let i = this.count - n; i < this.count; i++) if ((this.times[i % SLOTS] ?? 0) >= time) return i % SLOTS;
    return -1;
  }
}

export interface CpuShares {
  /** Shares of the window, 0..1; the rest is not known. */
  readonly idle: number;
  readonly higher: number;
  readonly ext: number;
}

export class CpuTime {
  /** Per CPU: ns by kind, up to `since`. Slot 0 is the time in which any CPU was idle. */
  #totals = new Float64Array(KINDS);
  #since: number[] = [];
  #kinds: number[] = [];
  #idleCpus = 0;
  #anyIdleSince = 0;
  /** When the last idle CPU ceased to be idle. */
  #anyIdleUntil = Number.NEGATIVE_INFINITY;
  readonly #fine = new Series(FINE_NS);
  readonly #coarse = new Series(COARSE_NS);
  #next = Number.NEGATIVE_INFINITY;

  /** A CPU switches to a task; undefined: to idle. */
  switchTo(cpu: number, next: Task | undefined, nextPid: number, t: number): void {
    if (t >= this.#next) this.#snapshot(t);
    const now = nextPid === 0 ? IDLE : next?.cls === CLASS_EXT ? EXT : next?.cls === CLASS_OTHER ? HIGHER : UNSEEN;
    if (now === this.#kinds[cpu]) return;
    while (this.#kinds.length <= cpu) {
      this.#kinds.push(UNSEEN);
      this.#since.push(t);
    }
    if (this.#totals.length < (this.#kinds.length + 1) * KINDS) {
      const grown = new Float64Array((this.#kinds.length + 1) * KINDS);
      grown.set(this.#totals);
      this.#totals = grown;
    }
    const kind = this.#kinds[cpu] ?? UNSEEN;
    const at = (cpu + 1) * KINDS + kind;
    this.#totals[at] = (this.#totals[at] ?? 0) + t - (this.#since[cpu] ?? t);
    this.#since[cpu] = t;
    if (now === kind) return;
    if (now === IDLE && this.#idleCpus++ === 0) this.#anyIdleSince = t;
    else if (kind === IDLE && --this.#idleCpus === 0) {
      this.#totals[0] = (this.#totals[0] ?? 0) + t - this.#anyIdleSince;
      this.#anyIdleUntil = t;
    }
    this.#kinds[cpu] = now;
  }

  /** Records were lost: nobody knows what runs. */
  forget(t: number): void {
    for (let cpu = 0; cpu < this.#kinds.length; cpu++) {
      this.#kinds[cpu] = UNSEEN;
      this.#since[cpu] = t;
    }
    this.#idleCpus = 0;
  }

  isIdle(cpu: number): boolean {
    return this.#kinds[cpu] === IDLE;
  }

  /** Is it known what the CPU does? */
  isSeen(cpu: number): boolean {
    return (this.#kinds[cpu] ?? UNSEEN) !== UNSEEN;
  }

  /** Shares of a CPU's time in [from, to], `to` being now. Undefined where too little is known. */
  shares(cpu: number, from: number, to: number): CpuShares | undefined {
    const kind = this.#kinds[cpu] ?? UNSEEN;
    if (kind === UNSEEN) return undefined;
    // It has done one thing all the time.
    if ((this.#since[cpu] ?? to) <= from)
      return { idle: Number(kind === IDLE), higher: Number(kind === HIGHER), ext: Number(kind === EXT) };
    const window = this.#window(from, to);
    if (window === undefined) return undefined;
    const of = (wanted: number): number => {
      const at = (cpu + 1) * KINDS + wanted;
      const open = this.#kinds[cpu] === wanted ? to - (this.#since[cpu] ?? to) : 0;
      return ((this.#totals[at] ?? 0) + open - (window.sums[at] ?? 0)) / window.length;
    };
    return { idle: clamp(of(IDLE)), higher: clamp(of(HIGHER)), ext: clamp(of(EXT)) };
  }

  /** Share of [from, to] in which any CPU was idle. */
  anyIdleShare(from: number, to: number): number | undefined {
    if (this.#idleCpus > 0 && this.#anyIdleSince <= from) return 1;
    if (this.#idleCpus === 0 && this.#anyIdleUntil <= from) return 0;
    const window = this.#window(from, to);
    if (window === undefined) return undefined;
    const open = this.#idleCpus > 0 ? to - this.#anyIdleSince : 0;
    return clamp(((this.#totals[0] ?? 0) + open - (window.sums[0] ?? 0)) / window.length);
  }

  #window(from: number, to: number): { readonly sums: Float64Array; readonly length: number } | undefined {
    for (const series of [this.#fine, this.#coarse]) {
      const slot = series.slotFrom(from);
      const sums = series.sums[slot];
      const start = series.times[slot];
      // A snapshot far into the window says little about it.
      if (slot >= 0 && sums !== undefined && start !== undefined && to - start > (to - from) / 2)
        return { sums, length: to - start };
    }
    return undefined;
  }

  /** Totals up to now, open stretches included. */
  #snapshot(t: number): void {
    for (let cpu = 0; cpu < this.#kinds.length; cpu++) {
      const at = (cpu + 1) * KINDS + (this.#kinds[cpu] ?? UNSEEN);
      this.#totals[at] = (this.#totals[at] ?? 0) + t - (this.#since[cpu] ?? t);
      this.#since[cpu] = t;
    }
    if (this.#idleCpus > 0) {
      this.#totals[0] = (this.#totals[0] ?? 0) + t - this.#anyIdleSince;
      this.#anyIdleSince = t;
    }
    for (const series of [this.#fine, this.#coarse]) if (t >= series.next) series.take(t, this.#totals);
    this.#next = Math.min(this.#fine.next, this.#coarse.next);
  }
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** CPUs that are online, as far as the model knows. */
export function onlineCpus(model: Pick<Model, 'cpus' | 'isPossibleCpu'>): readonly number[] {
  return model.cpus.filter((cpu) => cpu.online !== 0 && model.isPossibleCpu(cpu.id) !== 0).map((cpu) => cpu.id);
}
