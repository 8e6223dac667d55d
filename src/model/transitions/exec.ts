// execve of a thread: it takes the pid of its leader some time before the record of the execve.
import type { TraceEvent } from '../../trace/event.ts';
import type { Cpu } from '../cpu.ts';
import type { Model } from '../model.ts';
import type { Task } from '../task.ts';

/**
 * The event shows `shown` executing on `rq`, where the model has another task. When one of the two is an exiting leader and
 * the other a live thread of its group, that thread is in execve and they have exchanged their pids (de_thread,
 * exchange_tids): the record of the execve comes only after that. Says whether it was so; the model has their new pids then.
 */
export function noticeExec(model: Model, rq: Cpu, shown: number): boolean {
  if (rq.currPid <= 0 || shown <= 0 || rq.currPid === shown || !model.records('exec')) return false;
  const curr = model.findTask(rq.currPid);
  const other = model.findTask(shown);
  if (curr === undefined || other === undefined) return false;
  // On the CPU of the thread the leader's pid appears, on that of the leader, which dies, the thread's.
  const leader = curr.exiting ? curr : other;
  const thread = leader === curr ? other : curr;
  if (!leader.exiting || thread.exiting || !inGroupOf(thread, leader.pid) || !inGroupOf(leader, leader.pid))
    return false;
  const { pid } = leader;
  model.exchangePids(thread.pid, pid);
  thread.tookPidOf = leader;
  return true;
}

/** The record of an execve; `oldPid` had the thread that calls it. */
export function finishExec(model: Model, event: TraceEvent, oldPid: number): void {
  const task = model.task(event.pid);
  const leader = task.tookPidOf;
  task.tookPidOf = undefined;
  // It was noticed before.
  if (leader !== undefined && (leader.pid === oldPid || !leader.alive)) return;
  model.exchangePids(oldPid, event.pid);
}

function inGroupOf(task: Task, leader: number): boolean {
  return task.tgid < 0 || task.tgid === leader;
}
