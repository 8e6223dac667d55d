// Rule: a DSQ is ordered by arrival or by vtime, never both: who is on it, and how.

import { ENQ_HI_DSQ_PRIQ } from '../../kernel/flags.ts';
import { SLOT } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

const { dsq_flags: DSQ_FLAGS, enq_flags: ENQ_FLAGS } = SLOT;

export const dsqModeMix = defineRule({
  id: 'dsq-mode-mix',
  title: 'A DSQ holds tasks in order of arrival or of vtime, not both.',
  severity: 'info',
  fn: 'scx_dispatch_enqueue',
  needs: ['dsq_link', 'dsq_unlink'],
  partOf: ['dsq-fifo-into-vtime', 'dsq-vtime-into-fifo'],
  meaning:
    'A task was inserted by vtime into a DSQ with FIFO tasks, or the other way round. The kernel raises an error for it; this rule adds who was there first, and how it came there.',
  causes: ['one DSQ used with scx_bpf_dsq_insert() in one place and scx_bpf_dsq_insert_vtime() in another'],
  avoid: 'Decide for each DSQ which of the two kfuncs feeds it.',
  create(context) {
    return {
      dsq_link(event, step) {
        const { dsq, task } = step;
        if (dsq === undefined || task === undefined || dsq.isRqOwned) return;
        const ordered = event.hasSlot(DSQ_FLAGS)
          ? (event.dsq_flags_lo & 1) !== 0
          : (event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0;
        const others = dsq.known - 1;
        const orderedOthers = dsq.ordered - (task.onPriq ? 1 : 0);
        if (others <= 0) return;
        if (!event.hasSlot(DSQ_FLAGS) && !event.hasSlot(ENQ_FLAGS)) {
          context.undecided('the trace does not say how the task is inserted');
          return;
        }
        context.checked();
        if (ordered ? orderedOthers === others : orderedOthers === 0) return;
        let other = dsq.head;
        while (other !== undefined && (other === task || other.onPriq === ordered)) other = other.dsqNext;
        if (other === undefined) return;
        context.report({
          verdict: 'info',
          class: ordered ? 'vtime-into-fifo' : 'fifo-into-vtime',
          message: `${task.label} comes on DSQ ${dsq.name} ${ordered ? 'by vtime' : 'in order of arrival'}, ${other.label} is there ${ordered ? 'in order of arrival' : 'by vtime'}`,
          task,
          dsq: dsq.name,
          began: other.linkSeq,
          evidence: [{ seq: other.linkSeq, note: `${other.label} was inserted ${ordered ? 'FIFO' : 'by vtime'}` }],
        });
      },
    };
  },
});
