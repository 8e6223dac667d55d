// task_can_run_on_remote_rq(): may a task run on a CPU other than the one it is assigned to?
import type { Cpu } from './cpu.ts';
import { NO, type Tri, UNKNOWN, YES } from './sched.ts';
import type { Task } from './task.ts';

/** The test without enforcement, on the model's own state. */
export function canRunRemote(task: Task, cpu: Cpu): Tri {
  if (task.migrationDisabled > 0) return NO;
  const allowed = task.allows(cpu.id);
  if (allowed === 0) return NO;
  const online = cpu.isRqOnline;
  if (online === NO) return NO;
  return task.migrationDisabled < 0 || allowed < 0 || online === UNKNOWN ? UNKNOWN : YES;
}

/** May the CPU take the task from a shared DSQ (scx_consume_dispatch_q)? Its own tasks it takes unchecked. */
export function canConsume(task: Task, cpu: Cpu): Tri {
  if (task.taskCpu === cpu.id) return YES;
  const remote = canRunRemote(task, cpu);
  // Until its CPU has switched away from it, programs that run there may keep it from migrating for a moment.
  if (remote === YES && task.onCpu >= 0) return UNKNOWN;
  return task.taskCpu < 0 && remote !== YES ? UNKNOWN : remote;
}
