// zod schemas of the trace events, generated from the vocabulary: for the JSON Schema, and to explain a bad event.
import { z } from 'zod';
import { parseDsqId } from '../kernel/dsq-id.ts';
import { CpuMask } from './cpu-mask.ts';
import { headerSchema } from './header-schema.ts';
import { parseInteger } from './u64.ts';
import { FIELDS, type FieldKind, type FieldName } from './vocabulary/fields.ts';
import { EVENT_SPECS, EVENT_TYPES, type EventType, fieldsOf } from './vocabulary/index.ts';

const integerText = z.string().refine((text) => parseInteger(text) !== undefined, 'expected a decimal or 0x number');
const signedText = integerText.refine(
  (text) => (parseInteger(text) ?? 0n) < 2n ** 63n,
  'expected a number below 9223372036854775808',
);
const unsignedText = integerText.refine(
  (text) => (parseInteger(text) ?? 0n) >= 0n,
  'expected a number that is not negative',
);

function schemaOfKind(kind: FieldKind): z.ZodType {
  switch (kind) {
    case 'int':
      return z.int().min(-2147483648).max(2147483647);
    case 'uint':
      return z.int().min(0).max(4294967295);
    case 'bool':
      return z.boolean();
    case 'str':
      return z.string();
    case 'cpus':
      return z.string().refine((text) => CpuMask.fromList(text) !== undefined, 'expected a cpulist such as 0-3,8');
    case 's64':
      return z.union([z.int(), integerText]);
    case 'dsq':
      return z.union([
        z.int().min(0),
        z
          .string()
          .refine(
            (text) => parseDsqId(text) !== undefined,
            'expected a DSQ: a name (local, local_on:3, global, bypass …) or a number',
          ),
      ]);
    default:
      return z.union([z.int().min(0), unsignedText]);
  }
}

const schemas = new Map<EventType, z.ZodType>();

/** Schema of one event type, strict: a field that the type does not have is an error. */
export function eventSchema(type: EventType): z.ZodType {
  const known = schemas.get(type);
  if (known !== undefined) return known;
  const spec = EVENT_SPECS[type];
  const required = new Set<FieldName>(spec.required);
  const shape: Record<string, z.ZodType> = {
    ts: z.union([z.int(), signedText]).describe('time, ns of the trace clock'),
    cpu: z.int().min(0).max(CPU_MAX).describe('CPU that executed'),
    type: z.literal(type).describe(spec.doc),
  };
  for (const field of fieldsOf(type)) {
    const base = fieldSchema(type, field).describe(FIELDS[field].doc);
    shape[field] = required.has(field) ? base : base.optional();
  }
  const schema = z.strictObject(shape).describe(`${spec.doc} Kernel: ${spec.fn}.`);
  schemas.set(type, schema);
  return schema;
}

const CPU_MAX = 8191;

function fieldSchema(type: EventType, field: FieldName): z.ZodType {
  const { steps } = EVENT_SPECS[type];
  if (field === 'step' && steps !== undefined) return z.enum(steps as [string, ...string[]]);
  if (field === 'phase') return z.enum(['begin', 'end']);
  return schemaOfKind(FIELDS[field].kind);
}

/** JSON Schema (draft 2020-12) of a whole `trace.json`. */
export function traceJsonSchema(): object {
  const events = z.array(
    z.union(EVENT_TYPES.map((type) => eventSchema(type)) as [z.ZodType, z.ZodType, ...z.ZodType[]]),
  );
  const schema = headerSchema.extend({ events });
  return { ...z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), title: 'scx-check trace' };
}
