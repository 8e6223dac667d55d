// SARIF output is valid against the official schema of SARIF 2.1.0, and says what the result says.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import Ajv from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import { judgeWithBaseline, makeBaseline } from '../../src/findings/baseline.ts';
import { compareWithExpectation } from '../../src/findings/expectation.ts';
import type { ReplayResult } from '../../src/findings/result.ts';
import { TEST_SCHEMA, type TestReport } from '../../src/findings/test-report.ts';
import { renderSarif, renderTestSarif, type SarifOptions } from '../../src/report/sarif.ts';
import { RULES } from '../../src/rules/index.ts';
import { passingResult, violatingResult } from '../support/results.ts';

const options: SarifOptions = { version: '1.2.3', rules: RULES };

/** The schema as its Technical Committee published it, from the package of a validator. */
const schema = JSON.parse(
  readFileSync(
    createRequire(import.meta.url).resolve('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json'),
    'utf8',
  ),
) as { definitions: { region: object } };
// Errata 01 of the standard adds this to the schema: a region must say where it begins.
Object.assign(schema.definitions.region, {
  anyOf: [{ required: ['startLine'] }, { required: ['charOffset'] }, { required: ['byteOffset'] }],
});
const ajv = new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false });
addFormats.default(ajv);
const validate = ajv.compile(schema);

interface Log {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly invocations: readonly { readonly executionSuccessful: boolean }[];
    readonly results: readonly Record<string, unknown>[];
  }[];
}

function checked(text: string): Log['runs'][number] {
  const log = JSON.parse(text) as Log;
  expect(validate(log) ? [] : validate.errors).toEqual([]);
  const [run] = log.runs;
  if (run === undefined) throw new Error('no run');
  return run;
}

const sarif = (results: readonly ReplayResult[]): Log['runs'][number] => checked(renderSarif(results, [], options));

describe('a replay', () => {
  test('the schema refuses what is wrong', () => {
    expect(validate({ version: '2.1.0', runs: [{ tool: {} }] })).toBe(false);
    const region = { physicalLocation: { artifactLocation: { uri: 'a' }, region: {} } };
    const run = { tool: { driver: { name: 'x' } }, results: [{ message: { text: 'm' }, locations: [region] }] };
    expect(validate({ version: '2.1.0', runs: [run] })).toBe(false);
  });

  test('without findings', async () => {
    expect(sarif([await passingResult()]).results).toEqual([]);
  });

  test('a finding has rule, level, line, evidence and a fingerprint', async () => {
    const run = sarif([await violatingResult()]);
    expect(run.tool.driver.rules.map(({ id }) => id)).toEqual(['switch-chain-broken']);
    expect(run.results).toMatchObject([
      {
        ruleId: 'switch-chain-broken',
        kind: 'fail',
        level: 'error',
        locations: [
          {
            physicalLocation: { artifactLocation: { uri: 'trace' }, region: { startLine: 3 } },
            logicalLocations: [{ name: 'slp-1[101]', kind: 'task' }, { name: 'CPU 0' }],
          },
        ],
        relatedLocations: [
          { physicalLocation: { region: { startLine: 2 } } },
          { physicalLocation: { region: { startLine: 3 } } },
        ],
        partialFingerprints: { 'scxCheck/v1': 'switch-chain-broken//slp-#' },
      },
    ]);
  });

  test('a finding of a binary input has its byte', async () => {
    const result = await violatingResult();
    const findings = result.findings.map((finding) => ({
      ...finding,
      evidence: finding.evidence.map((item) => ({ ...item, position: 'CPU 1, byte 4711' })),
    }));
    expect(sarif([{ ...result, findings }]).results).toMatchObject([
      { locations: [{ physicalLocation: { region: { byteOffset: 4711 } } }] },
    ]);
  });

  test.each(['possible', 'inconclusive', 'info'] as const)('%s is no failure', async (verdict) => {
    const result = await violatingResult();
    const findings = result.findings.map((finding) => ({ ...finding, verdict }));
    const [entry] = sarif([{ ...result, findings }]).results;
    expect(entry).toMatchObject({ level: 'none' });
    expect(entry?.kind).not.toBe('fail');
  });

  test('a baseline becomes baseline states', async () => {
    const baseline = makeBaseline([await violatingResult(), await violatingResult({ comm: 'gone' })]);
    const judged = judgeWithBaseline(await violatingResult(), baseline, { strict: false });
    const states = sarif([judged]).results.map(({ baselineState }) => baselineState);
    expect(states).toEqual(['unchanged', 'absent']);
  });

  test('an input that gave no result is a failed invocation', () => {
    const run = checked(renderSarif([], [{ path: 'a b/ü.dat', error: 'cannot read' }], options));
    expect(run.invocations).toMatchObject([
      { executionSuccessful: false, toolExecutionNotifications: [{ message: { text: 'cannot read' } }] },
    ]);
  });

  test('paths are URIs', async () => {
    const result = await violatingResult();
    const at = (path: string): unknown => {
      const [entry] = sarif([{ ...result, trace: { ...result.trace, path } }]).results;
      const [location] = (entry?.locations ?? []) as { physicalLocation: object }[];
      return location?.physicalLocation;
    };
    expect(at('a b/#1.jsonl')).toMatchObject({ artifactLocation: { uri: 'a%20b/%231.jsonl' } });
    expect(at('./x.json')).toMatchObject({ artifactLocation: { uri: 'x.json' } });
    expect(at('/r/x.json')).toMatchObject({ artifactLocation: { uri: 'file:///r/x.json' } });
  });
});

test('a test report: every difference is a result at its line', async () => {
  const differences = compareWithExpectation(await violatingResult(), { findings: [], evaluated: ['task-lost'] });
  const report: TestReport = {
    schema: TEST_SCHEMA,
    cases: [
      {
        path: 'a.jsonl',
        expectation: 'a.expect.json',
        outcome: 'different',
        verdict: 'violation',
        checked: 1,
        differences,
        error: null,
        exit_code: 1,
      },
    ],
    without_expectation: [],
    exit_code: 1,
  };
  expect(checked(renderTestSarif(report, options)).results).toMatchObject([
    { ruleId: 'switch-chain-broken', locations: [{ physicalLocation: { region: { startLine: 3 } } }] },
    { ruleId: 'task-lost', locations: [{ physicalLocation: { artifactLocation: { uri: 'a.jsonl' } } }] },
  ]);
});
