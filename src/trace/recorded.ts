// What a recording would hold if it had occurred: event types, and single steps of those that have several.
import { EVENT_SPECS, EVENT_TYPES, type EventType, isEventType } from './vocabulary/index.ts';

/** An event type, or one step of it: `insert`, `insert:kfunc`. */
export type EventName = EventType | `${EventType}:${string}`;

/**
 * Event types that were recorded. Of a type that has steps, an entry `type:step` says which; without any such entry all
 * of them were.
 */
export type RecordedSet = ReadonlySet<EventName>;

/** All names there are. */
export const EVENT_NAMES: readonly EventName[] = EVENT_TYPES.flatMap((type): EventName[] => [
  type,
  ...(EVENT_SPECS[type].steps ?? []).map((step): EventName => `${type}:${step}`),
]);

/** Type and step of a name; undefined when there is no such event. */
export function parseEventName(name: string): { readonly type: EventType; readonly step: string } | undefined {
  const colon = name.indexOf(':');
  const type = colon < 0 ? name : name.slice(0, colon);
  const step = colon < 0 ? '' : name.slice(colon + 1);
  if (!isEventType(type)) return undefined;
  return step === '' || EVENT_SPECS[type].steps?.includes(step) === true ? { type, step } : undefined;
}

export function isEventName(name: string): name is EventName {
  return parseEventName(name) !== undefined;
}

/** Does `recorded` cover the events of this name? */
export function isRecorded(name: EventName, recorded: RecordedSet): boolean {
  if (recorded.has(name)) return true;
  const parsed = parseEventName(name);
  if (parsed === undefined || parsed.step === '' || !recorded.has(parsed.type)) return false;
  return !(EVENT_SPECS[parsed.type].steps ?? []).some((step) => recorded.has(`${parsed.type}:${step}`));
}

/** Adds a type, and its step where it has one. */
export function addRecorded(recorded: Set<EventName>, type: EventType, step: string | undefined): void {
  recorded.add(type);
  if (step !== undefined && step !== '') recorded.add(`${type}:${step}`);
}

/** A set from names as a header lists them: naming a step names its type. */
export function recordedFromNames(names: Iterable<string>): Set<EventName> {
  const recorded = new Set<EventName>();
  for (const name of names) {
    const parsed = parseEventName(name);
    if (parsed !== undefined) addRecorded(recorded, parsed.type, parsed.step);
  }
  return recorded;
}
