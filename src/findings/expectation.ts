// Compares a result with what its author expects of it, and derives an expectation from a result.
import type { ExpectationJson, ExpectedExit, ExpectedFinding } from '../trace/expectation.ts';
import { subjectOf, subjectText } from './fingerprint.ts';
import { type ExactNumber, positionOf, type ReplayResult, type ResultFinding, type ResultScheduler } from './result.ts';
import { isHeldAgainst } from './verdict.ts';

export type DifferenceKind =
  | 'appeared'
  | 'vanished'
  | 'changed'
  | 'verdict'
  | 'exit'
  | 'fidelity'
  | 'not evaluated'
  | 'exit code';

/** One point in which a result is not what was expected. Plain data, for every reporter. */
export interface Difference {
  readonly kind: DifferenceKind;
  /** Rule that it is about; null none. */
  readonly rule: string | null;
  /** What was expected and what was found, one line each; null nothing. */
  readonly expected: string | null;
  readonly found: string | null;
  /** Message of the finding that appeared or changed. */
  readonly message: string | null;
  /** Place in the input of the event that it is about; null unknown. */
  readonly position: string | null;
}

/** Findings of one rule beyond this number are expected by their count. */
const LISTED_PER_RULE = 20;

/** Everything in which `result` differs from `expectation`; empty: as expected. */
export function compareWithExpectation(result: ReplayResult, expectation: ExpectationJson): Difference[] {
  return [
    ...(expectation.findings === undefined ? [] : compareFindings(result, expectation.findings)),
    ...(expectation.exits === undefined ? [] : compareExits(result.schedulers, expectation.exits)),
    ...compareValue('verdict', expectation.verdict, result.verdict),
    ...compareValue('exit code', expectation.exit_code, result.exit_code),
    ...compareFidelity(result, expectation.fidelity ?? {}),
    ...(expectation.evaluated ?? []).flatMap((rule) => compareEvaluated(result, rule)),
  ];
}

function compareFindings(result: ReplayResult, expected: readonly ExpectedFinding[]): Difference[] {
  const open = new Set(result.findings);
  const counted = expected.filter((entry) => entry.count !== undefined);
  const differences: Difference[] = [];
  const missing: ExpectedFinding[] = [];
  for (const entry of expected) {
    if (entry.count !== undefined) continue;
    const match = [...open].find((finding) => matches(finding, result.schedulers, entry));
    if (match === undefined) missing.push(entry);
    else open.delete(match);
  }
  for (const entry of counted) {
    const members = [...open].filter((finding) => matches(finding, result.schedulers, entry));
    for (const member of members) open.delete(member);
    // A rule lists only its first findings; their number is exact all the same.
    const hidden = isWholeRule(entry) ? hiddenFindings(result, entry.rule) : 0;
    if (members.length + hidden !== entry.count) {
      const words = expectedText({ ...entry, count: undefined });
      differences.push(
        difference('changed', entry.rule, `${entry.count} × ${words}`, `${members.length + hidden} × ${words}`),
      );
    }
  }
  for (const finding of open) {
    if (!isRelevant(finding)) continue;
    const i = missing.findIndex((entry) => isSameSubject(finding, result.schedulers, entry));
    const [entry] = i < 0 ? [] : missing.splice(i, 1);
    differences.push({
      kind: entry === undefined ? 'appeared' : 'changed',
      rule: finding.rule,
      expected: entry === undefined ? null : expectedText(entry),
      found: expectedText(asExpected(finding, result.schedulers)),
      message: finding.message,
      position: positionOf(finding),
    });
  }
  for (const entry of missing) differences.push(difference('vanished', entry.rule, expectedText(entry), null));
  for (const rule of result.rules) {
    if (rule.findings === 0) continue;
    const hidden = hiddenFindings(result, rule.id);
    if (hidden > 0 && !counted.some((entry) => entry.rule === rule.id && isWholeRule(entry)))
      differences.push(difference('appeared', rule.id, null, `${hidden} more findings of ${rule.id}`));
  }
  return differences;
}

function matches(finding: ResultFinding, schedulers: readonly ResultScheduler[], entry: ExpectedFinding): boolean {
  const subject = subjectOf(finding, schedulers);
  return (
    finding.rule === entry.rule &&
    (entry.verdict === undefined && entry.count !== undefined
      ? isRelevant(finding)
      : finding.verdict === (entry.verdict ?? 'violation')) &&
    given(entry.class, finding.class ?? '') &&
    given(entry.task, subject.task) &&
    given(entry.cpu, subject.cpu) &&
    given(entry.dsq, subject.dsq) &&
    given(entry.sched, subject.sched) &&
    given(entry.kernel, finding.kernel ?? '') &&
    (entry.ts === undefined || sameNumber(entry.ts, finding.ts))
  );
}

function given<T>(expected: T | undefined, found: T | undefined): boolean {
  return expected === undefined || expected === found;
}

function sameNumber(a: ExactNumber, b: ExactNumber): boolean {
  return BigInt(a) === BigInt(b);
}

/** The entry and the finding tell of the same thing in different ways. */
function isSameSubject(
  finding: ResultFinding,
  schedulers: readonly ResultScheduler[],
  entry: ExpectedFinding,
): boolean {
  if (finding.rule !== entry.rule) return false;
  const subject = subjectOf(finding, schedulers);
  return (
    given(entry.task, subject.task) &&
    (entry.task !== undefined || (given(entry.dsq, subject.dsq) && given(entry.cpu, subject.cpu)))
  );
}

/** The entry speaks of all findings of its rule. */
function isWholeRule(entry: ExpectedFinding): boolean {
  return Object.entries(entry).every(([key, value]) => value === undefined || key === 'rule' || key === 'count');
}

/** Findings of a rule that were counted and not listed. */
function hiddenFindings(result: ReplayResult, rule: string): number {
  const total = result.rules.find((entry) => entry.id === rule)?.findings ?? 0;
  return total - result.findings.filter((finding) => finding.rule === rule).length;
}

function compareExits(schedulers: readonly ResultScheduler[], expected: readonly ExpectedExit[]): Difference[] {
  const ended = schedulers.filter((sched) => sched.exit !== null);
  const differences: Difference[] = [];
  for (let i = 0; i < Math.max(ended.length, expected.length); i++) {
    const found = ended[i] === undefined ? undefined : exitOf(ended[i]);
    const wanted = expected[i];
    const same =
      found !== undefined &&
      wanted !== undefined &&
      found.scheduler === wanted.scheduler &&
      given(wanted.kind, found.kind) &&
      given(wanted.reason, found.reason) &&
      given(wanted.message, found.message);
    if (!same) differences.push(difference('exit', null, exitText(wanted), exitText(found)));
  }
  return differences;
}

function exitOf(sched: ResultScheduler | undefined): ExpectedExit | undefined {
  if (sched === undefined || sched.exit === null) return undefined;
  const { kind, reason, message } = sched.exit;
  return { scheduler: sched.name, kind, reason, message };
}

function exitText(exit: ExpectedExit | undefined): string | null {
  if (exit === undefined) return null;
  const facts = [exit.reason ?? (exit.kind === undefined ? undefined : `kind ${exit.kind}`), exit.message];
  const text = facts.filter((fact) => fact !== undefined && fact !== '').join(': ');
  return `scheduler ${exit.scheduler} ends${text === '' ? '' : `, ${text}`}`;
}

function compareValue<T extends string | number>(
  kind: 'verdict' | 'exit code',
  expected: T | undefined,
  found: T,
): Difference[] {
  if (given(expected, found)) return [];
  return [difference(kind, null, `${kind} ${expected}`, `${kind} ${found}`)];
}

function compareFidelity(result: ReplayResult, expected: Readonly<Record<string, number>>): Difference[] {
  return Object.entries(expected).flatMap(([name, share]) => {
    const line = Object.entries(result.fidelity).find(([id]) => id === name)?.[1];
    if (line === undefined) return [difference('fidelity', null, `${name}: at least ${share}`, `no such figure`)];
    const found = shareOf(line);
    if (found >= share) return [];
    return [
      difference(
        'fidelity',
        null,
        `${name}: at least ${percent(share)} predicted`,
        `${name}: ${percent(found)} predicted (${line.explained} of ${line.observed})`,
      ),
    ];
  });
}

function shareOf(line: { readonly observed: number; readonly explained: number }): number {
  return line.observed === 0 ? 1 : line.explained / line.observed;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(2)} %`;
}

function compareEvaluated(result: ReplayResult, id: string): Difference[] {
  const rule = result.rules.find((entry) => entry.id === id);
  if (rule !== undefined && rule.checked > 0 && rule.verdict !== 'not evaluated') return [];
  const reason = rule?.reason ?? 'it was checked zero times';
  return [difference('not evaluated', id, `${id} is evaluated`, `${id} is not evaluated: ${reason}`)];
}

function difference(
  kind: DifferenceKind,
  rule: string | null,
  expected: string | null,
  found: string | null,
): Difference {
  return { kind, rule, expected, found, message: null, position: null };
}

/** A finding in the words of expectations. */
function asExpected(finding: ResultFinding, schedulers: readonly ResultScheduler[]): ExpectedFinding {
  return {
    rule: finding.rule,
    ...(finding.verdict === 'violation' ? {} : { verdict: finding.verdict }),
    ...(finding.class === null ? {} : { class: finding.class }),
    ...subjectOf(finding, schedulers),
    ts: finding.ts,
    ...(finding.kernel === null ? {} : { kernel: finding.kernel }),
  };
}

/** One line for an expected or found finding. */
export function expectedText(entry: ExpectedFinding): string {
  const name = subjectText({
    ...(entry.task === undefined ? {} : { task: entry.task }),
    ...(entry.dsq === undefined ? {} : { dsq: entry.dsq }),
    ...(entry.cpu === undefined ? {} : { cpu: entry.cpu }),
    ...(entry.sched === undefined ? {} : { sched: entry.sched }),
  });
  const parts = [
    entry.verdict === undefined || entry.verdict === 'violation' ? undefined : `${entry.verdict}:`,
    entry.class === undefined || entry.class === '' ? entry.rule : `${entry.rule} [${entry.class}]`,
    name,
    entry.task !== undefined && entry.cpu !== undefined ? `CPU ${entry.cpu}` : undefined,
    entry.task !== undefined && entry.dsq !== undefined ? `DSQ ${entry.dsq}` : undefined,
    entry.ts === undefined ? undefined : `at ${entry.ts} ns`,
    entry.kernel === undefined || entry.kernel === '' ? undefined : `(kernel: ${entry.kernel})`,
  ];
  const text = parts.filter((part) => part !== undefined && part !== '').join(' ');
  return entry.count === undefined ? text : `${entry.count} × ${text}`;
}

/**
 * The expectation that a result fulfils. Of an existing expectation the choice of rules and kernel is kept, and only the
 * keys that it has are written anew; without one, all.
 */
export function deriveExpectation(result: ReplayResult, existing?: ExpectationJson): ExpectationJson {
  const all: Required<{ [K in keyof ExpectationJson]: NonNullable<ExpectationJson[K]> | undefined }> = {
    rules: existing?.rules,
    kernel: existing?.kernel,
    verdict: result.verdict,
    exit_code: result.exit_code,
    findings: derivedFindings(result),
    exits: result.schedulers.flatMap((sched) => exitOf(sched) ?? []),
    fidelity: Object.fromEntries(
      Object.entries(result.fidelity)
        .filter(([, line]) => line.observed > 0)
        .map(([name, line]) => [name, Math.floor(shareOf(line) * 10_000) / 10_000]),
    ),
    evaluated: result.rules.filter((rule) => rule.checked > 0 && rule.verdict !== 'not evaluated').map(({ id }) => id),
  };
  const keys = existing === undefined ? Object.keys(all) : Object.keys(existing).filter((key) => key !== 'format');
  const wanted = Object.entries(all).filter(([key, value]) => value !== undefined && keys.includes(key));
  return Object.fromEntries(wanted) as ExpectationJson;
}

function derivedFindings(result: ReplayResult): ExpectedFinding[] {
  const relevant = result.findings.filter(isRelevant);
  const counted = result.rules.filter((rule) => rule.findings > LISTED_PER_RULE).map((rule) => rule.id);
  const ofRule = (id: string): number => relevant.filter((finding) => finding.rule === id).length;
  return [
    ...relevant
      .filter((finding) => !counted.includes(finding.rule))
      .map((finding) => asExpected(finding, result.schedulers)),
    ...counted.map((rule) => ({ rule, count: ofRule(rule) + hiddenFindings(result, rule) })),
  ];
}

/** Findings that an expectation must name: others conclude nothing, inform, or are known to a baseline. */
function isRelevant(finding: ResultFinding): boolean {
  return isHeldAgainst(finding.verdict) && finding.known !== true;
}
