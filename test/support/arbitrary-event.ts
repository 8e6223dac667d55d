// Random events of every type, with random fields and extreme values, and ways to write them down.
import fc from 'fast-check';
import { CpuMask } from '../../src/trace/cpu-mask.ts';
import { newTraceEvent, SLOT, type TraceEvent } from '../../src/trace/event.ts';
import { wideToText } from '../../src/trace/spelling.ts';
import { highHalf, lowHalf } from '../../src/trace/u64.ts';
import { FIELDS, type FieldName } from '../../src/trace/vocabulary/fields.ts';
import { EVENT_SPECS, EVENT_TYPES, type EventType, fieldsOf, KIND } from '../../src/trace/vocabulary/index.ts';

export type FieldValue = number | bigint | boolean | string | readonly number[];

export interface EventModel {
  readonly type: EventType;
  readonly cpu: number;
  /** ns since the event before it. */
  readonly delta: number;
  readonly fields: readonly (readonly [FieldName, FieldValue])[];
}

const near = (...edges: readonly bigint[]): fc.Arbitrary<bigint> =>
  fc.tuple(fc.constantFrom(...edges), fc.integer({ min: -2, max: 2 })).map(([edge, step]) => edge + BigInt(step));

const u64 = fc
  .oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), near(0n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n))
  .map((value) => BigInt.asUintN(64, value));
const s64 = u64.map((value) => BigInt.asIntN(64, value));
const int = fc.oneof(fc.integer(), fc.constantFrom(-1, 0, 1, -(2 ** 31), 2 ** 31 - 1));
const uint = fc.oneof(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.constantFrom(0, 2 ** 31, 2 ** 32 - 1));
const dsq = fc.oneof(
  u64,
  fc.nat({ max: 6 }).map((n) => 2n ** 63n + BigInt(n)),
  uint.map((n) => 3n * 2n ** 62n + BigInt(n)),
);
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom(
    '',
    ' ',
    '"',
    '\\',
    ',',
    '\n',
    '\r\n',
    '\r',
    '\t',
    '#',
    "'",
    '\u0000',
    '\ufeffx',
    '\u2028',
    '0x10',
    'true',
    '1,2',
  ),
);
const cpus = fc.uniqueArray(fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 8191 })), { maxLength: 8 });

function arbitraryValue(type: EventType, field: FieldName): fc.Arbitrary<FieldValue> {
  const { steps } = EVENT_SPECS[type];
  if (field === 'step') return steps === undefined ? fc.constant('') : fc.constantFrom(...steps);
  if (field === 'phase') return fc.constantFrom('begin', 'end');
  switch (FIELDS[field].kind) {
    case 'int':
      return int;
    case 'uint':
      return uint;
    case 'bool':
      return fc.boolean();
    case 'str':
      return text;
    case 'cpus':
      return cpus;
    case 's64':
      return s64;
    case 'dsq':
      return dsq;
    default:
      return u64;
  }
}

/** An event with all its required fields and any of the others. */
export const arbitraryEvent: fc.Arbitrary<EventModel> = fc.constantFrom(...EVENT_TYPES).chain((type) => {
  const required = new Set<FieldName>(EVENT_SPECS[type].required);
  return fc
    .tuple(
      fc.nat({ max: 8191 }),
      fc.oneof(fc.nat({ max: 1000 }), fc.nat({ max: 2 ** 40 })),
      fc.subarray(fieldsOf(type).filter((field) => !required.has(field))),
    )
    .chain(([cpu, delta, optional]) => {
      const names = [...required, ...optional];
      return fc
        .tuple(...names.map((field) => arbitraryValue(type, field)))
        .map((values) => ({ type, cpu, delta, fields: names.map((field, i) => [field, values[i] ?? ''] as const) }));
    });
});

/** Events of one type that all have the same fields, with different values. */
export const arbitraryAlike: fc.Arbitrary<readonly EventModel[]> = arbitraryEvent.chain(({ type, fields }) =>
  fc.array(
    fc
      .tuple(
        fc.nat({ max: 8191 }),
        fc.nat({ max: 2 ** 40 }),
        fc.tuple(...fields.map(([field]) => arbitraryValue(type, field))),
      )
      .map(([cpu, delta, values]) => ({
        type,
        cpu,
        delta,
        fields: fields.map(([field], i) => [field, values[i] ?? ''] as const),
      })),
    { minLength: 2, maxLength: 6 },
  ),
);

/** A stream of events, and the time of the first. */
export const arbitraryStream: fc.Arbitrary<{ readonly start: bigint; readonly events: readonly EventModel[] }> =
  fc.record({
    start: fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 2n ** 53n }),
      fc.constantFrom(0n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 62n, -(2n ** 63n), -1n),
    ),
    events: fc.array(arbitraryEvent, { minLength: 1, maxLength: 12 }),
  });

/** Fills a record with the event. */
export function toTraceEvent(model: EventModel, t: number, seq: number): TraceEvent {
  const event = newTraceEvent();
  event.begin(KIND[model.type]);
  event.cpu = model.cpu;
  event.t = t;
  event.seq = seq;
  for (const [field, value] of model.fields) {
    const slot = SLOT[field];
    if (typeof value === 'string') event.setString(slot, value);
    else if (typeof value === 'number') event.setInt(slot, value | 0);
    else if (typeof value === 'boolean') event.setInt(slot, value ? 1 : 0);
    else if (typeof value === 'bigint') event.setWide(slot, highHalf(value), lowHalf(value));
    else event.setMask(slot).copy(CpuMask.of(...value));
  }
  return event;
}

/** All spellings of a value in JSON. */
export function jsonSpellings(field: FieldName, value: FieldValue): readonly string[] {
  if (typeof value === 'bigint') {
    const { kind } = FIELDS[field];
    const hex =
      value < 0n
        ? []
        : [`"0x${value.toString(16)}"`, `"0X${value.toString(16).toUpperCase()}"`, `"0x000${value.toString(16)}"`];
    return [String(value), `"${value}"`, ...hex, `"${wideToText(kind, highHalf(value), lowHalf(value))}"`];
  }
  if (typeof value === 'string') return [JSON.stringify(value), `"${[...value].map(escapeAll).join('')}"`];
  if (typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  return [`"${CpuMask.of(...value).toString()}"`, `"${value.join(',')}"`];
}

function escapeAll(char: string): string {
  return Array.from({ length: char.length }, (_, i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
    '',
  );
}
