// Reads and checks the header of a canonical trace.
import { InputError } from '../../errors.ts';
import type { TraceHeader } from '../../trace/header.ts';
import { isHeaderJson } from '../../trace/header-check.ts';
import { headerFromJson } from '../../trace/header-json.ts';
import { duplicateKey } from './duplicate-key.ts';

const HINT = 'scx-check schema prints the schema of the header';

/** The header in `text`, a JSON object. `position` names its place. */
export async function parseHeader(path: string, position: string, text: string): Promise<TraceHeader> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError({ code: 'bad-json', path, position }, `the header is no JSON object: ${reason}`);
  }
  const twice = duplicateKey(text);
  if (twice !== undefined) {
    const what = `the key ${JSON.stringify(twice)} comes twice in the header`;
    throw new InputError({ code: 'bad-header', path, position, hint: 'leave one of them out' }, what);
  }
  if (isHeaderJson(json)) return headerFromJson(json);
  const { headerSchema } = await import('../../trace/header-schema.ts');
  const issue = headerSchema.safeParse(json).error?.issues[0];
  const where = issue?.path.join('.') ?? '';
  const found = where === '' ? undefined : JSON.stringify(valueAt(json, issue?.path ?? []));
  throw new InputError(
    { code: 'bad-header', path, position, ...(found === undefined ? {} : { found: found.slice(0, 80) }), hint: HINT },
    `the header makes no sense${where === '' ? '' : ` at "${where}"`}: ${issue?.message ?? 'unknown reason'}`,
  );
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], json);
}
