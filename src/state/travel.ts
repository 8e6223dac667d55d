// Time travel: replays a trace through the model up to one event.
import { InputError } from '../errors.ts';
import { detectKernel } from '../kernel/detect.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { semanticsOf } from '../kernel/semantics.ts';
import { Model } from '../model/model.ts';
import { Step } from '../model/step.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { newTraceEvent, type TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import { findPlace, type PlaceInTrace } from './place-in-trace.ts';

export interface TravelOptions {
  readonly at: PlaceInTrace;
  /** Stop before that event instead of after it. */
  readonly before: boolean;
  /** Path as the user gave it, for messages. */
  readonly path: string;
  readonly kernel?: KernelVersion | undefined;
  /** Damage in the input is the end of the trace instead of being thrown. */
  readonly keepGoing?: boolean | undefined;
}

export interface Arrival {
  readonly model: Model;
  /** The event that was asked for; undefined at the start. */
  readonly event: TraceEvent | undefined;
  readonly when: 'after' | 'before' | 'start';
  /** Time of the event that last made everything uncertain; -1 none. */
  readonly lostTime: number;
  /** Several events have the position that was asked for. */
  readonly ambiguous: boolean;
  /** What ended the input early. */
  readonly damage: InputError | undefined;
}

/** A model that knows what a trace says before its first event. */
export function newModel(header: TraceHeader, kernel: KernelVersion | undefined): Model {
  return new Model({ header, semantics: semanticsOf(detectKernel(header, kernel).version) });
}

/** Replays up to the event, with that event or without. A place outside of the trace is an InputError. */
export function travelTo(trace: OpenTrace, options: TravelOptions): Arrival {
  const { at, before, keepGoing = false } = options;
  const toTheEnd = at.kind === 'end' && !before;
  const found = toTheEnd ? undefined : findPlace(trace, at, options.path, keepGoing);
  const traveller = new Traveller(
    newModel(trace.header, options.kernel),
    found === undefined ? Number.POSITIVE_INFINITY : found.seq,
    before,
  );
  let damage: InputError | undefined;
  try {
    trace.run(traveller);
  } catch (error) {
    if (!(error instanceof InputError) || !keepGoing) throw error;
    damage = error;
  }
  const { model } = traveller;
  const event = found === undefined ? traveller.last : found.event;
  if (event !== undefined) model.now = event.t;
  return {
    model,
    event,
    when: event === undefined ? 'start' : before ? 'before' : 'after',
    lostTime: traveller.lostTime,
    ambiguous: found?.ambiguous ?? false,
    damage,
  };
}

class Traveller {
  readonly model: Model;
  lostTime = -1;
  readonly #target: number;
  readonly #before: boolean;
  readonly #step = new Step();
  readonly #last = newTraceEvent();
  #count = 0;

  constructor(model: Model, target: number, before: boolean) {
    this.model = model;
    this.#target = target;
    this.#before = before;
  }

  event(event: TraceEvent): boolean {
    const { model } = this;
    // The start of a trace needs nothing but the time base, which is known with the first event.
    if (event.seq > this.#target || (this.#before && event.seq === this.#target)) return false;
    model.apply(event, this.#step);
    this.#count++;
    if (model.knownSince === event.seq && event.seq > 0) this.lostTime = event.t;
    // Which event is the last one shows only when no other follows.
    if (this.#target === Number.POSITIVE_INFINITY) this.#last.copy(event);
    return event.seq < this.#target;
  }

  /** The last event that was read, when the whole trace was asked for. */
  get last(): TraceEvent | undefined {
    return this.#count === 0 ? undefined : this.#last;
  }
}
