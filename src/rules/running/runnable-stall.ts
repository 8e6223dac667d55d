// Rule: a runnable task runs within the watchdog timeout.
import { errorSite } from '../../kernel/error-sites.ts';
import { reportError, reportExits } from '../common/kernel-error-rule.ts';
import { driftCauses } from '../common/vtime-words.ts';
import { waitDetails, winnersText } from '../common/wait-words.ts';
import { defineRule } from '../rule.ts';

export const runnableStall = defineRule({
  id: 'runnable-stall',
  title: 'A runnable task runs within the watchdog timeout of its scheduler.',
  severity: 'error',
  site: 'runnable-stall',
  fn: 'check_rq_for_timeouts',
  needs: ['enqueue', 'dequeue', 'run', 'stop', 'sched_attach'],
  vtime: 'waits',
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
      onError(error, event) {
        const { task } = error;
        if (task === undefined) return;
        const engine = context.vtime;
        const proof = engine?.waits.prove(task, event.t);
        const lost =
          proof?.class === 'order' && proof.firstLostSeq >= 0
            ? [
                {
                  rule: 'vtime-starvation',
                  seq: proof.firstLostSeq,
                  text: `the first of ${proof.lost} decisions that ${task.label} loses by order, to ${winnersText(proof)}`,
                },
              ]
            : [];
        reportError(context, error, {
          class: proof?.class ?? 'unknown',
          chain: [...lost, ...driftCauses(engine?.state.findTask(task.pid))],
          details: proof === undefined ? {} : waitDetails(proof),
          evidence: [
            { seq: task.runnableAtSeq, note: 'it became runnable' },
            ...(task.custodySeq >= 0 ? [{ seq: task.custodySeq, note: 'the scheduler takes it' }] : []),
            ...(task.dsq && task.linkSeq >= 0 ? [{ seq: task.linkSeq, note: `put on DSQ ${task.dsq.name}` }] : []),
          ],
          note: proof?.text ?? 'the trace does not show why it does not run',
        });
      },
      onEnd() {
        reportExits(context, errorSite('runnable-stall'));
      },
    };
  },
});
