// Time travel: replays a trace through the model up to one event.
import { InputError } from '../errors.ts';
import { detectKernel } from '../kernel/detect.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { semanticsOf } from '../kernel/semantics.ts';
import { Model } from '../model/model.ts';
import { Step } from '../model/step.ts';
import type { OpenTrace } from '../readers/reader.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import { findPlace, type PlaceInTrace, timeOf } from './place-in-trace.ts';

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

/** The event at which a travel ends. */
export interface Destination {
  readonly seq: number;
  readonly t: number;
  readonly cpu: number;
  /** Tasks that it names. */
  readonly pids: readonly number[];
}

export interface Arrival {
  readonly model: Model;
  /** The event that was asked for; undefined at the start. */
  readonly destination: Destination | undefined;
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
  const { at, before, path, keepGoing = false } = options;
  // A position must be searched; so must whatever is named by its distance from an event that is not known yet.
  const search = at.kind === 'position' || (before && (at.kind === 'time' || at.kind === 'end'));
  const found = search ? findPlace(trace, at, path, keepGoing) : undefined;
  const traveller = new Traveller(trace, newModel(trace.header, options.kernel), found?.seq ?? at, before);
  let damage: InputError | undefined;
  try {
    trace.run(traveller);
  } catch (error) {
    if (!(error instanceof InputError) || !keepGoing || at.kind !== 'end') throw error;
    damage = error;
  }
  const { model, destination } = traveller;
  // The search says what there is instead.
  if (!traveller.arrived) findPlace(trace, at, path);
  if (destination !== undefined) model.now = destination.t;
  return {
    model,
    destination,
    when: destination === undefined ? 'start' : before ? 'before' : 'after',
    lostTime: traveller.lostTime,
    ambiguous: found?.ambiguous ?? false,
    damage,
  };
}

class Traveller {
  readonly model: Model;
  lostTime = -1;
  readonly #trace: OpenTrace;
  /** Ordinal of the event to stop at; infinite: at the time, or at the end. */
  readonly #target: number;
  readonly #at: PlaceInTrace | undefined;
  readonly #before: boolean;
  readonly #step = new Step();
  #limit = Number.POSITIVE_INFINITY;
  #passed = false;
  // The last event that was met; which one is the last of the trace shows only when no other follows.
  #seq = -1;
  #t = 0;
  #cpu = -1;
  #pid = -1;
  #prev = -1;
  #next = -1;

  constructor(trace: OpenTrace, model: Model, to: PlaceInTrace | number, before: boolean) {
    this.#trace = trace;
    this.model = model;
    this.#at = typeof to === 'number' ? undefined : to;
    this.#target = typeof to === 'number' ? to : to.kind === 'event' ? to.seq : Number.POSITIVE_INFINITY;
    this.#before = before;
  }

  event(event: TraceEvent): boolean {
    const { model } = this;
    // The start of a trace needs nothing but the time base, which is known with the first event.
    if (this.#at?.kind === 'start') return false;
    if (event.seq === 0 && this.#at?.kind === 'time') this.#limit = timeOf(this.#at, event, this.#trace);
    if (event.t > this.#limit) {
      this.#passed = true;
      return false;
    }
    this.#seq = event.seq;
    this.#t = event.t;
    this.#cpu = event.cpu;
    this.#pid = event.pid;
    this.#prev = event.prev;
    this.#next = event.next;
    if (this.#before && event.seq >= this.#target) return false;
    model.apply(event, this.#step);
    if (model.knownSince === event.seq && event.seq > 0) this.lostTime = event.t;
    return event.seq < this.#target;
  }

  /** It came to where it was sent. */
  get arrived(): boolean {
    if (this.#at?.kind === 'time') return this.#seq >= 0 && (this.#passed || this.#t === this.#limit);
    return this.#target === Number.POSITIVE_INFINITY || this.#seq === this.#target;
  }

  get destination(): Destination | undefined {
    if (this.#seq < 0) return undefined;
    const pids = [this.#pid, this.#prev, this.#next].filter((pid) => pid > 0);
    return { seq: this.#seq, t: this.#t, cpu: this.#cpu, pids };
  }
}
