// Says in words what is wrong with an event that the scanner did not accept. Slow, exact, used once per input.
import { InputError } from '../../errors.ts';
import type { eventSchema } from '../../trace/event-schema.ts';
import { FIELDS, type FieldKind, type FieldName } from '../../trace/vocabulary/fields.ts';
import { EVENT_SPECS, EVENT_TYPES, type EventType, fieldsOf, isEventType } from '../../trace/vocabulary/index.ts';
import { duplicateKey } from './duplicate-key.ts';

/** Schema of an event type; loaded late, because zod is. */
export type EventSchema = typeof eventSchema;

const WIDE = 'a 64-bit number: a number, or decimal or 0x text';

const EXPECTED: Readonly<Record<FieldKind, string>> = {
  int: 'an integer of 32 bits',
  uint: 'an integer from 0 to 4294967295',
  bool: 'true or false',
  str: 'a text',
  cpus: 'a cpulist such as "0-3,8"',
  dsq: 'a DSQ: a name (local, local_on:3, global, bypass …), or a number',
  u64: WIDE,
  hex: WIDE,
  id: WIDE,
  s64: 'a signed 64-bit number: a number, or decimal or 0x text',
};

const OWN_KEYS: Readonly<Record<string, string>> = {
  ts: 'a time in ns: a number, or decimal or 0x text',
  cpu: 'a CPU number, 0 to 8191',
  type: 'an event type',
};

/** The error for the bytes of one bad event. */
export function explainBadEvent(schema: EventSchema, path: string, position: string, text: string): InputError {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return new InputError({ code: 'bad-json', path, position, found: snippet(text) }, `not a JSON object: ${reason}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return new InputError(
      { code: 'bad-json', path, position, expected: 'an event object', found: snippet(text) },
      'not an event',
    );
  }
  const event = value as Readonly<Record<string, unknown>>;
  const bad = (what: string, details: { expected?: string; found?: string; hint?: string } = {}): InputError =>
    new InputError({ code: 'bad-event', path, position, ...details }, what);
  const twice = duplicateKey(text);
  if (twice !== undefined) return bad(`the key ${JSON.stringify(twice)} comes twice`, { found: snippet(text) });
  const { type } = event;
  if (type === undefined) return bad('the event has no type', { expected: 'a key "type"', found: snippet(text) });
  if (typeof type !== 'string' || !isEventType(type)) {
    const near = typeof type === 'string' ? nearest(type, EVENT_TYPES) : undefined;
    return new InputError(
      {
        code: 'unknown-event-type',
        path,
        position,
        found: JSON.stringify(type),
        hint: `${near === undefined ? '' : `did you mean "${near}"? `}scx-check schema lists the event types`,
      },
      'unknown event type',
    );
  }
  return bad(...explainFields(schema, type, event, text));
}

/** What is wrong with the fields of an event, and the details. */
function explainFields(
  schema: EventSchema,
  type: EventType,
  event: Readonly<Record<string, unknown>>,
  text: string,
): [string, { expected?: string; found?: string; hint?: string }] {
  const issue = schema(type).safeParse(event).error?.issues[0];
  if (issue === undefined) {
    const hint = 'numbers must be integers without exponent, 64-bit values below 2^64';
    return [`event "${type}" cannot be read`, { found: snippet(text), hint }];
  }
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const near = nearest(key, [...fieldsOf(type), 'ts', 'cpu', 'type']);
    const hint = `${near === undefined ? '' : `did you mean "${near}"? `}scx-check schema lists the fields`;
    return [`event "${type}" has no field ${JSON.stringify(key)}`, { hint }];
  }
  const field = String(issue.path[0] ?? '');
  const expected = expectedOf(type, field);
  if (event[field] === undefined) return [`event "${type}" lacks the field "${field}"`, { expected }];
  return [`event "${type}", field "${field}": wrong value`, { expected, found: snippet(JSON.stringify(event[field])) }];
}

function expectedOf(type: EventType, field: string): string {
  const { steps } = EVENT_SPECS[type];
  if (field === 'step' && steps !== undefined) return `one of ${steps.map((step) => `"${step}"`).join(', ')}`;
  if (field === 'phase') return '"begin" or "end"';
  return OWN_KEYS[field] ?? EXPECTED[FIELDS[field as FieldName].kind];
}

function snippet(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > 80 ? `${trimmed.slice(0, 80)}…` : trimmed;
}

/** The candidate that differs least from `name`, if any is close. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(4, Math.max(2, name.length / 2));
  for (const candidate of candidates) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
