// zod schema of domain descriptions: explains what is wrong with one. Loaded only when a description is read or changed.
import { z } from 'zod';
import { parseInteger } from '../trace/u64.ts';
import {
  ACCUMULATORS,
  ADVANCE_EVENTS,
  ADVANCE_MODES,
  CAP_ACTIONS,
  CHARGE_GROUPS,
  CHARGE_SOURCES,
  COMMITS,
  COMPARES,
  type DescriptionJson,
  INSTANCES,
  LAG_WEIGHTS,
  PREDICATE_PATTERNS,
  PREDICATES,
  REBASE_EVENTS,
  SCOPES,
} from './description.ts';
import { parseDuration } from './durations.ts';
import { LIMITS, type LimitSpec, rulesWithLimit } from './limits.ts';

const time = z
  .union([z.number(), z.string()])
  .refine((value) => parseDuration(value) !== undefined, 'expected a duration such as 20ms (units ns, us, ms, s)')
  .describe('duration: ns, or text with ns, us, ms or s');
const wide = z
  .union([z.int().min(0), z.string()])
  .refine(
    (value) => typeof value === 'number' || (parseInteger(value) ?? -1n) >= 0n,
    'expected a number, decimal or 0x text',
  );
const bits = z.string().regex(/^\d{1,2}(?::\d{1,2})?$/, 'expected bits such as 27:16');
const groupMap = z.record(z.string(), z.int());

const predicate = z
  .string()
  .refine(
    (text) =>
      (PREDICATES as readonly string[]).includes(text) || PREDICATE_PATTERNS.some((pattern) => pattern.test(text)),
    `expected one of ${PREDICATES.join(', ')}, below:TIME, weight>=N`,
  );

const limitValue = (spec: LimitSpec): z.ZodType<string | number | boolean> =>
  spec.kind === 'choice'
    ? z.enum(spec.choices as [string, ...string[]])
    : spec.kind === 'time'
      ? time
      : z.number().min(0);

const limits = z
  .strictObject({
    ...Object.fromEntries(
      Object.values(LIMITS).flatMap((parameters) =>
        Object.entries(parameters as Record<string, LimitSpec>).map(([name, spec]) => [
          name,
          limitValue(spec).optional(),
        ]),
      ),
    ),
    ...Object.fromEntries(
      Object.entries(LIMITS).map(([rule, parameters]) => [
        rule,
        z
          .strictObject(
            Object.fromEntries(
              Object.entries(parameters as Record<string, LimitSpec>).map(([name, spec]) => [
                name,
                limitValue(spec).optional(),
              ]),
            ),
          )
          .optional(),
      ]),
    ),
  })
  .superRefine((value, context) => {
    for (const [name, entry] of Object.entries(value)) {
      if (typeof entry === 'object' || entry === undefined) continue;
      const rules = rulesWithLimit(name);
      const defaults = new Set(
        rules.map((rule) => JSON.stringify((LIMITS[rule] as Record<string, LimitSpec>)[name]?.default)),
      );
      if (rules.length > 1 && defaults.size > 1) {
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `is a parameter of several rules; name one: ${rules.map((rule) => `"${rule}": {"${name}": …}`).join(', ')}`,
        });
      }
    }
  });

const body = {
  comment: z.string().optional(),
  slice: time.optional(),
  groups: z
    .strictObject({
      task: z.union([z.enum(['event', 'cgroup']), groupMap]).optional(),
      cpu: z.union([z.literal('event'), groupMap]).optional(),
      cgroups: groupMap.optional(),
      initial: z.int().optional(),
    })
    .optional(),
  bases: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        scope: z.enum(SCOPES),
        init: z.union([z.literal('unknown'), wide]).optional(),
      }),
    )
    .min(1)
    .optional(),
  queues: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        match: z
          .union([
            z.literal('cgroup-id'),
            z.strictObject({ id: wide }),
            z.strictObject({ mask: wide, value: wide }),
            z.strictObject({ range: z.tuple([wide, wide]) }),
          ])
          .optional(),
        index: z.strictObject({ cpu: bits.optional(), llc: bits.optional(), group: bits.optional() }).optional(),
        basis: z.string().optional(),
        drift: z.array(z.string()).optional(),
        compareWith: z.array(z.string()).optional(),
        tie: z.string().optional(),
      }),
    )
    .min(1)
    .optional(),
  charge: z
    .strictObject({
      source: z.enum(CHARGE_SOURCES).optional(),
      num: z.int().min(1).optional(),
      min: time.optional(),
      yield: z.enum(['none', 'slice']).optional(),
      capacity: z.boolean().optional(),
    })
    .optional(),
  accumulator: z.enum(ACCUMULATORS).optional(),
  lag: z
    .union([
      z.literal('none'),
      z.strictObject({
        ns: time.optional(),
        weight: z.enum(LAG_WEIGHTS).optional(),
        factorMax: z.number().min(0).optional(),
        floorZero: z.boolean().optional(),
      }),
    ])
    .optional(),
  cap: z
    .union([
      z.literal('none'),
      z.strictObject({
        ns: time.optional(),
        slices: z.number().min(0).optional(),
        action: z.enum(CAP_ACTIONS).optional(),
      }),
    ])
    .optional(),
  keyOffsetMax: time.optional(),
  advance: z
    .array(
      z.strictObject({
        on: z.enum(ADVANCE_EVENTS),
        basis: z.string().optional(),
        of: z.enum(INSTANCES).optional(),
        from: z.string().optional(),
        mode: z.enum(ADVANCE_MODES).optional(),
        when: z.array(predicate).optional(),
      }),
    )
    .optional(),
  chargeGroup: z
    .strictObject({ default: z.enum(CHARGE_GROUPS).optional(), pinned: z.enum(CHARGE_GROUPS).optional() })
    .optional(),
  vtimeCommit: z.enum(COMMITS).optional(),
  rebase: z
    .strictObject({
      reset: z.array(z.enum(REBASE_EVENTS)).optional(),
      translate: z.array(z.enum(REBASE_EVENTS)).optional(),
    })
    .optional(),
  compare: z.enum(COMPARES).optional(),
  watchdog: time.optional(),
  limits: limits.optional(),
};

export const descriptionSchema = z.strictObject({
  name: z.string().min(1).optional(),
  extends: z.string().optional(),
  ...body,
  variant: z.string().optional(),
  variants: z.record(z.string(), z.strictObject(body)).optional(),
});

/** The schema describes exactly what the program works with. */
export const descriptionShape: z.ZodType<DescriptionJson> = descriptionSchema as z.ZodType<DescriptionJson>;

export interface DescriptionIssue {
  /** `charge.source`, `queues.1.index.cpu`. */
  readonly field: string;
  readonly message: string;
}

/** What is wrong with a description, field by field; empty when nothing is. */
export function descriptionIssues(json: unknown): readonly DescriptionIssue[] {
  const result = descriptionSchema.safeParse(json);
  return result.success ? [] : result.error.issues.flatMap((issue) => explain(issue, json));
}

type Issue = z.core.$ZodIssue;

function explain(issue: Issue, json: unknown): DescriptionIssue[] {
  const field = issue.path.join('.');
  const found = valueAt(json, issue.path);
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        field: field === '' ? key : `${field}.${key}`,
        message: `is no field here; allowed are ${allowedKeys(issue.path).join(', ')}`,
      }));
    case 'invalid_value':
      return [{ field, message: `expected one of ${issue.values.map(String).join(', ')}; found ${spell(found)}` }];
    case 'invalid_union':
      return [explainUnion(issue, json, field, found)];
    case 'invalid_type':
      return [
        {
          field,
          message: `expected ${issue.expected === 'int' ? 'an integer' : issue.expected}; found ${spell(found)}`,
        },
      ];
    case 'custom':
      return [{ field, message: `${issue.message}; found ${spell(found)}` }];
    default:
      return [{ field, message: `${issue.message}; found ${spell(found)}` }];
  }
}

/** Of the alternatives, the one that fits best speaks; literal alternatives are listed with it. */
function explainUnion(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  json: unknown,
  field: string,
  found: unknown,
): DescriptionIssue {
  const literals = issue.errors.flatMap((errors) =>
    errors.length === 1 && errors[0]?.code === 'invalid_value' && errors[0].path.length === 0
      ? errors[0].values.map(String)
      : [],
  );
  if (typeof found === 'object' && found !== null) {
    const nested = issue.errors
      .filter((errors) => errors.some((error) => error.path.length > 0 || error.code === 'unrecognized_keys'))
      .toSorted((a, b) => a.length - b.length)[0]?.[0];
    if (nested !== undefined) {
      const inner = explain({ ...nested, path: [...issue.path, ...nested.path] } as Issue, json)[0];
      if (inner !== undefined) return inner;
    }
  }
  const custom = issue.errors.flat().find((error) => error.code === 'custom')?.message;
  const others =
    literals.length > 0 ? `expected one of ${literals.join(', ')}, or an object` : (custom ?? 'has the wrong type');
  return { field, message: `${others}; found ${spell(found)}` };
}

function valueAt(json: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    json,
  );
}

const spell = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));

/** Field names that the schema knows at a path. */
function allowedKeys(path: readonly PropertyKey[]): readonly string[] {
  let schema: unknown = descriptionSchema;
  for (const key of path) schema = childOf(schema, key);
  const shape = shapeOf(schema);
  return shape === undefined ? [] : Object.keys(shape);
}

interface SchemaDef {
  readonly type: string;
  readonly innerType?: unknown;
  readonly element?: unknown;
  readonly valueType?: unknown;
  readonly options?: readonly unknown[];
  readonly shape?: Readonly<Record<string, unknown>>;
}

const defOf = (schema: unknown): SchemaDef => (schema as { def: SchemaDef }).def;

function unwrap(schema: unknown): unknown {
  let current = schema;
  while (current !== undefined && defOf(current).innerType !== undefined) current = defOf(current).innerType;
  return current;
}

function childOf(schema: unknown, key: PropertyKey): unknown {
  const current = unwrap(schema);
  if (current === undefined) return undefined;
  const def = defOf(current);
  if (def.shape !== undefined) return def.shape[String(key)];
  if (def.options !== undefined)
    return def.options
      .map(unwrap)
      .map((option) => shapeOf(option)?.[String(key)])
      .find((found) => found !== undefined);
  return def.element ?? def.valueType;
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  const current = unwrap(schema);
  if (current === undefined) return undefined;
  const def = defOf(current);
  return def.shape ?? def.options?.map(shapeOf).find((shape) => shape !== undefined);
}
