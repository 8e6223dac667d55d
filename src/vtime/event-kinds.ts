// What single events mean for vtimes, whatever is described.
import { ENQ_HI_DSQ_PRIQ, TASK_QUEUED } from '../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../trace/event.ts';
import type { VtimeTask } from './task-state.ts';

const { scx_flags: SCX_FLAGS, vtime: VTIME, enq_flags: ENQ_FLAGS, priq: PRIQ } = SLOT;

/** A `stop` that is put_prev_task_scx() of a task that was dequeued before: its charge is done. */
export function isPutOnly(event: TraceEvent, task: VtimeTask): boolean {
  return task.charging || isUnqueued(event);
}

/** The task is no longer runnable: ops.running() and ops.stopping() are not called for it. */
export function isUnqueued(event: TraceEvent): boolean {
  return event.hasSlot(SCX_FLAGS) && (event.scx_flags_lo & TASK_QUEUED) === 0;
}

/** An `insert` that is accepted by vtime; without flags, a vtime tells. */
export function isOrderedInsert(event: TraceEvent): boolean {
  if ((event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0 || event.priq) return true;
  return event.step === '' && event.hasSlot(VTIME) && !event.hasSlot(ENQ_FLAGS) && !event.hasSlot(PRIQ);
}
