// Rule: keys are never further behind the basis than the low clamp allows.
import type { InsertFact } from '../../vtime/facts.ts';
import { distance } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeLowClampMissing = defineRule({
  id: 'vtime-low-clamp-missing',
  title: 'No key lies further behind its basis than the low clamp allows.',
  severity: 'error',
  fn: 'ops.enqueue',
  needs: [['insert', 'dsq_link'], 'vtime_now'],
  vtime: 'described',
  meaning:
    'A task was inserted far behind a basis whose value was recorded: it saved up sleep and may now hold the CPU for all of it.',
  causes: ['an enqueue path without the clamp', 'a clamp against another basis'],
  avoid: 'Clamp in one place that every insert goes through.',
  create(context) {
    return {
      vtime: {
        onInsert(fact: InsertFact) {
          const { basis, task, sched } = fact;
          if (basis?.recordedKnown !== true) return;
          context.checked();
          if (fact.fromElsewhere || fact.belowObserved <= sched.domain.limits.number('vtime-low-clamp-missing', 'tol'))
            return;
          context.report({
            verdict: 'violation',
            message: `${task.task.label} is inserted with key ${fact.key.toBigInt()}, ${distance(fact.belowObserved, sched.domain)} before the low clamp of basis ${basis.label} (${basis.recorded.toBigInt()})`,
            task: task.task,
            dsq: fact.queue.name,
            sched: sched.sched,
            began: basis.recordedSeq,
            evidence: [{ seq: basis.recordedSeq, note: 'the basis' }],
            note: 'a key that should have been clamped',
            details: { domain: sched.domain.name, basis: basis.label, below_ns: fact.belowObserved },
          });
        },
      },
    };
  },
});
