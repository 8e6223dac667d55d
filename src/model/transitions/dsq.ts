// Transitions of dispatch queues: links and unlinks at their linearization points, consumption, creation, destruction.
import { DSQ_BYPASS, DSQ_GLOBAL, formatDsqId, isBuiltin, isBuiltinId } from '../../kernel/dsq-id.ts';
import {
  ENQ_HI_APPLY_SLICE,
  ENQ_HI_CLEAR_OPSS,
  ENQ_HI_DSQ_PRIQ,
  ENQ_HI_NESTED,
  ENQ_HI_PREEMPT,
  TASK_DEQD_FOR_SLEEP,
  TASK_IN_CUSTODY,
  TASK_QUEUED,
  TASK_RESET_RUNNABLE_AT,
} from '../../kernel/flags.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatDecimal } from '../../trace/u64.ts';
import { canConsume } from '../can-run.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import type { ConsumeState, Cpu } from '../cpu.ts';
import { Dsq } from '../dsq.ts';
import { addUserDsq, dsqOfEvent, findUserDsq, removeUserDsq } from '../dsq-lookup.ts';
import { raise } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, YES } from '../sched.ts';
import { MISPREDICTED, PREDICTED, type Step, UNDECIDED } from '../step.ts';
import { CLASS_EXT, type Task } from '../task.ts';
import { learnTask, learnTaskCpu, rqOfTask, taskOf } from './common.ts';
import { releaseCustody } from './enqueue.ts';
import { checkPickRq } from './pick.ts';

/** How many links must have been announced before one that is not counts as missing its call. */
const LEARNT = 8;

export const dsqTransitions: Transitions = {
  dsq_create(model, event, step) {
    const sched = creatorOf(model, event);
    step.sched = sched;
    model.showsDsqCreation = true;
    if (event.step === 'kfunc') {
      // The result of the kfunc: the DSQ itself came with `init`, which carries its address, where that is recorded.
      step.dsq = findUserDsq(model, sched, event.dsq_hi, event.dsq_lo);
      const failed = event.has('ret') && event.ret !== 0;
      // A second DSQ of that id was made and thrown away (-EEXIST).
      if (failed && step.dsq?.replaced !== undefined) addUserDsq(model, step.dsq.replaced);
      if (failed || step.dsq !== undefined) return;
    }
    const dsq = new Dsq(event.dsq_hi, event.dsq_lo);
    dsq.sched = sched;
    dsq.sinceSeq = event.seq;
    dsq.unknown = 0;
    dsq.seq = 0;
    if (sched === undefined) model.unowned.push(dsq);
    else if (!dsq.isUser) placeBuiltin(model, dsq, sched);
    if (dsq.isUser) {
      dsq.replaced = findUserDsq(model, sched, event.dsq_hi, event.dsq_lo);
      addUserDsq(model, dsq);
    }
    if (event.has('dsq_addr')) model.setDsqAt(event.dsq_addr_hi, event.dsq_addr_lo, dsq);
    step.dsq = dsq;
  },

  dsq_destroy(model, event, step) {
    const sched = model.schedOf(event) ?? model.root;
    step.sched = sched;
    const dsq = findUserDsq(model, sched, event.dsq_hi, event.dsq_lo);
    step.dsq = dsq;
    if (dsq === undefined || event.step === 'kfunc') return;
    step.expectedNr = dsq.nr;
    if (dsq.nr > 0) {
      raise(model, step, 'dsq-destroy-busy', {
        sched,
        args: [formatId(dsq), dsq.nr],
        dsq: dsq.name,
        text: `DSQ ${dsq.name} is destroyed while ${dsq.nr} tasks are on it`,
      });
    } else {
      removeUserDsq(model, dsq);
    }
  },

  dsq_link(model, event, step) {
    const task = taskOf(model, event, step);
    const dsq = dsqOfEvent(model, event);
    step.dsq = dsq;
    step.sched = dsq.sched;
    task.cls = CLASS_EXT;
    learnTask(model, event, step, task);
    // The core may have refilled it on the way.
    if (event.has('slice')) task.setSlice(event.slice_hi, event.slice_lo);
    else task.sliceKnown = false;
    if (event.has('vtime')) task.setVtime(event.vtime_hi, event.vtime_lo);
    compareLength(model, event, step, dsq);
    if (event.has('dsq_seq')) compareSeq(model, event, step, dsq, task);
    noteLink(step, task);
    if (dsq.isBypass) noteBypassLink(model, event, dsq, task);
    detach(task);
    const ordered = event.has('dsq_flags')
      ? (event.dsq_flags_lo & 1) !== 0
      : dsq.isUser && (event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0;
    const modeKnown = event.has('dsq_flags') || event.has('enq_flags') || !dsq.isUser;
    // Where an event leaves out what decides the place, the order is lost until the DSQ has been empty.
    if (dsq.known > 0 && (!modeKnown || (ordered ? !task.vtimeKnown : !event.has('enq_flags')))) dsq.orderKnown = false;
    if (modeKnown) checkMode(model, event, step, dsq, task, ordered);
    if (ordered) dsq.insertOrdered(task);
    else if ((event.enq_flags_lo & model.semantics.enqFlags.head) !== 0 || (event.enq_flags_hi & ENQ_HI_PREEMPT) !== 0)
      dsq.pushHead(task);
    else dsq.pushTail(task);
    if (event.has('dsq_seq')) dsq.seq = event.dsq_seq;
    task.linkStamp = ++model.linkStamp;
    task.linkSeq = event.seq;
    task.linkTime = event.t;
    task.linkedBy = event.cpu;
    task.linkCounted = event.has('dsq_seq');
    task.holdingCpu = -1;
    step.custodySeqBefore = task.custodySeq;
    releaseCustody(task);
    if (dsq.isUser) task.flags |= TASK_IN_CUSTODY;
    else task.flags &= ~TASK_IN_CUSTODY;
    task.setInCustody(dsq.isUser ? YES : NO, event.seq);
    task.openFlags &= ~TASK_IN_CUSTODY;
    finishLink(model, event, step, dsq, task);
    if (dsq.isLocal && dsq.cpu >= 0) learnTaskCpu(model, event, step, task, dsq.cpu);
  },

  dsq_unlink(model, event, step) {
    const task = taskOf(model, event, step);
    const dsq = dsqOfEvent(model, event, task);
    step.dsq = dsq;
    step.sched = dsq.sched;
    if (event.has('task_cpu')) learnTaskCpu(model, event, step, task, event.task_cpu);
    noteLink(step, task);
    noteSilentWrite(event, step, dsq, task);
    compareLength(model, event, step, dsq);
    if (dsq.isBypass) noteBypassUnlink(model, event, dsq, task);
    const executing = model.cpu(event.cpu);
    const { consume } = executing;
    if (consume.active && consume.dsq === dsq) takeFromShared(model, event, step, dsq, task, executing);
    if (executing.dequeuing === task) executing.dequeuingDsq = undefined;
    else if (dsq.isLocal && executing.priorSeq >= 0) reportUnasked(model, event, step, dsq, task);
    if (task.dsq === dsq) dsq.remove(task);
    else {
      detach(task);
      if (dsq.unknown > 0) dsq.unknown--;
      else if (dsq.unknown === 0) {
        // A member that the model did not have there.
        step.lengthOutcome = model.followsDsqs ? MISPREDICTED : UNDECIDED;
        dsq.unknown = -1;
      }
      task.dsq = null;
    }
  },

  consume(model, event, step) {
    const rq = model.cpu(event.rq);
    step.rq = rq;
    step.sched = model.schedOf(event);
    const executing = model.cpu(event.cpu);
    checkPickRq(event, step, executing);
    if (rq.pick.active) rq.pick.sawConsume = true;
    const { consume } = executing;
    if (event.phase === 'begin') {
      const dsq = event.has('dsq') || event.has('dsq_addr') ? dsqOfEvent(model, event) : undefined;
      step.dsq = dsq;
      if (event.has('nr') && dsq !== undefined && dsq.unknown < 0) dsq.settle(event.nr);
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
    if (event.has('ret')) endConsume(model, event, step, rq, consume);
    else step.outcome = UNDECIDED;
    if (!model.followsDsqs) step.outcome = UNDECIDED;
    consume.active = false;
  },

  dispatch_dequeue(model, event, step) {
    const task = taskOf(model, event, step);
    rqOfTask(model, event, step, task);
    // A dequeue by another CPU while a consumer holds the token: the consumer has lost, and starts over.
    const onDsq = event.dsq_addr_hi !== 0 || event.dsq_addr_lo !== 0;
    for (const cpu of model.cpus) {
      if (cpu.id === event.cpu || !cpu.consume.active || cpu.consume.taken !== task) continue;
      cpu.consume.lostRace = true;
      cpu.consume.taken = undefined;
    }
    const executing = model.cpu(event.cpu);
    executing.dequeuing = onDsq ? task : undefined;
    executing.dequeuingDsq = onDsq && event.holding_cpu < 0 ? (task.dsq ?? undefined) : undefined;
    executing.dequeuingSeq = event.seq;
    if (!onDsq && event.has('dsq_addr')) detach(task);
    task.holdingCpu = -1;
    // The dequeue has won, or waited until the dispatch was done.
    if (!task.opsStateKnown) task.setOpsState(0, 0);
    task.openFlags &= ~(TASK_QUEUED | TASK_DEQD_FOR_SLEEP | TASK_RESET_RUNNABLE_AT);
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

/**
 * Who makes a DSQ. While an instance is being made, its id is not set yet: its DSQs are recorded without an owner. And
 * scx_bpf_create_dsq() initialises the DSQ before it looks for its instance: what a probe reads there may be anything.
 */
function creatorOf(model: Model, event: TraceEvent): Sched | undefined {
  const alone = model.scheds.length === 1 ? model.root : undefined;
  if (event.step !== 'init' || isBuiltin(event.dsq_hi)) return model.schedOf(event) ?? model.attaching ?? alone;
  return model.attaching ?? alone ?? model.findSched(event.sched_hi, event.sched_lo);
}

/** The call of scx_dispatch_enqueue() around the link has done its work; what it said must have come about. */
function finishLink(model: Model, event: TraceEvent, step: Step, dsq: Dsq, task: Task): void {
  const cpu = model.cpu(event.cpu);
  const { linking } = cpu;
  if (cpu.toLocal === task) cpu.toLocal = undefined;
  const announced = linking.task === task || cpu.movingLocal === task;
  cpu.movingLocal = undefined;
  if (announced) model.linksAnnounced++;
  else checkUnannounced(model, event, step, dsq, task, cpu);
  if (linking.task !== task) return;
  const flagsHi = linking.enqFlags.hi;
  const addrHi = linking.dsqAddr.hi;
  const addrLo = linking.dsqAddr.lo;
  const moved =
    (addrHi !== 0 || addrLo !== 0) &&
    event.has('dsq_addr') &&
    (addrHi !== event.dsq_addr_hi || addrLo !== event.dsq_addr_lo);
  // A local insertion may be diverted to REJECT or RESCUE, one into a destroyed DSQ goes to GLOBAL.
  if (moved && !(dsq.isRqOwned && !dsq.isLocal) && !dsq.isGlobal) {
    contradict(
      step,
      INCONSISTENT,
      'link',
      `${task.label} is linked on DSQ ${dsq.name}, it was to go to DSQ ${formatDsqId(linking.dsqId.hi, linking.dsqId.lo)}`,
      { task, dsq: dsq.name, sinceSeq: linking.seq },
    );
  }
  // A refused or rescued insertion has lost the flag on the way.
  const applied =
    (event.enq_flags_hi & ENQ_HI_APPLY_SLICE) !== 0 && linking.valuesKnown && model.semantics.verdictCarriesSlice;
  if (applied && !linking.slice.isZero && event.has('slice') && !linking.slice.equals(event.slice_hi, event.slice_lo)) {
    contradict(
      step,
      INCONSISTENT,
      'verdict-values',
      `${task.label} was inserted with slice ${formatDecimal(linking.slice.hi, linking.slice.lo)}, and has ${formatDecimal(event.slice_hi, event.slice_lo)} on the DSQ`,
      { task, dsq: dsq.name, sinceSeq: linking.seq },
    );
  }
  if (applied && task.onPriq && event.has('vtime') && !linking.vtime.equals(event.vtime_hi, event.vtime_lo)) {
    contradict(
      step,
      INCONSISTENT,
      'verdict-values',
      `${task.label} was inserted with vtime ${formatDecimal(linking.vtime.hi, linking.vtime.lo)}, and has ${formatDecimal(event.vtime_hi, event.vtime_lo)} on the DSQ`,
      { task, dsq: dsq.name, sinceSeq: linking.seq },
    );
  }
  if ((flagsHi & ENQ_HI_CLEAR_OPSS) !== 0) task.setOpsState(0, 0);
  task.takenBy = 'dispatched';
  task.takenSeq = event.seq;
  task.takenTime = event.t;
  linking.end();
}

/** A task leaves a local DSQ by dispatch_dequeue() only. */
function reportUnasked(model: Model, event: TraceEvent, step: Step, dsq: Dsq, task: Task): void {
  if (model.header.recorded?.has('dispatch_dequeue') !== true) return;
  contradict(
    step,
    INCONSISTENT,
    'unlink',
    `CPU ${event.cpu} takes ${task.label} off DSQ ${dsq.name} and had not begun to dequeue it`,
    { task, dsq: dsq.name, cpu: event.cpu },
  );
}

/** Only scx_dispatch_enqueue() and scx_move_local_task_to_local_dsq() link a task. */
function checkUnannounced(model: Model, event: TraceEvent, step: Step, dsq: Dsq, task: Task, cpu: Cpu): void {
  const { header } = model;
  if (header.recorded?.has('dispatch_enqueue') !== true || !header.recorded.has('move_local_task')) return;
  // The call may lie before the start or in a loss; and a recorder that misses some is no witness.
  if (cpu.priorSeq < 0) return;
  if (model.linksUnannounced > 0 || model.linksAnnounced < LEARNT) {
    model.linksUnannounced++;
    return;
  }
  contradict(
    step,
    INCONSISTENT,
    'link',
    `CPU ${event.cpu} links ${task.label} on DSQ ${dsq.name} and had not begun to insert or to move it`,
    { task, dsq: dsq.name, sinceSeq: cpu.priorSeq },
  );
}

/** A consumption moves the task that it has taken off the DSQ. */
function checkTaken(event: TraceEvent, step: Step, executing: Cpu, task: Task): void {
  const { consume } = executing;
  if (!consume.active || consume.taken === task || consume.lostRace) return;
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

/** Remembers in the step where the task was. */
function noteLink(step: Step, task: Task): void {
  step.dsqBefore = task.dsq;
  step.linkSeqBefore = task.linkSeq;
  step.wasOrdered = task.onPriq;
}

/**
 * A BPF scheduler may store p->scx.dsq_vtime of a queued task itself; no probe sees that, but the key is another one than
 * the task was inserted with. The task keeps its place, and later ones are placed by keys that the trace does not show.
 */
function noteSilentWrite(event: TraceEvent, step: Step, dsq: Dsq, task: Task): void {
  if (!task.onPriq || task.dsq !== dsq || !event.has('vtime')) return;
  if (task.vtime.equals(event.vtime_hi, event.vtime_lo)) return;
  step.vtimeWritten = true;
  if (dsq.sched !== undefined) dsq.sched.writesVtimeSilently = true;
  dsq.orderKnown = false;
}

/** The load balancer reads the lengths of bypass DSQs without their locks. */
function noteBypassLink(model: Model, event: TraceEvent, dsq: Dsq, task: Task): void {
  const nr = event.has('nr') ? event.nr : dsq.nr;
  noteChange(event, dsq, nr);
  for (const cpu of model.cpus) {
    if (cpu.lbPass?.active !== true) continue;
    cpu.lbPass.noteLink(cpu.id === event.cpu && (event.enq_flags_hi & ENQ_HI_NESTED) !== 0, dsq, task, nr);
  }
}

function noteBypassUnlink(model: Model, event: TraceEvent, dsq: Dsq, task: Task): void {
  const nr = event.has('nr') ? event.nr : dsq.nr;
  noteChange(event, dsq, nr);
  for (const cpu of model.cpus) {
    if (cpu.lbPass?.active !== true) continue;
    // The timer runs in an interrupt: whatever is unlinked on its CPU meanwhile, the balancer moves.
    cpu.lbPass.noteUnlink(cpu.id === event.cpu, dsq, task, nr);
  }
}

function noteChange(event: TraceEvent, dsq: Dsq, nr: number): void {
  dsq.changedBy = event.cpu;
  dsq.changedSeq = event.seq;
  dsq.nrBefore = nr;
}

/** Takes the task off the DSQ that the model has it on, if any. */
function detach(task: Task): void {
  const { dsq } = task;
  if (dsq !== undefined && dsq !== null) dsq.remove(task);
}

/** Global and bypass DSQs of an instance are initialised in node and CPU order (scx_alloc_and_add_sched). */
export function placeBuiltin(model: Model, dsq: Dsq, sched: Sched): void {
  if (isBuiltinId(dsq.idHi, dsq.idLo, DSQ_GLOBAL)) dsq.node = model.nodes[sched.globalDsqs++] ?? -1;
  else if (isBuiltinId(dsq.idHi, dsq.idLo, DSQ_BYPASS)) {
    dsq.cpu = sched.bypassDsqs.length;
    sched.bypassDsqs.push(dsq);
  }
  model.nameDsq(dsq);
}

function compareLength(model: Model, event: TraceEvent, step: Step, dsq: Dsq): void {
  step.expectedNr = dsq.nr;
  if (!event.has('nr')) return;
  step.lengthOutcome = dsq.nr < 0 || !model.followsDsqs ? UNDECIDED : dsq.nr === event.nr ? PREDICTED : MISPREDICTED;
  dsq.settle(event.nr);
}

/** dsq->seq counts the insertions of scx_dispatch_enqueue(), not those of scx_move_local_task_to_local_dsq(). */
function compareSeq(model: Model, event: TraceEvent, step: Step, dsq: Dsq, task: Task): void {
  const { linking, movingLocal } = model.cpu(event.cpu);
  if (dsq.seq === undefined) return;
  const counts = !dsq.isRqOwned || linking.task === task;
  if (!counts && movingLocal !== task) return;
  step.expectedDsqSeq = counts ? (dsq.seq + 1) >>> 0 : dsq.seq;
  if (step.expectedDsqSeq !== event.dsq_seq) step.lengthOutcome = model.followsDsqs ? MISPREDICTED : UNDECIDED;
}

/** A FIFO insertion into a DSQ with vtime-ordered tasks, and the other way round. Under the DSQ lock, so exact. */
function checkMode(model: Model, event: TraceEvent, step: Step, dsq: Dsq, task: Task, ordered: boolean): void {
  if (dsq.isRqOwned || !model.followsDsqs) return;
  const sinceSeq = model.cpu(event.cpu).linking.seq;
  // The kernel's own count confirms who is there; by the clock alone a removal on another CPU may be out of place.
  const membersCertain = event.has('nr') || model.header.clockErrorNs === 0;
  if (ordered && dsq.ordered === 0 && dsq.known > 0) {
    raise(model, step, 'dsq-vtime-into-fifo', {
      sched: dsq.sched,
      args: [formatId(dsq)],
      task,
      // A member that is not known may be ordered: then the tree is not empty, and the kernel does not complain.
      certain: membersCertain && dsq.unknown === 0,
      dsq: dsq.name,
      sinceSeq,
      text: `${task.label} is inserted by vtime into DSQ ${dsq.name}, which holds ${dsq.known} FIFO tasks`,
    });
  } else if (!ordered && dsq.ordered > 0) {
    raise(model, step, 'dsq-fifo-into-vtime', {
      sched: dsq.sched,
      args: [formatId(dsq)],
      task,
      certain: membersCertain,
      dsq: dsq.name,
      sinceSeq,
      text: `${task.label} is inserted FIFO into DSQ ${dsq.name}, which holds ${dsq.ordered} vtime-ordered tasks`,
    });
  }
}

/** The id in hexadecimal digits, for `0x%016llx`. */
function formatId(dsq: Dsq): string {
  return `${(dsq.idHi >>> 0).toString(16).padStart(8, '0')}${(dsq.idLo >>> 0).toString(16).padStart(8, '0')}`;
}

/** The walk of scx_consume_dispatch_q(): the first member in list order that this CPU may run. */
function takeFromShared(model: Model, event: TraceEvent, step: Step, dsq: Dsq, task: Task, executing: Cpu): void {
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
  if (event.ret > 0) {
    step.task = consume.taken;
    // By name alone it may not be clear that the task came from this DSQ.
    if (consume.taken === undefined) step.outcome = event.has('dsq_addr') ? MISPREDICTED : UNDECIDED;
    else if (consume.sched !== undefined && dsq?.isBypass === false && model.records('sched_exit'))
      consume.sched.mayAbort = false;
    return;
  }
  if (dsq === undefined) {
    step.outcome = UNDECIDED;
    return;
  }
  if (consume.taken !== undefined && !consume.lostRace) {
    step.task = consume.taken;
    step.outcome = MISPREDICTED;
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
