// Known findings that may stay for now: they do not fail a run, new ones do, and those that are gone are reported as fixed.
import { type Fingerprint, fingerprintKey, fingerprintOf, plainFingerprint } from './fingerprint.ts';
import type { ReplayResult, ResultFinding, Verdict } from './result.ts';
import { exitCodeOf, isHeldAgainst } from './verdict.ts';

export const BASELINE_FORMAT = 'scx-baseline@1';

export interface BaselineEntry extends Fingerprint {
  /** How often it was found when the baseline was written; for people, not compared. */
  readonly count: number;
}

export interface Baseline {
  readonly format: typeof BASELINE_FORMAT;
  readonly findings: readonly BaselineEntry[];
}

/** What a baseline says about a set of results. Part of a result document that was judged with one. */
export interface BaselineSummary {
  readonly known: number;
  readonly new: number;
  /** Entries whose rule was evaluated and that no finding has any more. */
  readonly fixed: readonly Fingerprint[];
  /** Entries whose rule was not evaluated: nothing can be said. */
  readonly unchecked: readonly Fingerprint[];
}

/** Findings that a baseline holds and that count against a run. */
function counts(finding: ResultFinding): boolean {
  return isHeldAgainst(finding.verdict);
}

/** The baseline of what was found, sorted, one entry a fingerprint. */
export function makeBaseline(results: readonly ReplayResult[]): Baseline {
  const entries = new Map<string, { fingerprint: Fingerprint; count: number }>();
  for (const result of results) {
    for (const finding of result.findings.filter(counts)) {
      const fingerprint = fingerprintOf(finding, result.schedulers);
      const key = fingerprintKey(fingerprint);
      const entry = entries.get(key);
      if (entry === undefined) entries.set(key, { fingerprint, count: 1 });
      else entry.count++;
    }
  }
  const findings = [...entries]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { fingerprint, count }]) => ({ ...fingerprint, count }));
  return { format: BASELINE_FORMAT, findings };
}

/** True for the shape of a baseline file. */
export function isBaseline(json: unknown): json is Baseline {
  if (typeof json !== 'object' || json === null) return false;
  const { format, findings } = json as { format?: unknown; findings?: unknown };
  return (
    format === BASELINE_FORMAT &&
    Array.isArray(findings) &&
    findings.every(
      (entry: unknown) =>
        typeof entry === 'object' &&
        entry !== null &&
        'rule' in entry &&
        typeof entry.rule === 'string' &&
        'class' in entry &&
        typeof entry.class === 'string' &&
        'subject' in entry &&
        typeof entry.subject === 'string',
    )
  );
}

export interface JudgeOptions {
  /** Possible findings that are new count, too. */
  readonly strict: boolean;
  /** Possible findings that are new fail the run. */
  readonly failOnPossible?: boolean;
}

/** Marks known findings in a result; the exit code is that of what is new. */
export function judgeWithBaseline(result: ReplayResult, baseline: Baseline, options: JudgeOptions): ReplayResult {
  const keys = new Set(baseline.findings.map(fingerprintKey));
  let known = 0;
  let violations = 0;
  let possibles = 0;
  const findings = result.findings.map((finding) => {
    if (!counts(finding)) return finding;
    if (keys.has(fingerprintKey(fingerprintOf(finding, result.schedulers)))) {
      known++;
      return { ...finding, known: true };
    }
    if (finding.verdict === 'violation') violations++;
    else possibles++;
    return finding;
  });
  // What a rule counted beyond its list cannot be compared, so it is new.
  for (const rule of result.rules) {
    if (rule.verdict !== 'violation') continue;
    violations += rule.findings - result.findings.filter((finding) => finding.rule === rule.id).length;
  }
  return {
    ...result,
    findings,
    exit_code: exitCode(result, violations, possibles, options),
    baseline: { known, new: violations + possibles, ...absent(result, baseline) },
  };
}

/** The exit code of what is new; what has nothing to do with findings counts as before. */
function exitCode(result: ReplayResult, violations: number, possibles: number, options: JudgeOptions): number {
  const rest = result.rules.some((rule) => rule.verdict === 'inconclusive') ? 'inconclusive' : 'pass';
  const verdict: Verdict =
    violations > 0
      ? 'violation'
      : possibles > 0
        ? 'possible'
        : result.verdict === 'violation' || result.verdict === 'possible'
          ? rest
          : result.verdict;
  return exitCodeOf({
    verdict,
    missing: result.missing !== undefined,
    incomplete: result.incomplete !== undefined,
    ...options,
  });
}

function absent(result: ReplayResult, baseline: Baseline): Pick<BaselineSummary, 'fixed' | 'unchecked'> {
  const found = new Set(result.findings.map((finding) => fingerprintKey(fingerprintOf(finding, result.schedulers))));
  const gone = baseline.findings.filter((entry) => !found.has(fingerprintKey(entry)));
  const isEvaluated = (entry: Fingerprint): boolean =>
    result.rules.some((rule) => rule.id === entry.rule && rule.checked > 0 && rule.verdict !== 'not evaluated');
  return {
    fixed: gone.filter(isEvaluated).map(plainFingerprint),
    unchecked: gone.filter((entry) => !isEvaluated(entry)).map(plainFingerprint),
  };
}
