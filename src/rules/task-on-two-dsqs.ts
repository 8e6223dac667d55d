// Rule: a task is on one DSQ at a time.
import { defineRule } from './rule.ts';

export const taskOnTwoDsqs = defineRule({
  id: 'task-on-two-dsqs',
  title: 'A task is on one DSQ at a time.',
  severity: 'error',
  fn: 'scx_dispatch_enqueue',
  needs: ['dsq_link', 'dsq_unlink'],
  disturbance: true,
  meaning: 'A task was linked on a DSQ while it was still linked on one. The core prevents this.',
  causes: ['a kernel bug', 'a trace with lost or reordered events'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    return {
      dsq_link(_event, step) {
        const { task, dsqBefore, dsq } = step;
        if (task === undefined || dsqBefore === undefined) return;
        context.checked();
        if (dsqBefore === null) return;
        context.report({
          verdict: 'violation',
          message: `${task.label} is put on DSQ ${dsq?.name ?? '?'} while it is on DSQ ${dsqBefore.name}`,
          task,
          dsq: dsq?.name ?? '',
          began: step.linkSeqBefore,
          evidence: [{ seq: step.linkSeqBefore, note: `put on DSQ ${dsqBefore.name}` }],
        });
      },
    };
  },
});
