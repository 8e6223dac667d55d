// What a rule is: one invariant, declared as data next to the code that checks it.
import type { Release } from '../kernel/release.ts';
import type { CapsCheck } from '../model/caps/check.ts';
import type { Contradiction } from '../model/contradiction.ts';
import type { KernelError } from '../model/kernel-error.ts';
import type { Model } from '../model/model.ts';
import type { Sched } from '../model/sched.ts';
import type { Step } from '../model/step.ts';
import type { Task } from '../model/task.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Moment } from '../trace/moment.ts';
import type { EventName } from '../trace/recorded.ts';
import type { VtimeEngine } from '../vtime/engine.ts';
import type { VtimeHandlers } from '../vtime/facts.ts';
import type { Premise } from '../vtime/premise.ts';

export type Severity = 'error' | 'warning' | 'info';

/**
 * What a rule concludes about a subject. `prediction` is something that will go wrong if things go on as they do; it counts as
 * possible. `info` is never counted against the scheduler.
 */
export type FindingVerdict = 'violation' | 'possible' | 'prediction' | 'inconclusive' | 'info';

/** An event that proves something, by its ordinal, and what it proves. */
export interface EvidenceRef {
  readonly seq: number;
  readonly note?: string | undefined;
}

/** A cause of a finding: what a rule says about an earlier event. */
export interface Cause {
  readonly rule: string;
  readonly seq: number;
  readonly text: string;
}

export interface Report {
  readonly verdict: FindingVerdict;
  /** Default: the severity of the rule. */
  readonly severity?: Severity;
  /** Finer distinction within the rule, such as `race-window`. */
  readonly class?: string;
  /** What happened, in one sentence. */
  readonly message: string;
  readonly task?: Task | undefined;
  readonly cpu?: number;
  readonly dsq?: string;
  readonly sched?: Sched | undefined;
  /** Ordinal of the event with which it began; -1 unknown. */
  readonly began?: number;
  /** Events in order; the one at which the rule reports is added. */
  readonly evidence?: readonly EvidenceRef[];
  /** Words for the event at which the rule reports. */
  readonly note?: string | undefined;
  /** Place of the finding when it is not the event being handled. */
  readonly at?: { readonly seq: number; readonly t: number };
  /** Error of the core that this finding is about: it is compared with the recorded exit. */
  readonly error?: KernelError;
  /** What led to it, nearest cause first. */
  readonly chain?: readonly Cause[];
  /** What it stands on besides the trace: when that breaks, the finding is inconclusive. */
  readonly premise?: Premise;
  /** It explains other findings: it is listed before them. */
  readonly leads?: boolean;
  /** Further facts, for programs. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** The read-only side of the model that rules see. */
export type ModelView = Pick<
  Model,
  | 'cpus'
  | 'scheds'
  | 'root'
  | 'now'
  | 'seq'
  | 'knownSince'
  | 'startsMidRun'
  | 'semantics'
  | 'header'
  | 'findTask'
  | 'tasks'
  | 'dsqs'
  | 'isPossibleCpu'
  | 'userDsqExists'
  | 'records'
  | 'recordsMasksOf'
  | 'hz'
  | 'lbIntervalChanged'
  | 'caps'
>;

export interface ExitExplanation {
  readonly cause: string;
  /** Id of the error site, which is the id of the rule about it; '' when the message belongs to none. */
  readonly site: string;
  /** The error that the model predicted. */
  readonly error: KernelError | undefined;
}

export interface RuleContext {
  readonly model: ModelView;
  /** The rule was really checked, once or as often as given. */
  checked(times?: number): void;
  /** Reports at the event that is being handled. */
  report(report: Report): void;
  /** The event that is being handled will be evidence of a report that comes later: nobody will have to look for it then. */
  keep(): void;
  /** Why an instance ended, as far as the trace shows it. Complete at the end of the trace. */
  explainExit(sched: Sched): ExitExplanation | undefined;
  /** Something that is worth knowing and no finding: printed with the verdict of the rule. */
  note(text: string): void;
  /** A check came up that what is known does not decide. */
  undecided(reason: string): void;
  /** Vtimes, bases and waits; undefined where no rule needs them. */
  readonly vtime: VtimeEngine | undefined;
}

export type EventHandler = (event: TraceEvent, step: Step) => void;

/** Handlers by event type or moment, called after the model has taken the event; `step` holds the state before. */
export type RuleHandlers = { readonly [M in Moment]?: EventHandler } & {
  /** Every one of these events is a check of the rule: they are counted without a handler being called. */
  readonly checkedAt?: readonly Moment[];
  /** The event shows that verdicts were dropped: `step.drops`. */
  readonly onDrop?: EventHandler;
  /** The core raises an error of the site that the rule names. */
  readonly onError?: (error: KernelError, event: TraceEvent, step: Step) => void;
  /** Facts about vtime, called when the event that shows them has been taken. */
  readonly vtime?: VtimeHandlers;
  /** The model compared what it expected of the delegation with what the event shows, in the aspect that the rule names. */
  readonly onCheck?: (check: CapsCheck, event: TraceEvent, step: Step) => void;
  /** What the event shows cannot follow from the state before, in a way that the rule is about. */
  readonly onContradiction?: (contradiction: Contradiction, event: TraceEvent, step: Step) => void;
  /** The trace is over. */
  readonly onEnd?: () => void;
};

export interface RuleSpec {
  /** Kebab-case id, stable. */
  readonly id: string;
  /** The invariant, in one line. */
  readonly title: string;
  readonly severity: Severity;
  /** Error site of the kernel that checks the same thing, see `kernel/error-sites.ts`. */
  readonly site?: string;
  /** Comparison of the model that the rule reports, see `CapsCheck.aspect`. */
  readonly aspect?: string;
  /** Kernel function that the rule stands on. */
  readonly fn: string;
  readonly since?: Release;
  readonly until?: Release;
  /** It needs the vtime engine: for proofs of waits, for vtimes, or for vtimes by a description of the scheduler. */
  readonly vtime?: 'waits' | 'any' | 'described';
  /** Event types (or `type:step`) without which the rule cannot be evaluated. Of a nested list, one suffices. */
  readonly needs: readonly (EventName | readonly EventName[])[];
  /** Rules whose findings are consequences of this one, about the same task, DSQ or scheduler. */
  readonly leadsTo?: readonly string[];
  /** Rules whose findings this one only adds details to. */
  readonly partOf?: readonly string[];
  /** It notices that something does not fit, as others of its kind do: the first of them stands for all. */
  readonly disturbance?: true;
  /** What it means when it is broken. */
  readonly meaning: string;
  /** What usually causes it. */
  readonly causes: readonly string[];
  /** How to avoid it. */
  readonly avoid: string;
  create(context: RuleContext): RuleHandlers;
}

export function defineRule(spec: RuleSpec): RuleSpec {
  return spec;
}
