// Reads and checks the header of a canonical trace.
import { InputError } from '../../errors.ts';
import type { TraceHeader } from '../../trace/header.ts';
import { isHeaderJson } from '../../trace/header-check.ts';
import { headerFromJson } from '../../trace/header-json.ts';

/** The header in `text`, a JSON object. `position` names its place. */
export async function parseHeader(path: string, position: string, text: string): Promise<TraceHeader> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError({ code: 'bad-json', path, position }, `the header is no JSON object: ${reason}`);
  }
  if (isHeaderJson(json)) return headerFromJson(json);
  const { headerSchema } = await import('../../trace/header-schema.ts');
  const result = headerSchema.safeParse(json);
  if (result.success) return headerFromJson(result.data);
  const [issue] = result.error.issues;
  const where = issue?.path.join('.') ?? '';
  throw new InputError(
    { code: 'bad-header', path, position, hint: 'scx-check schema prints the schema of the header' },
    `the header makes no sense${where === '' ? '' : ` at "${where}"`}: ${issue?.message ?? 'unknown reason'}`,
  );
}
