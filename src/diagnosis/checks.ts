// Runs the checks on a dump, and judges exits and log lines: findings, and how often each check was really made.
import type { CheckReport, DumpCheck } from '../dump/check.ts';
import { DUMP_CHECKS } from '../dump/checks/index.ts';
import type { DumpFacts } from '../dump/facts.ts';
import type { DumpCheckRow, DumpExit, DumpFinding, DumpNotice } from './result.ts';

/** A finding before findings of one matter are put together. */
export type Loose = Omit<DumpFinding, 'group'>;

/** Spells the place of a line; null when the number says it all. */
export type PositionOf = (line: number) => string | null;

/** All checks on one dump. */
export function runChecks(
  facts: DumpFacts,
  dump: number,
  positionOf: PositionOf,
): { readonly rows: readonly DumpCheckRow[]; readonly findings: readonly Loose[] } {
  const findings: Loose[] = [];
  const rows = DUMP_CHECKS.map((check) => {
    const reports: CheckReport[] = [];
    const undecided = new Map<string, number>();
    let checked = 0;
    check.run({
      facts,
      checked: () => {
        checked++;
      },
      report: (report) => reports.push(report),
      undecided: (reason) => undecided.set(reason, (undecided.get(reason) ?? 0) + 1),
    });
    findings.push(...reports.map((report) => ofReport(check, report, dump, positionOf)));
    return rowOf(check, reports, checked, undecided);
  });
  return { rows, findings };
}

function rowOf(
  check: DumpCheck,
  reports: readonly CheckReport[],
  checked: number,
  undecided: ReadonlyMap<string, number>,
): DumpCheckRow {
  const worst = (['violation', 'possible', 'info'] as const).find((verdict) =>
    reports.some((report) => report.verdict === verdict),
  );
  const reason = [...undecided].map(([text, n]) => `${text} (${n}×)`).join('; ');
  return {
    id: check.id,
    verdict: worst ?? (checked > 0 ? 'pass' : 'not evaluated'),
    checked,
    findings: reports.length,
    reason: reason !== '' ? reason : checked > 0 ? null : 'the dump has nothing that it is about',
  };
}

function ofReport(check: DumpCheck, report: CheckReport, dump: number, positionOf: PositionOf): Loose {
  return {
    check: check.id,
    verdict: report.verdict,
    class: report.class ?? null,
    message: report.message,
    dump,
    tasks: (report.tasks ?? []).map(({ comm, pid }) => ({ comm: comm ?? null, pid: pid ?? null })),
    cpu: report.cpu ?? null,
    dsq: report.dsq ?? null,
    evidence: report.evidence.map(({ line, text }) => ({ line, position: positionOf(line), text })),
    rule: check.rule ?? null,
    proven_by: report.verdict === 'possible' ? check.provenBy : null,
  };
}

/** An exit with an error is a violation. */
export function ofExits(exits: readonly DumpExit[], positionOf: PositionOf): Loose[] {
  return exits
    .filter((exit) => exit.error)
    .map((exit) => ({
      check: 'scheduler-ejected',
      verdict: 'violation',
      class: exit.explanation?.id ?? null,
      message: `the kernel ended scheduler ${exit.scheduler ?? '?'}: ${exit.reason}${exit.message === '' ? '' : ` (${exit.message})`}`,
      dump: null,
      tasks: [],
      cpu: exit.cpu,
      dsq: null,
      evidence: exit.lines.map((line, i) => ({
        line,
        position: positionOf(line),
        text: `as the ${exit.sources[i] ?? 'text'} says`,
      })),
      rule: exit.explanation?.rule?.id ?? 'scheduler-ejected',
      proven_by: null,
    }));
}

/** Warnings of the kernel log. */
export function ofNotices(
  notices: readonly DumpNotice[],
  levels: ReadonlyMap<string, string>,
  positionOf: PositionOf,
): Loose[] {
  return notices.flatMap(({ line, text, explanation }) => {
    const level = levels.get(explanation?.id ?? '');
    if (explanation === null || (level !== 'bug' && level !== 'warning')) return [];
    return [
      {
        check: 'kernel-warning',
        verdict: level === 'bug' ? ('possible' as const) : ('info' as const),
        class: explanation.id,
        message: `the kernel logged: ${text}`,
        dump: null,
        tasks: [],
        cpu: null,
        dsq: null,
        evidence: [{ line, position: positionOf(line), text: explanation.meaning }],
        rule: null,
        proven_by: level === 'bug' ? 'the lines around it, and whether the kernel carries patches' : null,
      },
    ];
  });
}
