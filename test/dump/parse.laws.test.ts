// Laws of the dump parser: it reads what every release prints, and nothing that happens to a text on its way changes that.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDumpText } from '../../src/dump/parse.ts';
import { bare, plain } from '../support/dump-bare.ts';
import {
  all,
  brokenAt,
  coloured,
  crlf,
  type Decorate,
  fenced,
  htmlEscaped,
  indented,
  interleaved,
  nonBreaking,
  PREFIXES,
  prefixed,
  quoted,
  reversed,
  tabbed,
  trailingBlanks,
  twiceQuoted,
  withoutBlankLines,
  withoutIndentation,
  wrappedAt,
} from '../support/dump-decorations.ts';
import { arbitraryDump, expectedDump, renderDump, renderReport, SHAPES } from '../support/dump-model.ts';

const RUNS = { numRuns: Number(process.env.RUNS ?? 20) };

describe('every release', () => {
  test.each(SHAPES)('%s', (shape) => {
    fc.assert(
      fc.property(arbitraryDump({ shapes: [shape], comms: 'broken' }), (dump) => {
        const parsed = parseDumpText(renderDump(dump));
        expect(parsed.dumps).toHaveLength(1);
        expect(plain(parsed.dumps[0])).toMatchObject(plain(expectedDump(dump)) as object);
        expect(parsed.dumps[0]).toMatchObject({ truncated: undefined, headless: false, unknown: [] });
        expect(parsed.lines).toMatchObject({ unknown: 0, outside: 0, foreign: 0 });
      }),
      RUNS,
    );
  });
});

/** A decoration leaves everything that the text says as it is. */
function lawOf(decorate: Decorate, comms: 'plain' | 'odd' | 'broken', shapes = SHAPES): void {
  fc.assert(
    fc.property(arbitraryDump({ comms, shapes }), (dump) => {
      const text = renderReport(dump);
      expect(bare(parseDumpText(decorate(text)))).toEqual(bare(parseDumpText(text)));
    }),
    RUNS,
  );
}

describe('parse(decorate(dump)) equals parse(dump)', () => {
  test.each(Object.keys(PREFIXES))('with the beginnings of %s', (name) => lawOf(prefixed(name), 'broken'));
  test.each(Object.keys(PREFIXES))('reversed, with the beginnings of %s', (name) =>
    lawOf(all(prefixed(name), reversed), 'odd'),
  );
  test.each(Object.keys(PREFIXES))('without blank lines, with the beginnings of %s', (name) =>
    lawOf(all(withoutBlankLines, prefixed(name)), 'odd'),
  );

  test('without indentation', () => {
    // Up to 6.14 nothing stands behind the last block, and without indentation its last lines could be anybody's.
    const shapes = SHAPES.filter((shape) => !['6.12', '6.12.17', '6.14'].includes(shape));
    lawOf(withoutIndentation, 'odd', shapes);
  });

  const decorations: readonly (readonly [string, Decorate, 'plain' | 'odd' | 'broken'])[] = [
    ['CRLF', crlf, 'odd'],
    ['reversed', reversed, 'broken'],
    ['without blank lines', withoutBlankLines, 'odd'],
    ['indented by blanks', indented('    '), 'broken'],
    ['indented by a tab', indented('\t'), 'broken'],
    ['indentation as tabs', tabbed, 'broken'],
    ['trailing blanks', trailingBlanks, 'odd'],
    ['quoted', quoted, 'broken'],
    ['quoted twice', twiceQuoted, 'odd'],
    ['in a fence', fenced, 'broken'],
    ['coloured', coloured, 'broken'],
    ['non-breaking blanks', nonBreaking, 'odd'],
    ['HTML', htmlEscaped, 'odd'],
    ['HTML, quoted', all(htmlEscaped, quoted), 'odd'],
    ['HTML, journal, reversed', all(htmlEscaped, withoutBlankLines, prefixed('syslog'), reversed), 'odd'],
    ['a quoted journal with CRLF', all(withoutBlankLines, prefixed('iso'), quoted, crlf), 'odd'],
    ['a fenced, indented journal', all(prefixed('polish'), indented('  '), fenced), 'odd'],
    ['wrapped at 97', all(prefixed('syslog'), wrappedAt(97)), 'plain'],
    ['wrapped at 70', wrappedAt(70), 'plain'],
    ['broken at column 80', brokenAt(80), 'plain'],
    ['broken at column 60', all(indented('  '), brokenAt(60)), 'plain'],
    [
      'a journal with other processes',
      all(
        withoutBlankLines,
        prefixed('syslog'),
        interleaved((i) => `Jul 13 00:36:12 cachyos kwin[77]: frame ${i} [x] CPU`),
      ),
      'odd',
    ],
    [
      'a trace with other events',
      all(
        prefixed('trace-cmd'),
        interleaved((i) => `   hog-1-12    [001]   12.34${i}: sched_switch: prev_comm=a ==> b`),
      ),
      'odd',
    ],
  ];
  test.each(decorations)('%s', (_, decorate, comms) => lawOf(decorate, comms));
});
