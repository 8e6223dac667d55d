// Transition of a wakeup, whose two tracepoints stand around the enqueue.
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { Task } from '../task.ts';
import { assignCpu, learnTaskCpu, taskOf } from './common.ts';

const { comm: COMM } = SLOT;

/** How many wakeups must have shown a tracepoint before one without it counts as missing. */
const LEARNT = 8;

export const wakeupTransitions: Transitions = {
  wakeup(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.hasSlot(COMM)) task.comm = event.comm;
    if (event.step === 'waking') {
      task.waking = YES;
      task.wakeSeq = event.seq;
    } else {
      if (task.wakeupDue === YES) model.wakeupsKept++;
      task.wakeupDue = NO;
    }
    if (event.target < 0) {
      task.taskCpuAssumed = true;
      return;
    }
    if (event.step === 'new') assignCpu(task, event.target);
    else learnTaskCpu(model, event, step, task, event.target);
  },
};

/** An enqueue by a wakeup (ttwu_do_activate): sched_waking came before it, sched_wakeup follows. */
export function checkWaking(model: Model, event: TraceEvent, step: Step, task: Task): void {
  if (task.waking === YES) model.wakingsKept++;
  else if (task.waking === NO && model.wakingsKept >= LEARNT) {
    contradict(step, INCONSISTENT, 'wakeup', `${task.label} is enqueued by a wakeup, and no sched_waking came before`, {
      task,
      sinceSeq: task.wakeSeq,
    });
  }
  task.waking = NO;
  task.wakeupDue = YES;
  task.wakeSeq = event.seq;
}

/** sched_wakeup comes under the lock of the run queue: nobody can pick the task before. */
export function checkWoken(model: Model, event: TraceEvent, step: Step, task: Task): void {
  if (task.wakeupDue !== YES) return;
  task.wakeupDue = NO;
  if (model.wakeupsKept < LEARNT) return;
  contradict(step, INCONSISTENT, 'wakeup', `${task.label} runs on CPU ${event.cpu}, and no sched_wakeup came before`, {
    task,
    sinceSeq: task.wakeSeq,
  });
}
