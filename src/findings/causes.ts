// Which finding is a symptom of which: one bug reads as one finding, with its consequences under it.
import type { RuleSpec } from '../rules/rule.ts';
import type { Finding } from './finding.ts';

/** Findings of the core that come within this time of each other, about the same task, CPU or DSQ, are one disturbance. */
const DISTURBANCE_NS = 1_000_000_000;

export interface CauseInput {
  /** In the order of time. */
  readonly findings: readonly Finding[];
  readonly rules: ReadonlyMap<string, RuleSpec>;
  /** The finding's error is the one that the kernel ended the scheduler with. */
  isConfirmed(finding: Finding): boolean;
}

/** The cause of each finding that has one among the others. Never a circle. */
export function findCauses(input: CauseInput): ReadonlyMap<Finding, Finding> {
  const causes = new Map<Finding, Finding>();
  const link = (symptom: Finding, cause: Finding | undefined): void => {
    if (cause === undefined || symptom === cause || causes.has(symptom)) return;
    for (let above: Finding | undefined = cause; above !== undefined; above = causes.get(above))
      if (above === symptom) return;
    causes.set(symptom, cause);
  };
  for (const finding of input.findings) {
    link(finding, detailOf(finding, input));
    link(finding, exitCause(finding, input));
    link(finding, declaredCause(finding, input));
  }
  linkDisturbances(input, link);
  return causes;
}

/** A detail belongs to the finding that it explains: the same task or DSQ, whichever comes first. */
function detailOf(finding: Finding, { findings, rules }: CauseInput): Finding | undefined {
  const of = rules.get(finding.rule)?.partOf ?? [];
  if (of.length === 0) return undefined;
  const whole = findings.filter((other) => of.includes(other.rule) && sameSubject(finding, other));
  return whole.find((other) => other.seq >= finding.seq) ?? whole.at(-1);
}

/** The end of a scheduler follows from the error that was raised; errors that come after the end follow from the same bug. */
function exitCause(finding: Finding, { findings, isConfirmed }: CauseInput): Finding | undefined {
  const ended = (other: Finding): boolean => other.sched === finding.sched && isConfirmed(other);
  if (finding.rule === 'scheduler-ejected')
    return (
      findings.find(ended) ?? findings.find((other) => other.rule === finding.class && other.sched === finding.sched)
    );
  if (finding.error === undefined || isConfirmed(finding)) return undefined;
  const first = findings.find(ended);
  return first !== undefined && first.seq <= finding.seq && first.rule === finding.rule ? first : undefined;
}

/** A rule declares what its violations lead to: later, with the same task, or with the same scheduler. */
function declaredCause(finding: Finding, { findings, rules }: CauseInput): Finding | undefined {
  let best: Finding | undefined;
  for (const other of findings) {
    if (other === finding || other.seq > finding.seq || other.verdict === 'info') continue;
    if (rules.get(other.rule)?.leadsTo?.includes(finding.rule) !== true || !sameSubject(finding, other)) continue;
    if (best === undefined || other.seq < best.seq) best = other;
  }
  // What ends with the trace is reported at its end, and began long before.
  return (
    best ??
    findings.find(
      (other) =>
        other !== finding &&
        other.began >= 0 &&
        other.began <= finding.seq &&
        rules.get(other.rule)?.leadsTo?.includes(finding.rule) === true &&
        other.pid >= 0 &&
        other.pid === finding.pid,
    )
  );
}

function sameSubject(a: Finding, b: Finding): boolean {
  if (a.pid >= 0 && b.pid >= 0) return a.pid === b.pid;
  if (a.dsq !== '' && b.dsq !== '') return a.dsq === b.dsq;
  return a.sched >= 0 && a.sched === b.sched;
}

/** Where events do not fit together, several rules notice: the first of them stands for all. */
function linkDisturbances(
  { findings, rules }: CauseInput,
  link: (symptom: Finding, cause: Finding | undefined) => void,
): void {
  let root: Finding | undefined;
  let last = 0;
  const seen = { pids: new Set<number>(), cpus: new Set<number>(), dsqs: new Set<string>() };
  for (const finding of findings) {
    if (rules.get(finding.rule)?.disturbance !== true) continue;
    const related =
      (finding.pid >= 0 && seen.pids.has(finding.pid)) ||
      (finding.cpu >= 0 && seen.cpus.has(finding.cpu)) ||
      (finding.dsq !== '' && seen.dsqs.has(finding.dsq));
    if (root === undefined || !related || finding.t - last > DISTURBANCE_NS) {
      root = finding;
      seen.pids.clear();
      seen.cpus.clear();
      seen.dsqs.clear();
    } else link(finding, root);
    last = finding.t;
    if (finding.pid >= 0) seen.pids.add(finding.pid);
    if (finding.cpu >= 0) seen.cpus.add(finding.cpu);
    if (finding.dsq !== '') seen.dsqs.add(finding.dsq);
  }
}
