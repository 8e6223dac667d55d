// Annotations for GitHub Actions: workflow commands on standard output that show up at file and line.
import type { ReplayResult, ResultFinding } from '../findings/result.ts';
import type { TestReport } from '../findings/test-report.ts';
import { type FailedInput, placeOf, placeOfFinding } from './place.ts';

export interface GithubOptions {
  /** Annotations of one rule and trace; GitHub itself shows ten of a step. */
  readonly perRule: number;
}

type Level = 'error' | 'warning' | 'notice';

export function renderGithub(
  results: readonly ReplayResult[],
  failed: readonly FailedInput[],
  { perRule }: GithubOptions,
): string {
  const lines: string[] = [];
  for (const result of results) {
    const shown = new Map<string, number>();
    for (const finding of result.findings) {
      const level = levelOf(finding);
      if (level === undefined) continue;
      const n = (shown.get(finding.rule) ?? 0) + 1;
      shown.set(finding.rule, n);
      if (n <= perRule) lines.push(annotation(level, result.trace.path, placeOfFinding(finding).line, finding));
    }
    for (const [rule, n] of shown) {
      if (n > perRule)
        lines.push(command('notice', { file: result.trace.path, title: rule }, `${n - perRule} more of ${rule}`));
    }
    if (result.incomplete !== undefined)
      lines.push(command('error', { file: result.trace.path, title: 'incomplete' }, result.incomplete.error));
    lines.push(`${result.trace.path}: ${result.verdict}`);
  }
  for (const { path, error } of failed) lines.push(command('error', { file: path, title: 'unreadable' }, error));
  return lines.map((line) => `${line}\n`).join('');
}

export function renderTestGithub(report: TestReport): string {
  const lines: string[] = [];
  for (const test of report.cases) {
    if (test.error !== null) lines.push(command('error', { file: test.path, title: 'test failed' }, test.error));
    if (test.outcome !== 'different') continue;
    for (const { kind, rule, expected, found, message, position } of test.differences) {
      const { line } = placeOf(position);
      const text = [
        ...(message === null ? [] : [message]),
        ...(expected === null ? [] : [`- ${expected}`]),
        ...(found === null ? [] : [`+ ${found}`]),
      ];
      const title = rule === null || kind === 'not evaluated' ? kind : `${rule} ${kind}`;
      lines.push(
        command('error', { file: test.path, ...(line === undefined ? {} : { line }), title }, text.join('\n')),
      );
    }
  }
  const bad = report.cases.filter(({ outcome }) => outcome === 'different' || outcome === 'failed').length;
  lines.push(`${report.cases.length - bad} of ${report.cases.length} traces are as expected`);
  return lines.map((line) => `${line}\n`).join('');
}

/** Findings that are known, or conclude nothing, are no annotations. */
function levelOf({ verdict, severity, known }: ResultFinding): Level | undefined {
  if (known === true) return undefined;
  if (verdict === 'possible' || verdict === 'prediction') return 'warning';
  if (verdict !== 'violation') return undefined;
  return severity === 'error' ? 'error' : severity === 'warning' ? 'warning' : 'notice';
}

function annotation(level: Level, file: string, line: number | undefined, finding: ResultFinding): string {
  const text = [finding.message, ...finding.evidence.map((item) => `${item.ts} ns CPU ${item.cpu} ${item.text}`)];
  const title = finding.class === null ? finding.rule : `${finding.rule} [${finding.class}]`;
  return command(level, { file, ...(line === undefined ? {} : { line }), title }, text.join('\n'));
}

function command(level: Level, properties: Readonly<Record<string, string | number>>, text: string): string {
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${level} ${list.join(',')}::${escapeText(text)}`;
}

function escapeText(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeText(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
