// A short trace being worked on: events in memory that may be changed, its header, and the finding that must stay.
import { newTraceEvent, type TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import { type EventSource, Probe, type ProbeOptions, type Target } from './probe.ts';

export class Draft implements EventSource {
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
  readonly target: Target;
  /** Time of `t = 0`. */
  readonly timeBase: bigint;

  constructor(header: TraceHeader, events: readonly TraceEvent[], target: Target, timeBase: bigint) {
    this.header = header;
    this.events = events;
    this.target = target;
    this.timeBase = timeBase;
  }

  /** The events with these ordinals; those that the target names are renumbered. */
  static cut(source: EventSource, header: TraceHeader, ordinals: Uint32Array, target: Target, timeBase: bigint): Draft {
    const events = [...ordinals].map((i) => {
      const event = newTraceEvent();
      source.load(i, event);
      return event;
    });
    const place = (ordinal: number): number => (ordinal < 0 ? -1 : ordinals.indexOf(ordinal));
    return new Draft(
      header,
      events,
      {
        ...target,
        seq: place(target.seq),
        began: place(target.began),
        evidence: target.evidence.map(place),
        error: target.error.map(place),
      },
      timeBase,
    );
  }

  get length(): number {
    return this.events.length;
  }

  load(i: number, event: TraceEvent): void {
    const own = this.events[i];
    if (own === undefined) return;
    event.copy(own);
    event.seq = i;
    event.position = i;
  }

  /** Copies of the events, to be changed. */
  copies(): TraceEvent[] {
    return this.events.map((own) => {
      const event = newTraceEvent();
      event.copy(own);
      return event;
    });
  }

  with(change: { header?: TraceHeader; events?: readonly TraceEvent[]; target?: Target; timeBase?: bigint }): Draft {
    return new Draft(
      change.header ?? this.header,
      change.events ?? this.events,
      change.target ?? this.target,
      change.timeBase ?? this.timeBase,
    );
  }
}

/** Keeps the changes of a draft that leave its finding in place, and drops the others. */
export class Workshop {
  draft: Draft;
  /** Replays made. */
  replays = 0;
  readonly #options: ProbeOptions;

  constructor(draft: Draft, options: ProbeOptions) {
    this.draft = draft;
    this.#options = options;
  }

  /** Takes the changed draft if the finding is still there; true: it is. */
  try(changed: Draft): boolean {
    const probe = new Probe(changed, this.#options);
    const all = Uint32Array.from({ length: changed.length }, (_, i) => i);
    this.replays++;
    if (!probe.keeps(changed.header, all, changed.target)) return false;
    this.draft = changed;
    return true;
  }
}
