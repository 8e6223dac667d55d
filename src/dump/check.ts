// What a check of a dump is: one thing that a single snapshot can show, declared next to the code that looks for it.
import type { DumpFacts } from './facts.ts';

/**
 * `violation`: one line, or one block that was read under one lock, proves it. `possible`: it follows only when things that
 * were read at different moments were so at the same time, or for as long as it seems. `info`: worth knowing, no fault.
 */
export type CheckVerdict = 'violation' | 'possible' | 'info';

export interface CheckEvidence {
  /** Line of the input. */
  readonly line: number;
  readonly text: string;
}

export interface CheckReport {
  readonly verdict: CheckVerdict;
  /** Finer distinction within the check. */
  readonly class?: string;
  /** What the dump shows, in one sentence. */
  readonly message: string;
  readonly tasks?: readonly { readonly comm: string | undefined; readonly pid: number | undefined }[];
  readonly cpu?: number;
  readonly dsq?: string;
  readonly evidence: readonly CheckEvidence[];
}

export interface CheckContext {
  readonly facts: DumpFacts;
  /** The check was really made once. */
  checked(): void;
  report(report: CheckReport): void;
  /** A case came up that the dump does not decide. */
  undecided(reason: string): void;
}

export interface DumpCheck {
  /** Kebab-case id, stable. */
  readonly id: string;
  /** What holds in a healthy dump, in one line. */
  readonly title: string;
  /** Verdicts that it can come to. */
  readonly verdicts: readonly CheckVerdict[];
  /** What it means when it does not hold. */
  readonly meaning: string;
  /** What in the dump shows it. */
  readonly shownBy: string;
  /** What would prove it, for verdicts that leave a doubt. */
  readonly provenBy: string;
  /** Rule of a replay that finds the same in a trace. */
  readonly rule?: string;
  run(context: CheckContext): void;
}

export function defineCheck(check: DumpCheck): DumpCheck {
  return check;
}
