// The result document: what a replay found, as plain data. Every reporter is a function of it; its shape is a contract.
import type { KernelStatus } from '../replay/exits.ts';
import type { FidelityLine, FidelityName } from '../replay/fidelity.ts';
import type { FindingVerdict, Severity } from '../rules/rule.ts';
import type { BaselineSummary } from './baseline.ts';
import type { ResultFigures } from './figures.ts';

export const RESULT_SCHEMA = 'scx-check/result@1';

/** Verdict of a rule, and of the whole run. */
export type Verdict = 'violation' | 'possible' | 'inconclusive' | 'not evaluated' | 'pass';

/** An exact integer: a number while JSON readers keep it, decimal or `0x` text beyond. */
export type ExactNumber = number | string;

export interface EvidenceItem {
  readonly ts: ExactNumber;
  readonly cpu: number;
  readonly type: string;
  /** Place in the input. */
  readonly position: string;
  /** What the event shows and what it proves. */
  readonly text: string;
}

export interface ResultFinding {
  readonly rule: string;
  readonly verdict: FindingVerdict;
  readonly severity: Severity;
  readonly class: string | null;
  readonly message: string;
  readonly ts: ExactNumber;
  readonly cpu: number | null;
  readonly pid: number | null;
  readonly comm: string | null;
  readonly dsq: string | null;
  readonly sched: ExactNumber | null;
  /** Message that the kernel raises for this, as the model predicts it. */
  readonly kernel_message: string | null;
  readonly kernel: KernelStatus | null;
  /** Index in `findings` of the finding that this one is a symptom of; null: it stands for itself. */
  readonly cause: number | null;
  readonly evidence: readonly EvidenceItem[];
  readonly details: Readonly<Record<string, unknown>>;
  /** Present and true when a baseline knows it. */
  readonly known?: boolean;
}

export interface ResultRule {
  readonly id: string;
  readonly severity: Severity;
  readonly verdict: Verdict;
  /** How often the rule was really checked. */
  readonly checked: number;
  /** Number of findings, exact even when not all are listed. */
  readonly findings: number;
  /** Why it was not evaluated, or is inconclusive. */
  readonly reason: string | null;
  /** Present when it was not evaluated for lack of events: the command that records them, '' when none does. */
  readonly record?: string;
}

export interface ResultExit {
  readonly kind: number;
  readonly code: ExactNumber;
  readonly reason: string;
  readonly message: string;
}

/** Verdicts of a scheduler that the core dropped for one reason. */
export interface ResultDrops {
  readonly count: number;
  /** The first of them, in words. */
  readonly examples: readonly { readonly text: string; readonly ts: ExactNumber; readonly position: string }[];
}

export interface ResultScheduler {
  readonly id: ExactNumber;
  readonly name: string;
  readonly level: number;
  readonly parent: ExactNumber | null;
  readonly exit: ResultExit | null;
  /** Dropped verdicts by reason. */
  readonly drops: Readonly<Record<string, ResultDrops>>;
}

export interface ResultTrace {
  readonly path: string;
  readonly format: string;
  readonly kernel: string | null;
  readonly clock: string | null;
  readonly cpus: number;
  readonly starts_mid_run: boolean;
  readonly span_ns: number;
  readonly events: {
    readonly total: number;
    readonly used: number;
    readonly unused: Readonly<Record<string, number>>;
    /** Lost records; -1 when their number is not known. */
    readonly lost: number;
  };
}

/** One thing that another release does differently. */
export interface ResultDifference {
  /** `fatal`, `survives`, `message`, `dropped`, `fallback`, `ignored`, `missing` or `different`. */
  readonly change: string;
  readonly text: string;
  /** Rule about the error of the core that it concerns; null: none. */
  readonly rule: string | null;
  readonly count: number;
  /** First event of that kind. */
  readonly first: EvidenceItem;
}

export interface ReplayResult {
  readonly schema: typeof RESULT_SCHEMA;
  readonly trace: ResultTrace;
  readonly schedulers: readonly ResultScheduler[];
  readonly verdict: Verdict;
  readonly exit_code: number;
  readonly fidelity: Readonly<Record<FidelityName, FidelityLine>>;
  /** What the core recovered from silently, with the number of times; see the list of rules. */
  readonly recoveries: Readonly<Record<string, number>>;
  readonly rules: readonly ResultRule[];
  readonly findings: readonly ResultFinding[];
  /** Present when rules that were asked for by name lacked evidence. */
  readonly missing?: readonly string[];
  /** Present when the result was judged with a baseline. */
  readonly baseline?: BaselineSummary;
  /** Present with `--as`: what that release would have done differently with the same requests. */
  readonly what_if?: {
    readonly kernel: string;
    readonly differences: readonly ResultDifference[];
  };
  /** Present when they were asked for. */
  readonly figures?: ResultFigures;
  /** Present when the input could only be read in part. */
  readonly incomplete?: { readonly error: string };
  /** Present with `--explain-fidelity`: what the model did not predict. */
  readonly mismatches?: readonly {
    readonly line: FidelityName;
    readonly text: string;
    readonly evidence: EvidenceItem;
  }[];
}

/** Place in the input of the event at which a finding was reported; null unknown. */
export function positionOf(finding: ResultFinding): string | null {
  const item = finding.evidence.findLast((entry) => entry.ts === finding.ts) ?? finding.evidence.at(-1);
  return item?.position ?? null;
}
