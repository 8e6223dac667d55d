// Rule: a DSQ holds as many tasks as were put on it and not taken off.

import type { Step } from '../../model/step.ts';
import { MISPREDICTED, PREDICTED } from '../../model/step.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

const { local_nr: LOCAL_NR } = SLOT;

export const dsqCount = defineRule({
  id: 'dsq-count',
  title: 'The length of a DSQ and its insertion counter are what the insertions and removals before make them.',
  severity: 'error',
  fn: 'dsq_inc_nr, scx_task_unlink_from_dsq',
  needs: [['dsq_link', 'dsq_unlink']],
  disturbance: true,
  meaning:
    'The kernel counts another number of tasks on a DSQ than the trace has seen put there and taken off, under the same lock.',
  causes: ['an insertion or removal is missing in the trace, or is there twice', 'a kernel bug that corrupts the list'],
  avoid: 'Nothing that a scheduler can do: check the recording for lost events, then report it with the trace.',
  create(context) {
    const check = (event: TraceEvent, step: Step): void => {
      if (step.lengthOutcome === PREDICTED) context.checked();
      if (step.lengthOutcome !== MISPREDICTED) return;
      context.checked();
      const shown = event.hasSlot(LOCAL_NR) ? event.local_nr : event.nr;
      const length = step.expectedNr !== shown;
      const name = step.dsq?.name ?? '?';
      context.report({
        verdict: 'violation',
        class: length ? 'length' : 'insertions',
        message: length
          ? `DSQ ${name} holds ${shown} tasks, ${step.expectedNr < 0 ? 'which cannot be' : `${step.expectedNr} were to be expected`}`
          : `the insertion counter of DSQ ${name} is ${event.dsq_seq}, ${step.expectedDsqSeq} was to be expected`,
        task: step.task,
        dsq: name,
        began: step.linkSeqBefore,
        evidence: step.linkSeqBefore < 0 ? [] : [{ seq: step.linkSeqBefore, note: 'the last time it was linked' }],
      });
    };
    return { dsq_link: check, dsq_unlink: check, pick: check };
  },
});
