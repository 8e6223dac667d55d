// Rules about what the model notices by itself: a step that cannot follow from the state before.
import type { EventType } from '../../trace/vocabulary/index.ts';
import { defineRule, type FindingVerdict, type RuleHandlers, type RuleSpec } from '../rule.ts';

type ContradictionRule = Omit<RuleSpec, 'create'> & {
  readonly verdict: FindingVerdict;
  /** Events at which the step is compared with the state before. */
  readonly checkedAt: readonly EventType[];
};

/** A rule that reports the contradictions that the model files under its id. */
export function contradictionRule(rule: ContradictionRule): RuleSpec {
  const { checkedAt, verdict, ...spec } = rule;
  return defineRule({
    ...spec,
    create(context) {
      // What is missing contradicts nothing, so it must be known what would be there.
      if (context.model.header.recorded === undefined)
        return { onEnd: () => context.undecided('the trace does not say which events were recorded') };
      // What a filter left out contradicts everything: nothing follows from that.
      if (verdict === 'inconclusive' && context.model.header.mayBeFiltered === true) {
        return { onEnd: () => context.undecided('a filter of the recording may have left events out') };
      }
      return {
        checkedAt,
        onContradiction: (found) =>
          context.report({
            verdict,
            class: found.class,
            message: found.text,
            task: found.task,
            cpu: found.cpu,
            dsq: found.dsq,
            sched: found.sched,
            began: found.sinceSeq,
            ...(found.at === undefined ? {} : { at: found.at }),
            evidence: found.sinceSeq < 0 ? [] : [{ seq: found.sinceSeq, note: 'what was known' }],
          }),
      } satisfies RuleHandlers;
    },
  });
}
