// Says in words what is wrong with an event that the scanner did not accept. Slow, exact, used once per input.
import { InputError } from '../../errors.ts';
import { EVENT_TYPES, isEventType } from '../../trace/vocabulary/index.ts';

/** The error for the bytes of one bad event. */
export async function explainBadEvent(path: string, position: string, text: string): Promise<InputError> {
  const { z } = await import('zod');
  const { eventSchema } = await import('../../trace/event-schema.ts');
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
  const type = 'type' in value ? value.type : undefined;
  if (typeof type !== 'string') {
    return new InputError(
      { code: 'bad-event', path, position, expected: 'a field "type"', found: snippet(text) },
      'the event has no type',
    );
  }
  if (!isEventType(type)) {
    const near = nearest(type);
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
  const result = eventSchema(type).safeParse(value);
  if (result.success) {
    return new InputError(
      {
        code: 'bad-event',
        path,
        position,
        found: snippet(text),
        hint: 'numbers must be integers without exponent, 64-bit values below 2^64',
      },
      `event "${type}" cannot be read`,
    );
  }
  const [issue] = result.error.issues;
  const field = issue?.path.join('.') ?? '';
  const what = issue === undefined ? z.prettifyError(result.error) : issue.message;
  const found = field === '' ? snippet(text) : JSON.stringify((value as Record<string, unknown>)[field]);
  return new InputError(
    { code: 'bad-event', path, position, ...(found === undefined ? {} : { found }) },
    `event "${type}"${field === '' ? '' : `, field "${field}"`}: ${what}`,
  );
}

function snippet(text: string): string {
  const short = text.trim().slice(0, 60);
  return JSON.stringify(short.length < text.trim().length ? `${short}…` : short);
}

/** The event type that differs least from `name`, if any is close. */
function nearest(name: string): string | undefined {
  let best: string | undefined;
  let bestDistance = 3;
  for (const type of EVENT_TYPES) {
    const distance = editDistance(name, type);
    if (distance < bestDistance) {
      best = type;
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
