// Rules about capability delegation: the model compares what it expects with what an event shows, the rule reports.
import { MISPREDICTED, NOT_PREDICTED, PREDICTED } from '../../model/outcome.ts';
import { defineRule, type RuleSpec } from '../rule.ts';

type CapsRule = Omit<RuleSpec, 'create' | 'severity' | 'aspect'> & {
  readonly severity?: RuleSpec['severity'];
};

/** A rule whose id is that of an aspect in which the model compares. */
export function capsRule(rule: CapsRule): RuleSpec {
  const { severity = 'error', ...spec } = rule;
  return defineRule({
    since: '7.3',
    ...spec,
    severity,
    aspect: spec.id,
    create(context) {
      return {
        onCheck(check) {
          if (check.outcome === PREDICTED) {
            context.checked();
          } else if (check.outcome === MISPREDICTED || check.outcome === NOT_PREDICTED) {
            context.checked();
            context.report({
              verdict: check.outcome === NOT_PREDICTED ? 'info' : 'violation',
              message: check.text,
              task: check.task,
              cpu: check.cpu,
              sched: check.sched,
              began: check.began,
              evidence: [
                ...check.evidence,
                ...(check.began >= 0 ? [{ seq: check.began, note: 'what came before' }] : []),
              ],
            });
          } else {
            context.undecided(check.text);
          }
        },
      };
    },
  });
}
