// Rule: the task that goes first by vtime goes first, in a queue and between queues that compete.
import type { TakeFact } from '../../vtime/facts.ts';
import { defineRule } from '../rule.ts';

export const vtimeOrderViolation = defineRule({
  id: 'vtime-order-violation',
  title: 'A dispatch takes the queue that its own comparison prefers, and the first task there that may run.',
  severity: 'error',
  fn: 'ops.dispatch, scx_consume_dispatch_q',
  needs: ['consume', 'dsq_unlink', 'dsq_link'],
  vtime: 'described',
  meaning:
    'Two queues compete by their heads, and the one whose head is later was taken; or, within one DSQ, a task was taken before an earlier one (see also vtime-order).',
  causes: [
    'vtimes compared with < instead of time_before64()',
    'the wrong queue on a tie',
    'a head that was read too early',
  ],
  avoid: 'Compare heads with a wrapping comparison right before the move.',
  create(context) {
    return {
      vtime: {
        onTake(fact: TakeFact) {
          context.checked();
          const { passed, sched, task, queue, other } = fact;
          if (passed === undefined) return;
          const equal = fact.headKey.equals(fact.otherKey.hi, fact.otherKey.lo);
          context.report({
            verdict: 'violation',
            class: equal ? 'tie' : 'choice',
            message: `CPU ${fact.cpu} takes ${task.task.label} from DSQ ${queue.name} (head ${fact.headKey.toBigInt()}) although ${passed.task.label} heads DSQ ${other.name} with ${fact.otherKey.toBigInt()}${equal ? ', which wins ties' : ''}`,
            task: passed.task,
            cpu: fact.cpu,
            dsq: other.name,
            sched: sched.sched,
            began: passed.task.linkSeq,
            evidence: [{ seq: passed.task.linkSeq, note: 'it was put there' }],
            note: 'the other queue is taken',
            premise: sched.premise,
            details: {
              domain: sched.domain.name,
              head_key: fact.headKey.toBigInt().toString(),
              other_key: fact.otherKey.toBigInt().toString(),
            },
          });
        },
      },
      dsq_unlink(_event, step) {
        const { task, passedOver, dsq } = step;
        if (task === undefined || dsq === undefined || !step.wasOrdered || step.expectedTask === undefined) return;
        context.checked();
        if (passedOver?.onPriq !== true) return;
        context.report({
          verdict: 'violation',
          class: 'core',
          message: `${task.label} (key ${task.vtime.toBigInt()}) is taken from DSQ ${dsq.name} before ${passedOver.label} (key ${passedOver.vtime.toBigInt()})`,
          task,
          dsq: dsq.name,
          began: passedOver.linkSeq,
          evidence: [
            { seq: passedOver.linkSeq, note: `${passedOver.label} is put there` },
            { seq: step.linkSeqBefore, note: `${task.label} is put there` },
          ],
        });
      },
    };
  },
});
