// Rules about errors that the core itself raises: the model predicts the error, the rule reports it.
import { type ErrorSite, errorSite } from '../../kernel/error-sites.ts';
import { EXIT_KIND, exitReason, isErrorKind } from '../../kernel/exit.ts';
import type { KernelError } from '../../model/kernel-error.ts';
import { type Tri, UNKNOWN, YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { Moment } from '../../trace/moment.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import {
  type Cause,
  defineRule,
  type EventHandler,
  type EvidenceRef,
  type ModelView,
  type Report,
  type RuleContext,
  type RuleHandlers,
  type RuleSpec,
} from '../rule.ts';

/**
 * Is the event a check? YES or true: it was made and could be followed. UNKNOWN: it was made, but what is known does not decide.
 * Called after the model took the event.
 */
export type IsCheck = (event: TraceEvent, step: Step, model: ModelView) => Tri | boolean;

type KernelErrorRule = Omit<RuleSpec, 'create' | 'severity' | 'site'> & {
  /** Events at which the core makes the check. */
  readonly checkedAt: readonly Moment[];
  /** Which of them are checks; default: all. */
  readonly isCheck?: IsCheck;
  /** What is not known when a check is undecided. */
  readonly unknown?: string;
};

/** The destination of a verdict is looked up here: its claim succeeded. */
export function isResolution(event: TraceEvent): boolean {
  return event.kind === KIND.dispatch ? event.result !== '' && event.result !== 'dropped' : event.phase !== 'end';
}

/** A rule whose id is that of an error site, reporting whenever the model raises that error. */
export function kernelErrorRule(rule: KernelErrorRule): RuleSpec {
  const { checkedAt, isCheck, unknown, ...spec } = rule;
  return defineRule({
    ...spec,
    severity: 'error',
    site: spec.id,
    create(context) {
      return {
        ...checksOf(context, checkedAt, isCheck, unknown),
        onError: (error) => reportError(context, error),
        onEnd: () => {
          reportExits(context, errorSite(spec.id));
        },
      } satisfies RuleHandlers;
    },
  });
}

/** Handlers that count the checks: the events given, or only some of them. */
export function checksOf(
  context: RuleContext,
  at: readonly Moment[],
  isCheck: IsCheck | undefined,
  unknown = 'what the check needs is not known',
): RuleHandlers {
  if (isCheck === undefined) return { checkedAt: at };
  const count = (event: TraceEvent, step: Step): void => {
    const check = isCheck(event, step, context.model);
    if (check === YES || check === true) context.checked();
    else if (check === UNKNOWN) context.undecided(unknown);
  };
  const handlers: Partial<Record<Moment, EventHandler>> = {};
  for (const moment of at) handlers[moment] = count;
  return handlers;
}

/** Ways in which schedulers end every day: the list of schedulers shows them, they are no findings. */
const ORDINARY: ReadonlySet<number> = new Set([EXIT_KIND.UNREG, EXIT_KIND.SYSRQ, EXIT_KIND.PARENT]);

/**
 * Reports the instances that the kernel ended at a site without the model having predicted it: the message is the
 * evidence. Returns how many instances ended at all.
 */
export function reportExits(context: RuleContext, site: ErrorSite): number {
  const ejected = isErrorKind(site.kind);
  let ended = 0;
  for (const sched of context.model.scheds) {
    const { exit } = sched;
    if (exit === undefined) continue;
    ended++;
    const explanation = context.explainExit(sched);
    if (ORDINARY.has(site.kind) || explanation?.site !== site.id || explanation.error !== undefined) continue;
    const message = exit.message === undefined || exit.message === '' ? '' : `: ${exit.message}`;
    context.report({
      verdict: ejected ? 'violation' : 'info',
      message: `scheduler ${sched.label} ended (${exitReason(exit.kind)})${message}`,
      cpu: exit.exitCpu,
      sched,
      began: exit.claimSeq,
      at: { seq: exit.claimSeq, t: exit.claimTime },
      note: site.meaning,
    });
  }
  return ended;
}

/** Reports an error of the core, with the decision that led to it as its beginning. */
export function reportError(
  context: RuleContext,
  error: KernelError,
  extra: {
    class?: string;
    evidence?: readonly EvidenceRef[];
    note?: string;
    chain?: readonly Cause[];
    details?: NonNullable<Report['details']>;
  } = {},
): void {
  const evidence = extra.evidence ?? (error.decisionSeq >= 0 ? [{ seq: error.decisionSeq, note: 'the decision' }] : []);
  context.report({
    verdict: error.certain ? 'violation' : 'possible',
    ...(extra.class === undefined ? {} : { class: extra.class }),
    message: error.text,
    task: error.task,
    cpu: error.target,
    dsq: error.dsq,
    sched: error.sched,
    began: evidence[0]?.seq ?? -1,
    evidence,
    ...(extra.note === undefined ? {} : { note: extra.note }),
    ...(extra.chain === undefined ? {} : { chain: extra.chain }),
    ...(extra.details === undefined ? {} : { details: extra.details }),
    error,
  });
}
