// Rule: a runnable task runs within the watchdog timeout.
import { defineRule } from './rule.ts';
import { reportError } from './shared/kernel-error-rule.ts';

export const runnableStall = defineRule({
  id: 'runnable-stall',
  title: 'A runnable task runs within the watchdog timeout of its scheduler.',
  severity: 'error',
  site: 'runnable-stall',
  fn: 'check_rq_for_timeouts',
  needs: ['enqueue', 'dequeue', 'run', 'stop', 'sched_attach'],
  meaning:
    'The watchdog found a task that has been runnable for longer than ops.timeout_ms without running, and ejected the scheduler.',
  causes: [
    'the scheduler holds the task and never dispatches it (see task-lost)',
    'it waits on a DSQ that no CPU consumes, or none that it may run on',
    'it loses every comparison, for example because its vtime ran away',
    'a higher class keeps the CPU busy',
  ],
  avoid: 'Make sure that every DSQ is consumed by CPUs of every mask in use; bound how far vtimes may differ.',
  create(context) {
    const checked = (): void => context.checked();
    return {
      watchdog: checked,
      onError(error) {
        const { task } = error;
        if (task === undefined) return;
        const where =
          task.custodySeq >= 0
            ? { class: 'held-by-bpf', note: 'the BPF scheduler holds the task and has not decided' }
            : error.dsq !== ''
              ? { class: 'on-dsq', note: `the task waits on DSQ ${error.dsq}` }
              : { class: 'unknown-place', note: 'the trace does not show where the task waits' };
        reportError(context, error, {
          class: where.class,
          evidence: [
            { seq: task.runnableAtSeq, note: 'it became runnable' },
            ...(task.custodySeq >= 0 ? [{ seq: task.custodySeq, note: 'the scheduler takes it' }] : []),
            ...(task.dsq && task.linkSeq >= 0 ? [{ seq: task.linkSeq, note: `put on DSQ ${task.dsq.name}` }] : []),
          ],
          note: where.note,
        });
      },
    };
  },
});
