// Rule: FIFO DSQs and local DSQs are served in their order.

import { MISPREDICTED, PREDICTED, UNDECIDED } from '../../model/step.ts';
import { defineRule } from '../rule.ts';

export const fifoOrder = defineRule({
  id: 'fifo-order',
  title: 'A FIFO DSQ is served in order, except for tasks that the CPU may not run.',
  severity: 'error',
  fn: 'scx_consume_dispatch_q, do_pick_task_scx',
  needs: ['dsq_link', 'dsq_unlink', ['consume', 'pick']],
  disturbance: true,
  meaning: 'A CPU took a task from a DSQ although an earlier one that it may run was there.',
  causes: ['a kernel bug', 'a trace with lost or reordered events', 'a mask that the trace does not show'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      dsq_unlink(_event, step) {
        const { task, passedOver, dsq } = step;
        if (task === undefined || step.expectedTask === undefined) return;
        if (step.outcome === PREDICTED) context.checked();
        else if (step.outcome === UNDECIDED && !step.wasOrdered) context.undecided('the order of the DSQ is not known');
        if (passedOver === undefined || passedOver.onPriq) return;
        context.checked();
        context.report({
          verdict: 'violation',
          message: `${task.label} is taken from DSQ ${dsq?.name ?? '?'} before ${passedOver.label}, which came first and may run there`,
          task,
          dsq: dsq?.name ?? '',
          began: passedOver.linkSeq,
          evidence: [
            { seq: passedOver.linkSeq, note: `${passedOver.label} is put on the DSQ` },
            { seq: step.linkSeqBefore, note: `${task.label} is put on the DSQ` },
          ],
        });
      },
      'pick:return'(event, step) {
        const { expectedTask, task } = step;
        if (task === undefined || step.outcome !== MISPREDICTED || expectedTask === undefined || expectedTask === null)
          return;
        const local = step.rq?.local;
        if (local === undefined || expectedTask.dsq !== local || task.dsq !== local) return;
        context.checked();
        context.report({
          verdict: 'violation',
          message: `CPU ${event.rq} picks ${task.label} before ${expectedTask.label}, which is at the head of its local DSQ`,
          task,
          cpu: event.rq,
          dsq: local.name,
          began: expectedTask.linkSeq,
          evidence: [{ seq: expectedTask.linkSeq, note: `${expectedTask.label} is put on the DSQ` }],
        });
      },
    };
  },
});
