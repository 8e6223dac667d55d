// Loads the description that a user asks for: a built-in one by name or one of his own, with changes.
import { UsageError } from '../errors.ts';
import { BUILTIN_NAMES, findBuiltin } from './builtins.ts';
import { autoDomain, compileDomain } from './compile.ts';
import type { DescriptionJson } from './description.ts';
import type { Domain } from './domain.ts';
import { applySetting, inheritDescription, parseSetting, selectVariant } from './resolve.ts';

export const AUTO = 'auto';

/**
 * The domain for a built-in name, `auto`, or a description as parsed JSON; undefined is `auto`. `settings` are `key=value`
 * changes. What makes no sense is a UsageError that names the field and what is allowed there.
 */
export async function loadDomain(source: unknown, settings: readonly string[] = []): Promise<Domain> {
  if (source === undefined || source === AUTO) {
    if (settings.length > 0) throw new UsageError('--set changes a description; name one with --domain');
    return autoDomain();
  }
  const json = typeof source === 'string' ? builtin(source) : await checked(source);
  const changes = settings.map(parseSetting);
  const isVariant = (path: readonly string[]): boolean => path.length === 1 && path[0] === 'variant';
  const named = changes.filter(({ path }) => isVariant(path)).reduce(applySetting, inheritDescription(json));
  const changed = changes.filter(({ path }) => !isVariant(path)).reduce(applySetting, selectVariant(named));
  return compileDomain(changes.length === 0 ? changed : await checked(changed));
}

/** Every built-in description with every variant, by the name under which it can be asked for. */
export function allBuiltinDomains(): readonly Domain[] {
  return BUILTIN_NAMES.flatMap((name) => {
    const json = inheritDescription(builtin(name));
    const variants = Object.keys(json.variants ?? {});
    const inherited = builtin(name).extends !== undefined;
    const plain = compileDomain(selectVariant(json));
    return [plain, ...(inherited ? [] : variants.map((variant) => compileDomain(selectVariant({ ...json, variant }))))];
  });
}

/** Variants of a built-in description, in the order in which they came. */
export function domainVariants(name: string): { readonly variant: string; readonly comment: string | null }[] {
  const { variants = {} } = inheritDescription(builtin(name));
  return Object.entries(variants).map(([variant, { comment }]) => ({ variant, comment: comment ?? null }));
}

function builtin(name: string): DescriptionJson {
  const found = findBuiltin(name);
  if (found !== undefined) return found;
  throw new UsageError(
    `--domain: there is no built-in description ${JSON.stringify(name)}, and no such file; built-in are ${[AUTO, ...BUILTIN_NAMES].join(', ')}`,
  );
}

async function checked(json: unknown): Promise<DescriptionJson> {
  const { descriptionIssues } = await import('./description-schema.ts');
  const issues = descriptionIssues(json);
  if (issues.length === 0) return json as DescriptionJson;
  const name = typeof json === 'object' && json !== null && 'name' in json ? String(json.name) : 'description';
  const lines = issues.map(({ field, message }) => `${field === '' ? 'the description' : field}: ${message}`);
  throw new UsageError(`domain ${name}: ${lines.join('; ')}`);
}
