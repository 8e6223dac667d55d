// A text may end anywhere: what is parsed of it agrees with the whole, and it is said that something is missing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Dump } from '../../src/dump/dump.ts';
import { parseDumpText } from '../../src/dump/parse.ts';
import { plain } from '../support/dump-bare.ts';
import { all, prefixed, reversed, withoutBlankLines } from '../support/dump-decorations.ts';
import { arbitraryDump, renderDump, renderReport, SHAPES } from '../support/dump-model.ts';

/** Flags about the text itself, which a cut changes. */
const ABOUT_TEXT = new Set(['truncated', 'messageCut', 'headless', 'unknown', 'countersShown', 'cpusComplete']);

/** Paths at which `part` says something that `whole` does not. */
function differences(part: unknown, whole: unknown, path = ''): string[] {
  if (Array.isArray(part) && Array.isArray(whole)) {
    if (part.length > whole.length) return [`${path}: ${part.length} instead of ${whole.length}`];
    return part.flatMap((item, i) => differences(item, whole[i], `${path}[${i}]`));
  }
  if (typeof part === 'object' && part !== null && typeof whole === 'object' && whole !== null) {
    return Object.entries(part).flatMap(([key, value]) =>
      ABOUT_TEXT.has(key) ? [] : differences(value, (whole as Record<string, unknown>)[key], `${path}.${key}`),
    );
  }
  if (path.endsWith('.message') && typeof part === 'string' && typeof whole === 'string') {
    return whole.startsWith(part.trimEnd()) ? [] : [`${path}: ${part} instead of ${whole}`];
  }
  return part === whole ? [] : [`${path}: ${String(part)} instead of ${String(whole)}`];
}

function dumpsOf(text: string): readonly Dump[] {
  return parseDumpText(text).dumps;
}

describe('cut anywhere', () => {
  test('the first part of a dump is a part of the dump', () => {
    fc.assert(
      fc.property(arbitraryDump({ comms: 'plain' }), fc.nat(), (model, at) => {
        const text = renderReport(model);
        const [whole] = dumpsOf(text);
        const parts = dumpsOf(text.slice(0, at % text.length));
        expect(parts.length).toBeLessThanOrEqual(1);
        if (parts[0] !== undefined) expect(differences(plain(parts[0]), plain(whole))).toEqual([]);
      }),
      { numRuns: 400 },
    );
  });

  test('every place of one dump', () => {
    const [model] = fc.sample(arbitraryDump({ shapes: ['7.3'], comms: 'plain' }), { numRuns: 1, seed: 7 });
    if (model === undefined) throw new Error('no sample');
    const text = renderReport(model);
    const [whole] = dumpsOf(text);
    for (let at = 0; at < text.length; at++) {
      const [part] = dumpsOf(text.slice(0, at));
      if (part !== undefined) expect(differences(plain(part), plain(whole)), `cut at ${at}`).toEqual([]);
    }
  });

  test('a dump that ends inside a line, or before its counters, is marked', () => {
    const shapes = SHAPES.filter((shape) => ['6.19', '7.0', '7.1', '7.2', '7.3'].includes(shape));
    fc.assert(
      fc.property(arbitraryDump({ shapes, comms: 'plain' }), fc.nat(), (model, n) => {
        const text = renderDump(model);
        const to = text.indexOf('\nEvent counters');
        const from = text.indexOf('\nCPU 0') + 12;
        const [part] = dumpsOf(text.slice(0, from + (n % (to - from))));
        expect(part?.truncated).toBe('cut');
      }),
      { numRuns: 300 },
    );
  });

  test("the kernel's marker, wherever it falls", () => {
    fc.assert(
      fc.property(arbitraryDump({ comms: 'plain' }), fc.nat(), (model, n) => {
        const text = renderDump(model);
        const from = text.indexOf('CPU states') + 40;
        const at = from + (n % Math.max(text.length - from, 1));
        const [part] = dumpsOf(`${text.slice(0, at)}\n\n~~~~ TRUNCATED ~~~~\n`);
        expect(part?.truncated).toBe('marker');
        expect(differences(plain(part), plain(dumpsOf(text)[0]))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('the last part of a reversed journal is the first part of the dump', () => {
    fc.assert(
      fc.property(arbitraryDump({ shapes: ['7.2'], comms: 'plain', ops: false }), fc.nat(), (model, n) => {
        const decorate = all(withoutBlankLines, prefixed('syslog'), reversed);
        const lines = decorate(renderDump(model)).split('\n');
        const [part] = dumpsOf(`${lines.slice(n % (lines.length - 1)).join('\n')}`);
        if (part !== undefined) expect(differences(plain(part), plain(dumpsOf(renderDump(model))[0]))).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  test('the end of a dump without its beginning', () => {
    fc.assert(
      fc.property(arbitraryDump({ shapes: ['7.2', '6.12'], comms: 'plain', ops: false }), fc.nat(), (model, n) => {
        const lines = renderReport(model).split('\n');
        const headings = lines.flatMap((line, i) => (/^CPU \d/.test(line) ? [i] : []));
        const from = headings[n % headings.length] ?? 0;
        const [part] = dumpsOf(lines.slice(from).join('\n'));
        const whole = plain(dumpsOf(lines.join('\n'))[0]) as { cpus: unknown[]; counters: unknown };
        expect(plain(part)).toMatchObject({ headless: true, cpus: whole.cpus.slice(headings.indexOf(from)) });
        expect(plain(part)).toMatchObject({ counters: whole.counters });
      }),
      { numRuns: 100 },
    );
  });
});

describe('no input crashes', () => {
  const words = fc.constantFrom(
    'CPU 1   : nr_run=1 flags=0x1 cpu_rel=0 ksync=2',
    '          curr=a[1] class=ext_sched_class',
    ' *R a[1] *root +0ms',
    '      scx_state/flags=4/0x1 dsq_flags=0x0 ops_state/qseq=0/0',
    '      sticky/holding_cpu=-1/-1 dsq_id=0x99999999999999999999',
    '      dsq_vtime=99999999999999999999999999 slice= weight=-1',
    '      cpus=ffffffff,ffffffff,zz no_mig=1',
    'CPU states',
    '----------',
    'Event counters',
    '   SCX_EV_X: 99999999999999999999',
    'SCX_EV_X 18446744073709551615',
    'a[1] triggered exit kind 1024 on CPU 1:',
    'triggered exit kind',
    '  runtime error (',
    'Backtrace:',
    '~~~~ TRUNCATED ~~~~',
    'EXIT: runtime error (x) on CPU 99999999999',
    'EXIT: ',
    'sched_ext: BPF scheduler "x" disabled (runtime error)',
    'sched_ext: : ',
    'Sched_ext: a (enabled+all), task: runnable_at=-1ms',
    'DEBUG DUMP',
    '='.repeat(80),
    '```',
    '> ',
    '',
    '&lt;UNKNOWN&gt; &#99999999; &#x;',
  );

  test('lines of dumps in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string({ unit: 'binary' })), { maxLength: 40 }), (lines) => {
        const parsed = parseDumpText(lines.join('\n'));
        const { total, ...kinds } = parsed.lines;
        expect(Object.values(kinds).every((n) => n >= 0)).toBe(true);
        expect(total).toBeLessThanOrEqual(lines.join('\n').split('\n').length);
      }),
      { numRuns: 800 },
    );
  });

  test('dumps with characters changed', () => {
    fc.assert(
      fc.property(
        arbitraryDump({ comms: 'broken' }),
        fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { maxLength: 8 }),
        (model, changes) => {
          let text = renderReport(model);
          for (const [at, piece] of changes) {
            const from = at % text.length;
            text = `${text.slice(0, from)}${piece}${text.slice(from + piece.length)}`;
          }
          expect(() => parseDumpText(text)).not.toThrow();
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    ['one long line', 'x'.repeat(5_000_000)],
    ['a long line of brackets', '[1] '.repeat(500_000)],
    ['a name without end', `curr=${'['.repeat(100_000)}`],
    ['a head without end', ` *R ${'a[1] *root +0'.repeat(20_000)}`],
    ['a message without end', `a[1] triggered exit kind 1024:\n  runtime error (${'('.repeat(100_000)}`],
    ['many words', `      scx_state/flags=4/0x1 ${'a=b '.repeat(100_000)}`],
    ['counters without values', 'SCX_EV_'.repeat(100_000)],
    ['exits in a row', 'EXIT: runtime error (\n'.repeat(20_000)],
    ['heads in a row', ' *R a\n'.repeat(100_000)],
    ['CPU lines in a row', 'CPU 1   : nr_run=1 flags=0x1\n'.repeat(20_000)],
    ['task lines in a row', '      scx_state/flags=4/0x1\n'.repeat(50_000)],
    [
      'many beginnings',
      Array.from({ length: 20_000 }, (_, i) => `${'abcdefghij'.repeat(i % 20)}${i} CPU 1 : nr_run=1`).join('\n'),
    ],
  ])('%s is read quickly', (_, text) => {
    const from = performance.now();
    parseDumpText(text);
    expect(performance.now() - from).toBeLessThan(3000);
  });
});
