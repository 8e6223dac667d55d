// Rule: a direct dispatch names the task of the callback.
import { CALLBACK_UNSEEN, isDirectDispatch } from '../common/direct-dispatch-check.ts';
import { kernelErrorRule } from '../common/kernel-error-rule.ts';

export const directDispatchWrongTask = kernelErrorRule({
  id: 'direct-dispatch-wrong-task',
  title: 'ops.select_cpu() and ops.enqueue() insert no other task than their own.',
  fn: 'mark_direct_dispatch',
  needs: ['insert', ['ops_enqueue', 'select_cpu']],
  checkedAt: ['insert:commit'],
  isCheck: isDirectDispatch,
  unknown: CALLBACK_UNSEEN,
  meaning:
    'An insert in ops.select_cpu() or ops.enqueue() named another task. Only ops.dispatch() may dispatch tasks at will. The kernel ejects the scheduler.',
  causes: ['work queued earlier is dispatched from ops.enqueue()'],
  avoid: 'Dispatch other tasks from ops.dispatch(), or put them on a DSQ when they are enqueued.',
});
