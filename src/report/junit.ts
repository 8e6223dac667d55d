// JUnit XML, as CI systems read it: a suite a trace with a case a rule; for tests, one suite with a case a trace.
import type { Difference } from '../findings/expectation.ts';
import type { ReplayResult, ResultFinding, ResultRule } from '../findings/result.ts';
import type { TestCase, TestReport } from '../findings/test-report.ts';
import type { FailedInput } from './place.ts';

/** Findings of one rule that are written out. */
const PER_RULE = 20;

type Outcome = 'passed' | 'failure' | 'error' | 'skipped';

interface Case {
  readonly className: string;
  readonly name: string;
  readonly outcome: Outcome;
  /** One line that says why. */
  readonly message: string;
  readonly text: string;
}

interface Suite {
  readonly name: string;
  readonly properties: Readonly<Record<string, string | number>>;
  readonly cases: readonly Case[];
}

export function renderJunit(results: readonly ReplayResult[], failed: readonly FailedInput[] = []): string {
  return render([...results.map(suiteOf), ...failed.map(failedSuite)]);
}

export function renderTestJunit(report: TestReport): string {
  return render([{ name: 'scx-check test', properties: {}, cases: report.cases.map(testCase) }]);
}

function suiteOf(result: ReplayResult): Suite {
  const { path } = result.trace;
  const cases = result.rules.map((rule) => ruleCase(path, rule, result.findings));
  const incomplete: Case[] =
    result.incomplete === undefined
      ? []
      : [{ className: path, name: 'input', outcome: 'error', message: result.incomplete.error, text: '' }];
  return {
    name: path,
    properties: {
      verdict: result.verdict,
      ...(result.trace.kernel === null ? {} : { kernel: result.trace.kernel }),
      events: result.trace.events.total,
      ...Object.fromEntries(
        Object.entries(result.fidelity).map(([name, line]) => [
          `fidelity.${name}`,
          `${line.explained}/${line.observed}`,
        ]),
      ),
    },
    cases: [...incomplete, ...cases],
  };
}

function failedSuite({ path, error }: FailedInput): Suite {
  const input: Case = { className: path, name: 'input', outcome: 'error', message: error, text: '' };
  return { name: path, properties: {}, cases: [input] };
}

function ruleCase(path: string, rule: ResultRule, all: readonly ResultFinding[]): Case {
  const base = { className: path, name: rule.id };
  const findings = all.filter((finding) => finding.rule === rule.id);
  const broken = findings.filter(({ verdict, known }) => verdict === 'violation' && known !== true);
  if (rule.verdict === 'violation' && (broken.length > 0 || rule.findings > findings.length)) {
    const rest = rule.findings - findings.length + Math.max(0, broken.length - PER_RULE);
    return {
      ...base,
      outcome: 'failure',
      message: broken[0]?.message ?? `${rule.findings} findings`,
      text: [...broken.slice(0, PER_RULE).map(findingText), ...(rest > 0 ? [`${rest} more`] : [])].join('\n\n'),
    };
  }
  if (rule.verdict === 'pass') return { ...base, outcome: 'passed', message: '', text: '' };
  const message = rule.verdict === 'violation' ? 'known to the baseline' : `${rule.verdict}: ${rule.reason ?? ''}`;
  return {
    ...base,
    outcome: 'skipped',
    message,
    text: findings.slice(0, PER_RULE).map(findingText).join('\n\n'),
  };
}

function findingText(finding: ResultFinding): string {
  const { command } = finding.details;
  return [
    finding.class === null ? finding.message : `[${finding.class}] ${finding.message}`,
    ...(finding.kernel_message === null
      ? []
      : [`kernel message: ${finding.kernel_message} (${finding.kernel ?? 'unknown'})`]),
    ...finding.evidence.map((item) => `${item.ts} ns  CPU ${item.cpu}  ${item.text}  (${item.position})`),
    ...(typeof command === 'string' ? [`show it: ${command}`] : []),
  ].join('\n');
}

function testCase(test: TestCase): Case {
  const slash = test.path.lastIndexOf('/');
  const base = {
    className: slash < 0 ? '.' : test.path.slice(0, slash),
    name: test.path.slice(slash + 1),
  };
  if (test.outcome === 'failed') return { ...base, outcome: 'error', message: test.error ?? '', text: '' };
  if (test.outcome !== 'different') return { ...base, outcome: 'passed', message: '', text: '' };
  const n = test.differences.length;
  const message = n === 1 ? summary(test.differences[0]) : `${n} differences from ${test.expectation}`;
  return { ...base, outcome: 'failure', message, text: test.differences.map(differenceText).join('\n') };
}

function summary(difference: Difference | undefined): string {
  return difference === undefined ? '' : `${difference.kind}: ${difference.found ?? difference.expected ?? ''}`;
}

function differenceText({ expected, found, message, position }: Difference): string {
  return [
    ...(expected === null ? [] : [`- ${expected}`]),
    ...(found === null ? [] : [`+ ${found}`]),
    ...(message === null ? [] : [`  ${message}${position === null ? '' : ` (${position})`}`]),
  ].join('\n');
}

function render(suites: readonly Suite[]): string {
  const all = suites.flatMap((suite) => suite.cases);
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites name="scx-check"${counts(all)}>`];
  for (const suite of suites) {
    lines.push(`  <testsuite name="${escapeXml(suite.name)}"${counts(suite.cases)}>`);
    const properties = Object.entries(suite.properties);
    if (properties.length > 0) {
      lines.push('    <properties>');
      for (const [name, value] of properties)
        lines.push(`      <property name="${escapeXml(name)}" value="${escapeXml(String(value))}"/>`);
      lines.push('    </properties>');
    }
    for (const entry of suite.cases) lines.push(...caseLines(entry));
    lines.push('  </testsuite>');
  }
  return `${lines.join('\n')}\n</testsuites>\n`;
}

function counts(cases: readonly Case[]): string {
  const n = (outcome: Outcome): number => cases.filter((entry) => entry.outcome === outcome).length;
  return ` tests="${cases.length}" failures="${n('failure')}" errors="${n('error')}" skipped="${n('skipped')}"`;
}

function caseLines({ className, name, outcome, message, text }: Case): string[] {
  const head = `    <testcase classname="${escapeXml(className)}" name="${escapeXml(name)}"`;
  if (outcome === 'passed') return [`${head}/>`];
  const type = outcome === 'skipped' ? '' : ` type="${outcome === 'failure' ? 'violation' : 'input'}"`;
  const body = text === '' ? '/>' : `>${escapeXml(text)}</${outcome}>`;
  return [`${head}>`, `      <${outcome} message="${escapeXml(message)}"${type}${body}`, '    </testcase>'];
}

/** Control characters and halves of surrogate pairs: XML 1.0 cannot hold them in any form, except for white space. */
const FORBIDDEN = /[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu;

function escapeXml(text: string): string {
  return text
    .replaceAll(FORBIDDEN, (char) => ('\t\n\r'.includes(char) ? char : '\uFFFD'))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replaceAll('\t', '&#9;');
}
