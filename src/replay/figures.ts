// Counts what a scheduler developer compares: waits, picks by CPU, migrations. Bounded by the number of tasks and CPUs.
import type { ResultFigures, WaitFigures } from '../findings/figures.ts';
import type { Step } from '../model/step.ts';
import type { TraceEvent } from '../trace/event.ts';
import { KIND } from '../trace/vocabulary/index.ts';

/** Buckets per power of two: a value is known to a 32nd. */
const SUB = 32;
const SUB_BITS = 5;

/** A histogram of durations. */
export class Waits {
  readonly #buckets = new Float64Array(64 * SUB);
  #count = 0;
  #sum = 0;
  #max = 0;

  add(ns: number): void {
    this.#count++;
    this.#sum += ns;
    if (ns > this.#max) this.#max = ns;
    const index = bucketOf(ns);
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1;
  }

  figures(): WaitFigures {
    const count = this.#count;
    return {
      count,
      mean_ns: count === 0 ? 0 : Math.round(this.#sum / count),
      p50_ns: this.#percentile(0.5),
      p95_ns: this.#percentile(0.95),
      p99_ns: this.#percentile(0.99),
      max_ns: this.#max,
    };
  }

  /** The upper end of the bucket that holds it, never more than the largest value. */
  #percentile(share: number): number {
    let left = Math.ceil(this.#count * share);
    if (left === 0) return 0;
    for (const [index, n] of this.#buckets.entries()) {
      left -= n;
      if (left <= 0) return Math.min(this.#max, lastOf(index));
    }
    return this.#max;
  }
}

function bucketOf(ns: number): number {
  if (ns < SUB) return Math.max(0, Math.floor(ns));
  const power = Math.floor(Math.log2(ns));
  return (power - SUB_BITS + 1) * SUB + Math.floor(ns / 2 ** (power - SUB_BITS)) - SUB;
}

/** Largest value of a bucket. */
function lastOf(index: number): number {
  if (index < SUB) return index;
  const shift = Math.floor(index / SUB) - 1;
  return ((index % SUB) + SUB + 1) * 2 ** shift - 1;
}

export class Figures {
  readonly #picks = new Map<number, number>();
  readonly #lastCpu = new Map<number, number>();
  #migrations = 0;
  readonly #waits = new Waits();
  readonly #byName = new Map<string, Waits>();
  /** Group of a name; names are few and come often. */
  readonly #groups = new Map<string, Waits>();

  /** Takes one event after the model. */
  observe(event: TraceEvent, step: Step): void {
    if (event.kind !== KIND.run) return;
    const cpu = event.rq;
    this.#picks.set(cpu, (this.#picks.get(cpu) ?? 0) + 1);
    const last = this.#lastCpu.get(event.pid);
    if (last !== undefined && last !== cpu) this.#migrations++;
    this.#lastCpu.set(event.pid, cpu);
    if (step.waitedSince < 0) return;
    const waited = event.t - step.waitedSince;
    this.#waits.add(waited);
    this.#group(step.task?.comm ?? '').add(waited);
  }

  figures(): ResultFigures {
    const sorted = <T>(entries: Iterable<[string, T]>): Record<string, T> =>
      Object.fromEntries([...entries].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    return {
      picks: Object.fromEntries([...this.#picks].toSorted(([a], [b]) => a - b)),
      migrations: this.#migrations,
      waits: this.#waits.figures(),
      waits_by_name: sorted([...this.#byName].map(([name, waits]) => [name, waits.figures()])),
    };
  }

  #group(comm: string): Waits {
    let waits = this.#groups.get(comm);
    if (waits === undefined) {
      const name = comm === '' ? '?' : comm.replaceAll(/\d+/g, '#');
      waits = this.#byName.get(name) ?? new Waits();
      this.#byName.set(name, waits);
      this.#groups.set(comm, waits);
    }
    return waits;
  }
}
