// When an insert is checked as a direct dispatch: inside ops.select_cpu() and ops.enqueue(), for the rules about these.
import { OP_DISPATCH, OP_ENQUEUE, OP_SELECT_CPU } from '../../model/cpu.ts';
import { NO, UNKNOWN, YES } from '../../model/sched.ts';
import type { IsCheck } from './kernel-error-rule.ts';

/** mark_direct_dispatch() looks at the insert. */
export const isDirectDispatch: IsCheck = (_event, step) => {
  const op = step.cpu?.op;
  if (op === OP_DISPATCH) return NO;
  return op === OP_ENQUEUE || op === OP_SELECT_CPU ? YES : UNKNOWN;
};

/** Why it is not known whether it does. */
export const CALLBACK_UNSEEN = 'the callback that makes the insert was not seen to begin';
