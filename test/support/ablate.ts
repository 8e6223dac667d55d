// A trace as a smaller set of probes would have recorded it: the events of all other probes are left out.
import { PROBES } from '../../src/probes/catalogue.ts';
import type { Probe } from '../../src/probes/probe.ts';
import type { EventSink, OpenTrace } from '../../src/readers/reader.ts';
import { addRecorded, type EventName } from '../../src/trace/recorded.ts';
import { KIND } from '../../src/trace/vocabulary/index.ts';

const keyOf = (type: string, step: string, phase: string): string => `${type}/${step}/${phase}`;
const PRESENT = new Set(PROBES.map((probe) => keyOf(probe.type, probe.step ?? '', probe.phase ?? '')));

/** `trace` with only the events that one of `probes` makes. Events that no probe makes (losses) stay. */
export function ablate(trace: OpenTrace, probes: readonly Probe[]): OpenTrace {
  const kept = new Set(probes.map((probe) => keyOf(probe.type, probe.step ?? '', probe.phase ?? '')));
  const recorded = new Set<EventName>();
  for (const probe of probes) {
    if (trace.header.recorded === undefined || trace.header.recorded.has(probe.type))
      addRecorded(recorded, probe.type, probe.step);
  }
  const header = { ...trace.header, recorded };
  return {
    format: trace.format,
    header,
    get timeBase() {
      return trace.timeBase;
    },
    unused: trace.unused,
    absorbed: trace.absorbed,
    positionOf: (event) => trace.positionOf(event),
    run(sink: EventSink) {
      trace.run({
        event(event) {
          const key = keyOf(event.type, event.step, event.phase);
          if (event.kind !== KIND.lost && PRESENT.has(key) && !kept.has(key)) return true;
          return sink.event(event);
        },
      });
    },
  };
}
