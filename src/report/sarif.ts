// SARIF 2.1.0: findings for code scanning. Evidence becomes related locations; a baseline becomes baseline states.
import type { Difference } from '../findings/expectation.ts';
import { fingerprintKey, fingerprintOf } from '../findings/fingerprint.ts';
import type { EvidenceItem, ReplayResult, ResultFinding, ResultScheduler } from '../findings/result.ts';
import type { TestCase, TestReport } from '../findings/test-report.ts';
import { type FailedInput, type Place, placeOf, placeOfFinding, uriOf } from './place.ts';

/** What the registry knows of a rule. */
export interface RuleInfo {
  readonly id: string;
  readonly title: string;
  readonly meaning: string;
  readonly avoid: string;
  readonly severity: string;
}

export interface SarifOptions {
  readonly version: string;
  readonly rules: readonly RuleInfo[];
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

export function renderSarif(
  results: readonly ReplayResult[],
  failed: readonly FailedInput[],
  options: SarifOptions,
): string {
  const found = results.flatMap((result) => result.findings.map((finding) => findingResult(finding, result)));
  const absent = absentResults(results);
  const notifications = [
    ...failed.map(({ path, error }) => notification(path, error)),
    ...results.flatMap(({ trace, incomplete }) =>
      incomplete === undefined ? [] : [notification(trace.path, incomplete.error)],
    ),
  ];
  const verdicts = results.map(({ trace, verdict, exit_code }) => ({ path: trace.path, verdict, exit_code }));
  return renderRun(
    [...found, ...absent],
    [...results.map(({ trace }) => trace.path), ...failed.map(({ path }) => path)],
    notifications,
    options,
    { verdicts },
  );
}

export function renderTestSarif(report: TestReport, options: SarifOptions): string {
  const results = report.cases.flatMap((test) =>
    test.differences.map((difference) => differenceResult(difference, test)),
  );
  const notifications = report.cases.flatMap(({ path, error }) => (error === null ? [] : [notification(path, error)]));
  const traces = report.cases.map(({ path }) => path);
  return renderRun(results, traces, notifications, options, {});
}

function renderRun(
  results: readonly JsonObject[],
  paths: readonly string[],
  notifications: readonly JsonObject[],
  options: SarifOptions,
  properties: JsonObject,
): string {
  const used = new Set(results.map((result) => String(result.ruleId)));
  const described = options.rules.filter(({ id }) => used.has(id));
  const known = new Set(described.map(({ id }) => id));
  const rules = [
    ...described.map(ruleDescriptor),
    ...[...used].filter((id) => !known.has(id)).map((id) => ({ id, shortDescription: { text: id } })),
  ];
  const log = {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: { driver: { name: 'scx-check', semanticVersion: options.version, rules } },
        invocations: [
          {
            executionSuccessful: notifications.length === 0,
            ...(notifications.length === 0 ? {} : { toolExecutionNotifications: notifications }),
          },
        ],
        artifacts: [...new Set(paths)].map((path) => ({ location: { uri: uriOf(path) } })),
        columnKind: 'utf16CodeUnits',
        results,
        ...(Object.keys(properties).length === 0 ? {} : { properties }),
      },
    ],
  };
  return `${JSON.stringify(log, null, 1)}\n`;
}

function ruleDescriptor({ id, title, meaning, avoid, severity }: RuleInfo): JsonObject {
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: meaning },
    help: { text: avoid },
    defaultConfiguration: { level: levelOfSeverity(severity) },
  };
}

function levelOfSeverity(severity: string): string {
  return severity === 'error' ? 'error' : severity === 'warning' ? 'warning' : 'note';
}

/** A result that is no failure has no level (SARIF 3.27.10). */
function kindAndLevel(finding: ResultFinding): { kind: string; level: string } {
  switch (finding.verdict) {
    case 'violation':
      return { kind: 'fail', level: levelOfSeverity(finding.severity) };
    case 'possible':
    case 'prediction':
      return { kind: 'review', level: 'none' };
    case 'inconclusive':
      return { kind: 'open', level: 'none' };
    case 'info':
      return { kind: 'informational', level: 'none' };
  }
}

function findingResult(finding: ResultFinding, result: ReplayResult): JsonObject {
  const { path } = result.trace;
  const kernel = finding.kernel_message === null ? '' : ` Kernel message: ${finding.kernel_message}.`;
  return {
    ruleId: finding.rule,
    ...kindAndLevel(finding),
    message: { text: `${finding.message}.${kernel}` },
    locations: [{ physicalLocation: physical(path, placeOfFinding(finding)), ...logical(finding, result.schedulers) }],
    ...(finding.evidence.length === 0
      ? {}
      : { relatedLocations: finding.evidence.map((item, id) => evidenceLocation(path, item, id)) }),
    partialFingerprints: { 'scxCheck/v1': fingerprintKey(fingerprintOf(finding, result.schedulers)) },
    ...(result.baseline === undefined ? {} : { baselineState: finding.known === true ? 'unchanged' : 'new' }),
    properties: {
      verdict: finding.verdict,
      ...(finding.class === null ? {} : { class: finding.class }),
      ts: finding.ts,
      ...(finding.kernel === null ? {} : { kernel: finding.kernel }),
    },
  };
}

function absentResults(results: readonly ReplayResult[]): JsonObject[] {
  return results.flatMap(({ baseline }) =>
    (baseline?.fixed ?? []).map((entry) => ({
      ruleId: entry.rule,
      kind: 'pass',
      level: 'none',
      message: { text: `No longer found: ${entry.rule} ${entry.subject}`.trim() },
      partialFingerprints: { 'scxCheck/v1': fingerprintKey(entry) },
      baselineState: 'absent',
    })),
  );
}

function differenceResult(difference: Difference, test: TestCase): JsonObject {
  const { kind, rule, expected, found, message, position } = difference;
  const text = [
    message ?? `${kind}:`,
    ...(expected === null ? [] : [`expected: ${expected}`]),
    ...(found === null ? [] : [`found: ${found}`]),
  ];
  return {
    ruleId: rule ?? `test/${kind.replaceAll(' ', '-')}`,
    kind: 'fail',
    level: 'error',
    message: { text: text.join('\n') },
    locations: [{ physicalLocation: physical(test.path, placeOf(position)) }],
    partialFingerprints: { 'scxCheckTest/v1': `${test.path}/${kind}/${expected ?? ''}/${found ?? ''}` },
  };
}

function physical(path: string, { line, byte }: Place): JsonObject {
  const artifactLocation = { uri: uriOf(path) };
  if (line !== undefined) return { artifactLocation, region: { startLine: line } };
  return byte === undefined ? { artifactLocation } : { artifactLocation, region: { byteOffset: byte } };
}

function logical(finding: ResultFinding, schedulers: readonly ResultScheduler[]): JsonObject {
  const names = [
    ...(finding.pid === null ? [] : [{ name: `${finding.comm ?? '?'}[${finding.pid}]`, kind: 'task' }]),
    ...(finding.cpu === null ? [] : [{ name: `CPU ${finding.cpu}`, kind: 'cpu' }]),
    ...(finding.dsq === null ? [] : [{ name: finding.dsq, kind: 'dsq' }]),
    ...schedulers
      .filter(({ id }) => id === finding.sched)
      .map(({ name, id }) => ({ name: name === '' ? String(id) : name, kind: 'scheduler' })),
  ];
  return names.length === 0 ? {} : { logicalLocations: names };
}

function evidenceLocation(path: string, item: EvidenceItem, id: number): JsonObject {
  return {
    id,
    physicalLocation: physical(path, placeOf(item.position)),
    message: { text: `${item.ts} ns, CPU ${item.cpu}: ${item.text}` },
  };
}

function notification(path: string, error: string): JsonObject {
  return {
    level: 'error',
    message: { text: error },
    locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }],
  };
}
