// What an insert means at the moment it is made: a direct dispatch or a verdict, and whether it can be carried out.
import { DSQ_LOCAL, isBuiltinId, isLocalOn } from '../../kernel/dsq-id.ts';
import { OPSS_NONE } from '../../kernel/flags.ts';
import { type Cpu, OP_ENQUEUE, OP_SELECT_CPU } from '../../model/cpu.ts';
import type { Task } from '../../model/task.ts';
import { formatDuration } from '../../trace/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { ViewContext } from '../view-context.ts';
import type { Note } from './document.ts';

/** Words for an accepted insert of `task`, after the model took it. */
export function explainInsert(context: ViewContext, event: TraceEvent, task: Task): Note {
  const cpu = context.model.cpu(event.cpu);
  const direct = cpu.op === OP_SELECT_CPU || cpu.op === OP_ENQUEUE;
  const parts = direct
    ? [`direct dispatch from ops.${cpu.op === OP_ENQUEUE ? 'enqueue' : 'select_cpu'}()`]
    : [`into the dispatch buffer of CPU ${event.cpu}, entry ${cpu.bufferLength}`];
  if (!direct && event.has('ops_state') && (event.ops_state_lo & 3) === OPSS_NONE)
    parts.push('the scheduler does not hold the task now, so the kernel will drop this');
  const target = targetOf(event, cpu, direct, task);
  if (target < 0 || target === task.taskCpu || task.allows(target) !== 0) return { text: parts.join('; ') };
  const change = task.maskChanges.findLast((entry) => entry.before?.has(target) === true && !entry.after.has(target));
  parts.push(`CPU ${target} is not in its mask (${task.cpus.toString()})`);
  if (change === undefined) return { text: parts.join('; ') };
  const during =
    cpu.opSeq >= 0 && cpu.opTime < change.beginTime
      ? `, while this callback was running (for ${formatDuration(event.t - cpu.opTime)} now)`
      : '';
  parts.push(`the mask lost it ${formatDuration(event.t - change.beginTime)} before${during}`);
  const refers = context.moment(change.beginSeq, change.beginTime);
  return { text: parts.join('; '), ...(refers === null ? {} : { refers }) };
}

/** CPU whose local DSQ the insert is for; -1 none. */
function targetOf(event: TraceEvent, cpu: Cpu, direct: boolean, task: Task): number {
  if (isLocalOn(event.dsq_hi)) return event.dsq_lo | 0;
  if (!isBuiltinId(event.dsq_hi, event.dsq_lo, DSQ_LOCAL)) return -1;
  // LOCAL means the rq that is being dispatched for; a direct dispatch lands where the task is enqueued.
  return direct ? task.taskCpu : cpu.id;
}
