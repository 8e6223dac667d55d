// Copies of events that are evidence, made while they are at hand: without others no second pass over the trace is needed.
import { newTraceEvent, type TraceEvent } from '../trace/event.ts';

/** Copies at most; where there is more to show, the second pass finds it. */
const MOST = 32;

export class KeptEvents {
  readonly #events = new Map<number, TraceEvent>();

  keep(event: TraceEvent): void {
    if (this.#events.size >= MOST || this.#events.has(event.seq)) return;
    const copy = newTraceEvent();
    copy.copy(event);
    this.#events.set(event.seq, copy);
  }

  /** The event with that ordinal, if it was kept. */
  get(seq: number): TraceEvent | undefined {
    return this.#events.get(seq);
  }
}
