// A step that cannot follow from what came before: the trace contradicts itself, or the kernel its own rules.
import type { Sched } from './sched.ts';
import type { Step } from './step.ts';
import type { Task } from './task.ts';

export interface Contradiction {
  /** Id of the rule about it. */
  readonly rule: string;
  readonly class: string;
  /** What the event shows, and what had to be expected. */
  readonly text: string;
  readonly task: Task | undefined;
  /** CPU that it is about; -1 none. */
  readonly cpu: number;
  readonly dsq: string;
  readonly sched: Sched | undefined;
  /** Event that established what is contradicted; -1 not known. */
  readonly sinceSeq: number;
  /** The event that contradicts, where that was one before the event of the step. */
  readonly at: { readonly seq: number; readonly t: number } | undefined;
}

type Details = Partial<Omit<Contradiction, 'rule' | 'class' | 'text'>>;

/** Notes in the step that it contradicts the state before. */
export function contradict(step: Step, rule: string, cls: string, text: string, details: Details = {}): void {
  step.noteContradiction(contradiction(step, rule, cls, text, details));
}

/** The same, for the caller to note when it is known to be one. */
export function contradiction(step: Step, rule: string, cls: string, text: string, details: Details): Contradiction {
  return {
    rule,
    class: cls,
    text,
    task: details.task ?? step.task,
    cpu: details.cpu ?? -1,
    dsq: details.dsq ?? '',
    sched: details.sched ?? step.sched,
    sinceSeq: details.sinceSeq ?? -1,
    at: details.at,
  };
}

/** Rule about events that do not fit together although no invariant of the scheduler is at stake. */
export const INCONSISTENT = 'trace-inconsistent';
