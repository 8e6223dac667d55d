// Rules about errors that the core itself raises: the model predicts the error, the rule reports it.
import type { KernelError } from '../../model/kernel-error.ts';
import { NO, type Tri, YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { type EventType, KIND } from '../../trace/vocabulary/index.ts';
import {
  defineRule,
  type EventHandler,
  type EvidenceRef,
  type ModelView,
  type RuleContext,
  type RuleHandlers,
  type RuleSpec,
} from '../rule.ts';

type KernelErrorRule = Omit<RuleSpec, 'create' | 'severity' | 'site'> & {
  /** Events at which the core makes the check. */
  readonly checkedAt: readonly EventType[];
  /**
   * Is the event a check? YES: it was made and could be followed. UNKNOWN: it was made, but what is known does not decide.
   * Default: all are. Called after the model took the event.
   */
  readonly isCheck?: (event: TraceEvent, step: Step, model: ModelView) => Tri;
  /** What is not known when a check is undecided. */
  readonly unknown?: string;
};

/** The destination of a verdict is looked up here: its claim succeeded. */
export function isResolution(event: TraceEvent): boolean {
  return event.kind === KIND.dispatch ? event.result !== '' && event.result !== 'dropped' : event.phase !== 'end';
}

/** A rule whose id is that of an error site, reporting whenever the model raises that error. */
export function kernelErrorRule(rule: KernelErrorRule): RuleSpec {
  const { checkedAt, isCheck, unknown = 'what the check needs is not known', ...spec } = rule;
  return defineRule({
    ...spec,
    severity: 'error',
    site: spec.id,
    create(context) {
      const handlers: Partial<Record<EventType, EventHandler>> = {};
      for (const type of checkedAt) {
        handlers[type] = (event, step) => {
          const check = isCheck === undefined ? YES : isCheck(event, step, context.model);
          if (check === YES) context.checked();
          else if (check !== NO) context.undecided(unknown);
        };
      }
      return { ...handlers, onError: (error) => reportError(context, error) } satisfies RuleHandlers;
    },
  });
}

/** Reports an error of the core, with the decision that led to it as its beginning. */
export function reportError(
  context: RuleContext,
  error: KernelError,
  extra: { class?: string; evidence?: readonly EvidenceRef[]; note?: string } = {},
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
    error,
  });
}
