// Rules about errors that the core itself raises: the model predicts the error, the rule reports it.
import type { KernelError } from '../../model/kernel-error.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { EventType } from '../../trace/vocabulary/index.ts';
import {
  type Cause,
  defineRule,
  type EvidenceRef,
  type Report,
  type RuleContext,
  type RuleHandlers,
  type RuleSpec,
} from '../rule.ts';

type KernelErrorRule = Omit<RuleSpec, 'create' | 'severity' | 'site'> & {
  /** Events at which the core makes the check. */
  readonly checkedAt: readonly EventType[];
  /** Only these of them are checks; default: all. */
  readonly isCheck?: (event: TraceEvent) => boolean;
};

/** A rule whose id is that of an error site, reporting whenever the model raises that error. */
export function kernelErrorRule(rule: KernelErrorRule): RuleSpec {
  const { checkedAt, isCheck, ...spec } = rule;
  return defineRule({
    ...spec,
    severity: 'error',
    site: spec.id,
    create(context) {
      const handlers: Partial<Record<EventType, (event: TraceEvent) => void>> = {};
      for (const type of checkedAt) {
        handlers[type] = (event) => {
          if (isCheck === undefined || isCheck(event)) context.checked();
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
