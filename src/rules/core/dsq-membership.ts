// Rule: a task leaves only the DSQ that it is on.
import { defineRule } from '../rule.ts';

export const dsqMembership = defineRule({
  id: 'dsq-membership',
  title: 'A task is taken off the DSQ that it was put on.',
  severity: 'error',
  fn: 'scx_task_unlink_from_dsq',
  needs: ['dsq_link', 'dsq_unlink'],
  disturbance: true,
  meaning:
    'A task was unlinked from a DSQ while it was on another one, or on none: two CPUs handled the task without a common lock.',
  causes: [
    'a race between the load balancer of bypass mode and a dequeue (6.19, 7.0)',
    'an insertion that the trace does not show',
    'another kernel bug',
  ],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      dsq_unlink(_event, step) {
        const { task, dsq, dsqBefore } = step;
        if (task === undefined || dsq === undefined || dsqBefore === undefined) return;
        context.checked();
        if (dsqBefore === dsq) return;
        // The balancer of bypass mode moved it while this CPU waited for a lock: lb-dequeue-race.
        if (dsq.isBypass && dsqBefore?.isBypass === true && step.cpu?.dequeuing === task) return;
        context.report({
          verdict: 'violation',
          message: `${task.label} is unlinked from DSQ ${dsq.name}, it ${dsqBefore === null ? 'was on no DSQ' : `was on DSQ ${dsqBefore.name}`}`,
          task,
          dsq: dsq.name,
          began: step.linkSeqBefore,
          evidence: step.linkSeqBefore < 0 ? [] : [{ seq: step.linkSeqBefore, note: 'the last time it was linked' }],
        });
      },
    };
  },
});
