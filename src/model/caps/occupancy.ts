// Who occupies a CPU after its scheduler lost it: nothing stays beyond the pass that follows the loss.
import { CAP_BASE, CAPS_REENQ_ON_LOSS, formatCaps } from '../../kernel/caps.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { CLASS_EXT, type Task } from '../task.ts';
import { hasAll } from './cell.ts';
import { checkEvicted, isExempt, taskNeed } from './reenq.ts';
import type { CpuCapsOf } from './sched-caps.ts';
import { ADMIT_CAPS, ADMIT_NONE } from './task-caps.ts';

const { slice: SLICE } = SLOT;

/** What the task needs and its scheduler has lost on the CPU, with the loss; undefined when nothing is certainly lost. */
function lossOf(model: Model, task: Task, rq: number): CpuCapsOf | undefined {
  const { sched } = task;
  if (sched === undefined || sched.level === 0) return undefined;
  const on = model.caps.of(sched).cpu(rq);
  return (on.lost & taskNeed(task) & CAPS_REENQ_ON_LOSS) !== 0 && on.lossSeq >= 0 ? on : undefined;
}

/** Is the task free of the bound: exempt, let in after the loss, placed by a host, or of a new owner? */
function isFree(model: Model, task: Task, rq: number, on: CpuCapsOf): boolean {
  if (isExempt(model, task, rq) !== NO || on.scanDropped) return true;
  const own = task.caps;
  if (task.sched?.isBypassing(rq) !== NO) return true;
  if (own === undefined) return true;
  if (own.ownerSeq > on.lossSeq) return true;
  if (own.admitted === ADMIT_NONE) return task.linkSeq > on.lossSeq;
  return own.admitted !== ADMIT_CAPS || own.admitSeq > on.lossSeq;
}

/** A task starts to run: after a loss only in the very pass of the fold. */
export function switchedIn(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const cpu = caps.cpu(event.cpu);
  const task = step.task;
  if (task === undefined || task.cls !== CLASS_EXT) return;
  const on = lossOf(model, task, event.cpu);
  if (on === undefined) return;
  if (on.lossPass === cpu.pass || isFree(model, task, event.cpu, on)) {
    step.checks.pass('no-capless-run', task.sched, event.cpu);
    return;
  }
  fail(step, event, task, on, 'starts to run');
}

function fail(step: Step, event: TraceEvent, task: Task, on: CpuCapsOf, what: string): void {
  const rq = event.rq >= 0 ? event.rq : event.cpu;
  const check = step.checks.fail(
    'no-capless-run',
    `${task.label} ${what} on CPU ${rq}, where its scheduler ${task.sched?.label ?? '?'} has lost ${formatCaps(on.lost)}`,
    task.sched,
    rq,
  );
  check.task = task;
  check.began = on.lossSeq;
}

/** The slice of a task before the pick that may refill it. */
export function beforeEndPick(model: Model, event: TraceEvent): void {
  const cpu = model.caps.cpu(event.rq);
  const task = event.pid > 0 ? model.task(event.pid) : undefined;
  cpu.pickedEmpty = task?.sliceKnown === true && task.slice.isZero;
}

/** The pick is over: keeping the current task, or refilling the slice of the next one, needs the base capability. */
export function judgePick(model: Model, event: TraceEvent, step: Step): void {
  const { prev, task } = step;
  const picked = event.pid > 0 && event.verdict !== 'retry' && event.verdict !== 'none' ? task : undefined;
  if (picked === undefined || picked.sched === undefined || picked.sched.level === 0) return;
  const cpu = model.caps.cpu(event.rq);
  const refilled = cpu.pickedEmpty && event.hasSlot(SLICE) && (event.slice_hi !== 0 || event.slice_lo !== 0);
  // It may be the one that was there before.
  if (prev === undefined && !model.cpu(event.rq).pick.prevKnown) return;
  if (picked !== prev) {
    checkOvertaken(model, event, step, picked);
    if (refilled) judgeBase(model, event, step, picked, picked.sched, 'refill-needs-base', 'gets a new slice');
    return;
  }
  const rq = model.cpu(event.rq);
  // Kept for lack of other work: nothing was dispatched, and its slice had run out.
  if (rq.pick.sawConsume && cpu.pickedEmpty)
    judgeBase(model, event, step, picked, picked.sched, 'keep-needs-base', 'is kept');
  const on = lossOf(model, picked, event.rq);
  if (on === undefined || on.lossPass === cpu.pass) return;
  if (isFree(model, picked, event.rq, on)) return;
  if (hasAll(model.caps.of(picked.sched).ecaps(event.rq), CAP_BASE) !== NO) {
    step.checks.open('no-capless-run', 'its scheduler may have given it a new slice', picked.sched, event.rq);
    return;
  }
  fail(step, event, picked, on, 'goes on running');
}

/** Nothing is picked in front of a protected task that leads the local DSQ. */
function checkOvertaken(model: Model, event: TraceEvent, step: Step, picked: Task): void {
  const local = model.localDsq(model.cpu(event.rq));
  const { head } = local;
  if (head?.isProtected !== true || picked.dsq !== local) return;
  if (picked === head || picked.isProtected) step.checks.pass('protected-honoured', head.sched, event.rq);
  else
    step.checks.fail(
      'protected-honoured',
      `${picked.label} overtakes ${head.label}, which is protected, on CPU ${event.rq}`,
      head.sched,
      event.rq,
    ).task = head;
}

function judgeBase(
  model: Model,
  event: TraceEvent,
  step: Step,
  task: Task,
  sched: Sched,
  aspect: string,
  what: string,
): void {
  const base = hasAll(model.caps.of(sched).ecaps(event.rq), CAP_BASE);
  if (base === YES || task.migrationDisabled > 0) step.checks.pass(aspect, sched, event.rq);
  else if (base !== NO || task.migrationDisabled < 0)
    step.checks.open(aspect, 'the effective set is not known', sched, event.rq);
  else
    step.checks.fail(
      aspect,
      `${task.label} ${what} on CPU ${event.rq}, its scheduler ${sched.label} has no base capability there`,
      sched,
      event.rq,
    ).task = task;
}

/** Events that carry the slice of the current task. */
export function sliceShown(model: Model, event: TraceEvent, step: Step): void {
  if (step.task !== undefined && event.hasSlot(SLICE))
    checkEvicted(model, event, step, step.task, event.slice_hi, event.slice_lo);
}
