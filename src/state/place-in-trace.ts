// Finds the event that a place in a trace means: a time, an ordinal, a position as findings print it, an end.
import { InputError } from '../errors.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { newTraceEvent, type TraceEvent } from '../trace/event.ts';
import { KIND } from '../trace/vocabulary/index.ts';

interface Spelled {
  /** The place as the user wrote it, for messages. */
  readonly text: string;
}

export type PlaceInTrace = Spelled &
  (
    | { readonly kind: 'start' | 'end' }
    /** ns of the trace's clock, or since its first event. */
    | { readonly kind: 'time'; readonly ns: bigint; readonly relative: boolean }
    | { readonly kind: 'event'; readonly seq: number }
    /** A position as the reader spells it, or the end of that spelling; `number` is the last number in it. */
    | { readonly kind: 'position'; readonly number: number }
  );

/** An event that was found. `event` is undefined for the start of a trace, and for a trace without events. */
export interface FoundPlace {
  /** Ordinal of the event; -1 for the start. */
  readonly seq: number;
  readonly event: TraceEvent | undefined;
  /** More events have that position (several on one line); the first was taken. */
  readonly ambiguous: boolean;
}

/**
 * Reads as far as needed. A time means the last event at or before it. A place that lies outside of the trace is an
 * InputError that says what there is; damage before the place is one, too, unless `untilDamage` asks for the end of what
 * can be read.
 */
export function findPlace(trace: OpenTrace, place: PlaceInTrace, path: string, untilDamage = false): FoundPlace {
  if (place.kind === 'start') return { seq: -1, event: undefined, ambiguous: false };
  const finder = new Finder(trace, place, path);
  try {
    trace.run(finder);
  } catch (error) {
    if (!(error instanceof InputError) || !untilDamage || place.kind !== 'end') throw error;
  }
  return finder.result();
}

class Finder {
  readonly #trace: OpenTrace;
  readonly #place: PlaceInTrace;
  readonly #path: string;
  readonly #found = newTraceEvent();
  #hits = 0;
  #limit = 0;
  #count = 0;
  #firstTime = 0;
  #lastTime = 0;

  constructor(trace: OpenTrace, place: PlaceInTrace, path: string) {
    this.#trace = trace;
    this.#place = place;
    this.#path = path;
  }

  event(event: TraceEvent): boolean {
    const place = this.#place;
    if (this.#count++ === 0) {
      this.#firstTime = event.t;
      if (place.kind === 'time') this.#limit = timeOf(place, event, this.#trace);
    }
    this.#lastTime = event.t;
    switch (place.kind) {
      case 'event':
        if (event.seq < place.seq) return true;
        this.#keep(event);
        return false;
      case 'time':
        // Before the first event there is nothing: the rest is read to say what there is.
        if (event.t > this.#limit) return this.#hits === 0;
        this.#keep(event);
        return true;
      case 'position':
        return this.#position(place, event);
      default:
        this.#keep(event);
        return true;
    }
  }

  result(): FoundPlace {
    const place = this.#place;
    if (this.#count === 0) {
      if (place.kind === 'end') return { seq: -1, event: undefined, ambiguous: false };
      throw this.#missing('an event', 'a trace without events');
    }
    if (place.kind === 'time') this.#checkTime(place);
    else if (place.kind === 'event' && this.#hits === 0) throw missingEvent(this.#path, place.text, this.#count - 1);
    else if (this.#hits === 0) throw this.#missing(...this.#whatThereIs());
    return { seq: this.#found.seq, event: this.#found, ambiguous: this.#hits > 1 };
  }

  #position(place: PlaceInTrace & { readonly kind: 'position' }, event: TraceEvent): boolean {
    if (!isAtPosition(place, event, this.#trace)) return this.#hits === 0;
    // A loss is placed where the record behind it is; the record is meant.
    if (this.#hits === 0 || this.#found.kind === KIND.lost) this.#keep(event);
    this.#hits = this.#found.seq === event.seq ? 1 : this.#hits + 1;
    return true;
  }

  #keep(event: TraceEvent): void {
    this.#found.copy(event);
    this.#hits = 1;
  }

  /** A time before the first event or after the last is none of the trace. */
  #checkTime(place: PlaceInTrace & { readonly kind: 'time' }): void {
    if (this.#hits > 0 && this.#limit <= this.#lastTime) return;
    const asNs = Number(place.ns / 1_000_000_000n - this.#trace.timeBase);
    const meantNs = !place.relative && asNs >= this.#firstTime && asNs <= this.#lastTime;
    throw this.#missing(
      `a time from ${this.#seconds(this.#firstTime)} to ${this.#seconds(this.#lastTime)}`,
      place.text,
      meantNs ? `a number without a unit means seconds: did you mean ${place.ns / 1_000_000_000n}ns?` : undefined,
    );
  }

  #whatThereIs(): [expected: string, found: string] {
    const example = newTraceEvent();
    this.#trace.run({
      event(event) {
        example.copy(event);
        return false;
      },
    });
    return [`a place such as ${JSON.stringify(this.#trace.positionOf(example))}`, JSON.stringify(this.#place.text)];
  }

  #seconds(t: number): string {
    const ns = this.#trace.timeBase + BigInt(t);
    return `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;
  }

  #missing(expected: string, found: string, hint?: string): InputError {
    return missingPlace(this.#path, expected, found, hint);
  }
}

/** A time as ns since the time base; `first` is the first event of the trace. */
export function timeOf(
  place: PlaceInTrace & { readonly kind: 'time' },
  first: TraceEvent,
  trace: { readonly timeBase: bigint },
): number {
  return Number(place.relative ? place.ns + BigInt(first.t) : place.ns - trace.timeBase);
}

function missingEvent(path: string, text: string, last: number): InputError {
  return missingPlace(
    path,
    last < 0 ? 'an event' : `an event up to @${last}`,
    last < 0 ? 'a trace without events' : text,
  );
}

function missingPlace(path: string, expected: string, found: string, hint?: string): InputError {
  return new InputError(
    { code: 'not-in-trace', path, expected, found, ...(hint === undefined ? {} : { hint }) },
    'there is no such place in the trace',
  );
}

/** Is the event at that position? The reader's own spelling is asked only when the number fits. */
function isAtPosition(
  place: { readonly text: string; readonly number: number },
  event: TraceEvent,
  trace: OpenTrace,
): boolean {
  if (event.position !== place.number) return false;
  const spelled = trace.positionOf(event);
  return spelled === place.text || spelled.endsWith(`, ${place.text}`);
}
