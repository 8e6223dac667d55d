// Clocks of a Perfetto trace: what its snapshots say of them, and times of one clock as times of the trace's.
import { difference, lessThan, U64 } from '../../trace/u64.ts';
import type { ProtoReader } from './proto-reader.ts';
import { CLOCK, CLOCK_BOOTTIME, CLOCK_SNAPSHOT } from './schema.ts';

/** Clocks of these ids belong to the sequence of packets in which they occur. */
const FIRST_OWN = 64;
const LAST_OWN = 127;

const TWO_16 = 65536;
const TWO_32 = 4294967296;

/** A clock with properties of its own. */
interface CustomClock {
  /** ns of a unit. */
  readonly unit: number;
  /** Times count from the time before in the same sequence. */
  readonly incremental: boolean;
  /** The time before. */
  readonly last: U64;
}

/** Readings of the same clocks that were taken together: by clock, one at each moment. */
interface Series {
  readonly readings: ReadonlyMap<string, U64[]>;
}

/** One step of a conversion. */
interface Step {
  readonly from: readonly U64[];
  readonly to: readonly U64[];
}

/**
 * Follows the snapshots in the order of the file. A time is converted by the snapshots that were seen before it: the
 * latest one that is not later than it, or the first; over several clocks where none has both.
 */
export class Clocks {
  /** Times of the trace are those of this clock (`primary_trace_clock`). */
  main = CLOCK_BOOTTIME;
  /** The time that was converted last. */
  readonly time = new U64();
  readonly #custom = new Map<string, CustomClock>();
  readonly #series = new Map<string, Series>();
  /** Clocks that were seen to go back: no time of theirs says when. */
  readonly #unsteady = new Set<string>();
  /** Ways to the main clock; emptied when a snapshot may open a new one. */
  readonly #ways = new Map<string, readonly Step[] | undefined>();

  /** Forgets everything: the file is read from the beginning. */
  restart(): void {
    this.main = CLOCK_BOOTTIME;
    this.#custom.clear();
    this.#series.clear();
    this.#unsteady.clear();
    this.#ways.clear();
  }

  /** Takes the ClockSnapshot of a packet of `sequence` that ends at `end`. */
  snapshot(reader: ProtoReader, end: number, sequence: number): void {
    const readings = new Map<string, U64>();
    while (reader.next(end)) {
      if (reader.field === CLOCK_SNAPSHOT.clocks)
        this.#reading(reader, reader.position + reader.length, sequence, readings);
      else if (reader.field === CLOCK_SNAPSHOT.primary) this.#useAsMain(reader.lo);
      else reader.skip();
    }
    if (readings.size < 2) return;
    const name = [...readings.keys()].toSorted().join();
    let series = this.#series.get(name);
    if (series === undefined) {
      series = { readings: new Map([...readings.keys()].map((clock) => [clock, []])) };
      this.#series.set(name, series);
      this.#ways.clear();
    }
    for (const [clock, reading] of readings) {
      const list = series.readings.get(clock);
      const before = list?.at(-1);
      if (before !== undefined && lessThan(reading.hi, reading.lo, before.hi, before.lo)) {
        this.#unsteady.add(clock);
        this.#ways.clear();
      }
      list?.push(reading);
    }
  }

  /**
   * Converts a time of the clock `id` in a packet of `sequence` into `time`; false when no snapshot relates that clock to
   * the main one. Every packet with a time must be passed: times of incremental clocks build on one another.
   */
  convert(id: number, sequence: number, hi: number, lo: number): boolean {
    const { time } = this;
    time.set(hi, lo);
    if (id === this.main) return true;
    const clock = keyOf(id, sequence);
    const custom = this.#custom.get(clock);
    if (custom !== undefined) {
      scale(time, custom.unit);
      if (custom.incremental) {
        addTo(time, custom.last);
        custom.last.copy(time);
      }
    }
    const way = this.#ways.has(clock) ? this.#ways.get(clock) : this.#find(clock);
    if (way === undefined) return false;
    for (const { from, to } of way) {
      const at = latest(from, time);
      const start = from[at];
      const end = to[at];
      if (start === undefined || end === undefined) return false;
      const passed = difference(time.hi, time.lo, start.hi, start.lo);
      time.copy(end);
      time.add(passed);
    }
    return true;
  }

  #useAsMain(id: number): void {
    if (id === this.main || id <= 0) return;
    this.main = id;
    this.#ways.clear();
  }

  #reading(reader: ProtoReader, end: number, sequence: number, readings: Map<string, U64>): void {
    let id = 0;
    let unit = 1;
    let incremental = false;
    const reading = new U64();
    while (reader.next(end)) {
      if (reader.field === CLOCK.id) id = reader.lo >>> 0;
      else if (reader.field === CLOCK.timestamp) reading.set(reader.hi, reader.lo);
      else if (reader.field === CLOCK.incremental) incremental = reader.lo !== 0;
      else if (reader.field === CLOCK.unit) unit = Math.max(1, reader.number);
      else reader.skip();
    }
    const clock = keyOf(id, sequence);
    scale(reading, unit);
    if (unit !== 1 || incremental) {
      const last = new U64();
      last.copy(reading);
      this.#custom.set(clock, { unit, incremental, last });
    }
    readings.set(clock, reading);
  }

  /** The shortest way from a clock to the main one. */
  #find(clock: string): readonly Step[] | undefined {
    const goal = keyOf(this.main, 0);
    const ways = new Map<string, readonly Step[]>([[clock, []]]);
    for (const [from, way] of ways) {
      if (this.#unsteady.has(from)) continue;
      for (const { readings } of this.#series.values()) {
        const list = readings.get(from);
        if (list === undefined) continue;
        for (const [to, target] of readings) if (!ways.has(to)) ways.set(to, [...way, { from: list, to: target }]);
      }
      if (ways.has(goal)) break;
    }
    const found = ways.get(goal);
    this.#ways.set(clock, found);
    return found;
  }
}

function keyOf(id: number, sequence: number): string {
  return id >= FIRST_OWN && id <= LAST_OWN ? `${id}/${sequence}` : String(id);
}

/** Index of the latest reading that is not later than `time`; 0 when all are. */
function latest(readings: readonly U64[], time: U64): number {
  let low = 0;
  let high = readings.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const reading = readings[middle];
    if (reading !== undefined && lessThan(time.hi, time.lo, reading.hi, reading.lo)) high = middle - 1;
    else low = middle;
  }
  return low;
}

/** `time *= unit`, with wrap. */
function scale(time: U64, unit: number): void {
  if (unit === 1) return;
  const lo = time.lo >>> 0;
  const upper = Math.floor(lo / TWO_16) * unit;
  const lower = (lo % TWO_16) * unit + (upper % TWO_16) * TWO_16;
  const carry = Math.floor(upper / TWO_16) + Math.floor(lower / TWO_32);
  time.set(((time.hi >>> 0) * unit + carry) | 0, (lower % TWO_32) | 0);
}

/** `time += other`, with wrap. */
function addTo(time: U64, other: U64): void {
  const lo = (time.lo >>> 0) + (other.lo >>> 0);
  time.set((time.hi + other.hi + (lo >= TWO_32 ? 1 : 0)) | 0, lo | 0);
}
