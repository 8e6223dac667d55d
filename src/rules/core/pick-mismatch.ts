// Rule: a CPU picks the task that the order of the core leads to.
import { MISPREDICTED, PREDICTED } from '../../model/step.ts';
import { defineRule } from '../rule.ts';

export const pickMismatch = defineRule({
  id: 'pick-mismatch',
  title: 'A CPU picks prev while it has slice left, else the head of its local DSQ, else prev for lack of other work.',
  severity: 'error',
  fn: 'do_pick_task_scx, dispatch_one',
  needs: ['pick', 'dsq_link', 'dsq_unlink', 'update_curr'],
  since: '6.19',
  disturbance: true,
  meaning: 'The task that a CPU picked does not follow from the state of its run queue.',
  causes: ['an event is missing or altered in the trace', 'core scheduling chose for the CPU', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: check the recording, then report it with the trace.',
  create(context) {
    return {
      'pick:return'(event, step) {
        if (step.outcome === PREDICTED) context.checked();
        if (step.outcome !== MISPREDICTED) return;
        context.checked();
        const picked = event.pid >= 0 ? (step.task?.label ?? `pid ${event.pid}`) : 'nothing';
        const expected =
          step.expectedTask === undefined
            ? ''
            : `, expected was ${step.expectedTask === null ? 'nothing' : step.expectedTask.label}`;
        context.report({
          verdict: 'violation',
          message: `CPU ${event.rq} picks ${event.verdict === 'retry' ? 'again' : picked}${expected} (${step.reason})`,
          task: step.task,
          cpu: event.rq,
          began: step.rq?.pick.beginSeq ?? -1,
          evidence: step.rq === undefined ? [] : [{ seq: step.rq.pick.beginSeq, note: 'the pick begins' }],
        });
      },
    };
  },
});
