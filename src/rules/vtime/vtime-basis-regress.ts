// Rule: a basis does not go back.
import type { SnapFact } from '../../vtime/facts.ts';
import { distance } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeBasisRegress = defineRule({
  id: 'vtime-basis-regress',
  title: 'A basis does not step back by more than unlocked updates explain.',
  severity: 'warning',
  fn: 'the scheduler itself',
  needs: ['vtime_now'],
  vtime: 'described',
  meaning:
    'Two recorded values of one basis: the later one is lower. Tasks that were level with it are suddenly ahead.',
  causes: [
    'the basis is overwritten instead of raised',
    'the instance was created anew under the same number',
    'a comparison that does not wrap',
  ],
  avoid: 'Only ever raise a basis, with a wrapping comparison, under a lock or with compare-and-swap.',
  create(context) {
    return {
      vtime: {
        onSnap(fact: SnapFact) {
          context.checked();
          const { sched, basis, deltaNs, previousSeq } = fact;
          if (deltaNs >= -sched.domain.limits.number('vtime-basis-regress', 'race_tolerance')) return;
          context.report({
            verdict: 'violation',
            message: `basis ${basis.label} goes back by ${distance(-deltaNs, sched.domain)}`,
            sched: sched.sched,
            began: previousSeq,
            evidence: [{ seq: previousSeq, note: 'its value before' }],
            note: 'its value now',
            details: { domain: sched.domain.name, basis: basis.label, delta_ns: deltaNs },
          });
        },
      },
    };
  },
});
