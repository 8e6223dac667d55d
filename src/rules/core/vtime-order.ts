// Rule: vtime-ordered DSQs are served by vtime.
import { PREDICTED, UNDECIDED } from '../../model/step.ts';
import { defineRule, type Report } from '../rule.ts';

/** Findings that wait at most. */
const HELD = 1000;

const WRITTEN_UNSEEN = 'the scheduler writes the vtime of queued tasks, which no event shows';

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
    // Whether keys were written unseen while tasks were queued may show only later: the verdict waits for the end.
    const found: Report[] = [];
    let writtenUnseen = false;
    const release = (): void => {
      for (const report of found) {
        context.report(writtenUnseen ? { ...report, verdict: 'inconclusive', note: WRITTEN_UNSEEN } : report);
        if (writtenUnseen) context.undecided(WRITTEN_UNSEEN);
      }
      found.length = 0;
    };
    return {
      dsq_unlink(event, step) {
        const { task, passedOver, dsq } = step;
        if (step.vtimeWritten) writtenUnseen = true;
        if (task === undefined || dsq === undefined || step.expectedTask === undefined) return;
        if (step.outcome === PREDICTED && step.wasOrdered) context.checked();
        else if (step.outcome === UNDECIDED && step.wasOrdered) context.undecided('the order of the DSQ is not known');
        if (passedOver?.onPriq !== true) return;
        context.checked();
        found.push({
          verdict: 'violation',
          message: `${task.label} (vtime ${task.vtime.toBigInt()}) is taken from DSQ ${dsq.name} before ${passedOver.label} (vtime ${passedOver.vtime.toBigInt()})`,
          task,
          dsq: dsq.name,
          sched: step.sched,
          began: passedOver.linkSeq,
          evidence: [
            {
              seq: passedOver.linkSeq,
              note: `${passedOver.label} is put on the DSQ with vtime ${passedOver.vtime.toBigInt()}`,
            },
            { seq: step.linkSeqBefore, note: `${task.label} is put on the DSQ with vtime ${task.vtime.toBigInt()}` },
          ],
          at: { seq: event.seq, t: event.t },
        });
        if (found.length >= HELD) release();
      },
      onEnd: release,
    };
  },
});
