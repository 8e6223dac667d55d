// A first look at a whole Perfetto trace: where the bundles of each CPU lie, which events occur, tasks, clocks, configuration.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { MAX_CPU } from '../../trace/cpu-mask.ts';
import { FtraceEvents } from './ftrace-events.ts';
import { MessageReader } from './message-reader.ts';
import { readMetadata, type TraceMetadata } from './metadata.ts';
import { ProtoReader } from './proto-reader.ts';
import {
  BUNDLE,
  COMPACT,
  FIRST_EVENT_FIELD,
  FTRACE_CLOCKS,
  FTRACE_EVENT,
  GENERIC_DESCRIPTOR,
  PACKET,
  TRACE,
} from './schema.ts';
import { TimeBase } from './time-base.ts';
import { ONCPU, Tracks } from './tracks.ts';

/** Ftrace events of one CPU that were read together. */
export interface Bundle {
  readonly cpu: number;
  /** Place of the FtraceEventBundle in the source. */
  readonly from: number;
  readonly to: number;
  /** Place of the compact part; -1: none. */
  readonly compactFrom: number;
  readonly compactTo: number;
  /** Records of this CPU were lost before it. */
  readonly lost: boolean;
  /** Time of its first event, as halves; bundles of a CPU are put in this order. */
  readonly hi: number;
  readonly lo: number;
}

/** Number of events, by field number in FtraceEvent; generic ones by name. */
export interface EventCounts {
  readonly byNumber: Map<number, number>;
  readonly generic: Map<string, number>;
  compactSwitches: number;
  compactWakings: number;
  /** ONCPU slices of wprof: their beginnings and ends are switches. */
  slices: number;
  /** Track events that become nothing, by name. */
  readonly tracks: Map<string, number>;
}

export interface Survey {
  readonly bundles: readonly (readonly Bundle[])[];
  readonly counts: EventCounts;
  readonly metadata: TraceMetadata;
  readonly tracks: Tracks;
  readonly base: TimeBase;
  /** Name of the clock of the ftrace events. */
  readonly clock: string;
  /** Layouts of events that the recorder did not know, by field number. */
  readonly descriptors: ReadonlyMap<number, Uint8Array>;
  /** Damage that ends the file; everything before it can be read. */
  readonly damage: InputError | undefined;
  /** Offset of the end of the last whole packet. */
  readonly end: number;
}

/** Reads all of `source` once. */
export function survey(source: Source, windowBytes?: number): Survey {
  return new Surveyor(source, windowBytes).run();
}

class Surveyor {
  readonly #source: Source;
  readonly #reader: ProtoReader;
  readonly #event = new MessageReader();
  readonly #names = new FtraceEvents(0, false);
  readonly #bundles: Bundle[][] = [];
  readonly #counts: EventCounts = {
    byNumber: new Map(),
    generic: new Map(),
    compactSwitches: 0,
    compactWakings: 0,
    slices: 0,
    tracks: new Map(),
  };
  readonly #base = new TimeBase();
  readonly #tracks = new Tracks();
  readonly #metadata: TraceMetadata = { tasks: new Map(), recorded: new Set(), losses: [] };
  readonly #descriptors = new Map<number, Uint8Array>();
  #clock = 'boot';
  /** Sequences that have delivered ftrace events. */
  readonly #sequences = new Set<number>();

  constructor(source: Source, windowBytes: number | undefined) {
    this.#source = source;
    this.#reader = new ProtoReader(source, windowBytes);
  }

  run(): Survey {
    const reader = this.#reader;
    const { size } = this.#source;
    let damage: InputError | undefined;
    let end = 0;
    try {
      while (reader.next(size)) {
        if (reader.field === TRACE.packet && reader.wire === 2) this.#packet(reader.position + reader.length);
        else reader.skip();
        end = reader.position;
      }
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      damage = error;
    }
    for (const bundles of this.#bundles) bundles?.sort((a, b) => compareTimes(a, b));
    return {
      bundles: this.#bundles,
      counts: this.#counts,
      metadata: this.#metadata,
      tracks: this.#tracks,
      base: this.#base,
      clock: this.#clock,
      descriptors: this.#descriptors,
      damage,
      end,
    };
  }

  #packet(end: number): void {
    const reader = this.#reader;
    let bundleAt = -1;
    let bundleEnd = -1;
    let sequence = 0;
    let dropped = false;
    this.#tracks.beginPacket();
    while (reader.next(end)) {
      switch (reader.field) {
        case PACKET.ftraceEvents:
          bundleAt = reader.position;
          bundleEnd = reader.position + reader.length;
          reader.skip();
          break;
        case PACKET.sequenceId:
          sequence = reader.lo >>> 0;
          break;
        case PACKET.previousPacketDropped:
          dropped = reader.lo !== 0;
          break;
        case PACKET.timestamp:
        case PACKET.timestampClockId:
        case PACKET.clockSnapshot:
        case PACKET.sequenceFlags:
        case PACKET.trackEvent:
        case PACKET.internedData:
        case PACKET.trackDescriptor:
        case PACKET.defaults:
          this.#tracks.field(reader, this.#metadata);
          break;
        default:
          if (!readMetadata(reader, this.#metadata)) reader.skip();
      }
    }
    this.#tracks.endPacket(reader, sequence);
    if (this.#tracks.hasEvent) this.#trackEvent(sequence);
    reader.seek(end);
    if (bundleAt < 0) return;
    // Data of a sequence that was dropped before its first packet is the beginning of the trace, not a gap in it.
    const gap = dropped && this.#sequences.has(sequence);
    this.#sequences.add(sequence);
    reader.seek(bundleAt);
    this.#bundle(bundleAt, bundleEnd, gap);
    reader.seek(end);
  }

  /** Track events: the slices of wprof are switches, everything else is counted. */
  #trackEvent(sequence: number): void {
    const facts = this.#tracks.event(this.#reader, sequence);
    if (facts === undefined) {
      this.#count('track event of a clock without a snapshot');
      return;
    }
    if (facts.counter !== '') this.#count(`counter ${facts.counter}`);
    else if (facts.category === ONCPU) {
      this.#counts.slices++;
      const { hi, lo } = this.#tracks.time;
      this.#base.offer(hi, lo);
    } else this.#count(`track event ${facts.category === '' ? facts.name : facts.category}`);
  }

  #count(name: string): void {
    const { tracks } = this.#counts;
    tracks.set(name, (tracks.get(name) ?? 0) + 1);
  }

  #bundle(from: number, to: number, gap: boolean): void {
    const reader = this.#reader;
    let cpu = 0;
    let lost = gap;
    let compactFrom = -1;
    let compactTo = -1;
    const first = new TimeBase();
    let events = 0;
    while (reader.next(to)) {
      switch (reader.field) {
        case BUNDLE.cpu:
          cpu = reader.lo;
          break;
        case BUNDLE.lostEvents:
          lost ||= reader.lo !== 0;
          break;
        case BUNDLE.error:
          lost = true;
          reader.skip();
          break;
        case BUNDLE.clock:
          this.#clock = FTRACE_CLOCKS[reader.lo] ?? this.#clock;
          break;
        case BUNDLE.compactSched:
          compactFrom = reader.position;
          compactTo = reader.position + reader.length;
          this.#compact(compactTo, first);
          break;
        case BUNDLE.genericDescriptors:
          this.#descriptor(reader.position + reader.length);
          break;
        case BUNDLE.event:
          this.#ftraceEvent(first);
          events++;
          break;
        default:
          reader.skip();
      }
    }
    if (events === 0 && compactFrom < 0 && !lost) return;
    if (cpu < 0 || cpu > MAX_CPU) throw reader.damage(`a bundle names the impossible CPU ${cpu}`, to);
    const { hi, lo } = first.halves;
    if (first.isKnown) this.#base.offer(hi, lo);
    let list = this.#bundles[cpu];
    if (list === undefined) {
      list = [];
      while (this.#bundles.length < cpu) this.#bundles.push([]);
      this.#bundles[cpu] = list;
    }
    list.push({ cpu, from, to, compactFrom, compactTo, lost, hi, lo });
  }

  #ftraceEvent(first: TimeBase): void {
    const reader = this.#reader;
    const { length } = reader;
    const at = reader.load(length);
    const event = this.#event;
    event.reset(reader.bytes, at, at + length);
    while (event.next()) {
      const { field } = event;
      if (field === FTRACE_EVENT.timestamp) first.offer(event.hi, event.lo);
      else if (field === FTRACE_EVENT.generic) {
        const name = this.#names.genericName(reader.bytes, event.from, event.to);
        this.#counts.generic.set(name, (this.#counts.generic.get(name) ?? 0) + 1);
      } else if (field >= FIRST_EVENT_FIELD && event.wire === 2) {
        const { byNumber } = this.#counts;
        byNumber.set(field, (byNumber.get(field) ?? 0) + 1);
      }
    }
    reader.seek(reader.base + at + length);
  }

  /** Counts the compact events and takes their first times. */
  #compact(to: number, first: TimeBase): void {
    const reader = this.#reader;
    const column = this.#event;
    while (reader.next(to)) {
      const { field, length } = reader;
      const isSwitch = field === COMPACT.switchTimestamp;
      if (!isSwitch && field !== COMPACT.wakingTimestamp) {
        reader.skip();
        continue;
      }
      const at = reader.load(length);
      column.reset(reader.bytes, at, at + length);
      let n = 0;
      while (column.packed()) if (n++ === 0) first.offer(column.hi, column.lo);
      if (isSwitch) this.#counts.compactSwitches += n;
      else this.#counts.compactWakings += n;
      reader.seek(reader.base + at + length);
    }
  }

  #descriptor(to: number): void {
    const reader = this.#reader;
    let id = -1;
    let descriptor: Uint8Array | undefined;
    while (reader.next(to)) {
      if (reader.field === GENERIC_DESCRIPTOR.fieldId) id = reader.lo;
      else if (reader.field === GENERIC_DESCRIPTOR.descriptor) descriptor = reader.copy();
      else reader.skip();
    }
    if (id > 0 && descriptor !== undefined) this.#descriptors.set(id, descriptor);
  }
}

function compareTimes(a: Bundle, b: Bundle): number {
  if (a.hi !== b.hi) return (a.hi >>> 0) - (b.hi >>> 0);
  return a.lo === b.lo ? a.from - b.from : (a.lo >>> 0) - (b.lo >>> 0);
}
