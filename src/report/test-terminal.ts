// The report of `scx-check test` for people: what differs, as a diff, then one line that sums up.
import type { Difference } from '../findings/expectation.ts';
import type { TestCase, TestReport } from '../findings/test-report.ts';
import type { Style } from './style.ts';

export interface TestTerminalOptions {
  readonly style: Style;
  /** Name every trace, not only those that differ. */
  readonly verbose: boolean;
}

export function renderTestTerminal(report: TestReport, { style, verbose }: TestTerminalOptions): string {
  const lines: string[] = [];
  for (const test of report.cases) {
    if (test.outcome === 'as expected') {
      if (verbose) lines.push(`${style.pass('ok')}  ${test.path}`);
    } else lines.push(...caseLines(test, style), '');
  }
  if (verbose) for (const path of report.without_expectation) lines.push(style.faint(`--  ${path}: no expectation`));
  for (const entry of report.baseline?.fixed ?? [])
    lines.push(
      `${style.pass('fixed')}  ${entry.rule}${entry.class === '' ? '' : ` [${entry.class}]`} ${entry.subject}: take it out of the baseline`,
    );
  lines.push(summary(report, style));
  return `${lines.join('\n')}\n`;
}

function caseLines(test: TestCase, style: Style): string[] {
  if (test.outcome === 'failed') return [`${style.violation('FAILED')}  ${test.path}`, `  ${test.error ?? ''}`];
  const badge = test.outcome === 'updated' ? style.possible('updated') : style.violation('DIFFERENT');
  const where =
    test.expectation === test.path || test.expectation === 'events' ? '' : style.faint(`  (${test.expectation})`);
  return [`${badge}  ${test.path}${where}`, ...test.differences.flatMap((difference) => diffLines(difference, style))];
}

function diffLines({ expected, found, message, position }: Difference, style: Style): string[] {
  const place = position === null ? '' : style.faint(`  ${position}`);
  return [
    ...(expected === null ? [] : [style.violation(`  - ${expected}`)]),
    ...(found === null ? [] : [`${style.pass(`  + ${found}`)}${place}`]),
    ...(message === null ? [] : [style.faint(`    ${message}`)]),
  ];
}

function summary({ cases, without_expectation: without }: TestReport, style: Style): string {
  const n = (outcome: TestCase['outcome']): number => cases.filter((test) => test.outcome === outcome).length;
  const checked = cases.reduce((sum, test) => sum + test.checked, 0);
  const parts = [
    `${n('as expected')} of ${cases.length} traces as expected`,
    ...(n('different') > 0 ? [style.violation(`${n('different')} different`)] : []),
    ...(n('failed') > 0 ? [style.violation(`${n('failed')} failed`)] : []),
    ...(n('updated') > 0 ? [style.possible(`${n('updated')} updated`)] : []),
    ...(without.length > 0 ? [`${without.length} without expectation`] : []),
    `${grouped(checked)} checks`,
  ];
  return parts.join(', ');
}

/** Digits in groups of three. Loading the locale data for it takes longer than a hundred traces. */
function grouped(n: number): string {
  return String(n).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}
