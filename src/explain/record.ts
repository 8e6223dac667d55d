// What to record so that a trace shows the cause: event types, and the probes that deliver them.
import { levelFor, probesOf, SITE_NEEDS } from '../probes/needs.ts';
import type { Probe } from '../probes/probe.ts';
import type { RuleSpec } from '../rules/rule.ts';
import type { EventName } from '../trace/recorded.ts';

export interface RecordAdvice {
  /** Events; of a group joined by `or` one is enough. */
  readonly events: readonly string[];
  /** Probes that deliver them. What a replay needs in any case is not listed. */
  readonly probes: readonly { readonly event: string; readonly on: string; readonly level: number }[];
  /** Recording level that includes all that the rule cannot do without; null: no probe delivers it. */
  readonly level: number | null;
  /** Command that records them. */
  readonly command: string;
}

/** The events that a rule needs, those that predict the error of its site included, and their probes. */
export function recordFor(rule: RuleSpec): RecordAdvice {
  const needs: readonly (EventName | readonly EventName[])[] = rule.needs;
  const single = new Set(needs.flatMap((need) => (typeof need === 'string' ? [need] : [])));
  const more = (SITE_NEEDS[rule.id] ?? []).filter((name) => !single.has(name) && !needs.flat().includes(name));
  const names = new Set<EventName>([...needs.flat(), ...more]);
  const probes = new Set<Probe>();
  for (const name of names) for (const probe of probesOf(name)) probes.add(probe);
  return {
    events: [...needs.map((need) => (typeof need === 'string' ? need : need.join(' or '))), ...more],
    probes: [...probes].map((probe) => ({
      event: `${probe.system}:${probe.event}`,
      on: probe.attach === 'event' ? 'trace event of the kernel' : `${probe.attach} of ${probe.symbols.join(' or ')}`,
      level: probe.level,
    })),
    level: levelFor(rule.needs) ?? null,
    command: `scx-check record --rules ${rule.id}`,
  };
}
