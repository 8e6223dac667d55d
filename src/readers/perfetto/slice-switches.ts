// Switches from the ONCPU slices of wprof: one thread's slice ends where another's begins, at the same time on the same CPU.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { MAX_CPU } from '../../trace/cpu-mask.ts';
import { ProtoReader } from './proto-reader.ts';
import { PACKET, TRACE, TRACK_EVENT_TYPE } from './schema.ts';
import type { Survey } from './survey.ts';
import { ONCPU } from './tracks.ts';

interface HalfSwitch {
  readonly tid: number;
  readonly t: number;
}

export class SliceSwitches {
  cpu = 0;
  t = 0;
  position = 0;
  prev = 0;
  next = 0;
  /** Beginnings and ends of slices without the other half: the other task was filtered out. */
  halves = 0;
  readonly #source: Source;
  readonly #survey: Survey;
  readonly #reader: ProtoReader;
  /** End of the last slice on each CPU. */
  readonly #ended: (HalfSwitch | undefined)[] = [];

  constructor(source: Source, survey: Survey) {
    this.#source = source;
    this.#survey = survey;
    this.#reader = new ProtoReader(source);
    survey.tracks.restart();
  }

  /** Moves to the next switch; false at the end. */
  advance(): boolean {
    const reader = this.#reader;
    while (reader.position < this.#survey.end && reader.next(this.#survey.end)) {
      if (reader.field !== TRACE.packet || reader.wire !== 2) {
        reader.skip();
        continue;
      }
      const from = reader.position;
      const end = from + reader.length;
      const found = this.#packet(end);
      reader.seek(end);
      if (!found) continue;
      this.position = from;
      return true;
    }
    for (const half of this.#ended) if (half !== undefined) this.halves++;
    this.#ended.length = 0;
    return false;
  }

  /** Reads a packet; true when it completes a switch. */
  #packet(end: number): boolean {
    const reader = this.#reader;
    const { tracks, base } = this.#survey;
    let sequence = 0;
    tracks.beginPacket();
    while (reader.next(end)) {
      if (reader.field === PACKET.sequenceId) sequence = reader.lo >>> 0;
      else tracks.field(reader, undefined);
    }
    tracks.endPacket(reader, sequence);
    if (!tracks.hasEvent) return false;
    const facts = tracks.event(reader, sequence);
    const cpu = facts?.numbers.get('cpu');
    if (facts === undefined || facts.category !== ONCPU || cpu === undefined || facts.tid < 0) return false;
    if (!Number.isInteger(cpu) || cpu < 0 || cpu > MAX_CPU) return false;
    const { hi, lo } = tracks.time;
    const t = base.since(hi, lo);
    if (facts.type === TRACK_EVENT_TYPE.sliceEnd) {
      if (this.#ended[cpu] !== undefined) this.halves++;
      while (this.#ended.length < cpu) this.#ended.push(undefined);
      this.#ended[cpu] = { tid: facts.tid, t };
      return false;
    }
    if (facts.type !== TRACK_EVENT_TYPE.sliceBegin) return false;
    const ended = this.#ended[cpu];
    if (ended === undefined || ended.t !== t) {
      // A slice that began before the recording is drawn from its beginning on: that is no switch.
      if (t > 0) this.halves++;
      return false;
    }
    this.#ended[cpu] = undefined;
    if (t < this.t) {
      throw new InputError(
        {
          code: 'unsorted',
          path: this.#source.path,
          position: `byte ${end}`,
          expected: `a time of at least ${this.t} ns from the beginning`,
          found: String(t),
        },
        'the slices are not in the order of time',
      );
    }
    this.cpu = cpu;
    this.t = t;
    this.prev = ended.tid;
    this.next = facts.tid;
    return true;
  }
}
