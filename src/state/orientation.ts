// The events that lead to a moment: a second pass over the input, which keeps the last few that matter.
import { InputError } from '../errors.ts';
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

/** The last `count` events up to the one with ordinal `until` (without it) on a watched CPU, and as many about a watched task. */
export function leadingEvents(
  trace: OpenTrace,
  context: ViewContext,
  until: number,
  watched: Watched,
  count: number,
): EventView[] {
  if (count === 0 || until <= 0) return [];
  const onCpus = new Ring(count);
  const aboutTasks = new Ring(count);
  try {
    trace.run({
      event(event) {
        if (event.seq >= until) return false;
        if (watched.cpus.includes(event.cpu)) onCpus.push(event);
        for (const pid of watched.pids) {
          if (!isAbout(event, pid)) continue;
          aboutTasks.push(event);
          break;
        }
        return true;
      },
    });
  } catch (error) {
    // The travel met the same damage, and has reported it.
    if (!(error instanceof InputError)) throw error;
  }
  const events = new Map<number, TraceEvent>();
  for (const event of [...onCpus.items(), ...aboutTasks.items()]) events.set(event.seq, event);
  return [...events.values()]
    .toSorted((a, b) => a.seq - b.seq)
    .map((event) => viewEvent(trace, context, event, context.name));
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
    this.#records[this.#pushed++ % this.#records.length]?.copy(event);
  }

  items(): readonly TraceEvent[] {
    return this.#records.slice(0, Math.min(this.#pushed, this.#records.length));
  }
}
