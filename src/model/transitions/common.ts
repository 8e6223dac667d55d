// Steps that several transitions share: who the event is about, what its fields teach.
import type { TraceEvent } from '../../trace/event.ts';
import type { Model } from '../model.ts';
import type { Step } from '../step.ts';
import { CLASS_EXT, type Task } from '../task.ts';

/** The event's task, noted in the step. */
export function taskOf(model: Model, event: TraceEvent, step: Step): Task {
  const task = model.task(event.pid);
  step.task = task;
  return task;
}

/** The event's run queue, noted in the step. */
export function rqOf(model: Model, event: TraceEvent, step: Step): void {
  if (event.rq >= 0) step.rq = model.cpu(event.rq);
}

/** The event's scheduler instance, noted in the step; it becomes the task's owner where the event says so. */
export function ownerOf(model: Model, event: TraceEvent, step: Step, task: Task): void {
  const sched = model.schedOf(event);
  if (sched === undefined) return;
  step.sched = sched;
  task.sched = sched;
}

/** Fields of `p->scx` and the affinity that any event about a task may carry. */
export function learnTask(event: TraceEvent, task: Task): void {
  if (event.has('scx_flags')) {
    task.setFlags(event.scx_flags_lo);
    task.cls = CLASS_EXT;
  }
  if (event.has('migration_disabled')) task.migrationDisabled = event.migration_disabled;
  if (event.has('cpus')) task.learnMask(event.cpus, event.cpus_bits);
  if (event.has('task_cpu')) task.taskCpu = event.task_cpu;
}
