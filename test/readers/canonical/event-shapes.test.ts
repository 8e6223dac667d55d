// A scanner that reads events by the shape of those before them reads and refuses what one does that never learns.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EventScanner, SCAN_SLACK } from '../../../src/readers/canonical/event-scanner.ts';
import { EventShapes } from '../../../src/readers/canonical/event-shapes.ts';
import { ValueReader } from '../../../src/readers/canonical/value-reader.ts';
import { arbitraryAlike, type EventModel, jsonSpellings } from '../../support/arbitrary-event.ts';

const encoder = new TextEncoder();

/** How a program writes JSON: what stands before a key, behind a colon, and before the closing brace. */
type Style = { readonly key: string; readonly value: string; readonly close: string };
const style = fc.constantFrom<Style[]>(
  { key: '', value: '', close: '' },
  { key: ' ', value: ' ', close: '' },
  { key: '\n  ', value: ' ', close: '\n' },
);

/** The event as a program writes it; `spelling` chooses among the ways to write its values. */
function write(model: EventModel, ts: string, spelling: number, { key, value, close }: Style) {
  const members = [
    ['ts', ts],
    ['cpu', String(model.cpu)],
    ['type', `"${model.type}"`],
    ...model.fields.map(([field, v]) => {
      const spellings = jsonSpellings(field, v);
      return [field, spellings[spelling % spellings.length] ?? ''] as const;
    }),
  ];
  return `{${members.map(([name, text]) => `${name === 'ts' && key === ' ' ? '' : key}"${name}":${value}${text}`).join(',')}${close}}`;
}

/** Times as they follow each other, near the edges of what fits a double, 32 bits, and 64 bits. */
const times = fc
  .tuple(
    fc.constantFrom(
      0n,
      1n,
      10n ** 8n,
      2n ** 32n,
      38_948_464_364n,
      10n ** 15n,
      2n ** 53n,
      10n ** 18n,
      2n ** 63n - 4000n,
      -5n,
    ),
    fc.array(fc.nat({ max: 2000 }), { minLength: 40, maxLength: 40 }),
    fc.boolean(),
  )
  .map(([start, deltas, quoted]) => {
    let time = start;
    return deltas.map((delta) => {
      time += BigInt(delta);
      return quoted || time > 2n ** 53n ? `"${time}"` : String(time);
    });
  });

/** A trace of several kinds of events, the kinds mixed. */
const trace = fc
  .tuple(
    fc.array(
      arbitraryAlike.chain((models) => fc.tuple(fc.constant(models), fc.nat({ max: 4 }))),
      { minLength: 1, maxLength: 4 },
    ),
    style,
    times,
  )
  .map(([groups, layout, ts]) => {
    const length = Math.max(...groups.map(([models]) => models.length));
    let at = 0;
    return Array.from({ length }, (_, i) =>
      groups.flatMap(([models, spelling]) => {
        const model = models[i];
        return model === undefined ? [] : [write(model, ts[at++] ?? '0', spelling, layout)];
      }),
    ).flat();
  });

const damage = fc.record({
  event: fc.nat(),
  at: fc.nat(),
  remove: fc.nat({ max: 2 }),
  insert: fc.constantFrom(
    '',
    '0',
    '1',
    '-',
    '"',
    '\\',
    ',',
    '}',
    ' ',
    '\n',
    '.',
    'e',
    'x',
    'g',
    ':',
    '\ufeff',
    '99999999999',
  ),
});

/** Everything that a scanner says about a text that ends `cut` bytes before the bytes do. */
function outcome(scanner: EventScanner, text: string) {
  const bytes = encoder.encode(`${text}${'\0'.repeat(SCAN_SLACK)}`);
  const end = scanner.scan(bytes, 0, bytes.length - SCAN_SLACK);
  if (end < 0) return undefined;
  const { event, tsHi, tsLo, passedNewline } = scanner;
  return {
    end,
    tsHi,
    tsLo,
    passedNewline,
    kind: event.kind,
    cpu: event.cpu,
    words: Array.from(event.words),
    strings: [...event.strings],
    masks: event.masks.map(String),
    presence: Array.from(event.presence),
  };
}

describe('a scanner that learns shapes', () => {
  test('reads a trace as one that does not', () => {
    const learning = new EventScanner(0);
    const plain = new EventScanner(Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(trace, (texts) => {
        learning.begin();
        for (const text of texts) {
          const expected = outcome(plain, text);
          if (!text.includes('"9223372036854')) expect(expected, text).toBeDefined();
          expect(outcome(learning, text), text).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('reads and refuses damaged events as one that does not, and goes on after them', () => {
    const learning = new EventScanner(0);
    const plain = new EventScanner(Number.POSITIVE_INFINITY);
    fc.assert(
      fc.property(trace, fc.array(damage, { minLength: 1, maxLength: 12 }), (texts, damages) => {
        learning.begin();
        for (const text of texts) outcome(learning, text);
        for (const { event, at, remove, insert } of damages) {
          const text = texts[event % texts.length] ?? '';
          const place = at % (text.length + 1);
          const damaged = `${text.slice(0, place)}${insert}${text.slice(place + remove)}`;
          expect(outcome(learning, damaged), damaged).toEqual(outcome(plain, damaged));
          expect(outcome(learning, text), text).toEqual(outcome(plain, text));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('reads and refuses every spelling of a value as one that does not', () => {
    const members: readonly (readonly [string, string])[] = [
      ['ts', '38948464364'],
      ['cpu', '7'],
      ['type', '"ops_enqueue"'],
      ['phase', '"begin"'],
      ['pid', '910'],
      ['rq', '14'],
      ['weight', '100'],
      ['scx_flags', '"0x403"'],
      ['vtime', '1988739227'],
      ['cpus', '"0-15"'],
      ['ddsp_dsq', '"invalid"'],
      ['sticky_cpu', '-1'],
      ['sched', '1'],
    ];
    const others: readonly (readonly [string, string])[] = [
      ['ts', '1'],
      ['cpu', '7'],
      ['type', '"sched_exit"'],
      ['code', '-5'],
      ['msg', '"x"'],
    ];
    const integers = [
      ...[
        '0',
        '9',
        '-1',
        '-0',
        '00',
        '01',
        '-01',
        '+1',
        '',
        '-',
        '1.0',
        '1e3',
        '0x1',
        '8191',
        '8192',
        '081',
        '123456789',
      ],
      ...[
        '1234567890',
        '0123456789',
        '2147483647',
        '2147483648',
        '-2147483648',
        '-2147483649',
        '4294967295',
        '4294967296',
      ],
      ...['38948464365', '38949464364', '38948464364x', '389484643640', '3894846436', '03894846436', '4294967295000'],
      ...['999999999999999', '1000000000000000', '9007199254740993', '9223372036854775807', '9223372036854775808'],
      ...['-9223372036854775808', '-9223372036854775809', '18446744073709551615', '18446744073709551616'],
    ];
    const hex = ['0', '403', '0403', '12345678', '123456789', '1234567g', 'ff196da280e1dd80', 'FF196DA280E1DD80'];
    const spellings = [
      ...integers,
      ...integers.map((text) => `"${text}"`),
      ...[...hex, '', 'g', '000g', '@123', ':123', '1ff196da280e1dd80', '0ff196da280e1dd80'].map(
        (text) => `"0x${text}"`,
      ),
      ...[
        '"0X1f"',
        '"0x1',
        '"0x12 "',
        '"0-15',
        '"0-15 "',
        '"15-0"',
        '"3"',
        '"local"',
        '"local_on:3"',
        '"begin"',
        '"end"',
      ],
      ...[
        'true',
        'false',
        'fals',
        'null',
        '"tru',
        '"\\u0041"',
        '"\\n"',
        '"\\x"',
        '"\u0001"',
        '"é"',
        '[]',
        '{}',
        ' 1',
        '1 ',
      ],
    ];
    const learning = new EventScanner(0);
    const plain = new EventScanner(Number.POSITIVE_INFINITY);
    const text = (all: typeof members): string => `{${all.map(([key, value]) => `"${key}":${value}`).join(',')}}`;
    for (const event of [members, others]) {
      expect(outcome(plain, text(event))).toBeDefined();
      for (let i = 0; i < event.length; i++) {
        for (const spelling of spellings) {
          const changed = text(event.toSpliced(i, 1, [event[i]?.[0] ?? '', spelling]));
          for (const each of [text(event), changed, text(event.toSpliced(i, 1)), text(event)])
            expect(outcome(learning, each), each).toEqual(outcome(plain, each));
        }
      }
    }
  });

  test('finds the end of an event in front of others', () => {
    const scanner = new EventScanner(0);
    const event = '{"ts":12345678901,"cpu":3,"type":"resched","curr":0,"rq":2}';
    const bytes = encoder.encode(`${event}\n${event}\n${'\0'.repeat(SCAN_SLACK)}`);
    const to = bytes.length - SCAN_SLACK;
    for (let i = 0; i < 3; i++) expect(scanner.scan(bytes, 0, to)).toBe(event.length);
    expect(scanner.scan(bytes, 0, event.length)).toBe(event.length);
    expect(scanner.scan(bytes, 0, event.length - 1)).toBe(-1);
    expect(scanner.scan(bytes, event.length + 1, to)).toBe(2 * event.length + 1);
  });
});

describe('shapes', () => {
  const event = (ts: number, rest: string): string => `{"ts":${ts},"cpu":0,"type":"fork",${rest}}`;

  function shapes(unlearnt: number) {
    const values = new ValueReader();
    const known = new EventShapes(values, unlearnt);
    const scanner = new EventScanner(Number.POSITIVE_INFINITY);
    const bind = (text: string): Uint8Array => {
      const bytes = encoder.encode(`${text}${'\0'.repeat(SCAN_SLACK)}`);
      values.bind(bytes);
      return bytes;
    };
    return {
      known,
      learn(text: string): void {
        const bytes = bind(text);
        expect(scanner.scan(bytes, 0, text.length)).toBe(text.length);
        known.learn(0, text.length, scanner.event);
      },
      reads(text: string): boolean {
        bind(text);
        return known.read(0, text.length) === text.length;
      },
    };
  }

  test('are those of events with the same text between the values', () => {
    const { learn, reads, known } = shapes(0);
    learn(event(1, '"step":"new","pid":5,"comm":"a"'));
    expect(reads(event(2, '"step":"new","pid":-77,"comm":"b\\n"'))).toBe(true);
    expect([known.event.step, known.event.pid, known.event.comm]).toEqual(['new', -77, 'b\n']);
    expect(reads(event(2, '"step":"post","pid":5,"comm":"a"'))).toBe(false);
    expect(reads(event(2, '"step":"new","comm":"a","pid":5'))).toBe(false);
    expect(reads(event(2, '"step":"new","pid":5'))).toBe(false);
    learn(event(2, '"step":"new","pid":5'));
    expect(reads(event(3, '"step":"new","pid":6'))).toBe(true);
    expect([known.event.pid, known.event.comm, known.event.has('comm')]).toEqual([6, '', false]);
  });

  test('are learnt once a trace is not small', () => {
    const { learn, reads } = shapes(2);
    const text = event(1, '"step":"new","pid":5');
    learn(text);
    learn(text);
    expect(reads(text)).toBe(false);
    learn(text);
    expect(reads(text)).toBe(true);
  });

  test('are bounded in number, and forgotten for the next trace once they are many', () => {
    const { learn, reads, known } = shapes(0);
    const wide = (i: number): string => event(1, `"pid":${' '.repeat(i)}5,"step":"new"`);
    for (let i = 1000; i >= 0; i--) learn(wide(i));
    const text = event(1, '"step":"new","pid":5');
    learn(text);
    expect(reads(text)).toBe(false);
    known.begin();
    expect(reads(wide(0))).toBe(false);
    learn(text);
    expect(reads(text)).toBe(true);
  });
});
