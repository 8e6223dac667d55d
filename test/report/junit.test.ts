// JUnit output is well-formed whatever texts a trace holds, and its counts are those of its cases.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeWithBaseline, makeBaseline } from '../../src/findings/baseline.ts';
import { TEST_SCHEMA, type TestReport } from '../../src/findings/test-report.ts';
import { renderJunit, renderTestJunit } from '../../src/report/junit.ts';
import { passingResult, violatingResult } from '../support/results.ts';
import { parseXml, type XmlElement } from '../support/xml.ts';

const casesOf = (suite: XmlElement): readonly XmlElement[] => suite.children.filter(({ name }) => name === 'testcase');

function checkCounts(element: XmlElement, cases: readonly XmlElement[]): void {
  const n = (name: string): string =>
    String(cases.filter((entry) => entry.children.some((c) => c.name === name)).length);
  expect(element.attributes).toMatchObject({
    tests: String(cases.length),
    failures: n('failure'),
    errors: n('error'),
    skipped: n('skipped'),
  });
}

describe('a replay', () => {
  test('a suite a trace, a case a rule', async () => {
    const root = parseXml(renderJunit([await violatingResult(), await passingResult()]));
    expect(root.name).toBe('testsuites');
    expect(root.children.map((suite) => suite.attributes.name)).toEqual(['trace', 'trace']);
    for (const suite of root.children) checkCounts(suite, casesOf(suite));
    checkCounts(root, root.children.flatMap(casesOf));
    const broken = root.children.flatMap(casesOf).filter(({ children }) => children.some((c) => c.name === 'failure'));
    expect(broken.map(({ attributes }) => attributes.name)).toEqual(['switch-chain-broken']);
    expect(broken[0]?.children[0]?.attributes.message).toBe(
      'CPU 0 switches away from pid 101, but it had switched to pid 100',
    );
    expect(broken[0]?.children[0]?.text).toContain('(line 3)');
  });

  test('a rule that was not evaluated is skipped, never passed', async () => {
    const [suite] = parseXml(renderJunit([await passingResult()])).children;
    const lost = casesOf(suite as XmlElement).find(({ attributes }) => attributes.name === 'task-lost');
    expect(lost?.children.map(({ name }) => name)).toEqual(['skipped']);
  });

  test('what a baseline knows is skipped', async () => {
    const result = await violatingResult();
    const judged = judgeWithBaseline(result, makeBaseline([result]), { strict: false });
    expect(parseXml(renderJunit([judged])).attributes.failures).toBe('0');
  });

  test('an input that could not be read is an error', () => {
    const root = parseXml(renderJunit([], [{ path: 'x.dat', error: 'cannot read' }]));
    expect(root.attributes).toMatchObject({ tests: '1', errors: '1', failures: '0' });
  });

  test('any text survives', async () => {
    const result = await violatingResult();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const findings = result.findings.map((finding) => ({ ...finding, message: text }));
        const xml = renderJunit([{ ...result, trace: { ...result.trace, path: text }, findings }]);
        const [suite] = parseXml(xml).children;
        expect(suite?.attributes.name?.length).toBeGreaterThanOrEqual(0);
        if (/^[\x20-\x7e]*$/.test(text)) expect(suite?.attributes.name).toBe(text);
      }),
      { numRuns: 40 },
    );
  });
});

test('a test report: a case a trace', () => {
  const base = { verdict: null, checked: 0, differences: [], error: null, exit_code: 0 };
  const report: TestReport = {
    schema: TEST_SCHEMA,
    cases: [
      { ...base, path: 'd/a.jsonl', expectation: 'd/a.expect.json', outcome: 'as expected' },
      { ...base, path: 'b.jsonl', expectation: 'b.jsonl', outcome: 'failed', error: 'truncated' },
      {
        ...base,
        path: 'c.jsonl',
        expectation: 'c.expect.json',
        outcome: 'different',
        differences: [
          { kind: 'verdict', rule: null, expected: 'pass', found: 'violation', message: null, position: null },
        ],
      },
    ],
    without_expectation: [],
    exit_code: 1,
  };
  const root = parseXml(renderTestJunit(report));
  expect(root.attributes).toMatchObject({ tests: '3', failures: '1', errors: '1' });
  expect(
    casesOf(root.children[0] as XmlElement).map(({ attributes }) => `${attributes.classname}/${attributes.name}`),
  ).toEqual(['d/a.jsonl', './b.jsonl', './c.jsonl']);
});
