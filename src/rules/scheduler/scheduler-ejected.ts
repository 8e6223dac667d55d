// Rule: the kernel does not eject the scheduler.
import { exitReason, isErrorKind } from '../../kernel/exit.ts';
import { defineRule } from '../rule.ts';

export const schedulerEjected = defineRule({
  id: 'scheduler-ejected',
  title: 'The kernel does not end a scheduler with an error.',
  severity: 'error',
  fn: 'scx_claim_exit',
  needs: ['sched_exit'],
  meaning: 'The kernel (or the BPF scheduler itself) raised an error, and the scheduler was unloaded.',
  causes: ['see the finding that predicted it, or the meaning of the message'],
  avoid: 'Fix what the message says.',
  create(context) {
    const exitsRecorded = context.model.header.recorded?.has('sched_exit') === true;
    return {
      onEnd() {
        for (const sched of context.model.scheds) {
          const { exit } = sched;
          if (exit === undefined) {
            // An instance that is there at the end has not been ended, unless the record of that is among the lost.
            if (sched.mayAbort) context.undecided('the end of a scheduler may lie in what is missing');
            else if (exitsRecorded) context.checked();
            else context.undecided('not known whether exits were recorded');
            continue;
          }
          context.checked();
          if (!isErrorKind(exit.kind)) continue;
          const explanation = context.explainExit(sched);
          const text = exit.message === undefined || exit.message === '' ? '' : ` (${exit.message})`;
          const predicted = explanation?.error;
          context.report({
            verdict: 'violation',
            class: explanation?.site ?? '',
            message: `the kernel ended scheduler ${sched.label}: ${exitReason(exit.kind)}${text}`,
            task: predicted?.task,
            cpu: exit.exitCpu,
            sched,
            began: predicted?.sinceSeq ?? -1,
            evidence:
              predicted === undefined
                ? []
                : [{ seq: predicted.sinceSeq, note: `${predicted.text} [${predicted.site}]` }],
            at: { seq: exit.claimSeq, t: exit.claimTime },
            note: explanation === undefined || explanation.cause === '' ? undefined : explanation.cause,
            details: {
              exit_kind: exit.kind,
              reason: exitReason(exit.kind),
              site: explanation?.site ?? null,
              predicted: predicted !== undefined,
            },
          });
        }
      },
    };
  },
});
