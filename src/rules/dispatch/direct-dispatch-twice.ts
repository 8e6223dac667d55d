// Rule: one insert per ops.select_cpu() or ops.enqueue().
import { CALLBACK_UNSEEN, isDirectDispatch } from '../common/direct-dispatch-check.ts';
import { kernelErrorRule } from '../common/kernel-error-rule.ts';

export const directDispatchTwice = kernelErrorRule({
  id: 'direct-dispatch-twice',
  title: 'ops.select_cpu() and ops.enqueue() insert their task at most once.',
  fn: 'mark_direct_dispatch',
  needs: ['insert', ['ops_enqueue', 'select_cpu']],
  checkedAt: ['insert:commit'],
  isCheck: isDirectDispatch,
  unknown: CALLBACK_UNSEEN,
  meaning:
    'A direct dispatch was recorded and then a second insert was made in the same callback. The kernel ejects the scheduler.',
  causes: ['a code path falls through after an insert', 'both a fast path and the general path insert'],
  avoid: 'Return right after the insert.',
});
