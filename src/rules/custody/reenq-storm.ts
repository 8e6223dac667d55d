// Rule: tasks are not re-enqueued over and over.
import { defineRule } from '../rule.ts';

/** Re-enqueues without having run, from which on it is reported; the kernel's limit is 256. */
const STORM = 64;

export const reenqStorm = defineRule({
  id: 'reenq-storm',
  title: `A task is not re-enqueued more than ${STORM} times without running.`,
  severity: 'info',
  since: '7.1',
  fn: 'scx_do_enqueue_task',
  needs: ['ops_enqueue', 'run'],
  partOf: ['reenq-limit'],
  meaning:
    'The scheduler keeps placing a task where the core takes it back from. After 256 times the kernel ends the scheduler (7.3).',
  causes: [
    'SCX_ENQ_IMMED to a CPU that is not free',
    'a local DSQ without the capabilities for it',
    'a loop with scx_bpf_dsq_reenq()',
  ],
  avoid: 'Use the reason of the re-enqueue, and choose another CPU or a DSQ.',
  create(context) {
    return {
      'ops_enqueue:call'(event, step) {
        const { task } = step;
        if (task === undefined || task.reenqCount < 0) return;
        context.checked();
        if (step.reenqBefore !== STORM || task.reenqCount !== STORM + 1) return;
        context.report({
          verdict: 'info',
          message: `${task.label} is re-enqueued for the ${task.reenqCount}th time since it last ran`,
          task,
          cpu: event.rq,
          began: task.runSeq,
          evidence: task.runSeq < 0 ? [] : [{ seq: task.runSeq, note: 'it ran last' }],
        });
      },
    };
  },
});
