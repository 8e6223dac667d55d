// Walks the ftrace events of one CPU in the order of time: bundle by bundle, full and compact events merged.
import type { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { CompactSched } from './compact-sched.ts';
import { MessageReader } from './message-reader.ts';
import { ProtoReader } from './proto-reader.ts';
import { BUNDLE, FIRST_EVENT_FIELD, FTRACE_EVENT } from './schema.ts';
import type { Bundle } from './survey.ts';
import type { TimeBase } from './time-base.ts';

/** What is current. */
export const CURRENT = { event: 0, compactSwitch: 1, compactWaking: 2, lost: 3 } as const;

const WINDOW_BYTES = 64 * 1024;

export class BundleCursor {
  readonly cpu: number;
  /** Time of the current record, ns since the base. */
  t = 0;
  what: number = CURRENT.event;
  /** Place of the record, for reports. */
  position = 0;
  /** The current full event: its field number, and its message in `bytes`. */
  number = 0;
  from = 0;
  to = 0;
  /** The compact part, and the index of the current record in it. */
  readonly compact = new CompactSched();
  index = 0;
  readonly #reader: ProtoReader;
  readonly #bundles: readonly Bundle[];
  readonly #base: TimeBase;
  readonly #message = new MessageReader();
  #next = 0;
  #bundle: Bundle | undefined;
  /** Where the search for the next full event goes on. */
  #resume = 0;
  #hasEvent = false;
  #eventTime = 0;
  #switches = 0;
  #wakings = 0;
  #taken = true;

  constructor(source: Source, bundles: readonly Bundle[], base: TimeBase) {
    this.cpu = bundles[0]?.cpu ?? 0;
    this.#bundles = bundles;
    this.#base = base;
    this.#reader = new ProtoReader(source, WINDOW_BYTES);
  }

  get bytes(): Uint8Array {
    return this.#reader.bytes;
  }

  /** Moves to the next record; false at the end. Damage is an InputError. */
  advance(): boolean {
    for (;;) {
      if (this.#bundle === undefined) {
        if (!this.#open()) return false;
        if (this.#bundle !== undefined && (this.#bundle as Bundle).lost) {
          this.what = CURRENT.lost;
          this.position = (this.#bundle as Bundle).from;
          this.t = Math.max(this.t, this.#firstTime());
          return true;
        }
      }
      if (this.#hasEvent && this.#taken) this.#findEvent();
      if (this.#choose()) return true;
      this.#bundle = undefined;
    }
  }

  damage(what: string): InputError {
    return this.#reader.damage(what, this.#bundle?.to ?? 0);
  }

  #open(): boolean {
    const bundle = this.#bundles[this.#next++];
    if (bundle === undefined) return false;
    this.#bundle = bundle;
    this.#switches = 0;
    this.#wakings = 0;
    this.compact.clear();
    if (bundle.compactFrom >= 0) {
      const length = bundle.compactTo - bundle.compactFrom;
      this.#reader.seek(bundle.compactFrom);
      const at = this.#reader.load(length);
      this.compact.read(this.#reader.bytes, at, at + length, this.#base);
      if (this.compact.broken)
        throw this.#reader.damage('the compact events of a bundle are damaged', bundle.compactTo);
    }
    this.#resume = bundle.from;
    this.#hasEvent = true;
    this.#findEvent();
    return true;
  }

  #firstTime(): number {
    const times = [
      this.#hasEvent ? this.#eventTime : undefined,
      this.compact.switchTime.values[0],
      this.compact.wakingTime.values[0],
    ];
    const lengths = [1, this.compact.switchTime.length, this.compact.wakingTime.length];
    return Math.min(
      ...times.flatMap((time, i) => (time === undefined || lengths[i] === 0 ? [] : [time])),
      Number.MAX_VALUE,
    );
  }

  /** Finds the next full event of the bundle. */
  #findEvent(): void {
    const reader = this.#reader;
    const bundle = this.#bundle;
    this.#taken = false;
    if (bundle === undefined) return;
    reader.seek(this.#resume);
    while (reader.next(bundle.to)) {
      if (reader.field !== BUNDLE.event) {
        reader.skip();
        continue;
      }
      const { length } = reader;
      const at = reader.load(length);
      this.#resume = reader.base + at + length;
      if (this.#enter(at, at + length)) return;
      reader.seek(this.#resume);
    }
    this.#hasEvent = false;
  }

  /** Reads the head of the event at `from..to` of `bytes`; false when it holds no event. */
  #enter(from: number, to: number): boolean {
    const message = this.#message;
    message.reset(this.#reader.bytes, from, to);
    this.number = 0;
    let timed = false;
    while (message.next()) {
      if (message.field === FTRACE_EVENT.timestamp) {
        this.#eventTime = this.#base.since(message.hi, message.lo);
        timed = true;
      } else if (message.field >= FIRST_EVENT_FIELD && message.wire === 2) {
        this.number = message.field;
        this.from = message.from;
        this.to = message.to;
      }
    }
    if (message.broken) throw this.damage('an event is damaged');
    return timed && this.number > 0;
  }

  /** Makes the earliest record of the bundle current; false when there is none left. */
  #choose(): boolean {
    const { switchTime, wakingTime } = this.compact;
    let time = Number.POSITIVE_INFINITY;
    if (this.#hasEvent) {
      time = this.#eventTime;
      this.what = CURRENT.event;
    }
    if (this.#wakings < wakingTime.length && wakingTime.at(this.#wakings) < time) {
      time = wakingTime.at(this.#wakings);
      this.what = CURRENT.compactWaking;
    }
    if (this.#switches < switchTime.length && switchTime.at(this.#switches) < time) {
      time = switchTime.at(this.#switches);
      this.what = CURRENT.compactSwitch;
    }
    if (time === Number.POSITIVE_INFINITY) return false;
    if (this.what === CURRENT.event) {
      this.position = this.#reader.base + this.from;
      this.#taken = true;
    } else {
      this.index = this.what === CURRENT.compactSwitch ? this.#switches++ : this.#wakings++;
      this.position = this.#bundle?.compactFrom ?? 0;
    }
    this.t = time;
    return true;
  }
}
