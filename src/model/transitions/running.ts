// Transitions of a CPU's current task: set and put, charge, switch, tick, yield.
import { TASK_QUEUED, TASK_RESET_RUNNABLE_AT } from '../../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import { type Cpu, RUN_NONE, RUN_UNKNOWN } from '../cpu.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { CLASS_EXT, CLASS_OTHER, CLASS_UNKNOWN, NOT_RUNNING, type Task } from '../task.ts';
import {
  currentOf,
  learnCurr,
  learnFlags,
  learnMask,
  learnTask,
  learnTaskCpu,
  rqOf,
  rqOfTask,
  taskOf,
} from './common.ts';
import { learnComm, markRunnable, noteCustody, noteWait } from './enqueue.ts';
import { noticeExec } from './exec.ts';
import { checkWoken } from './wakeup.ts';

const {
  vtime: VTIME,
  slice: SLICE,
  ops_state: OPS_STATE,
  curr: CURR,
  prev_comm: PREV_COMM,
  next_comm: NEXT_COMM,
  prev_class: PREV_CLASS,
  prev_slice: PREV_SLICE,
  next_class: NEXT_CLASS,
  next_scx_flags: NEXT_SCX_FLAGS,
  next_slice: NEXT_SLICE,
  next_vtime: NEXT_VTIME,
  next_migration_disabled: NEXT_MIGRATION_DISABLED,
  next_cpus: NEXT_CPUS,
  prev_state: PREV_STATE,
  preempt: PREEMPT,
} = SLOT;

export const runningTransitions: Transitions = {
  balance(model, event, step) {
    rqOf(model, event, step);
    const cpu = model.cpu(event.cpu);
    if (event.phase !== 'end') cpu.enterDispatch(event.seq, event.t);
    if (event.phase !== 'begin') cpu.leaveOp();
  },

  update_curr(model, event, step) {
    const task = currentOf(model, event, step);
    task.setSlice(event.slice_hi, event.slice_lo);
    if (event.hasSlot(VTIME)) task.setVtime(event.vtime_hi, event.vtime_lo);
    const { rq } = step;
    if (rq === undefined) return;
    learnCurr(model, event, step, rq, event.pid);
    if (rq.pick.active && rq.pick.prev === task && !rq.pick.sawConsume) rq.pick.charged = true;
  },

  run(model, event, step) {
    const task = taskOf(model, event, step);
    rqOfTask(model, event, step, task);
    beginRun(model, event, step, task);
    task.holdingCpu = -1;
    noteWait(step, task);
    learnTask(model, event, step, task);
    task.cls = CLASS_EXT;
    if (event.hasSlot(SLICE)) task.setSlice(event.slice_hi, event.slice_lo);
    if (event.hasSlot(VTIME)) task.setVtime(event.vtime_hi, event.vtime_lo);
    if (event.hasSlot(OPS_STATE)) task.setOpsState(event.ops_state_hi, event.ops_state_lo);
    task.waiting = NO;
    task.openFlag(TASK_RESET_RUNNABLE_AT, 0);
    if (!task.isQueued) task.openFlags = 0;
    task.reenqCount = 0;
    task.runSeq = event.seq;
    task.runTime = event.t;
    if (step.rq !== undefined) {
      checkPut(model, event, step, task, step.rq);
      step.rq.runPid = event.pid;
      step.rq.runSeq = event.seq;
    }
  },

  stop(model, event, step) {
    const task = currentOf(model, event, step);
    rqOfTask(model, event, step, task);
    endRun(model, event, step, task);
    task.holdingCpu = -1;
    noteCustody(step, task);
    task.cls = CLASS_EXT;
    learnTask(model, event, step, task);
    if (event.hasSlot(SLICE)) task.setSlice(event.slice_hi, event.slice_lo);
    if (task.isQueued) {
      markRunnable(event, task);
      task.openFlags |= TASK_RESET_RUNNABLE_AT;
    }
    if (step.rq !== undefined) {
      learnCurr(model, event, step, step.rq, event.pid);
      step.rq.runPid = RUN_NONE;
      step.rq.runSeq = event.seq;
    }
  },

  tick(model, event, step) {
    const task = currentOf(model, event, step);
    if (step.rq !== undefined) learnCurr(model, event, step, step.rq, event.pid);
    if (event.hasSlot(SLICE)) task.setSlice(event.slice_hi, event.slice_lo);
  },

  yield(model, event, step) {
    currentOf(model, event, step);
    if (step.rq !== undefined) learnCurr(model, event, step, step.rq, event.pid);
  },

  resched(model, event, step) {
    rqOf(model, event, step);
    if (step.rq !== undefined && event.hasSlot(CURR)) learnCurr(model, event, step, step.rq, event.curr);
  },

  wakeup_preempt(model, event, step) {
    rqOfTask(model, event, step, taskOf(model, event, step));
  },

  slice_end(model, event, step) {
    const task = taskOf(model, event, step);
    learnTask(model, event, step, task);
    rqOfTask(model, event, step, task);
  },

  switch(model, event, step) {
    const cpu = model.cpu(event.cpu);
    step.rq = cpu;
    if (cpu.currPid !== event.prev) noticeExec(model, cpu, event.prev);
    step.currBefore = cpu.currPid;
    // While a CPU goes down or comes up, its switches do not continue each other.
    step.switchSeqBefore = cpu.active === NO || cpu.online === NO ? -1 : cpu.switchSeq;
    if (event.hasSlot(PREV_COMM)) learnComm(model, event.prev, event.prev_comm);
    if (event.hasSlot(NEXT_COMM)) learnComm(model, event.next, event.next_comm);
    switchOut(model, event, step);
    cpu.currPid = event.next;
    cpu.curr = event.next > 0 ? model.task(event.next) : undefined;
    cpu.switchSeq = event.seq;
    cpu.switchTime = event.t;
    if (cpu.curr !== undefined) checkWoken(model, event, step, cpu.curr);
    if (cpu.curr !== undefined) switchIn(model, event, step, cpu.curr);
    checkSwitch(event, step, cpu, cpu.curr);
  },
};

function switchOut(model: Model, event: TraceEvent, step: Step): void {
  if (event.prev <= 0) return;
  const prev = model.task(event.prev);
  step.prev = prev;
  // Another CPU may have switched to it already: at one time, or within the error of the clocks.
  const runsElsewhere = prev.onCpu >= 0 && prev.onCpu !== event.cpu;
  if (!runsElsewhere || event.t - prev.runTime > model.header.clockErrorNs) prev.onCpu = NOT_RUNNING;
  learnClass(model, event, step, prev, event.hasSlot(PREV_CLASS), event.prev_class_hi, event.prev_class_lo);
  checkState(event, step, prev);
  if (event.hasSlot(PREV_SLICE) && prev.cls === CLASS_EXT) prev.setSlice(event.prev_slice_hi, event.prev_slice_lo);
}

function switchIn(model: Model, event: TraceEvent, step: Step, next: Task): void {
  step.task = next;
  step.onCpuBefore = next.onCpu;
  learnClass(model, event, step, next, event.hasSlot(NEXT_CLASS), event.next_class_hi, event.next_class_lo);
  if (next.cls === CLASS_EXT) {
    if (event.hasSlot(NEXT_SCX_FLAGS)) learnFlags(model, event, step, next, event.next_scx_flags_lo);
    if (event.hasSlot(NEXT_SLICE)) next.setSlice(event.next_slice_hi, event.next_slice_lo);
    if (event.hasSlot(NEXT_VTIME)) next.setVtime(event.next_vtime_hi, event.next_vtime_lo);
  }
  if (event.hasSlot(NEXT_MIGRATION_DISABLED)) next.migrationDisabled = event.next_migration_disabled;
  if (event.hasSlot(NEXT_CPUS)) learnMask(model, event, step, next, event.next_cpus);
  next.onCpu = event.cpu;
  next.unplaced = false;
  if (next.allows(event.cpu) === 1) next.migrationPending = NO;
  learnTaskCpu(model, event, step, next, event.cpu);
  next.waiting = NO;
  next.runTime = event.t;
  next.runSeq = event.seq;
}

/** Who blocks has been dequeued before the switch, who is preempted has not. */
function checkState(event: TraceEvent, step: Step, prev: Task): void {
  if (prev.cls !== CLASS_EXT || !prev.flagsKnown || !event.hasSlot(PREV_STATE)) return;
  if ((prev.openFlags & TASK_QUEUED) !== 0) return;
  const blocks = event.prev_state !== 0;
  // Who is preempted on the way to sleep stays queued; without the flag that is not told.
  if (blocks && (event.preempt || !event.hasSlot(PREEMPT))) return;
  if (prev.isQueued === !blocks) return;
  contradict(
    step,
    INCONSISTENT,
    'state',
    `${prev.label} leaves CPU ${event.cpu} ${blocks ? `blocked (state ${event.prev_state})` : 'runnable'}, and is ${prev.isQueued ? 'still' : 'not'} queued`,
    { task: prev, cpu: event.cpu },
  );
}

/** The class picks and sets its task before the switch: ops.running() and sched_switch name the same one. */
function checkSwitch(event: TraceEvent, step: Step, cpu: Cpu, next: Task | undefined): void {
  const { runPid } = cpu;
  const isExt = next?.cls === CLASS_EXT;
  const isOther = event.next === 0 || next?.cls === CLASS_OTHER;
  if (runPid !== RUN_UNKNOWN && ((isExt && runPid !== event.next) || (isOther && runPid !== RUN_NONE))) {
    const whom = next === undefined ? 'idle' : next.label;
    const text =
      runPid === RUN_NONE
        ? `CPU ${event.cpu} switches to ${whom}, which was not set running`
        : `CPU ${event.cpu} switches to ${whom} after pid ${runPid} was set running`;
    contradict(step, 'running-switch-mismatch', '', text, { task: next, cpu: event.cpu, sinceSeq: cpu.runSeq });
  }
  if (isExt) cpu.runPid = event.next;
  else if (isOther) cpu.runPid = RUN_NONE;
}

function beginRun(model: Model, event: TraceEvent, step: Step, task: Task): void {
  if (task.running === YES && model.records('stop')) {
    contradict(
      step,
      'callback-nesting',
      'running-twice',
      `${task.label} is set running on CPU ${event.rq} a second time, it was not stopped in between`,
      { task, cpu: event.rq, sinceSeq: task.runSeq },
    );
  }
  task.running = YES;
}

/** A run queue has one current task: who runs is put before the next one is set. */
function checkPut(model: Model, event: TraceEvent, step: Step, task: Task, rq: Cpu): void {
  const { runPid } = rq;
  if (runPid === RUN_UNKNOWN || runPid === RUN_NONE || runPid === event.pid || !model.records('stop')) return;
  contradict(
    step,
    'callback-nesting',
    'running-without-stopping',
    `${task.label} is set running on CPU ${rq.id}, pid ${runPid} was not stopped there`,
    { task, cpu: rq.id, sinceSeq: rq.runSeq },
  );
}

function endRun(model: Model, event: TraceEvent, step: Step, task: Task): void {
  if (task.running === NO && model.records('run')) {
    contradict(
      step,
      'callback-nesting',
      'stopping-without-running',
      `${task.label} is stopped on CPU ${event.rq}, it was not running`,
      { task, cpu: event.rq },
    );
  }
  task.running = NO;
}

function learnClass(
  model: Model,
  event: TraceEvent,
  step: Step,
  task: Task,
  shown: boolean,
  hi: number,
  lo: number,
): void {
  if (!shown) return;
  const cls = model.classOf(hi, lo);
  if (cls === CLASS_UNKNOWN) return;
  if (task.cls !== CLASS_UNKNOWN && task.cls !== cls && model.records('class_change')) {
    contradict(
      step,
      INCONSISTENT,
      'class',
      `switch on CPU ${event.cpu} shows ${task.label} in ${cls === CLASS_EXT ? 'the ext class' : 'another class'}, no change of its class was seen`,
      { task },
    );
  }
  task.cls = cls;
}
