// Follows one subject through a trace: every event that concerns it, what it changed, and why. Streams; keeps nothing.
import { InputError } from '../../errors.ts';
import type { KernelVersion } from '../../kernel/release.ts';
import type { Model } from '../../model/model.ts';
import { Step } from '../../model/step.ts';
import type { OpenTrace } from '../../readers/reader.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { viewEvent } from '../orientation.ts';
import { findPlace, type PlaceInTrace, timeOf } from '../place-in-trace.ts';
import { newModel } from '../travel.ts';
import { ViewContext } from '../view-context.ts';
import { differenceOf } from './difference.ts';
import { type Facts, FOLLOW_SCHEMA, type FollowEntry, type FollowHead, type FollowTail } from './document.ts';
import type { Subject } from './subject.ts';

/** Takes the parts of a follow document as they come. */
export interface FollowSink {
  begin(head: FollowHead): void;
  entry(entry: FollowEntry): void;
  end(tail: FollowTail): void;
}

export interface FollowOptions {
  readonly path: string;
  readonly kernel?: KernelVersion | undefined;
  /** Makes the subject for a model. */
  readonly subject: (context: ViewContext) => Subject;
  /** First and last event to show; undefined: of the trace. */
  readonly from?: PlaceInTrace | undefined;
  readonly to?: PlaceInTrace | undefined;
  /** Show this event, and so many entries before and after it. */
  readonly around?: { readonly at: PlaceInTrace; readonly entries: number } | undefined;
  /** Leave out events that changed nothing and that there is nothing to say about. */
  readonly brief?: boolean | undefined;
  readonly keepGoing?: boolean | undefined;
  /** The error for a subject that no event names. */
  readonly missing: (model: Model) => InputError;
}

export function follow(trace: OpenTrace, options: FollowOptions, sink: FollowSink): void {
  const window = windowOf(trace, options);
  const follower = new Follower(trace, options, window, sink);
  let damage: InputError | undefined;
  try {
    trace.run(follower);
  } catch (error) {
    if (!(error instanceof InputError) || options.keepGoing !== true) throw error;
    damage = error;
  }
  follower.end(damage);
}

/** What to show, by ordinal and by time since the time base. */
interface Window {
  fromSeq: number;
  toSeq: number;
  fromTime: number;
  toTime: number;
  /** Ordinal of the event to show with what is around it; -1 none. */
  readonly at: number;
  readonly entries: number;
}

function windowOf(trace: OpenTrace, { from, to, around, path }: FollowOptions): Window {
  const ordinal = (place: PlaceInTrace | undefined, otherwise: number): number => {
    if (place === undefined || place.kind === 'time' || place.kind === 'end') return otherwise;
    return place.kind === 'event' ? place.seq : findPlace(trace, place, path).seq;
  };
  return {
    fromSeq: ordinal(from, 0),
    toSeq: ordinal(to, Number.POSITIVE_INFINITY),
    fromTime: 0,
    toTime: Number.POSITIVE_INFINITY,
    at: around === undefined ? -1 : findPlace(trace, around.at, path).seq,
    entries: around?.entries ?? 0,
  };
}

/** Changes that alone are no reason to show an event. */
const MINOR = new Set(['flags']);

/** The facts before anything was known: every value null, every list empty. */
function nothingKnown(facts: Facts): Facts {
  return Object.fromEntries(Object.entries(facts).map(([field, value]) => [field, Array.isArray(value) ? [] : null]));
}

class Follower {
  readonly #trace: OpenTrace;
  readonly #options: FollowOptions;
  readonly #window: Window;
  readonly #sink: FollowSink;
  readonly #model: Model;
  readonly #context: ViewContext;
  readonly #subject: Subject;
  readonly #step = new Step();
  #facts: Facts | null = null;
  #begun = false;
  #shown = 0;
  #after = 0;
  /** Entries before the one that is asked for, until it comes. */
  readonly #waiting: { entry: FollowEntry; before: Facts }[] = [];
  #firstTime = -1;
  #lastTime = -1;

  constructor(trace: OpenTrace, options: FollowOptions, window: Window, sink: FollowSink) {
    this.#trace = trace;
    this.#options = options;
    this.#window = window;
    this.#sink = sink;
    this.#model = newModel(trace.header, options.kernel);
    this.#context = new ViewContext(this.#model, trace);
    this.#subject = options.subject(this.#context);
  }

  event(event: TraceEvent): boolean {
    const window = this.#window;
    if (event.seq === 0) this.#setTimes(event);
    if (event.seq > window.toSeq || event.t > window.toTime) return false;
    const subject = this.#subject;
    const step = this.#step;
    const show = event.seq >= window.fromSeq && event.t >= window.fromTime;
    if (show) {
      if (this.#firstTime < 0) {
        this.#firstTime = event.t;
        this.#facts = subject.facts();
        subject.restart();
      }
      this.#lastTime = event.t;
    }
    subject.prepare(event);
    this.#model.apply(event, step);
    if (subject.concerns(event, step)) this.#concerned(event, show);
    return window.at < 0 || event.seq < window.at || this.#after < window.entries;
  }

  /** Times count from the time base, which is known with the first event. */
  #setTimes(first: TraceEvent): void {
    const { from, to } = this.#options;
    if (from?.kind === 'time') this.#window.fromTime = timeOf(from, first, this.#trace);
    if (to?.kind === 'time') this.#window.toTime = timeOf(to, first, this.#trace);
  }

  end(damage: InputError | undefined): void {
    if (this.#subject.facts() === null && damage === undefined) throw this.#options.missing(this.#model);
    if (this.#firstTime < 0 && damage === undefined) {
      const { path } = this.#options;
      throw new InputError(
        { code: 'not-in-trace', path, hint: 'no event lies between --from and --to' },
        'an empty span',
      );
    }
    for (const { entry, before } of this.#waiting.splice(0)) this.#show(entry, before);
    if (!this.#begun) this.#begin(this.#facts);
    this.#sink.end({
      final: this.#subject.facts(),
      entries: this.#shown,
      from: this.#firstTime < 0 ? null : this.#context.ts(this.#firstTime),
      to: this.#lastTime < 0 ? null : this.#context.ts(this.#lastTime),
      summary: this.#subject.summary(),
      ...(damage === undefined ? {} : { incomplete: { error: damage.describe() } }),
    });
  }

  #concerned(event: TraceEvent, show: boolean): void {
    const facts = this.#subject.facts();
    const notes = this.#subject.notes(event, this.#step);
    if (!show || facts === null) {
      this.#facts = facts;
      return;
    }
    const before = this.#facts ?? nothingKnown(facts);
    const changes = differenceOf(before, facts);
    // What an event that is left out changed shows as a change of the next one.
    if (this.#options.brief === true && notes.length === 0 && changes.every(({ field }) => MINOR.has(field))) return;
    this.#facts = facts;
    const entry = { ...viewEvent(this.#trace, this.#context, event, this.#context.name), changes, notes };
    const { at, entries } = this.#window;
    if (at < 0) this.#show(entry, before);
    else if (event.seq < at) {
      this.#waiting.push({ entry, before });
      if (this.#waiting.length > entries) this.#waiting.shift();
    } else {
      for (const held of this.#waiting.splice(0)) this.#show(held.entry, held.before);
      if (event.seq > at) this.#after++;
      this.#show(entry, before);
    }
  }

  #show(entry: FollowEntry, before: Facts): void {
    if (!this.#begun) this.#begin(before);
    this.#shown++;
    this.#sink.entry(entry);
  }

  #begin(initial: Facts | null): void {
    this.#begun = true;
    const { format, header } = this.#trace;
    this.#sink.begin({
      schema: FOLLOW_SCHEMA,
      trace: { path: this.#options.path, format, kernel: header.kernel ?? null },
      subject: { kind: this.#subject.kind, name: this.#subject.name },
      initial,
    });
  }
}
