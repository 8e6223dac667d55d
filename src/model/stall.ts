// The watchdog (check_rq_for_timeouts): which waiting task exceeds its scheduler's timeout, in the kernel's order.
import { EXIT_KIND } from '../kernel/exit.ts';
import { WATCHDOG_MAX_TIMEOUT_MS } from '../kernel/limits.ts';
import type { TraceEvent } from '../trace/event.ts';
import { raise } from './errors.ts';
import type { Model } from './model.ts';
import { NO, type Sched, YES } from './sched.ts';
import type { Step } from './step.ts';
import type { Task } from './task.ts';

/**
 * `runnable_at` and the test are in jiffies, and jiffies can lag behind the clock when the CPU that keeps them is late.
 * Within this many ticks a wait may or may not have exceeded its timeout.
 */
const JIFFIES_LAG = 25;

/** What is needed to convert jiffies. */
type HzSource = Pick<Model, 'hz'>;

/** Jiffies per second that the timeout of a scheduler shows, when it is known in both units; 0 otherwise. */
export function hzFromTimeout(sched: Sched): number {
  if (sched.watchdogJiffies === 0 || !sched.timeoutKnown) return 0;
  return Math.round((sched.watchdogJiffies * 1000) / (sched.timeoutMs || WATCHDOG_MAX_TIMEOUT_MS));
}

/** Watchdog timeout of a scheduler, ns; 0 unknown. */
export function watchdogTimeoutNs(model: HzSource, sched: Sched | undefined): number {
  if (sched === undefined) return 0;
  if (sched.timeoutKnown) return (sched.timeoutMs || WATCHDOG_MAX_TIMEOUT_MS) * 1_000_000;
  const { hz } = model;
  return sched.watchdogJiffies > 0 && hz > 0 ? (sched.watchdogJiffies * 1_000_000_000) / hz : 0;
}

/** How far a wait measured by the trace's clock can be from the kernel's own measure, ns. */
export function jiffiesLagNs(model: HzSource): number {
  const { hz } = model;
  return JIFFIES_LAG * (hz > 0 ? 1_000_000_000 / hz : 10_000_000);
}

/**
 * A pass of the watchdog begins, or it has just found somebody (`fmt` of the stall error). Raises the error for the task
 * that the kernel blames: the first, by CPU and by position on the runnable list, whose wait exceeds the timeout.
 */
export function checkStall(model: Model, event: TraceEvent, step: Step): void {
  const found = event.type === 'sched_exit';
  if (found && event.exit_kind !== EXIT_KIND.ERROR_STALL) return;
  if (found && !event.fmt.includes('failed to run for')) return;
  // The same pass, already judged when it began.
  if (found && model.stallRaisedOn === event.cpu) return;
  model.stallRaisedOn = -1;
  const lag = jiffiesLagNs(model);
  // The kernel says on which CPU it found the task.
  const foundOn = found && event.has('exit_cpu') ? event.exit_cpu : -1;
  let blamed: Task | undefined;
  /** The first of those that may be late by the clock of the kernel. */
  let maybe: Task | undefined;
  for (const task of model.tasks()) {
    if (task.waiting !== YES || task.runnableAt < 0 || !task.alive) continue;
    const timeout = watchdogTimeoutNs(model, task.sched);
    if (timeout === 0 || task.taskCpu < 0 || model.cpu(task.taskCpu).online === NO) continue;
    if (foundOn >= 0 && task.taskCpu !== foundOn) continue;
    const waited = event.t - task.runnableAt;
    if (waited + lag > timeout && (maybe === undefined || isListedBefore(task, maybe))) maybe = task;
    // The kernel has spoken: the wait is over its limit by its own measure. Otherwise it must be so by any measure.
    if (waited + (found ? lag : -lag) <= timeout) continue;
    if (blamed === undefined || comesFirst(task, blamed, timeout, event.t)) blamed = task;
  }
  if (blamed === undefined) return;
  if (!found && blamed.sched?.exit !== undefined) return;
  // The kernel looks at `maybe` first, and it may find that one.
  if (!found && maybe !== blamed) return;
  const task = blamed;
  const waitedNs = event.t - task.runnableAt;
  const owner = stallOwner(model, task);
  raise(model, step, 'runnable-stall', {
    sched: owner,
    args: [task.comm, task.pid, Math.floor(waitedNs / 1_000_000_000), Math.floor(waitedNs / 1_000_000) % 1000],
    accepts: (message) => acceptsStall(message, task, waitedNs, lag),
    task,
    target: task.taskCpu,
    dsq: task.dsq === undefined || task.dsq === null ? '' : task.dsq.name,
    text: `${task.label} has been runnable for ${(waitedNs / 1e9).toFixed(3)} s without running`,
    decision: { seq: task.runnableAtSeq, time: task.runnableAt, callbackSeq: -1, callbackTime: -1 },
  });
  step.task = task;
  if (!found) model.stallRaisedOn = event.cpu;
}

/** Kernel order: CPUs ascending, then the order of the runnable list; who is certainly late goes before who may be. */
function comesFirst(a: Task, b: Task, timeout: number, now: number): boolean {
  const aLate = now - a.runnableAt > timeout;
  const bLate = now - b.runnableAt > timeout;
  return aLate === bLate ? isListedBefore(a, b) : aLate;
}

function isListedBefore(a: Task, b: Task): boolean {
  return a.taskCpu === b.taskCpu ? a.listedAt < b.listedAt : a.taskCpu < b.taskCpu;
}

/** Who is blamed: the owner of the task, or (7.1+) the owner of the DSQ that it waits on. */
function stallOwner(model: Model, task: Task): Sched | undefined {
  const { dsq } = task;
  if (
    model.semantics.stallBlamesDsqOwner &&
    dsq !== undefined &&
    dsq !== null &&
    !dsq.isLocal &&
    dsq.sched !== undefined
  )
    return dsq.sched;
  return task.sched;
}

const STALL_MESSAGE = /^(.*)\[(\d+)\] failed to run for (\d+)\.(\d{3})s$/s;

function acceptsStall(message: string, task: Task, waitedNs: number, lagNs: number): boolean {
  const match = STALL_MESSAGE.exec(message);
  if (match === null || Number(match[2]) !== task.pid) return false;
  const saidNs = Number(match[3]) * 1e9 + Number(match[4]) * 1e6;
  return Math.abs(saidNs - waitedNs) <= lagNs;
}
