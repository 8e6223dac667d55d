// Views of a trace with pieces missing, for the tests of soundness: less evidence must never make a new violation.
import type { EventSink, OpenTrace } from '../../src/readers/reader.ts';
import { newTraceEvent, type TraceEvent } from '../../src/trace/event.ts';
import { emptyHeader, type TraceHeader } from '../../src/trace/header.ts';
import type { FieldName } from '../../src/trace/vocabulary/fields.ts';
import { type EventType, KIND } from '../../src/trace/vocabulary/index.ts';

/** Takes each event with its ordinal in the whole trace; `emit` passes an event on. */
type Filter = (event: TraceEvent, ordinal: number, emit: (event: TraceEvent) => boolean) => boolean;

/** A view of `trace` whose events pass a filter, made anew for each run, and are numbered anew. */
function view(trace: OpenTrace, header: TraceHeader, makeFilter: () => Filter): OpenTrace {
  return {
    format: trace.format,
    header,
    get timeBase() {
      return trace.timeBase;
    },
    unused: trace.unused,
    get absorbed() {
      return trace.absorbed;
    },
    positionOf: (event) => trace.positionOf(event),
    run(sink: EventSink) {
      let ordinal = 0;
      let seq = 0;
      const filter = makeFilter();
      const emit = (event: TraceEvent): boolean => {
        event.seq = seq++;
        return sink.event(event);
      };
      trace.run({ event: (event) => filter(event, ordinal++, emit) });
    },
  };
}

/** The events that pass a test; for what a trace may leave out without being damaged. */
export function eventsWhere(trace: OpenTrace, keep: (event: TraceEvent) => boolean): OpenTrace {
  return view(trace, trace.header, () => (event, _ordinal, emit) => (keep(event) ? emit(event) : true));
}

/** The trace of a recorder that does not know an event type. */
export function withoutType(trace: OpenTrace, type: EventType): OpenTrace {
  const recorded = new Set([...(trace.header.recorded ?? [])].filter((name) => name.split(':')[0] !== type));
  return view(
    trace,
    { ...trace.header, recorded },
    () => (event, _ordinal, emit) => (event.kind === KIND[type] ? true : emit(event)),
  );
}

/** The trace of a recorder that does not know a field of an event type. */
export function withoutField(trace: OpenTrace, type: EventType, field: FieldName): OpenTrace {
  const without = newTraceEvent();
  return view(trace, trace.header, () => (event, _ordinal, emit) => {
    if (event.kind !== KIND[type] || !event.has(field)) return emit(event);
    without.copy(event);
    without.drop(field);
    return emit(without);
  });
}

/** Records `from` to `to` (exclusive) are lost on all CPUs; a `lost` event on `cpu` stands for them. */
export function withoutWindow(trace: OpenTrace, from: number, to: number, cpu: number): OpenTrace {
  const lost = newTraceEvent();
  return view(trace, trace.header, () => (event, ordinal, emit) => {
    if (ordinal < from || ordinal >= to) return emit(event);
    if (ordinal < to - 1) return true;
    lost.begin(KIND.lost);
    lost.cpu = cpu;
    lost.t = event.t;
    lost.position = event.position;
    return emit(lost);
  });
}

/**
 * Records `from` to `to` (exclusive) that `cpu` made are lost: `lost` events say from when, behind its last record before
 * the gap, and until when, before the first one behind it.
 */
export function withoutCpu(trace: OpenTrace, from: number, to: number, cpu: number): OpenTrace {
  let began = -1;
  let resumed = -1;
  let at = 0;
  trace.run({
    event(event) {
      const ordinal = at++;
      if (event.cpu === cpu && ordinal < from) began = ordinal;
      if (event.cpu === cpu && ordinal >= to) resumed = ordinal;
      return resumed < 0;
    },
  });
  const lost = newTraceEvent();
  return view(trace, trace.header, () => (event, ordinal, emit) => {
    const mark = (phase: 'begin' | 'end'): boolean => {
      lost.begin(KIND.lost);
      lost.cpu = cpu;
      lost.t = event.t;
      lost.position = event.position;
      lost.phase = phase;
      return emit(lost);
    };
    if (began < 0 && ordinal === 0 && !mark('begin')) return false;
    if (event.cpu === cpu && ordinal >= from && ordinal < to) return true;
    if (ordinal === resumed && !mark('end')) return false;
    if (!emit(event)) return false;
    return ordinal === began ? mark('begin') : true;
  });
}

/** The trace from record `from` on, without what only its beginning tells. */
export function startingAt(trace: OpenTrace, from: number): OpenTrace {
  return view(trace, midRunHeader(trace.header), () => (event, ordinal, emit) => (ordinal < from ? true : emit(event)));
}

/** What a recorder knows that starts in the middle without looking around: the machine, not the tasks. */
function midRunHeader(header: TraceHeader): TraceHeader {
  const { kernel, clock, hz, possible, recorded } = header;
  return {
    ...emptyHeader(),
    ...(kernel === undefined ? {} : { kernel }),
    ...(clock === undefined ? {} : { clock }),
    ...(hz === undefined ? {} : { hz }),
    ...(possible === undefined ? {} : { possible }),
    ...(recorded === undefined ? {} : { recorded }),
    cpus: header.cpus,
    schedClasses: header.schedClasses,
    features: header.features,
    startsMidRun: true,
  };
}

/** The trace up to record `to` (exclusive): recording was stopped there. */
export function endingAt(trace: OpenTrace, to: number): OpenTrace {
  return view(trace, trace.header, () => (event, ordinal, emit) => ordinal < to && emit(event));
}
