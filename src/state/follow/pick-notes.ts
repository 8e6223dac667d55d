// Why a CPU picked a task, or did not: do_pick_task_scx() weighs the task that runs against the local DSQ.

import type { Model } from '../../model/model.ts';
import { YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import type { Task } from '../../model/task.ts';
import { formatDuration } from '../../trace/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { toNumber } from '../../trace/u64.ts';

/** What the end of a pick means for `task`, which was picked or ran before. */
export function explainPick(model: Model, event: TraceEvent, step: Step, task: Task): string | undefined {
  const { rq } = step;
  if (event.phase === 'begin' || rq === undefined || event.verdict === 'retry') return undefined;
  const { prev, sawConsume } = rq.pick;
  const { picked } = rq;
  if (picked === task) {
    if (prev !== task) return `it is at the head of the local DSQ of CPU ${rq.id}`;
    if (!sawConsume) return `it keeps the CPU: ${leftText(task)} of its slice is left`;
    return 'it keeps the CPU: after ops.dispatch() it still had slice, or there was nothing else to run';
  }
  if (prev !== task) return undefined;
  const instead = picked === null ? 'nothing' : picked === undefined ? 'something else' : picked.label;
  return `${instead} is picked instead: ${whyNotKept(model, rq.id, task, rq.pick.prevQueuedKnown && !rq.pick.prevQueued)}`;
}

function whyNotKept(model: Model, cpu: number, task: Task, gone: boolean): string {
  if (gone) return 'it is no longer runnable';
  if (task.sliceKnown && task.slice.isZero) return 'its slice is used up';
  if (model.bypassing(task, cpu) === YES) return 'its scheduler bypasses';
  return 'why it was not kept is not known';
}

function leftText(task: Task): string {
  if (!task.sliceKnown) return 'some';
  return task.slice.hi === -1 && task.slice.lo === -1 ? 'all' : formatDuration(toNumber(task.slice.hi, task.slice.lo));
}
