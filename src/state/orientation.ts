// The events that lead to a moment: a second pass over the input, which keeps the last few that matter.
import type { OpenTrace } from '../readers/reader.ts';
import { describeEvent, type NameOf } from '../trace/describe.ts';
import { newTraceEvent, type TraceEvent } from '../trace/event.ts';
import type { EventView } from './document.ts';
import type { ViewContext } from './view-context.ts';

/** Whom events must be about, or where they must happen, in order to lead somewhere. */
export interface Watched {
  readonly cpus: readonly number[];
  readonly pids: readonly number[];
}

export interface Orientation {
  /** The event itself; undefined when it cannot be read again. */
  readonly event: EventView | undefined;
  /** What leads there, in order. */
  readonly leading: readonly EventView[];
}

/**
 * The event with ordinal `seq`, and before it the last `count` events on a watched CPU and as many about a watched task.
 */
export function orient(
  trace: OpenTrace,
  context: ViewContext,
  seq: number,
  watched: Watched,
  count: number,
): Orientation {
  const onCpus = new Ring(count);
  const aboutTasks = new Ring(count);
  let event: EventView | undefined;
  trace.run({
    event(current) {
      if (current.seq === seq) {
        event = viewEvent(trace, context, current, context.name);
        return false;
      }
      if (watched.cpus.includes(current.cpu)) onCpus.push(current);
      for (const pid of watched.pids) {
        if (!isAbout(current, pid)) continue;
        aboutTasks.push(current);
        break;
      }
      return true;
    },
  });
  const events = new Map<number, TraceEvent>();
  for (const item of [...onCpus.items(), ...aboutTasks.items()]) events.set(item.seq, item);
  const leading = [...events.values()]
    .toSorted((a, b) => a.seq - b.seq)
    .map((item) => viewEvent(trace, context, item, context.name));
  return { event, leading };
}

/** Does the event name the task, in whatever part? */
export function isAbout(event: TraceEvent, pid: number): boolean {
  return (
    event.pid === pid ||
    event.next === pid ||
    event.prev === pid ||
    event.curr === pid ||
    event.parent === pid ||
    event.old_pid === pid ||
    event.to === pid
  );
}

/** An event in words, with its place in the input. */
export function viewEvent(trace: OpenTrace, context: ViewContext, event: TraceEvent, name: NameOf): EventView {
  return {
    event: event.seq,
    ts: context.ts(event.t),
    cpu: event.cpu,
    type: event.type,
    position: trace.positionOf(event),
    text: describeEvent(event, name),
  };
}

/** The last few events, in records that are used again and again. */
class Ring {
  readonly #records: TraceEvent[];
  #pushed = 0;

  constructor(size: number) {
    this.#records = Array.from({ length: size }, newTraceEvent);
  }

  push(event: TraceEvent): void {
    if (this.#records.length > 0) this.#records[this.#pushed++ % this.#records.length]?.copy(event);
  }

  items(): readonly TraceEvent[] {
    return this.#records.slice(0, Math.min(this.#pushed, this.#records.length));
  }
}
