// Transitions of the runnable life of a task: wakeup, CPU selection, enqueue, dequeue, custody.
import { OPSS_QUEUED, TASK_QUEUED, TASK_RESET_RUNNABLE_AT } from '../../kernel/flags.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { OP_ENQUEUE, OP_SELECT_CPU } from '../cpu.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { CLASS_EXT, type Task } from '../task.ts';
import { learnTask, ownerOf, rqOf, taskOf } from './common.ts';

export const enqueueTransitions: Transitions = {
  wakeup(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.has('comm')) task.comm = event.comm;
    if (event.step === 'new' && event.target >= 0) task.taskCpu = event.target;
  },

  migrate(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.has('comm')) task.comm = event.comm;
    task.taskCpu = event.dest_cpu;
    task.migrationPending = NO;
  },

  select_cpu(model, event, step) {
    const task = taskOf(model, event, step);
    learnTask(event, task);
    const cpu = model.cpu(event.cpu);
    if (event.step !== 'core' && event.step !== '') return;
    if (event.phase === 'begin') {
      cpu.enterOp(OP_SELECT_CPU, task, event.seq, event.t);
    } else cpu.leaveOp();
  },

  enqueue(model, event, step) {
    const task = taskOf(model, event, step);
    rqOf(model, event, step);
    learnTask(event, task);
    task.cls = CLASS_EXT;
    task.taskCpu = event.rq;
    if (!task.isQueued || task.waiting !== YES) markRunnable(event, task);
    task.flags |= TASK_QUEUED;
  },

  dequeue(model, event, step) {
    const task = taskOf(model, event, step);
    rqOf(model, event, step);
    learnTask(event, task);
    noteWait(step, task);
    if (event.has('ops_state')) task.setOpsState(event.ops_state_hi, event.ops_state_lo);
    task.taskCpu = event.rq;
    task.waiting = NO;
    task.flags &= ~TASK_QUEUED;
    task.ddsp.clear();
  },

  ops_enqueue(model, event, step) {
    const task = taskOf(model, event, step);
    rqOf(model, event, step);
    const cpu = model.cpu(event.cpu);
    if (event.phase !== 'end') {
      learnTask(event, task);
      ownerOf(model, event, step, task);
      if (event.has('slice')) task.setSlice(event.slice_hi, event.slice_lo);
      if (event.has('vtime')) task.setVtime(event.vtime_hi, event.vtime_lo);
      if (event.has('weight')) task.weight = event.weight;
      if (event.has('reenq_cnt')) task.reenqCount = event.reenq_cnt;
      task.taskCpu = event.rq;
      cpu.enterOp(OP_ENQUEUE, task, event.seq, event.t);
      if (event.phase === 'begin') return;
    }
    cpu.leaveOp();
    if (event.has('scx_flags')) task.setFlags(event.scx_flags_lo);
    if (event.has('ops_state')) task.setOpsState(event.ops_state_hi, event.ops_state_lo);
    task.enqueueEndSeq = event.seq;
    task.enqueueEndTime = event.t;
    const change = task.maskChanges.at(-1);
    if (change !== undefined && change.endSeq >= 0 && change.enqueueEndTime < 0) change.enqueueEndTime = event.t;
    const taken = event.has('ops_state')
      ? (event.ops_state_lo & 3) === OPSS_QUEUED
      : event.phase === '' && !task.ddsp.active;
    if (taken) {
      task.custodySeq = event.seq;
      task.custodyTime = event.t;
    } else {
      releaseCustody(step, task);
    }
  },

  ops_dequeue(model, event, step) {
    const task = taskOf(model, event, step);
    rqOf(model, event, step);
    learnTask(event, task);
    releaseCustody(step, task);
    task.setOpsState(0, 0);
  },
};

/** The task leaves the hands of the BPF scheduler. */
export function releaseCustody(step: Step, task: Task): void {
  step.custodyEnded = task.custodySeq;
  task.custodySeq = -1;
  task.custodyTime = -1;
}

/** set_task_runnable(): appends to the runnable list, and refreshes runnable_at when the reset bit is set. */
export function markRunnable(event: TraceEvent, task: Task): void {
  task.waiting = YES;
  task.listedAt = event.t;
  if (!task.flagsKnown || (task.flags & TASK_RESET_RUNNABLE_AT) === 0) return;
  task.runnableAt = event.t;
  task.runnableAtSeq = event.seq;
  task.flags &= ~TASK_RESET_RUNNABLE_AT;
}

/** Remembers in the step since when the task had been waiting. */
export function noteWait(step: Step, task: Task): void {
  if (task.waiting === YES) {
    step.waitedSince = task.runnableAt;
    step.waitedSinceSeq = task.runnableAtSeq;
  }
}

/** Kept here because both wakeups and switches teach names. */
export function learnComm(model: Model, pid: number, comm: string): void {
  if (pid > 0) model.task(pid).comm = comm;
}
