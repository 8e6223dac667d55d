// The vocabulary as flat tables for the scanner: keys, kinds of values, and which fields an event type requires and allows.
import { presenceOf, SLOT, SLOTS } from '../../trace/event.ts';
import type { FieldName } from '../../trace/vocabulary/fields.ts';
import { EVENT_SPECS, EVENT_TYPES, type EventType, fieldsOf } from '../../trace/vocabulary/index.ts';
import { WordPatterns } from './word-patterns.ts';

/** Keys are numbered: fields by their slots, then those that are no fields. */
export const TS = SLOTS.length;
export const CPU = TS + 1;
export const TYPE = TS + 2;
export const KEY_COUNT = TS + 3;

export const MAX_CPU = 8191;

const KEY_NAMES: readonly string[] = [...SLOTS.map((slot) => slot.field), 'ts', 'cpu', 'type'];

/** Keys as they stand in an event: in quotes, with a colon. */
export const FRAMED_KEYS = new WordPatterns(KEY_NAMES.map((name) => `"${name}":`));

export const KEY_BY_NAME: ReadonlyMap<string, number> = new Map(KEY_NAMES.map((name, key) => [name, key]));
export const KIND_BY_NAME: ReadonlyMap<string, number> = new Map(EVENT_TYPES.map((type, kind) => [type, kind]));

/** How the value of a field is read. */
export const CODE = { int: 0, uint: 1, bool: 2, str: 3, cpus: 4, dsq: 5, s64: 6, u64: 7, hex: 7, id: 7 } as const;

// By slot.
export const CODES = Uint8Array.from(SLOTS, (slot) => CODE[slot.kind]);
export const INDEXES = Int32Array.from(SLOTS, (slot) => slot.index);

export const STEP = SLOT.step.id;
export const PHASE = SLOT.phase.id;

/** Words of presence flags in an event. */
export const PRESENCE_WORDS = presenceOf([]).length;

/** Presence flags that each type requires and allows, `PRESENCE_WORDS` a type. */
export const REQUIRED = presenceTable((type) => EVENT_SPECS[type].required);
export const ALLOWED = presenceTable(fieldsOf);

function presenceTable(fieldsOfType: (type: EventType) => readonly FieldName[]): Int32Array {
  const table = new Int32Array(EVENT_TYPES.length * PRESENCE_WORDS);
  for (const [kind, type] of EVENT_TYPES.entries()) {
    for (const field of fieldsOfType(type)) {
      const { id } = SLOT[field];
      const at = kind * PRESENCE_WORDS + (id >> 5);
      table[at] = (table[at] ?? 0) | (1 << (id & 31));
    }
  }
  return table;
}

const NO_STEPS: ReadonlySet<string> = new Set();

/** Values of `step` by type. */
export const STEPS: readonly ReadonlySet<string>[] = EVENT_TYPES.map((type) => {
  const { steps } = EVENT_SPECS[type];
  return steps === undefined ? NO_STEPS : new Set(steps);
});
