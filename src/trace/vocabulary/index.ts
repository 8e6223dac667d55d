// The event vocabulary: every event type of a trace, in a fixed order, with dense numbers for the hot path.
import { CAPS_EVENTS } from './caps.ts';
import { DSQ_EVENTS } from './dsq.ts';
import type { FieldName } from './fields.ts';
import { MACHINE_EVENTS } from './machine.ts';
import { RECORDING_EVENTS } from './recording.ts';
import { RQ_EVENTS } from './rq.ts';
import { SCHED_EVENTS } from './sched.ts';
import type { EventSpec } from './spec.ts';
import { TASK_EVENTS } from './task.ts';

export const EVENT_GROUPS = {
  machine: MACHINE_EVENTS,
  'scheduler instance': SCHED_EVENTS,
  task: TASK_EVENTS,
  'run queue and ownership': RQ_EVENTS,
  DSQ: DSQ_EVENTS,
  capabilities: CAPS_EVENTS,
  'group accounting and recording': RECORDING_EVENTS,
} as const;

const ALL = {
  ...MACHINE_EVENTS,
  ...SCHED_EVENTS,
  ...TASK_EVENTS,
  ...RQ_EVENTS,
  ...DSQ_EVENTS,
  ...CAPS_EVENTS,
  ...RECORDING_EVENTS,
} as const;

export type EventType = keyof typeof ALL;

/** Names of the fields that events of type `T` may carry. */
export type FieldsOf<T extends EventType> = (typeof ALL)[T]['required'][number] | (typeof ALL)[T]['optional'][number];

export const EVENT_SPECS: Readonly<Record<EventType, EventSpec>> = ALL;

export const EVENT_TYPES = Object.keys(ALL) as EventType[];

/** Dense number of each event type; `EVENT_TYPES[KIND[type]] === type`. */
export const KIND = Object.fromEntries(EVENT_TYPES.map((type, i) => [type, i])) as {
  readonly [T in EventType]: number;
};

export function isEventType(name: string): name is EventType {
  return Object.hasOwn(ALL, name);
}

/** Fields that an event of any type may carry. */
export const COMMON_FIELDS: readonly FieldName[] = ['expect'];

/** Fields of an event type, required ones first. */
export function fieldsOf(type: EventType): readonly FieldName[] {
  const spec = EVENT_SPECS[type];
  return [...spec.required, ...spec.optional, ...COMMON_FIELDS];
}

const WORDS: ReadonlyMap<string, string> = new Map(
  ['begin', 'end', ...EVENT_TYPES.flatMap((type) => EVENT_SPECS[type].steps ?? [])].map((word) => [word, word]),
);

/**
 * A text as the program itself spells it: two words of the vocabulary that came from outside are compared letter by letter,
 * these by their addresses.
 */
export function wordOf(text: string): string {
  return WORDS.get(text) ?? text;
}
