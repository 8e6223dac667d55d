// Rule: a CPU takes from a shared DSQ exactly when there is a task that it may run.
import { MISPREDICTED, PREDICTED } from '../../model/step.ts';
import { defineRule } from '../rule.ts';

export const consumeMismatch = defineRule({
  id: 'consume-mismatch',
  title: 'A CPU that consumes a shared DSQ takes a task exactly when one is there that it may run.',
  severity: 'error',
  fn: 'scx_consume_dispatch_q',
  needs: ['consume', 'dsq_link', 'dsq_unlink'],
  disturbance: true,
  meaning:
    'A consumption found nothing although a task that the CPU may run had been on the DSQ all the time, or took one and lost it without a dequeue.',
  causes: [
    'an event is missing or altered in the trace',
    'a mask or a state of a CPU that the trace does not show',
    'a kernel bug',
  ],
  avoid: 'Nothing that a scheduler can do: check the recording, then report it with the trace.',
  create(context) {
    return {
      'consume:return'(event, step) {
        if (step.outcome === PREDICTED) context.checked();
        if (step.outcome !== MISPREDICTED) return;
        context.checked();
        const name = step.dsq?.name ?? '?';
        const expected = step.expectedTask?.label;
        context.report({
          verdict: 'violation',
          message:
            event.ret > 0
              ? `CPU ${event.rq} took a task from DSQ ${name}, ${expected === undefined ? 'none was to be taken' : `expected was ${expected}`} (${step.reason})`
              : `CPU ${event.rq} took nothing from DSQ ${name}, ${expected === undefined ? 'a task was to be taken' : `${expected} was to be taken`} (${step.reason})`,
          task: step.expectedTask ?? step.task,
          cpu: event.rq,
          dsq: name,
          began: step.cpu?.consume.beginSeq ?? -1,
          evidence: step.cpu === undefined ? [] : [{ seq: step.cpu.consume.beginSeq, note: 'the consumption begins' }],
        });
      },
    };
  },
});
