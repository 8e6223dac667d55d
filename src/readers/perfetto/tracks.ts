// Tracks and track events: whose thread a track is, what was interned, and the ONCPU slices of wprof.

import { Clocks } from './clocks.ts';
import { MessageReader } from './message-reader.ts';
import { addTask, type TraceMetadata } from './metadata.ts';
import type { ProtoReader } from './proto-reader.ts';
import {
  ANNOTATION,
  DEFAULTS,
  INCREMENTAL_STATE_CLEARED,
  INTERNED,
  INTERNED_ENTRY,
  PACKET,
  PROCESS,
  THREAD,
  TRACK_DESCRIPTOR,
  TRACK_EVENT,
} from './schema.ts';

/** Category of the slices in which wprof shows that a thread runs. */
export const ONCPU = 'ONCPU';

/** Name of the track in which scxtop leaves the topology of the machine. */
const TOPOLOGY = 'scxtop_topo:';

interface Track {
  readonly name: string;
  /** Thread that it belongs to; -1 none, 0 an idle task. */
  readonly tid: number;
  readonly parent: string | undefined;
  readonly isCounter: boolean;
}

/** What a sequence of packets has interned. */
class Interned {
  readonly categories = new Map<number, string>();
  readonly names = new Map<number, string>();
  readonly annotations = new Map<number, string>();
  /** Clock of packets that name none; -1: the trace's. */
  clock = -1;

  clear(): void {
    this.clock = -1;
    this.categories.clear();
    this.names.clear();
    this.annotations.clear();
  }
}

/** A track event, decoded as far as it matters. */
export interface TrackEventFacts {
  type: number;
  category: string;
  name: string;
  /** Thread of its track, 0 for an idle task, -1 when the track is none of a thread. */
  tid: number;
  /** Numbers that it is annotated with. */
  readonly numbers: Map<string, number>;
  /** Name of its track when it is a counter. */
  counter: string;
}

const decoder = new TextDecoder();

export class Tracks {
  readonly #tracks = new Map<string, Track>();
  readonly #sequences = new Map<number, Interned>();
  readonly #clocks = new Clocks();
  readonly #event = new MessageReader();
  readonly #inner = new MessageReader();
  readonly #facts: TrackEventFacts = {
    type: 0,
    category: '',
    name: '',
    tid: -1,
    numbers: new Map(),
    counter: '',
  };
  // The packet that is being read.
  #timeHi = 0;
  #timeLo = 0;
  #hasTime = false;
  #clock = -1;
  #flags = 0;
  #eventFrom = -1;
  #eventTo = -1;
  #internedFrom = -1;
  #internedTo = -1;
  #defaultClock = -1;
  #snapshotFrom = -1;
  #snapshotTo = -1;
  /** The time of the packet can be told in the trace's clock. */
  #isPlaced = false;

  /** Time of the packet in the trace's clock, as halves. */
  get time(): { readonly hi: number; readonly lo: number } {
    return this.#clocks.time;
  }

  /** The trace's clock, as `ClockSnapshot` numbers them. */
  get clock(): number {
    return this.#clocks.main;
  }

  /** The packets are read from the beginning. */
  restart(): void {
    this.#clocks.restart();
    this.#sequences.clear();
  }

  /** Is there a track event in the packet, with a time? */
  get hasEvent(): boolean {
    return this.#eventFrom >= 0 && this.#hasTime;
  }

  beginPacket(): void {
    this.#hasTime = false;
    this.#clock = -1;
    this.#flags = 0;
    this.#eventFrom = -1;
    this.#internedFrom = -1;
    this.#defaultClock = -1;
    this.#snapshotFrom = -1;
  }

  /** Takes a field of the packet; `metadata` learns of threads and topology. */
  field(reader: ProtoReader, metadata: TraceMetadata | undefined): void {
    const end = reader.position + reader.length;
    switch (reader.field) {
      case PACKET.timestamp:
        this.#timeHi = reader.hi;
        this.#timeLo = reader.lo;
        this.#hasTime = true;
        break;
      case PACKET.timestampClockId:
        this.#clock = reader.lo >>> 0;
        break;
      case PACKET.sequenceFlags:
        this.#flags = reader.lo;
        break;
      case PACKET.trackEvent:
        this.#eventFrom = reader.position;
        this.#eventTo = end;
        reader.skip();
        break;
      case PACKET.internedData:
        this.#internedFrom = reader.position;
        this.#internedTo = end;
        reader.skip();
        break;
      case PACKET.clockSnapshot:
        this.#snapshotFrom = reader.position;
        this.#snapshotTo = end;
        reader.skip();
        break;
      case PACKET.defaults:
        while (reader.next(end)) {
          if (reader.field === DEFAULTS.timestampClockId) this.#defaultClock = reader.lo >>> 0;
          else reader.skip();
        }
        break;
      case PACKET.trackDescriptor:
        if (metadata === undefined) reader.skip();
        else this.#descriptor(reader, end, metadata);
        break;
      default:
        reader.skip();
    }
  }

  /** The packet is read: what it interned and says of clocks becomes valid, and its time is told in the trace's clock. */
  endPacket(reader: ProtoReader, sequence: number): void {
    this.#intern(reader, sequence);
    if (this.#snapshotFrom >= 0) {
      reader.seek(this.#snapshotFrom);
      this.#clocks.snapshot(reader, this.#snapshotTo, sequence);
    }
    if (!this.#hasTime) return;
    const named = this.#clock >= 0 ? this.#clock : (this.#sequences.get(sequence)?.clock ?? -1);
    const clock = named >= 0 ? named : this.#clocks.main;
    this.#isPlaced = this.#clocks.convert(clock, sequence, this.#timeHi, this.#timeLo);
  }

  #intern(reader: ProtoReader, sequence: number): void {
    if (this.#internedFrom < 0 && this.#defaultClock < 0 && this.#flags === 0) return;
    const state = this.#state(sequence);
    if ((this.#flags & INCREMENTAL_STATE_CLEARED) !== 0) state.clear();
    if (this.#defaultClock >= 0) state.clock = this.#defaultClock;
    if (this.#internedFrom < 0) return;
    reader.seek(this.#internedFrom);
    while (reader.next(this.#internedTo)) {
      const table =
        reader.field === INTERNED.categories
          ? state.categories
          : reader.field === INTERNED.eventNames
            ? state.names
            : reader.field === INTERNED.annotationNames
              ? state.annotations
              : undefined;
      const end = reader.position + reader.length;
      if (table === undefined) {
        reader.skip();
        continue;
      }
      let iid = 0;
      let name = '';
      while (reader.next(end)) {
        if (reader.field === INTERNED_ENTRY.iid) iid = reader.number;
        else if (reader.field === INTERNED_ENTRY.name) name = reader.text();
        else reader.skip();
      }
      table.set(iid, name);
    }
  }

  /** The track event of the packet; undefined when nothing relates its clock to the trace's. Valid until the next call. */
  event(reader: ProtoReader, sequence: number): TrackEventFacts | undefined {
    const state = this.#state(sequence);
    if (!this.#isPlaced) return undefined;
    reader.seek(this.#eventFrom);
    const length = this.#eventTo - this.#eventFrom;
    const at = reader.load(length);
    const { bytes } = reader;
    const facts = this.#facts;
    facts.type = 0;
    facts.category = '';
    facts.name = '';
    facts.tid = -1;
    facts.counter = '';
    facts.numbers.clear();
    const event = this.#event;
    event.reset(bytes, at, at + length);
    while (event.next()) {
      switch (event.field) {
        case TRACK_EVENT.type:
          facts.type = event.lo;
          break;
        case TRACK_EVENT.categoryIids:
          facts.category = state.categories.get(event.number) ?? facts.category;
          break;
        case TRACK_EVENT.categories:
          facts.category = decoder.decode(bytes.subarray(event.from, event.to));
          break;
        case TRACK_EVENT.nameIid:
          facts.name = state.names.get(event.number) ?? '';
          break;
        case TRACK_EVENT.name:
          facts.name = decoder.decode(bytes.subarray(event.from, event.to));
          break;
        case TRACK_EVENT.trackUuid: {
          const key = keyOf(event.hi, event.lo);
          facts.tid = this.#threadOf(key);
          const track = this.#tracks.get(key);
          if (track?.isCounter === true) facts.counter = track.name;
          break;
        }
        case TRACK_EVENT.debugAnnotations:
          this.#annotation(bytes, event.from, event.to, state);
          break;
        default:
      }
    }
    return facts;
  }

  #annotation(bytes: Uint8Array, from: number, to: number, state: Interned): void {
    const inner = this.#inner;
    inner.reset(bytes, from, to);
    let name = '';
    let value: number | undefined;
    while (inner.next()) {
      if (inner.field === ANNOTATION.nameIid) name = state.annotations.get(inner.number) ?? '';
      else if (inner.field === ANNOTATION.name) name = decoder.decode(bytes.subarray(inner.from, inner.to));
      else if (inner.field === ANNOTATION.uint) value = inner.number;
      else if (inner.field === ANNOTATION.int) value = inner.hi < 0 ? inner.lo : inner.number;
    }
    if (name !== '' && value !== undefined) this.#facts.numbers.set(name, value);
  }

  #descriptor(reader: ProtoReader, end: number, metadata: TraceMetadata): void {
    let key = '';
    let name = '';
    let tid = -1;
    let parent: string | undefined;
    let isCounter = false;
    while (reader.next(end)) {
      const to = reader.position + reader.length;
      switch (reader.field) {
        case TRACK_DESCRIPTOR.uuid:
          key = keyOf(reader.hi, reader.lo);
          break;
        case TRACK_DESCRIPTOR.parent:
          parent = keyOf(reader.hi, reader.lo);
          break;
        case TRACK_DESCRIPTOR.name:
        case TRACK_DESCRIPTOR.staticName:
          name = reader.text();
          break;
        case TRACK_DESCRIPTOR.counter:
          isCounter = true;
          reader.skip();
          break;
        case TRACK_DESCRIPTOR.thread:
          tid = this.#thread(reader, to, metadata);
          break;
        case TRACK_DESCRIPTOR.process:
          process(reader, to, metadata);
          break;
        default:
          reader.skip();
      }
    }
    if (name.startsWith(TOPOLOGY)) metadata.topology = name.slice(TOPOLOGY.length);
    this.#tracks.set(key, { name, tid, parent, isCounter });
  }

  #thread(reader: ProtoReader, end: number, metadata: TraceMetadata): number {
    let pid = 0;
    let tid = -1;
    let name = '';
    while (reader.next(end)) {
      if (reader.field === THREAD.pid) pid = reader.lo;
      else if (reader.field === THREAD.tid) tid = reader.lo;
      else if (reader.field === THREAD.name) name = reader.text();
      else reader.skip();
    }
    // Idle tasks have numbers of their own, since a thread 0 would be one for all CPUs.
    if (tid < 0 || /^swapper\/\d+$/.test(name)) return 0;
    addTask(metadata, tid, pid, name);
    return tid;
  }

  /** Thread of a track or of the nearest track above it. */
  #threadOf(key: string): number {
    for (let at: string | undefined = key, depth = 0; at !== undefined && depth < 8; depth++) {
      const track = this.#tracks.get(at);
      if (track === undefined) return -1;
      if (track.tid >= 0) return track.tid;
      at = track.parent;
    }
    return -1;
  }

  #state(sequence: number): Interned {
    let state = this.#sequences.get(sequence);
    if (state === undefined) {
      state = new Interned();
      this.#sequences.set(sequence, state);
    }
    return state;
  }
}

function process(reader: ProtoReader, end: number, metadata: TraceMetadata): void {
  let pid = 0;
  let name = '';
  while (reader.next(end)) {
    if (reader.field === PROCESS.pid) pid = reader.lo;
    else if (reader.field === PROCESS.name) name = reader.text();
    else reader.skip();
  }
  // The name of a process is that of its main thread where nothing better is told.
  addTask(metadata, pid, pid, name.includes('/') ? '' : name);
}

function keyOf(hi: number, lo: number): string {
  return `${hi}:${lo}`;
}
