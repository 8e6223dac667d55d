// One pass over a trace.dat: the CPUs of a buffer merged by time, records to events, losses where they happened.
import type { InputError } from '../../errors.ts';
import { newTraceEvent, type TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import type { EventSink } from '../reader.ts';
import type { CpuCursor } from './cpu-cursor.ts';
import { RecordDecoder } from './decode.ts';
import type { DecodePlan } from './decode-plan.ts';
import type { FormatTable } from './format-table.ts';
import type { UnmarkedLoss } from './losses.ts';
import { SwitchMerger } from './switch-merger.ts';
import type { TickClock } from './tick-clock.ts';

/** Records between two reports of progress. */
const PROGRESS_INTERVAL = 1 << 16;

export interface RunContext {
  readonly formats: FormatTable;
  readonly littleEndian: boolean;
  /** Plan by event id; most ids have none. */
  readonly plans: readonly (DecodePlan | undefined)[];
  readonly nrCpuIds: number;
  /** Undefined: the clock counts ns. */
  readonly clock: TickClock | undefined;
  /** Losses that the data does not show, by CPU. */
  readonly unmarked: ReadonlyMap<number, UnmarkedLoss>;
  readonly onProgress: ((done: number) => void) | undefined;
}

/** A CPU in the merge. */
interface Lane {
  readonly cursor: CpuCursor;
  /** The first record of the page ends a loss. */
  resumes: boolean;
  /** Records so far. */
  records: number;
}

export class DatRun {
  readonly #context: RunContext;
  readonly #sink: EventSink;
  readonly #lanes: readonly Lane[];
  readonly #decoder: RecordDecoder;
  readonly #switches: SwitchMerger;
  readonly #lostEvent: TraceEvent = newTraceEvent();
  readonly #unusedById = new Map<number, number>();
  #seq = 0;
  #done = 0;
  #reported = 0;

  constructor(context: RunContext, cursors: readonly CpuCursor[], sink: EventSink) {
    this.#context = context;
    this.#sink = sink;
    this.#lanes = cursors.map((cursor) => ({ cursor, resumes: false, records: 0 }));
    this.#decoder = new RecordDecoder(context.littleEndian, context.nrCpuIds);
    this.#switches = new SwitchMerger(context.plans, this.#decoder, context.littleEndian);
  }

  /** Records used without becoming an event. */
  get absorbed(): number {
    return this.#switches.absorbed;
  }

  /** Records that became no event, by name. */
  *unused(): Generator<[string, number]> {
    for (const [id, count] of this.#unusedById) {
      const format = this.#context.formats.get(id);
      yield [format === undefined ? `unknown event ${id}` : `${format.system}:${format.name}`, count];
    }
  }

  /** Number of records of each CPU. Complete after `run` returned true. */
  *counts(): Generator<[number, number]> {
    for (const { cursor, records } of this.#lanes) yield [cursor.cpu, records];
  }

  /** Delivers every event in order; false when the sink wanted no more. Damage is thrown in its place. */
  run(): boolean {
    const live = this.#lanes.filter((lane) => this.#begin(lane));
    const heads = Float64Array.from(live, (lane) => headOf(lane.cursor));
    if (!this.#openingLosses(live, Math.min(...heads))) return false;
    let n = live.length;
    while (n > 0) {
      // The earliest record; CPUs with equal times in the order of their numbers.
      let best = 0;
      let bestTime = heads[0] ?? 0;
      let limit = Number.POSITIVE_INFINITY;
      for (let i = 1; i < n; i++) {
        const t = heads[i] ?? 0;
        if (t < bestTime) {
          limit = bestTime;
          best = i;
          bestTime = t;
        } else if (t < limit) limit = t;
      }
      const lane = live[best];
      if (lane === undefined) return true;
      const { cursor } = lane;
      const { count, times } = cursor;
      if (cursor.index === count) throw failureOf(cursor);
      if (lane.resumes && !this.#resume(lane)) return false;
      let { index } = cursor;
      do if (!this.#record(cursor, index++)) return false;
      while (index < count && (times[index] ?? 0) < limit);
      cursor.index = index;
      if (index < count) heads[best] = times[index] ?? 0;
      else if (this.#nextPage(lane)) heads[best] = headOf(cursor);
      else {
        if (!this.#closingLoss(lane)) return false;
        live.splice(best, 1);
        heads.copyWithin(best, best + 1, n);
        n--;
      }
    }
    return true;
  }

  /** Delivers the event of a record; false when the sink wants no more. */
  #record(cursor: CpuCursor, index: number): boolean {
    const id = cursor.ids[index] ?? 0;
    const plan = this.#context.plans[id];
    if (plan === undefined) {
      this.#unusedById.set(id, (this.#unusedById.get(id) ?? 0) + 1);
      return true;
    }
    if (plan.isSwitchTracepoint && this.#switches.absorb(cursor, index)) return true;
    const event = this.#decoder.decode(plan, cursor, index);
    if (plan.isSwitchProbe) this.#switches.complete(cursor, event);
    const t = cursor.times[index] ?? 0;
    const { clock } = this.#context;
    event.seq = this.#seq++;
    event.cpu = cursor.cpu;
    event.t = clock === undefined ? t : clock.ns(t);
    event.position = cursor.positionOf(index);
    return this.#sink.event(event);
  }

  #begin(lane: Lane): boolean {
    const { cursor } = lane;
    if (!cursor.load()) return false;
    lane.records += cursor.count;
    return true;
  }

  /** The next page of a lane whose page is done; false at the end of its data. */
  #nextPage(lane: Lane): boolean {
    const { cursor } = lane;
    this.#done += cursor.count;
    if (this.#done - this.#reported >= PROGRESS_INTERVAL) {
      this.#reported = this.#done;
      this.#context.onProgress?.(this.#done);
    }
    const { last } = cursor;
    if (!cursor.load()) return false;
    lane.records += cursor.count;
    if (cursor.lost === 0) return true;
    lane.resumes = true;
    return this.#lost(cursor, 'begin', last, cursor.lost);
  }

  /** Records that were lost before the first one: from the beginning of the trace on. */
  #openingLosses(live: readonly Lane[], start: number): boolean {
    for (const lane of live) {
      const { cursor } = lane;
      const loss = this.#context.unmarked.get(cursor.cpu);
      const unmarked = (loss?.before ?? 0) + (loss?.anywhere ?? 0);
      if (cursor.lost === 0 && unmarked === 0) continue;
      const count = cursor.lost < 0 ? -1 : cursor.lost + unmarked;
      if (!this.#lost(cursor, 'begin', Math.max(0, start), count)) return false;
      // Where a nested writer lost records nobody knows: the loss has no end.
      lane.resumes = (loss?.anywhere ?? 0) === 0;
    }
    return true;
  }

  #resume(lane: Lane): boolean {
    lane.resumes = false;
    return this.#lost(lane.cursor, 'end', lane.cursor.times[0] ?? 0, 0);
  }

  /** Records that were lost behind the last one. */
  #closingLoss({ cursor }: Lane): boolean {
    const behind = this.#context.unmarked.get(cursor.cpu)?.behind ?? 0;
    if (cursor.lost === 0 && behind === 0) return true;
    return this.#lost(cursor, 'begin', cursor.last, cursor.lost < 0 ? -1 : cursor.lost + behind);
  }

  /** `count`: lost records, -1 for an unknown number. */
  #lost(cursor: CpuCursor, phase: 'begin' | 'end', t: number, count: number): boolean {
    const { clock } = this.#context;
    const event = this.#lostEvent;
    event.begin(KIND.lost);
    event.phase = phase;
    if (count > 0) {
      event.count_lo = count | 0;
      event.count_hi = Math.floor(count / 2 ** 32) | 0;
    }
    event.seq = this.#seq++;
    event.cpu = cursor.cpu;
    event.t = clock === undefined ? t : clock.ns(t);
    event.position = cursor.pages.pagePosition;
    return this.#sink.event(event);
  }
}

/** Time at which a lane is up next; what its damage hides may come right behind its last good record. */
function headOf(cursor: CpuCursor): number {
  return cursor.count > 0 ? (cursor.times[0] ?? 0) : cursor.last;
}

function failureOf(cursor: CpuCursor): InputError | Error {
  return cursor.failure ?? new Error(`the merge of CPU ${cursor.cpu} went past its data`);
}
