// From what the user asked for to one description: inheritance, variants, single values.
import { UsageError } from '../errors.ts';
import { BUILTIN_NAMES, findBuiltin } from './builtins.ts';
import type { DescriptionJson, VariantJson } from './description.ts';

/** Fields that are objects of settings: what a change does not mention stays. Everything else is replaced. */
const MERGED = ['groups', 'charge', 'lag', 'cap', 'chargeGroup', 'rebase', 'limits'] as const;

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `base` with the changes of `change`. */
export function mergeDescriptions(base: DescriptionJson, change: DescriptionJson | VariantJson): DescriptionJson {
  const merged: Record<string, unknown> = { ...base, ...change };
  for (const field of MERGED) {
    const [before, after] = [base[field], change[field]];
    if (isRecord(before) && isRecord(after)) merged[field] = { ...before, ...after };
  }
  const variants = { ...base.variants, ...('variants' in change ? change.variants : undefined) };
  if (Object.keys(variants).length > 0) merged.variants = variants;
  return merged as DescriptionJson;
}

/** Follows `extends`, which names a built-in description. */
export function inheritDescription(json: DescriptionJson): DescriptionJson {
  if (json.extends === undefined) return json;
  const base = findBuiltin(json.extends);
  if (base === undefined)
    throw new UsageError(
      `domain ${json.name ?? 'description'}: extends: expected one of ${BUILTIN_NAMES.join(', ')}; found ${JSON.stringify(json.extends)}`,
    );
  const { extends: _, ...own } = json;
  return mergeDescriptions(inheritDescription(base), own);
}

/** Puts the variant in force that the description names. */
export function selectVariant(json: DescriptionJson): DescriptionJson {
  const { variant, variants, ...base } = json;
  if (variant === undefined) return base;
  const change = variants?.[variant];
  if (change === undefined) {
    const names = Object.keys(variants ?? {});
    throw new UsageError(
      `domain ${json.name ?? 'description'}: variant: ${names.length === 0 ? 'there are no variants' : `expected one of ${names.join(', ')}`}; found ${JSON.stringify(variant)}`,
    );
  }
  return { ...mergeDescriptions(base, change), name: `${json.name ?? 'description'}/${variant}` };
}

/** One `--set`: a path into the description and a value. */
export interface Setting {
  readonly path: readonly string[];
  readonly value: unknown;
}

/** Parses `key=value`; dots go down, the value is JSON where it is JSON, text otherwise. */
export function parseSetting(text: string): Setting {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`--set: expected key=value, found ${JSON.stringify(text)}`);
  const raw = text.slice(at + 1);
  let value: unknown = raw;
  // A number beyond what a double holds stays text.
  if (/^(?:true|false|-?\d{1,15}(?:\.\d+)?|[[{"].*)$/s.test(raw)) {
    try {
      value = JSON.parse(raw);
    } catch {
      throw new UsageError(`--set ${text.slice(0, at)}: the value is no JSON: ${raw}`);
    }
  }
  return { path: text.slice(0, at).split('.'), value };
}

/** Stores the value of a setting, making objects on the way. */
export function applySetting(json: DescriptionJson, { path, value }: Setting): DescriptionJson {
  const store = (node: unknown, depth: number): unknown => {
    const key = path[depth];
    if (key === undefined) return value;
    if (Array.isArray(node)) return node.map((entry, i) => (String(i) === key ? store(entry, depth + 1) : entry));
    const record = isRecord(node) ? node : {};
    return { ...record, [key]: store(record[key], depth + 1) };
  };
  return store(json, 0) as DescriptionJson;
}
