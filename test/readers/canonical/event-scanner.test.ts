// The scanner reads what JSON.parse and the schema read, exactly, and refuses what they refuse.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventScanner, SCAN_SLACK } from '../../../src/readers/canonical/event-scanner.ts';
import type { TraceEvent } from '../../../src/trace/event.ts';
import { eventSchema } from '../../../src/trace/event-schema.ts';
import { toSignedBigInt } from '../../../src/trace/u64.ts';
import { EVENT_SPECS, type EventType, isEventType } from '../../../src/trace/vocabulary/index.ts';
import { eventToJson } from '../../../src/writers/event-json.ts';
import { arbitraryEvent, type EventModel, jsonSpellings, toTraceEvent } from '../../support/arbitrary-event.ts';

const encoder = new TextEncoder();

/** Scans text in the middle of other bytes; undefined when it is refused. */
function scan(scanner: EventScanner, text: string): TraceEvent | undefined {
  const before = '},"x":12';
  const bytes = encoder.encode(`${before}${text}${'\0'.repeat(SCAN_SLACK)}`);
  const from = before.length;
  const to = bytes.length - SCAN_SLACK;
  const end = scanner.scan(bytes, from, to);
  if (end < 0) return undefined;
  return new TextDecoder().decode(bytes.subarray(end, to)).trim() === '' ? scanner.event : undefined;
}

const blanks = fc.constantFrom('', '', '', ' ', '\n', '\r\n\t ', '   ');

/** The event as JSON text: any order of keys, any spelling of values, blanks anywhere. */
const written = fc.tuple(arbitraryEvent, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).chain(([model, ts]) => {
  const pairs = [
    ['ts', fc.constantFrom(String(ts), `"${ts}"`, ...(ts < 0n ? [] : [`"0x${ts.toString(16)}"`]))],
    ['cpu', fc.constant(String(model.cpu))],
    ['type', fc.constant(`"${model.type}"`)],
    ...model.fields.map(([field, value]) => [field, fc.constantFrom(...jsonSpellings(field, value))] as const),
  ] as const;
  return fc
    .tuple(
      fc.shuffledSubarray([...pairs], { minLength: pairs.length }),
      fc.array(blanks, { minLength: 4 * pairs.length + 2, maxLength: 4 * pairs.length + 2 }),
      fc.boolean(),
    )
    .chain(([shuffled, gaps, inOrder]) =>
      fc
        .tuple(...(inOrder ? pairs : shuffled).map(([key, value]) => value.map((text) => [key, text] as const)))
        .map((all) => {
          const gap = (i: number): string => gaps[i] ?? '';
          const members = all.map(
            ([key, text], i) => `${gap(4 * i)}"${key}"${gap(4 * i + 1)}:${gap(4 * i + 2)}${text}${gap(4 * i + 3)}`,
          );
          return { model, ts, text: `${gap(gaps.length - 1)}{${members.join(',')}}${gap(gaps.length - 2)}` };
        }),
    );
});

const plain = (event: TraceEvent): string => eventToJson(event, 0n);

describe('what is accepted', () => {
  test('is read exactly, whatever the order and the spelling, by a scanner that has read other events', () => {
    const scanner = new EventScanner();
    fc.assert(
      fc.property(written, ({ model, ts, text }) => {
        const event = scan(scanner, text);
        expect(event, text).toBeDefined();
        if (event === undefined) return;
        expect(toSignedBigInt(scanner.tsHi, scanner.tsLo)).toBe(ts);
        event.t = 0;
        expect(plain(event)).toBe(plain(toTraceEvent(model, 0, 0)));
      }),
      { numRuns: 1500 },
    );
  });

  test('absent fields read as absent, whatever the event before it had', () => {
    const scanner = new EventScanner();
    fc.assert(
      fc.property(written, ({ model, text }) => {
        scan(scanner, text);
        const bare = {
          ...model,
          fields: model.fields.filter(([field]) => EVENT_SPECS[model.type].required.includes(field)),
        };
        const event = scan(scanner, plain(toTraceEvent(bare, 0, 0)));
        const fresh = toTraceEvent(bare, 0, 0);
        expect(event?.words).toEqual(fresh.words);
        expect(event?.strings).toEqual(fresh.strings);
        expect(event?.masks.map(String)).toEqual(fresh.masks.map(String));
        expect(event?.presence).toEqual(fresh.presence);
      }),
      { numRuns: 300 },
    );
  });

  test('an event that is cut off leaves nothing behind', () => {
    fc.assert(
      fc.property(written, fc.double({ min: 0, max: 1, noNaN: true }), ({ model, text }, share) => {
        const scanner = new EventScanner();
        const cut = text.trimEnd().slice(0, Math.floor(share * (text.trimEnd().length - 1)));
        expect(scan(scanner, cut), cut).toBeUndefined();
        const bare: EventModel = {
          ...model,
          fields: model.fields.filter(([field]) => EVENT_SPECS[model.type].required.includes(field)),
        };
        expect(scan(scanner, plain(toTraceEvent(bare, 0, 0)))?.words).toEqual(toTraceEvent(bare, 0, 0).words);
      }),
      { numRuns: 300 },
    );
  });
});

/** What the schema says about the event, where JSON.parse itself does not lose anything. */
function schemaAccepts(text: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return false;
  }
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return typeof type === 'string' && isEventType(type) && eventSchema(type).safeParse(value).success;
}

describe('what is refused', () => {
  test('agrees with the schema, for values of any kind in any field', () => {
    const scanner = new EventScanner();
    const value = fc.oneof(
      fc.integer().map(String),
      fc.constantFrom(
        'true',
        'false',
        'null',
        '"x"',
        '""',
        '"begin"',
        '"0-3"',
        '"3-0"',
        '"local"',
        '"-1"',
        '"0x"',
        '"1.5"',
        '[]',
        '{}',
        '[1]',
        '{"a":1}',
        '4294967295',
        '4294967296',
        '2147483647',
        '2147483648',
        '-2147483648',
        '-2147483649',
        '9007199254740991',
        '"18446744073709551616"',
        '"local_on:4294967296"',
        '"x\\u0041"',
        '"waking"',
      ),
    );
    fc.assert(
      fc.property(arbitraryEvent, fc.nat(), value, fc.boolean(), (model, at, replacement, drop) => {
        const members = [
          '"ts":1',
          `"cpu":${model.cpu}`,
          `"type":"${model.type}"`,
          ...model.fields.map(([field, v]) => `"${field}":${jsonSpellings(field, v)[1] ?? jsonSpellings(field, v)[0]}`),
        ];
        const i = at % members.length;
        const key = members[i]?.slice(0, members[i]?.indexOf(':')) ?? '';
        const changed = drop ? members.toSpliced(i, 1) : members.toSpliced(i, 1, `${key}:${replacement}`);
        const text = `{${changed.join(',')}}`;
        expect(scan(scanner, text) !== undefined, text).toBe(schemaAccepts(text));
      }),
      { numRuns: 2000 },
    );
  });

  const valid = (type: EventType, fields: string): string => `{"ts":1,"cpu":0,"type":"${type}"${fields}}`;
  test.each([
    ['a field twice', valid('mark', ',"text":"a","text":"b"')],
    ['the time twice', valid('mark', ',"text":"a","ts":2')],
    ['the CPU twice', valid('mark', ',"text":"a","cpu":0')],
    ['the type twice', valid('mark', ',"text":"a","type":"mark"')],
    ['an unknown field', valid('mark', ',"text":"a","txet":"b"')],
    ['a field of another type', valid('mark', ',"text":"a","pid":1')],
    ['an unknown type', valid('mrak' as EventType, ',"text":"a"')],
    ['a step of another type', valid('wakeup', ',"pid":1,"step":"core"')],
    ['a number with an exponent', valid('fork', ',"pid":1e0')],
    ['a number with a fraction', valid('fork', ',"pid":1.0')],
    ['a number with leading zeros', valid('fork', ',"pid":01')],
    ['a number with a plus', valid('fork', ',"pid":+1')],
    ['a lone minus', valid('fork', ',"pid":-')],
    ['a quoted number in a narrow field', valid('fork', ',"pid":"1"')],
    ['a number below -2^63', '{"ts":"-9223372036854775809","cpu":0,"type":"mark","text":""}'],
    ['a time beyond 2^63', '{"ts":"9223372036854775808","cpu":0,"type":"mark","text":""}'],
    ['a number beyond 2^64', valid('mark', ',"text":"","vtime":18446744073709551616')],
    ['no time', '{"cpu":0,"type":"mark","text":""}'],
    ['a trailing comma', valid('mark', ',"text":"",')],
    ['no comma', valid('mark', '"text":""')],
    ['no colon', valid('mark', ',"text" ""')],
    ['a raw control character', valid('mark', ',"text":"\u0001"')],
    ['a bad escape', valid('mark', ',"text":"\\x"')],
    ['a bad unicode escape', valid('mark', ',"text":"\\u12g4"')],
    ['an open string', '{"ts":1,"cpu":0,"type":"mark","text":"'],
    ['something behind it', `${valid('mark', ',"text":""')}x`],
    ['a list', '[]'],
    ['nothing', ''],
    ['a CPU beyond the limit', '{"ts":1,"cpu":8192,"type":"mark","text":""}'],
    ['a negative CPU', '{"ts":1,"cpu":-1,"type":"mark","text":""}'],
  ])('%s', (_name, text) => {
    expect(scan(new EventScanner(), text)).toBeUndefined();
  });

  test('hexadecimal text with any other character, wherever it stands', () => {
    const scanner = new EventScanner();
    for (let at = 0; at < 6; at++) {
      for (let code = 0x20; code < 0x7f; code++) {
        const char = String.fromCharCode(code);
        const digits = `12ab9f`.split('').toSpliced(at, 1, char).join('');
        const event = scan(scanner, `{"ts":"0x${digits}","cpu":0,"type":"mark","text":""}`);
        expect(event !== undefined, digits).toBe(/^[0-9a-f]+$/i.test(digits));
        if (event !== undefined) expect([scanner.tsHi, scanner.tsLo], digits).toEqual([0, Number.parseInt(digits, 16)]);
      }
    }
  });

  test('-0 is 0', () => {
    expect(scan(new EventScanner(), valid('fork', ',"pid":-0'))?.pid).toBe(0);
  });
});
