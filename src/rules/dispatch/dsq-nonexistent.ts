// Rule: a verdict names a DSQ that exists.

import { isBuiltin } from '../../kernel/dsq-id.ts';
import { NO, UNKNOWN, YES } from '../../model/sched.ts';
import { SLOT } from '../../trace/event.ts';
import { isResolution, kernelErrorRule } from '../common/kernel-error-rule.ts';

const { dsq: DSQ_FIELD } = SLOT;

export const dsqNonexistent = kernelErrorRule({
  id: 'dsq-nonexistent',
  title: 'A verdict names a DSQ that exists.',
  fn: 'find_dsq_for_dispatch',
  needs: [['find_dsq', 'dispatch'], 'dsq_create', 'dsq_destroy'],
  checkedAt: ['find_dsq:call', 'dispatch'],
  isCheck: (event, step, model) => {
    if (!isResolution(event) || !event.hasSlot(DSQ_FIELD) || isBuiltin(event.dsq_hi)) return NO;
    return model.userDsqExists(step.sched, event.dsq_hi, event.dsq_lo) === UNKNOWN ? UNKNOWN : YES;
  },
  unknown: 'the DSQs that exist are not all known',
  meaning:
    'The task was inserted on a DSQ id that the scheduler has not created (or has destroyed). The kernel ejects the scheduler and uses the global DSQ.',
  causes: [
    'the DSQ was never created, or scx_bpf_create_dsq() failed unnoticed',
    'the DSQ was destroyed while verdicts for it were under way',
    'a wrong id was computed',
  ],
  avoid: 'Create all DSQs in ops.init() and check the result; destroy a DSQ only when nothing can name it any more.',
});
