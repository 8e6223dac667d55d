// Transitions of links: a task comes on a DSQ or leaves it, at the points where the DSQ lock is held.
import { formatDsqId } from '../../kernel/dsq-id.ts';
import {
  ENQ_HI_APPLY_SLICE,
  ENQ_HI_CLEAR_OPSS,
  ENQ_HI_DSQ_PRIQ,
  ENQ_HI_NESTED,
  ENQ_HI_PREEMPT,
  TASK_IN_CUSTODY,
} from '../../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { formatDecimal } from '../../trace/u64.ts';
import { contradict, contradiction, INCONSISTENT } from '../contradiction.ts';
import type { Cpu } from '../cpu.ts';
import type { Dsq } from '../dsq.ts';
import { dsqOfEvent } from '../dsq-lookup.ts';
import { raise } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, YES } from '../sched.ts';
import { MISPREDICTED, PREDICTED, type Step, UNDECIDED } from '../step.ts';
import { CLASS_EXT, type Task } from '../task.ts';
import { learnTask, learnTaskCpu, taskOf } from './common.ts';
import { takeFromShared } from './consume.ts';
import { releaseCustody } from './enqueue.ts';
import { detach, formatId } from './members.ts';

const {
  slice: SLICE,
  vtime: VTIME,
  dsq_seq: DSQ_SEQ,
  dsq_flags: DSQ_FLAGS,
  enq_flags: ENQ_FLAGS,
  task_cpu: TASK_CPU,
  dsq_addr: DSQ_ADDR,
  nr: NR,
} = SLOT;

/** How many links must have been announced before one that is not counts as missing its call. */
const LEARNT = 8;
/** So many must have been before one that was not, for that to count later. */
const ATTACHED = 2;

export const linkTransitions: Transitions = {
  dsq_link(model, event, step) {
    const task = taskOf(model, event, step);
    const dsq = dsqOfEvent(model, event);
    step.dsq = dsq;
    step.sched = dsq.sched;
    task.cls = CLASS_EXT;
    learnTask(model, event, step, task);
    // The core may have refilled it on the way.
    if (event.hasSlot(SLICE)) task.setSlice(event.slice_hi, event.slice_lo);
    else task.sliceKnown = false;
    if (event.hasSlot(VTIME)) task.setVtime(event.vtime_hi, event.vtime_lo);
    compareLength(model, event, step, dsq);
    if (event.hasSlot(DSQ_SEQ)) compareSeq(model, event, step, dsq, task);
    noteLink(step, task);
    if (dsq.isBypass) noteBypassLink(model, event, dsq, task);
    detach(task);
    const ordered = event.hasSlot(DSQ_FLAGS)
      ? (event.dsq_flags_lo & 1) !== 0
      : dsq.isUser && (event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0;
    const modeKnown = event.hasSlot(DSQ_FLAGS) || event.hasSlot(ENQ_FLAGS) || !dsq.isUser;
    // Where an event leaves out what decides the place, the order is lost until the DSQ has been empty.
    if (dsq.known > 0 && (!modeKnown || (ordered ? !task.vtimeKnown : !event.hasSlot(ENQ_FLAGS))))
      dsq.orderKnown = false;
    if (modeKnown) checkMode(model, event, step, dsq, task, ordered);
    if (ordered) dsq.insertOrdered(task);
    else if ((event.enq_flags_lo & model.semantics.enqFlags.head) !== 0 || (event.enq_flags_hi & ENQ_HI_PREEMPT) !== 0)
      dsq.pushHead(task);
    else dsq.pushTail(task);
    if (event.hasSlot(DSQ_SEQ)) dsq.seq = event.dsq_seq;
    task.linkStamp = ++model.linkStamp;
    task.linkSeq = event.seq;
    task.linkTime = event.t;
    task.linkedBy = event.cpu;
    task.linkCounted = event.hasSlot(DSQ_SEQ);
    task.holdingCpu = -1;
    step.custodySeqBefore = task.custodySeq;
    releaseCustody(task);
    // A dequeue that waits for the dispatcher ends the custody right after this.
    const staysInCustody = dsq.isUser && !task.beingDequeued;
    if (staysInCustody) task.flags |= TASK_IN_CUSTODY;
    else task.flags &= ~TASK_IN_CUSTODY;
    task.setInCustody(staysInCustody ? YES : NO, event.seq);
    if (!task.beingDequeued) task.openFlags &= ~TASK_IN_CUSTODY;
    finishLink(model, event, step, dsq, task);
    if (dsq.isLocal && dsq.cpu >= 0) learnTaskCpu(model, event, step, task, dsq.cpu);
  },

  dsq_unlink(model, event, step) {
    const task = taskOf(model, event, step);
    const dsq = dsqOfEvent(model, event, task);
    step.dsq = dsq;
    step.sched = dsq.sched;
    if (event.hasSlot(TASK_CPU)) learnTaskCpu(model, event, step, task, event.task_cpu);
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
};

/** The call of scx_dispatch_enqueue() around the link has done its work; what it said must have come about. */
function finishLink(model: Model, event: TraceEvent, step: Step, dsq: Dsq, task: Task): void {
  const cpu = model.cpu(event.cpu);
  const { linking } = cpu;
  if (cpu.toLocal === task) cpu.toLocal = undefined;
  const announced = linking.task === task || cpu.movingLocal === task;
  cpu.movingLocal = undefined;
  if (!announced) checkUnannounced(model, event, step, dsq, task, cpu);
  else if (++model.linksAnnounced === LEARNT && model.linksUnannounced === 1 && model.heldLink !== undefined)
    step.noteContradiction(model.heldLink);
  if (linking.task !== task) return;
  const flagsHi = linking.enqFlags.hi;
  const addrHi = linking.dsqAddr.hi;
  const addrLo = linking.dsqAddr.lo;
  const moved =
    (addrHi !== 0 || addrLo !== 0) &&
    event.hasSlot(DSQ_ADDR) &&
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
  if (
    applied &&
    !linking.slice.isZero &&
    event.hasSlot(SLICE) &&
    !linking.slice.equals(event.slice_hi, event.slice_lo)
  ) {
    contradict(
      step,
      INCONSISTENT,
      'verdict-values',
      `${task.label} was inserted with slice ${formatDecimal(linking.slice.hi, linking.slice.lo)}, and has ${formatDecimal(event.slice_hi, event.slice_lo)} on the DSQ`,
      { task, dsq: dsq.name, sinceSeq: linking.seq },
    );
  }
  if (
    applied &&
    task.onPriq &&
    linking.vtimeKnown &&
    event.hasSlot(VTIME) &&
    !linking.vtime.equals(event.vtime_hi, event.vtime_lo)
  ) {
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
  if (model.linksUnannounced > 0) {
    model.linksUnannounced++;
    return;
  }
  const found = contradiction(
    step,
    INCONSISTENT,
    'link',
    `CPU ${event.cpu} links ${task.label} on DSQ ${dsq.name} and had not begun to insert or to move it`,
    { task, dsq: dsq.name, sinceSeq: cpu.priorSeq, at: { seq: event.seq, t: event.t } },
  );
  if (model.linksAnnounced >= LEARNT) {
    step.noteContradiction(found);
    return;
  }
  model.linksUnannounced++;
  // The probes were at work already: a single one counts once enough of the others were announced.
  if (model.linksAnnounced >= ATTACHED) model.heldLink = found;
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
  if (!task.onPriq || task.dsq !== dsq) return;
  if (!event.hasSlot(VTIME)) {
    // Nobody would see it.
    if (dsq.sched !== undefined) dsq.sched.writesVtimeSilently = true;
    dsq.orderKnown = false;
    return;
  }
  if (task.vtime.equals(event.vtime_hi, event.vtime_lo)) return;
  step.vtimeWritten = true;
  if (dsq.sched !== undefined) dsq.sched.writesVtimeSilently = true;
  dsq.orderKnown = false;
}

/** The load balancer reads the lengths of bypass DSQs without their locks. */
function noteBypassLink(model: Model, event: TraceEvent, dsq: Dsq, task: Task): void {
  const nr = event.hasSlot(NR) ? event.nr : dsq.nr;
  noteChange(event, dsq, nr);
  for (const cpu of model.cpus) {
    if (cpu.lbPass?.active !== true) continue;
    cpu.lbPass.noteLink(cpu.id === event.cpu && (event.enq_flags_hi & ENQ_HI_NESTED) !== 0, dsq, task, nr);
  }
}

function noteBypassUnlink(model: Model, event: TraceEvent, dsq: Dsq, task: Task): void {
  const nr = event.hasSlot(NR) ? event.nr : dsq.nr;
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

function compareLength(model: Model, event: TraceEvent, step: Step, dsq: Dsq): void {
  step.expectedNr = dsq.nr;
  if (!event.hasSlot(NR)) return;
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
  const membersCertain = event.hasSlot(NR) || model.header.clockErrorNs === 0;
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
