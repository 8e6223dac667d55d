// Rule: vtime-ordered DSQs are served by vtime.
import { PREDICTED } from '../model/step.ts';
import { defineRule } from './rule.ts';

export const vtimeOrder = defineRule({
  id: 'vtime-order',
  title: 'A vtime-ordered DSQ is served by vtime, except for tasks that the CPU may not run.',
  severity: 'error',
  fn: 'scx_consume_dispatch_q',
  needs: ['dsq_link', 'dsq_unlink', 'consume'],
  disturbance: true,
  meaning: 'A CPU took a task from a vtime-ordered DSQ although one with an earlier vtime that it may run was there.',
  causes: ['a kernel bug', 'a trace with lost or reordered events', 'a mask that the trace does not show'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      dsq_unlink(_event, step) {
        const { task, passedOver, dsq } = step;
        if (task === undefined || dsq === undefined || step.expectedTask === undefined) return;
        if (step.outcome === PREDICTED && step.wasOrdered) context.checked();
        if (passedOver?.onPriq !== true) return;
        context.checked();
        context.report({
          verdict: 'violation',
          message: `${task.label} (vtime ${task.vtime.toBigInt()}) is taken from DSQ ${dsq.name} before ${passedOver.label} (vtime ${passedOver.vtime.toBigInt()})`,
          task,
          dsq: dsq.name,
          began: passedOver.linkSeq,
          evidence: [
            {
              seq: passedOver.linkSeq,
              note: `${passedOver.label} is put on the DSQ with vtime ${passedOver.vtime.toBigInt()}`,
            },
            { seq: step.linkSeqBefore, note: `${task.label} is put on the DSQ with vtime ${task.vtime.toBigInt()}` },
          ],
        });
      },
    };
  },
});
