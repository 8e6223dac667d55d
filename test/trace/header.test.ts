// The header of a trace: the quick check accepts and refuses exactly what the schema does; nothing is lost on the way.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isHeaderJson } from '../../src/trace/header-check.ts';
import { headerFromJson, headerToJson } from '../../src/trace/header-json.ts';
import { headerSchema } from '../../src/trace/header-schema.ts';
import { arbitraryHeader } from '../support/arbitrary-header.ts';

const accepted = (json: unknown): boolean => headerSchema.safeParse(json).success;

/** Values that are right in some places and wrong in others. */
const odd = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(
    null,
    -1,
    0,
    1.5,
    2 ** 53,
    '',
    '-1',
    '0x',
    '0x1',
    '5',
    '18446744073709551616',
    '0-3',
    '3-0',
    'wakeup',
    [],
    {},
    ['wakeup'],
    [{}],
    true,
    'scx-trace@2',
  ),
);

/** Every place in a JSON value, as paths. */
function* places(value: unknown, path: readonly (string | number)[] = []): Generator<readonly (string | number)[]> {
  yield path;
  if (Array.isArray(value)) for (const [i, entry] of value.entries()) yield* places(entry, [...path, i]);
  else if (typeof value === 'object' && value !== null)
    for (const [key, entry] of Object.entries(value)) yield* places(entry, [...path, key]);
}

/** A copy with the value at a place replaced, removed (undefined), or with a key added. */
function changed(
  json: unknown,
  path: readonly (string | number)[],
  value: unknown,
  mode: 'set' | 'remove' | 'add',
): unknown {
  const copy = structuredClone(json);
  const last = path.at(-1);
  const parent = path.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], copy);
  if (mode === 'add') {
    const target = path.reduce<unknown>((at, key) => (at as Record<string | number, unknown>)[key], copy);
    if (typeof target === 'object' && target !== null && !Array.isArray(target))
      Object.assign(target, { extra: value });
    return copy;
  }
  if (last === undefined) return value;
  if (mode === 'set') (parent as Record<string | number, unknown>)[last] = value;
  else if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete (parent as Record<string | number, unknown>)[last];
  return copy;
}

describe('the quick check agrees with the schema', () => {
  test('on headers', () => {
    fc.assert(
      fc.property(arbitraryHeader, (json) => {
        expect([isHeaderJson(json), accepted(json)]).toEqual([true, true]);
      }),
      { numRuns: 300 },
    );
  });

  test('on headers with one thing changed', () => {
    fc.assert(
      fc.property(
        arbitraryHeader,
        fc.nat(),
        odd,
        fc.constantFrom('set', 'set', 'remove', 'add'),
        (json, n, value, mode) => {
          const all = [...places(json)];
          const path = all[n % all.length] ?? [];
          const broken = JSON.parse(JSON.stringify(changed(json, path, value, mode)) ?? 'null') as unknown;
          expect(isHeaderJson(broken), JSON.stringify(broken)).toBe(accepted(broken));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('on anything', () => {
    fc.assert(
      fc.property(odd, (value) => {
        expect(isHeaderJson(value)).toBe(accepted(value));
      }),
    );
  });
});

test('a header goes through the program without change', () => {
  fc.assert(
    fc.property(arbitraryHeader, (json) => {
      const once = headerToJson(headerFromJson(json));
      expect(headerToJson(headerFromJson(once))).toEqual(once);
      expect(isHeaderJson(once)).toBe(true);
      for (const key of ['comment', 'kernel', 'clock', 'hz', 'sched_ext_state', 'starts_mid_run', 'recorded'] as const)
        expect(once[key]).toEqual(json[key]);
    }),
  );
});
