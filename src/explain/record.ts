// What to record so that a trace shows the cause: event types, and the probes that deliver them.
import { PROBES } from '../probes/catalogue.ts';
import type { RuleSpec } from '../rules/rule.ts';
import type { EventType } from '../trace/vocabulary/index.ts';

export interface RecordAdvice {
  /** Event types; of a group joined by `or` one is enough. */
  readonly events: readonly string[];
  /** Probes that deliver them. */
  readonly probes: readonly { readonly event: string; readonly on: string; readonly level: number }[];
  /** Recording level that includes all of them; 0 when no probe is needed. */
  readonly level: number;
}

/** The events that a rule needs and their probes. */
export function recordFor(rule: RuleSpec): RecordAdvice {
  const types = new Set<EventType>(rule.needs.flat());
  const probes = PROBES.filter((probe) => types.has(probe.type)).map((probe) => ({
    event: `${probe.system}:${probe.event}`,
    on: probe.attach === 'event' ? 'trace event of the kernel' : `${probe.attach} of ${probe.symbols.join(' or ')}`,
    level: probe.level,
  }));
  // An event type that several levels deliver is there from the lowest on.
  const levels = [...types].map((type) =>
    Math.min(...PROBES.filter((probe) => probe.type === type).map((probe) => probe.level)),
  );
  return {
    events: rule.needs.map((need) => (typeof need === 'string' ? need : need.join(' or '))),
    probes,
    level: Math.max(0, ...levels.filter((level) => Number.isFinite(level))),
  };
}
