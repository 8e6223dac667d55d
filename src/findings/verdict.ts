// Verdicts of rules and runs, and the exit code that follows.
import type { FindingVerdict } from '../rules/rule.ts';
import type { RuleRun } from './collector.ts';
import type { Verdict } from './result.ts';

/** Exit codes, as `git bisect run` understands them. */
export const EXIT = { ok: 0, violation: 1, noVerdict: 125, usage: 129, internal: 134 } as const;

export function verdictOf(run: RuleRun): Verdict {
  if (run.violations > 0) return 'violation';
  if (run.possibles > 0) return 'possible';
  if (run.inconclusives > 0) return 'inconclusive';
  if (run.notEvaluated !== undefined || run.checked === 0) return 'not evaluated';
  return 'pass';
}

/** Does a finding with this verdict say that something is, or may be, wrong? */
export function isHeldAgainst(verdict: FindingVerdict): boolean {
  return verdict === 'violation' || verdict === 'possible' || verdict === 'prediction';
}

const MISSED = 'records were lost: the situation did not occur in what is left of this trace';

/** Why a rule was not evaluated or is inconclusive; null for other verdicts. `lossy`: records are missing. */
export function reasonOf(run: RuleRun, verdict: Verdict, lossy: boolean): string | null {
  const undecided =
    run.undecided.size === 0 ? '' : [...run.undecided].map(([reason, n]) => `${reason} (${n}×)`).join('; ');
  if (verdict === 'not evaluated')
    return (
      run.notEvaluated ??
      (undecided === '' ? (lossy ? MISSED : 'the situation did not occur in this trace') : undecided)
    );
  if (verdict === 'inconclusive') return undecided === '' ? 'see the findings' : undecided;
  if (run.notes.length === 0) return undecided === '' ? null : undecided;
  return [...run.notes, ...(undecided === '' ? [] : [undecided])].join('; ');
}

/** All verdicts, the worst first. */
export const VERDICTS: readonly Verdict[] = ['violation', 'possible', 'inconclusive', 'pass', 'not evaluated'];

/** The verdict of a run: the worst of its rules; `pass` when at least one rule passed. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return VERDICTS.find((verdict) => verdicts.includes(verdict)) ?? 'not evaluated';
}

export interface ExitCodeInput {
  readonly verdict: Verdict;
  /** What is possible counts as a violation. */
  readonly failOnPossible?: boolean;
  /** Rules asked for by name that were not evaluated for lack of evidence. */
  readonly missing: boolean;
  /** The input could not be read to its end. */
  readonly incomplete: boolean;
  readonly strict: boolean;
}

export function exitCodeOf({ verdict, failOnPossible, missing, incomplete, strict }: ExitCodeInput): number {
  if (verdict === 'violation' || (failOnPossible === true && verdict === 'possible')) return EXIT.violation;
  if (missing || incomplete) return EXIT.noVerdict;
  if (verdict === 'not evaluated') return EXIT.noVerdict;
  if (strict && (verdict === 'inconclusive' || verdict === 'possible')) return EXIT.noVerdict;
  return EXIT.ok;
}

const SEVERITY: readonly number[] = [EXIT.ok, EXIT.noVerdict, EXIT.violation, EXIT.usage, EXIT.internal];

/** The worse of two exit codes: a violation outranks a missing verdict, which outranks success. */
export function worseExitCode(a: number, b: number): number {
  return SEVERITY.indexOf(b) > SEVERITY.indexOf(a) ? b : a;
}
