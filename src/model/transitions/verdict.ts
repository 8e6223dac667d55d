// Transitions of verdicts: what the scheduler asks for, the dispatch buffer, and which verdicts the core drops.
import { formatDsqId, isLocalOn } from '../../kernel/dsq-id.ts';
import { OPSS_DISPATCHING, OPSS_NONE, OPSS_QUEUED, OPSS_QUEUEING } from '../../kernel/flags.ts';
import { DSP_DFL_MAX_BATCH } from '../../kernel/limits.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { callerOf } from '../caller.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import { type BufferedVerdict, type Cpu, OP_DISPATCH, OP_ENQUEUE, OP_NONE, OP_SELECT_CPU } from '../cpu.ts';
import type { Drop, DropReason } from '../drop.ts';
import { type ErrorDetails, raise } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { Task } from '../task.ts';
import { taskOf } from './common.ts';
import { vetEnqFlags } from './kfuncs.ts';
import { checkPickRq } from './pick.ts';

const { sched: SCHED, dsq: DSQ_FIELD, slice: SLICE, vtime: VTIME, ops_state: OPS_STATE, n: N } = SLOT;

export const verdictTransitions: Transitions = {
  insert(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.phase !== 'end' && event.step !== 'commit')
      vetEnqFlags(model, event, step, task.sched ?? callerOf(model, event), task);
    // Only the acceptance of the verdict changes anything: `commit`, or an insert recorded as a whole.
    const cpu = model.cpu(event.cpu);
    if (event.step === 'kfunc' || event.phase === 'end') {
      if (event.phase === 'begin') cpu.insertCall.begin(event);
      else cpu.insertCall.end(event, step, task, model.header.recorded?.has('insert:commit') === true);
      return;
    }
    if (event.step === 'commit') cpu.insertCall.commit(event, step, task);
    const sched = model.schedOf(event) ?? task.sched ?? model.root;
    step.sched = sched;
    noteDecision(model, event, task);
    if (cpu.op === OP_SELECT_CPU && sched !== undefined) sched.insertsInSelect = true;
    if (cpu.op === OP_ENQUEUE || cpu.op === OP_SELECT_CPU) markDirectDispatch(model, event, step, cpu, task, sched);
    else if (sched === undefined || (model.caps.active && !event.hasSlot(SCHED))) {
      // Into whose buffer it goes is not known.
      bufferVerdict(model, event, step, cpu, task, undefined);
      cpu.bufferKnown = false;
    } else bufferVerdict(model, event, step, cpu, task, sched);
  },

  flush(model, event, step) {
    const cpu = model.cpu(event.cpu);
    const sched = model.schedOf(event);
    step.rq = model.cpu(event.rq);
    step.sched = sched;
    checkPickRq(event, step, cpu);
    if (event.phase !== 'end') {
      if (step.rq.pick.active) step.rq.pick.sawFlush = true;
      cpu.flushIndex = 0;
      cpu.claimed = undefined;
      cpu.toLocal = undefined;
      checkFlushCount(event, step, cpu, sched);
      if (event.phase === 'begin') return;
    }
    finishLocal(step, cpu);
    endFlush(step, cpu, sched);
  },

  dispatch_cancel(model, event, step) {
    const cpu = model.cpu(event.cpu);
    const sched = callerOf(model, event);
    step.sched = sched;
    if (cpu.bufferLength > 0) cpu.bufferLength--;
    else if (cpu.bufferKnown) {
      raise(model, step, 'dispatch-buffer-underflow', {
        sched,
        args: [],
        text: 'scx_bpf_dispatch_cancel() with nothing in the dispatch buffer',
        decision: { seq: cpu.opSeq, time: cpu.opTime, callbackSeq: cpu.opSeq, callbackTime: cpu.opTime },
      });
    }
  },
};

/** The scheduler decides about the task here, in the callback that runs on this CPU. */
export function noteDecision(model: Model, event: TraceEvent, task: Task): void {
  const cpu = model.cpu(event.cpu);
  task.insertSeq = event.seq;
  task.insertTime = event.t;
  task.insertCallbackSeq = cpu.op === OP_NONE ? -1 : cpu.opSeq;
  task.insertCallbackTime = cpu.op === OP_NONE ? -1 : cpu.opTime;
  task.insertHoldsMask = (cpu.op === OP_ENQUEUE || cpu.op === OP_SELECT_CPU) && cpu.opTask === task;
}

/** What errors about an insert inside a callback have in common. */
function insertDetails(
  event: TraceEvent,
  cpu: Cpu,
  task: Task,
  sched: Sched | undefined,
): Pick<ErrorDetails, 'sched' | 'task' | 'dsq' | 'decision'> {
  const { opSeq, opTime } = cpu;
  const decision = { seq: opSeq, time: opTime, callbackSeq: opSeq, callbackTime: opTime };
  return { sched, task, dsq: formatDsqId(event.dsq_hi, event.dsq_lo), decision };
}

/** scx_dsq_insert_commit() inside ops.select_cpu() or ops.enqueue(): mark_direct_dispatch(). */
function markDirectDispatch(
  model: Model,
  event: TraceEvent,
  step: Step,
  cpu: Cpu,
  task: Task,
  sched: Sched | undefined,
): void {
  const spoiled = cpu.opInserts > 0;
  cpu.opInserts++;
  const expected = cpu.opTask;
  const where = cpu.op === OP_ENQUEUE ? 'ops.enqueue()' : 'ops.select_cpu()';
  if (spoiled) {
    raise(model, step, 'direct-dispatch-twice', {
      ...insertDetails(event, cpu, task, sched),
      args: [task.comm, task.pid],
      text: `second insert within one ${where}, now for ${task.label}`,
    });
  } else if (expected !== undefined && task !== expected) {
    raise(model, step, 'direct-dispatch-wrong-task', {
      ...insertDetails(event, cpu, task, sched),
      args: [expected.comm, expected.pid, task.comm, task.pid],
      text: `${where} of ${expected.label} inserts ${task.label}`,
    });
  } else {
    const { ddsp } = task;
    ddsp.active = true;
    ddsp.known = true;
    ddsp.deferred = false;
    ddsp.seq = event.seq;
    ddsp.time = event.t;
    ddsp.dsqId.set(event.dsq_hi, event.dsq_lo);
    ddsp.dsqKnown = event.hasSlot(DSQ_FIELD);
    ddsp.enqFlags.set(event.enq_flags_hi, event.enq_flags_lo);
    ddsp.valuesKnown = event.hasSlot(SLICE);
    ddsp.vtimeKnown = event.hasSlot(VTIME);
    ddsp.slice.set(event.slice_hi, event.slice_lo);
    ddsp.vtime.set(event.vtime_hi, event.vtime_lo);
  }
}

/** scx_dsq_insert_commit() inside ops.dispatch(): the verdict goes into the dispatch buffer of the CPU. */
function bufferVerdict(
  model: Model,
  event: TraceEvent,
  step: Step,
  cpu: Cpu,
  task: Task,
  sched: Sched | undefined,
): void {
  const limit = sched === undefined || sched.maxBatch === 0 ? DSP_DFL_MAX_BATCH : sched.maxBatch;
  const limitKnown = sched !== undefined && sched.maxBatch > 0;
  const used = buffered(cpu, sched);
  if (used >= limit) {
    // Outside a dispatch that was seen to begin, inserts may belong to a callback whose beginning was not.
    if (cpu.op !== OP_DISPATCH) return;
    raise(model, step, 'dispatch-buffer-overflow', {
      sched,
      args: [],
      task,
      certain: limitKnown && cpu.bufferKnown,
      dsq: formatDsqId(event.dsq_hi, event.dsq_lo),
      text: `insert of ${task.label} into a dispatch buffer that already holds ${used} of ${limit} verdicts`,
      decision: { seq: cpu.opSeq, time: cpu.opTime, callbackSeq: cpu.opSeq, callbackTime: cpu.opTime },
    });
    return;
  }
  const verdict = cpu.nextVerdict();
  verdict.task = task;
  verdict.sched = sched;
  verdict.dsqId.set(event.dsq_hi, event.dsq_lo);
  verdict.dsqKnown = event.hasSlot(DSQ_FIELD);
  verdict.enqFlags.set(event.enq_flags_hi, event.enq_flags_lo);
  verdict.valuesKnown = event.hasSlot(SLICE);
  verdict.vtimeKnown = event.hasSlot(VTIME);
  verdict.slice.set(event.slice_hi, event.slice_lo);
  verdict.vtime.set(event.vtime_hi, event.vtime_lo);
  verdict.opsStateKnown = event.hasSlot(OPS_STATE) || task.opsStateKnown;
  if (event.hasSlot(OPS_STATE)) verdict.opsState.set(event.ops_state_hi, event.ops_state_lo);
  else verdict.opsState.copy(task.opsState);
  const phase = verdict.opsState.lo & 3;
  verdict.given = !verdict.opsStateKnown ? UNKNOWN : phase === OPSS_QUEUED || phase === OPSS_QUEUEING ? YES : NO;
  verdict.seq = event.seq;
  verdict.time = event.t;
  verdict.callbackSeq = cpu.opSeq;
  verdict.callbackTime = cpu.opTime;
}

/** Number of verdicts of a scheduler in the buffer: each instance has one of its own per CPU. */
function buffered(cpu: Cpu, sched: Sched | undefined): number {
  let used = 0;
  for (let i = 0; i < cpu.bufferLength; i++) if (cpu.buffer[i]?.sched === sched) used++;
  return used;
}

function checkFlushCount(event: TraceEvent, step: Step, cpu: Cpu, sched: Sched | undefined): void {
  if (!event.hasSlot(N) || !cpu.bufferKnown || sched === undefined) return;
  const used = buffered(cpu, sched);
  // Beyond the length of the buffer, which may not be known, inserts fail.
  if (used === event.n || (sched.maxBatch === 0 && used > event.n)) return;
  contradict(
    step,
    INCONSISTENT,
    'flush-count',
    `CPU ${event.cpu} works off ${event.n} verdicts, ${used} were inserted since the last time`,
    { cpu: event.cpu },
  );
}

/** The flush is over: entries of the scheduler that were not finished were dropped by finish_dispatch(). */
function endFlush(step: Step, cpu: Cpu, sched: Sched | undefined): void {
  let kept = 0;
  for (let i = 0; i < cpu.bufferLength; i++) {
    const verdict = cpu.buffer[i];
    if (verdict === undefined) continue;
    if (verdict.sched !== sched && sched !== undefined && verdict.sched !== undefined) {
      // Another instance's: its own flush comes later.
      cpu.buffer[i] = cpu.buffer[kept] ?? verdict;
      cpu.buffer[kept++] = verdict;
    } else if (cpu.flushIndex >= 0 && i >= cpu.flushIndex) noteDrop(step, verdict);
  }
  cpu.flushIndex = -1;
  cpu.claimed = undefined;
  cpu.toLocal = undefined;
  cpu.bufferLength = kept;
  cpu.bufferKnown = true;
}

/**
 * The next entry of the flush whose claim (QUEUED to DISPATCHING) succeeds, seen by its destination being looked up.
 * Entries passed over were dropped by finish_dispatch(). Undefined when no entry fits.
 */
export function claimNext(
  event: TraceEvent,
  step: Step,
  cpu: Cpu,
  sched: Sched | undefined,
): BufferedVerdict | undefined {
  for (let i = cpu.flushIndex; i < cpu.bufferLength; i++) {
    const verdict = cpu.buffer[i];
    if (verdict === undefined || !fits(event, verdict, sched)) continue;
    const succeeds = claimSucceeds(verdict);
    if (succeeds === NO) continue;
    for (let j = cpu.flushIndex; j < i; j++) {
      const passed = cpu.buffer[j];
      if (passed !== undefined && passed.sched === sched) noteDrop(step, passed);
    }
    cpu.flushIndex = i + 1;
    cpu.claimed = verdict;
    verdict.task?.setOpsState(0, OPSS_DISPATCHING);
    // It may just as well have been dropped, and a later one be meant.
    if (succeeds !== YES && verdict.task !== undefined && otherFits(event, cpu, sched, i + 1))
      verdict.task.opsStateKnown = false;
    return verdict;
  }
  // Each scheduler has a buffer of its own: an event that names none may be about another's.
  if (cpu.bufferKnown && (sched !== undefined || !cpu.buffer.some((verdict) => verdict.sched?.isRoot === false))) {
    contradict(
      step,
      INCONSISTENT,
      'verdict',
      `CPU ${event.cpu} finishes a verdict for DSQ ${formatDsqId(event.dsq_hi, event.dsq_lo)} that nobody inserted, or that had to be dropped`,
      { cpu: event.cpu },
    );
  }
  return undefined;
}

/** Is there an entry from `from` on that the look-up may be about? */
function otherFits(event: TraceEvent, cpu: Cpu, sched: Sched | undefined, from: number): boolean {
  for (let i = from; i < cpu.bufferLength; i++) {
    const verdict = cpu.buffer[i];
    if (verdict !== undefined && fits(event, verdict, sched) && claimSucceeds(verdict) !== NO) return true;
  }
  return false;
}

function fits(event: TraceEvent, verdict: BufferedVerdict, sched: Sched | undefined): boolean {
  if (verdict.sched !== sched && verdict.sched !== undefined && sched !== undefined) return false;
  if (verdict.dsqKnown && event.hasSlot(DSQ_FIELD) && !verdict.dsqId.equals(event.dsq_hi, event.dsq_lo)) return false;
  const taskCpu = verdict.task?.taskCpu ?? -1;
  return event.task_cpu < 0 || taskCpu < 0 || taskCpu === event.task_cpu;
}

/** Takes the buffered verdict of a task out of order, for traces that record finish_dispatch() itself. */
export function takeVerdict(step: Step, cpu: Cpu, task: Task, dropped: boolean): BufferedVerdict | undefined {
  for (let i = Math.max(0, cpu.flushIndex); i < cpu.bufferLength; i++) {
    const verdict = cpu.buffer[i];
    if (verdict?.task !== task) continue;
    if (dropped) noteDrop(step, verdict);
    if (cpu.flushIndex >= 0) cpu.flushIndex = i + 1;
    cpu.claimed = verdict;
    return verdict;
  }
  return undefined;
}

/** finish_dispatch(): the claim succeeds when the task is still in the same QUEUED round as at the insert. */
export function claimSucceeds(verdict: BufferedVerdict): Tri {
  const { task } = verdict;
  if (task === undefined || !task.opsStateKnown || !verdict.opsStateKnown) return UNKNOWN;
  const phase = task.opsState.lo & 3;
  if (phase !== OPSS_QUEUED) return phase === OPSS_QUEUEING ? UNKNOWN : NO;
  const recorded = verdict.opsState.lo & 3;
  if (recorded !== OPSS_QUEUED && recorded !== OPSS_QUEUEING) return NO;
  const sameRound = task.opsState.hi === verdict.opsState.hi && task.opsState.lo >>> 2 === verdict.opsState.lo >>> 2;
  return sameRound ? YES : NO;
}

/** A dispatch to a local DSQ whose link did not come before the next step: the token was lost. */
export function finishLocal(step: Step, cpu: Cpu): void {
  const { toLocal, claimed } = cpu;
  cpu.toLocal = undefined;
  if (toLocal === undefined || claimed?.task !== toLocal) return;
  step.noteDrop(dropOf(claimed, toLocal, 'token-lost'));
}

/** The verdict of a deferred direct dispatch is gone with the dequeue of its task. */
export function dropDeferred(step: Step, task: Task): void {
  const { ddsp } = task;
  if (!ddsp.active || !ddsp.deferred) return;
  step.noteDrop({
    reason: 'deferred-cancelled',
    task,
    sched: task.sched,
    dsq: formatDsqId(ddsp.dsqId.hi, ddsp.dsqId.lo),
    target: isLocalOn(ddsp.dsqId.hi) ? ddsp.dsqId.lo : -1,
    seq: ddsp.seq,
    time: ddsp.time,
    cause: '',
    causeSeq: -1,
    causeTime: -1,
  });
}

function noteDrop(step: Step, verdict: BufferedVerdict): void {
  const { task } = verdict;
  if (task === undefined) return;
  step.noteDrop(dropOf(verdict, task, reasonOf(verdict, task)));
}

function reasonOf(verdict: BufferedVerdict, task: Task): DropReason {
  if (verdict.given === NO) return 'never-given';
  if (!task.opsStateKnown || verdict.given === UNKNOWN) return 'unknown';
  const phase = task.opsState.lo & 3;
  if (phase === OPSS_NONE || phase === OPSS_DISPATCHING) return 'taken-back';
  return 'given-again';
}

function dropOf(verdict: BufferedVerdict, task: Task, reason: DropReason): Drop {
  const known = task.takenSeq > verdict.seq;
  return {
    reason,
    task,
    sched: verdict.sched,
    dsq: formatDsqId(verdict.dsqId.hi, verdict.dsqId.lo),
    target: isLocalOn(verdict.dsqId.hi) ? verdict.dsqId.lo : -1,
    seq: verdict.seq,
    time: verdict.time,
    cause: known ? task.takenBy : '',
    causeSeq: known ? task.takenSeq : -1,
    causeTime: known ? task.takenTime : -1,
  };
}
