// A finding: what a rule reported, with everything that proves it.
import type { KernelError } from '../model/kernel-error.ts';
import type { Cause, EvidenceRef, FindingVerdict, Severity } from '../rules/rule.ts';
import type { Premise } from '../vtime/premise.ts';

export interface Finding {
  readonly rule: string;
  verdict: FindingVerdict;
  readonly severity: Severity;
  readonly class: string;
  readonly message: string;
  /** Ordinal and time (since the time base, ns) of the event at which the rule reported. */
  readonly seq: number;
  readonly t: number;
  /** CPU that the finding is about; -1 none. */
  readonly cpu: number;
  /** Task; -1 none. */
  readonly pid: number;
  readonly comm: string;
  readonly dsq: string;
  /** Scheduler instance by its index in the model; -1 none. */
  readonly sched: number;
  /** Event with which it began; -1 not known. */
  readonly began: number;
  readonly evidence: readonly EvidenceRef[];
  readonly error: KernelError | undefined;
  readonly chain: readonly Cause[];
  readonly premise: Premise | undefined;
  readonly leads: boolean;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}
