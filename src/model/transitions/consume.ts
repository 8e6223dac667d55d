// Transitions of consumption and of moves: what a CPU takes off a shared DSQ, and who takes a task back.
import { TASK_DEQD_FOR_SLEEP, TASK_IN_CUSTODY, TASK_QUEUED, TASK_RESET_RUNNABLE_AT } from '../../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { canConsume } from '../can-run.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import type { ConsumeState, Cpu } from '../cpu.ts';
import type { Dsq } from '../dsq.ts';
import { dsqOfEvent } from '../dsq-lookup.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, YES } from '../sched.ts';
import { MISPREDICTED, PREDICTED, type Step, UNDECIDED } from '../step.ts';
import type { Task } from '../task.ts';
import { rqOfTask, taskOf } from './common.ts';
import { detach } from './members.ts';
import { checkPickRq } from './pick.ts';

const { dsq: DSQ_FIELD, ret: RET, dsq_addr: DSQ_ADDR } = SLOT;

export const consumeTransitions: Transitions = {
  consume(model, event, step) {
    const rq = model.cpu(event.rq);
    step.rq = rq;
    step.sched = model.schedOf(event);
    const executing = model.cpu(event.cpu);
    checkPickRq(event, step, executing);
    if (rq.pick.active) rq.pick.sawConsume = true;
    const { consume } = executing;
    if (event.phase === 'begin') {
      // An address alone names a DSQ only when it was seen before.
      const isNamed = event.hasSlot(DSQ_FIELD) || model.dsqAt(event.dsq_addr_hi, event.dsq_addr_lo) !== undefined;
      const dsq = isNamed ? dsqOfEvent(model, event) : undefined;
      step.dsq = dsq;
      consume.active = true;
      consume.beginSeq = event.seq;
      consume.dsq = dsq;
      consume.sched = step.sched;
      consume.stamp = model.linkStamp;
      consume.taken = undefined;
      consume.lostRace = false;
      consume.outcome = PREDICTED;
      return;
    }
    if (!consume.active) return;
    step.dsq = consume.dsq;
    if (event.hasSlot(RET)) endConsume(model, event, step, rq, consume);
    else step.outcome = UNDECIDED;
    if (!model.followsDsqs) step.outcome = UNDECIDED;
    consume.active = false;
  },

  dispatch_dequeue(model, event, step) {
    const task = taskOf(model, event, step);
    rqOfTask(model, event, step, task);
    // A dequeue by another CPU while a consumer holds the token: the consumer has lost, and starts over.
    const onDsq = event.hasSlot(DSQ_ADDR) ? event.dsq_addr_hi !== 0 || event.dsq_addr_lo !== 0 : task.dsq !== null;
    for (const cpu of model.cpus) {
      if (cpu.id === event.cpu || !cpu.consume.active || cpu.consume.taken !== task) continue;
      cpu.consume.lostRace = true;
      cpu.consume.taken = undefined;
    }
    const executing = model.cpu(event.cpu);
    executing.dequeuing = onDsq ? task : undefined;
    executing.dequeuingDsq = onDsq && event.holding_cpu < 0 ? (task.dsq ?? undefined) : undefined;
    executing.dequeuingSeq = event.seq;
    if (!onDsq && event.hasSlot(DSQ_ADDR)) detach(task);
    task.holdingCpu = -1;
    // The dequeue has won, or waited until the dispatch was done.
    if (!task.opsStateKnown) task.setOpsState(0, 0);
    task.beingDequeued = false;
    task.openFlags &= ~(TASK_QUEUED | TASK_DEQD_FOR_SLEEP | TASK_RESET_RUNNABLE_AT | TASK_IN_CUSTODY);
  },

  move_local_task(model, event, step) {
    const task = taskOf(model, event, step);
    rqOfTask(model, event, step, task);
    const executing = model.cpu(event.cpu);
    executing.movingLocal = task;
    checkTaken(event, step, executing, task);
  },

  move_remote_task(model, event, step) {
    const task = taskOf(model, event, step);
    step.rq = model.cpu(event.dst);
    const executing = model.cpu(event.cpu);
    checkTaken(event, step, executing, task);
    if (executing.pick.active) executing.pick.sawUnlock = true;
    task.holdingCpu = event.cpu;
  },
};

/** A consumption moves the task that it has taken off the DSQ. */
function checkTaken(event: TraceEvent, step: Step, executing: Cpu, task: Task): void {
  const { consume } = executing;
  if (!consume.active || consume.dsq === undefined || consume.taken === task || consume.lostRace) return;
  contradict(
    step,
    INCONSISTENT,
    'consume',
    `CPU ${event.cpu} moves ${task.label} to a local DSQ and has not taken it off DSQ ${consume.dsq?.name ?? '?'}`,
    { task, cpu: event.cpu, sinceSeq: consume.beginSeq },
  );
}

/**
 * A CPU that dequeued a task from its DSQ goes on with something else: the task must be off that DSQ, by its own removal or
 * by that of a CPU that was faster.
 */
export function checkDequeued(event: TraceEvent, step: Step, executing: Cpu): void {
  const { dequeuing: task, dequeuingDsq: dsq } = executing;
  executing.dequeuing = undefined;
  if (task === undefined || dsq === undefined || task.dsq !== dsq || task.linkSeq > executing.dequeuingSeq) return;
  contradict(
    step,
    INCONSISTENT,
    'unlink',
    `CPU ${event.cpu} has dequeued ${task.label}, which is still on DSQ ${dsq.name}`,
    { task, cpu: event.cpu, dsq: dsq.name, sinceSeq: executing.dequeuingSeq },
  );
}

/** The walk of scx_consume_dispatch_q(): the first member in list order that this CPU may run. */
export function takeFromShared(
  model: Model,
  event: TraceEvent,
  step: Step,
  dsq: Dsq,
  task: Task,
  executing: Cpu,
): void {
  const { consume } = executing;
  const rq = model.cpu(event.cpu);
  let outcome = dsq.isComplete && model.followsDsqs && task.dsq === dsq ? PREDICTED : UNDECIDED;
  let expected: Task | undefined;
  // Only members whose insertion was seen have a known place: one that was not may stand before all of them.
  const vtimeTold = dsq.ordered === 0 || dsq.sched?.writesVtimeSilently !== true;
  if (!vtimeTold) outcome = UNDECIDED;
  let candidate = task.dsq === dsq && dsq.orderKnown && vtimeTold && model.followsDsqs ? dsq.head : undefined;
  for (; candidate !== undefined && candidate !== task; candidate = candidate.dsqNext) {
    const can = canConsume(candidate, rq);
    if (can === YES && isOrderCertain(model, event, candidate, task)) {
      expected = candidate;
      break;
    }
    if (can !== NO) outcome = UNDECIDED;
  }
  // A member that was linked unseen may have stood before all that are known.
  if (task.dsq !== dsq && dsq.unknown !== 0) expected = undefined;
  if (expected !== undefined) {
    outcome = MISPREDICTED;
    step.passedOver = expected;
  }
  if (outcome !== MISPREDICTED && canConsume(task, rq) === NO) outcome = MISPREDICTED;
  step.outcome = outcome;
  step.expectedTask = expected ?? task;
  step.reason = 'consumption takes the first task in list order that the CPU may run';
  if (consume.outcome !== MISPREDICTED && outcome !== PREDICTED) consume.outcome = outcome;
  consume.taken = task;
  // Another CPU may be waiting for the DSQ lock in order to dequeue the very task.
  for (const cpu of model.cpus) if (cpu !== executing && cpu.dequeuing === task) consume.lostRace = true;
}

/**
 * Did `first` certainly stand before `second`, and was it there? The DSQ lock orders all three events, but a trace shows
 * that order only by its clock, which may be off by its error between CPUs, or by the kernel's own counter.
 */
function isOrderCertain(model: Model, event: TraceEvent, first: Task, second: Task): boolean {
  if (first.linkCounted && second.linkCounted) return true;
  const error = model.header.clockErrorNs;
  const apart = (cpuA: number, timeA: number, cpuB: number, timeB: number): boolean =>
    cpuA === cpuB || Math.abs(timeA - timeB) > error;
  return (
    apart(first.linkedBy, first.linkTime, second.linkedBy, second.linkTime) &&
    apart(first.linkedBy, first.linkTime, event.cpu, event.t)
  );
}

function endConsume(model: Model, event: TraceEvent, step: Step, rq: Cpu, consume: ConsumeState): void {
  step.outcome = consume.outcome;
  step.reason = 'consumption takes the first task in list order that the CPU may run';
  const { dsq } = consume;
  if (dsq === undefined) {
    step.outcome = UNDECIDED;
    return;
  }
  if (event.ret > 0) {
    step.task = consume.taken;
    // By name alone it may not be clear that the task came from this DSQ.
    if (consume.taken === undefined) step.outcome = event.hasSlot(DSQ_ADDR) ? MISPREDICTED : UNDECIDED;
    else if (consume.sched !== undefined && !dsq.isBypass && model.records('sched_exit'))
      consume.sched.mayAbort = false;
    return;
  }
  if (consume.taken !== undefined && !consume.lostRace) {
    step.task = consume.taken;
    step.outcome = model.records('dispatch_dequeue') ? MISPREDICTED : UNDECIDED;
    step.reason = 'a task was taken, and no dequeue on another CPU took it away';
    return;
  }
  const sched = consume.sched ?? dsq.sched;
  // From the claim of an exit on, shared DSQs other than BYPASS may be passed over.
  if (!dsq.isBypass && sched !== undefined && (sched.aborting || sched.claiming)) return;
  const mayAbort = !dsq.isBypass && (sched === undefined || sched.mayAbort);
  if (dsq.unknown !== 0) step.outcome = UNDECIDED;
  for (let task = dsq.head; task !== undefined; task = task.dsqNext) {
    if (task.linkStamp > consume.stamp) continue;
    const can = canConsume(task, rq);
    if (can === NO) continue;
    const changed = Math.max(task.eligibilitySeq, rq.onlineSeq) > consume.beginSeq;
    if (can === YES && !changed && !mayAbort) {
      step.outcome = MISPREDICTED;
      step.expectedTask = task;
      return;
    }
    step.outcome = UNDECIDED;
  }
}
