// Rule: a direct dispatch names the task of the callback.
import { OP_DISPATCH, OP_ENQUEUE, OP_SELECT_CPU } from '../../model/cpu.ts';
import { NO, UNKNOWN, YES } from '../../model/sched.ts';
import { kernelErrorRule } from '../common/kernel-error-rule.ts';

export const directDispatchWrongTask = kernelErrorRule({
  id: 'direct-dispatch-wrong-task',
  title: 'ops.select_cpu() and ops.enqueue() insert no other task than their own.',
  fn: 'mark_direct_dispatch',
  needs: ['insert', ['ops_enqueue', 'select_cpu']],
  checkedAt: ['insert'],
  isCheck: (event, step) => {
    const op = step.cpu?.op;
    if (event.step === 'kfunc' || op === OP_DISPATCH) return NO;
    return op === OP_ENQUEUE || op === OP_SELECT_CPU ? YES : UNKNOWN;
  },
  unknown: 'the callback that makes the insert was not seen to begin',
  meaning:
    'An insert in ops.select_cpu() or ops.enqueue() named another task. Only ops.dispatch() may dispatch tasks at will. The kernel ejects the scheduler.',
  causes: ['work queued earlier is dispatched from ops.enqueue()'],
  avoid: 'Dispatch other tasks from ops.dispatch(), or put them on a DSQ when they are enqueued.',
});
