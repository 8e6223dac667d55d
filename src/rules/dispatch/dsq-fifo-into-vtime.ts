// Rule: a DSQ that holds vtime-ordered tasks gets no FIFO ones.

import { NO, UNKNOWN, YES } from '../../model/sched.ts';
import { SLOT } from '../../trace/event.ts';
import { kernelErrorRule } from '../common/kernel-error-rule.ts';

const { dsq_flags: DSQ_FLAGS, enq_flags: ENQ_FLAGS } = SLOT;

export const dsqFifoIntoVtime = kernelErrorRule({
  id: 'dsq-fifo-into-vtime',
  title: 'A DSQ that holds vtime-ordered tasks gets no FIFO ones.',
  fn: 'scx_dispatch_enqueue',
  needs: ['dsq_link', 'dsq_unlink'],
  checkedAt: ['dsq_link'],
  isCheck: (event, { task, dsq }) => {
    if (dsq?.isUser !== true || task === undefined || task.onPriq) return NO;
    const modeTold = event.hasSlot(DSQ_FLAGS) || event.hasSlot(ENQ_FLAGS);
    return modeTold && (dsq.ordered > 0 || dsq.unknown === 0) ? YES : UNKNOWN;
  },
  unknown: 'not all tasks on the DSQ are known, or not how this one is inserted',
  meaning: 'A DSQ is FIFO or vtime ordered, not both at a time. The kernel ejects the scheduler.',
  causes: ['two code paths insert on the same DSQ with different kfuncs'],
  avoid: 'Use one insert kfunc per DSQ.',
});
