// Rule: the trace does not contradict the description of the scheduler.
import type { MismatchFact } from '../../vtime/facts.ts';
import { defineRule } from '../rule.ts';

export const vtimeModelMismatch = defineRule({
  id: 'vtime-model-mismatch',
  title: 'What the trace shows of vtimes agrees with the description of the scheduler.',
  severity: 'warning',
  fn: 'the scheduler itself',
  needs: [['insert', 'dsq_link']],
  vtime: 'described',
  meaning:
    'Two events of the trace cannot both be true if the scheduler keeps vtime as described: the description is wrong (another scheduler, another version), or the scheduler breaks its own rules. Everything that follows from the description is inconclusive then.',
  causes: [
    'a description of another scheduler or version',
    'a scheduler that does not do what its author described',
    'a trace with lost events that it does not declare',
  ],
  avoid: 'Try the descriptions that the finding names, or correct the field that it points at.',
  create(context) {
    return {
      vtime: {
        onMismatch(fact: MismatchFact) {
          const { sched, task } = fact;
          context.report({
            verdict: 'inconclusive',
            class: fact.class,
            message: `the description ${sched.domain.name} does not fit: ${fact.message}`,
            task: task?.task,
            dsq: task?.queue?.name ?? '',
            sched: sched.sched,
            began: fact.otherSeq,
            evidence: [{ seq: fact.otherSeq, note: fact.otherNote }],
            note: fact.note,
            at: fact,
            leads: true,
            details: {
              domain: sched.domain.name,
              basis: fact.basis?.label ?? null,
              hidden: fact.hidden.map((entry) => entry.task.label).join(', '),
            },
          });
        },
      },
      onEnd() {
        for (const sched of context.vtime?.state.allScheds() ?? []) context.checked(sched.tests);
      },
    };
  },
});
