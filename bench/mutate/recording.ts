// A healthy recording, kept in memory event by event, so that it can be replayed again and again with one thing broken.
import type { OpenTrace } from '../../src/readers/reader.ts';
import { newTraceEvent, type TraceEvent } from '../../src/trace/event.ts';
import type { TraceHeader } from '../../src/trace/header.ts';
import type { EventType } from '../../src/trace/vocabulary/index.ts';

export interface DsqName {
  readonly hi: number;
  readonly lo: number;
  readonly addrHi: number;
  readonly addrLo: number;
}

export interface Recording {
  readonly name: string;
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
  /** Ordinals of the events of each type. */
  readonly byType: ReadonlyMap<EventType, readonly number[]>;
  /** Tasks that took part in sched_ext. */
  readonly pids: readonly number[];
  readonly dsqs: readonly DsqName[];
  readonly cpus: readonly number[];
}

/** The first `limit` events of a trace. */
export function keep(trace: OpenTrace, name: string, limit: number): Recording {
  const events: TraceEvent[] = [];
  const byType = new Map<EventType, number[]>();
  const pids = new Set<number>();
  const dsqs = new Map<string, DsqName>();
  trace.run({
    event(event) {
      const copy = newTraceEvent();
      copy.copy(event);
      const list = byType.get(copy.type);
      if (list === undefined) byType.set(copy.type, [events.length]);
      else list.push(events.length);
      if (copy.type === 'run') pids.add(copy.pid);
      if (copy.type === 'dsq_link')
        dsqs.set(`${copy.dsq_addr_hi}/${copy.dsq_addr_lo}`, {
          hi: copy.dsq_hi,
          lo: copy.dsq_lo,
          addrHi: copy.dsq_addr_hi,
          addrLo: copy.dsq_addr_lo,
        });
      events.push(copy);
      return events.length < limit;
    },
  });
  return {
    name,
    header: trace.header,
    events,
    byType,
    pids: [...pids],
    dsqs: [...dsqs.values()],
    cpus: [...(trace.header.possible ?? [])],
  };
}
