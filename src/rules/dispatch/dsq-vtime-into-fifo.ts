// Rule: a DSQ that holds FIFO tasks gets no vtime-ordered ones.
import { NO, UNKNOWN, YES } from '../../model/sched.ts';
import { kernelErrorRule } from '../common/kernel-error-rule.ts';

export const dsqVtimeIntoFifo = kernelErrorRule({
  id: 'dsq-vtime-into-fifo',
  title: 'A DSQ that holds FIFO tasks gets no vtime-ordered ones.',
  fn: 'scx_dispatch_enqueue',
  needs: ['dsq_link', 'dsq_unlink'],
  checkedAt: ['dsq_link'],
  isCheck: (_event, { task, dsq }) => {
    if (dsq?.isUser !== true || task?.onPriq !== true) return NO;
    return dsq.unknown === 0 ? YES : UNKNOWN;
  },
  unknown: 'not all tasks on the DSQ are known',
  meaning: 'A DSQ is FIFO or vtime ordered, not both at a time. The kernel ejects the scheduler.',
  causes: ['two code paths insert on the same DSQ with different kfuncs'],
  avoid: 'Use one insert kfunc per DSQ.',
});
