// A task of the model as plain data.
import type { ExactNumber } from '../findings/result.ts';
import { formatCaps } from '../kernel/caps.ts';
import { formatDsqId } from '../kernel/dsq-id.ts';
import { taskFlagNames } from '../kernel/flag-names.ts';
import { OPSS_DISPATCHING, OPSS_QSEQ_SHIFT, OPSS_QUEUEING, TASK_STATE_SHIFT } from '../kernel/flags.ts';
import { type BufferedVerdict, type Cpu, OP_ENQUEUE } from '../model/cpu.ts';
import type { Dsq } from '../model/dsq.ts';
import type { Model } from '../model/model.ts';
import { NO, UNKNOWN, YES } from '../model/sched.ts';
import { CLASS_EXT, CLASS_OTHER, NOT_RUNNING, type Task } from '../model/task.ts';
import { claimSucceeds } from '../model/transitions/verdict.ts';
import { exact } from '../replay/evidence.ts';
import { toBigInt, type U64 } from '../trace/u64.ts';
import type { MaskChangeView, Place, TaskFacts, TaskView, VerdictView } from './document.ts';
import { schedId, sliceOf, type ViewContext } from './view-context.ts';

/** Names of the life-cycle states (enum scx_task_state): since 7.1, and before. */
const STATES = ['none', 'init_begin', 'init', 'ready', 'enabled', 'dead'] as const;
const OLD_STATES = ['none', 'init', 'ready', 'enabled'] as const;

const OPS_STATES = ['none', 'queueing', 'queued', 'dispatching'] as const;

/** The facts about a task, without what follows from the rest of the model. */
export function taskFacts(context: ViewContext, task: Task): TaskFacts {
  const { dsq } = task;
  const linkedOn = dsq === undefined || dsq === null ? undefined : dsq;
  const settled = isSettled(context.model, task);
  const flux = inFlux(task);
  return {
    pid: task.pid,
    comm: task.comm === '' ? null : task.comm,
    alive: task.alive,
    class: task.cls === CLASS_EXT ? 'ext' : task.cls === CLASS_OTHER ? 'other' : null,
    sched: task.sched === undefined ? null : schedId(task.sched),
    state: stateName(context.model, task),
    cpus: task.maskKnown ? task.cpus.toString() : null,
    cpus_bits: task.maskKnown && task.maskBits > 0 ? task.maskBits : null,
    migration_disabled: task.migrationDisabled < 0 ? null : task.migrationDisabled,
    migration_pending: migrationPending(task),
    on_cpu: task.onCpu >= 0 ? task.onCpu : task.onCpu === NOT_RUNNING ? 'none' : null,
    task_cpu: task.taskCpu < 0 ? null : task.taskCpu,
    ran: context.moment(task.runSeq, task.runTime),
    waiting: task.waiting === UNKNOWN ? null : task.waiting === YES,
    waiting_since: task.waiting === YES ? context.moment(task.runnableAtSeq, task.runnableAt) : null,
    dsq: dsq === undefined ? null : dsq === null ? 'none' : dsq.name,
    dsq_sched: linkedOn?.sched === undefined ? null : schedId(linkedOn.sched),
    linked: linkedOn === undefined ? null : context.moment(task.linkSeq, task.linkTime),
    by_vtime: linkedOn === undefined ? null : task.onPriq,
    slice: task.sliceKnown ? sliceOf(task.slice.hi, task.slice.lo) : null,
    vtime: task.vtimeKnown ? exact(toBigInt(task.vtime.hi, task.vtime.lo)) : null,
    weight: task.weight > 0 ? task.weight : null,
    flags: task.flagsKnown ? taskFlagNames(task.flags).join(' ') : null,
    ops_state: task.opsStateKnown && !flux ? (OPS_STATES[task.opsPhase] ?? null) : null,
    qseq: task.opsStateKnown && !flux ? qseqOf(task.opsState) : null,
    custody: custodyOf(context, task, settled),
    in_custody: task.inCustody === UNKNOWN ? null : task.inCustody === YES,
    taken_by: task.takenBy === '' ? null : task.takenBy,
    taken: context.moment(task.takenSeq, task.takenTime),
    direct_dispatch: task.ddsp.active ? formatDsqId(task.ddsp.dsqId.hi, task.ddsp.dsqId.lo) : settled ? 'none' : null,
    holding_cpu: task.holdingCpu >= 0 ? task.holdingCpu : linkedOn === undefined ? null : 'none',
    reenq_cnt: task.reenqCount < 0 ? null : task.reenqCount,
    ...turnedAway(task),
  };
}

/** What a hierarchy of schedulers did to a task that its owner may not place where it wanted. */
function turnedAway({ caps }: Task): Pick<TaskFacts, 'rejected_on' | 'missing_caps' | 'parked_on'> {
  if (caps === undefined) return { rejected_on: null, missing_caps: null, parked_on: null };
  const rejected = caps.rejectedOn >= 0;
  return {
    rejected_on: rejected ? caps.rejectedOn : null,
    missing_caps: rejected && caps.missing >= 0 ? formatCaps(caps.missing) : null,
    parked_on: caps.parkedOn >= 0 ? caps.parkedOn : null,
  };
}

/** A task with its place among the others. */
export function viewTask(context: ViewContext, task: Task): TaskView {
  const { model } = context;
  const { dsq } = task;
  const linkedOn = dsq === undefined || dsq === null ? undefined : dsq;
  return {
    ...taskFacts(context, task),
    place: placeOf(model, task),
    dsq_position: linkedOn === undefined ? null : positionOn(linkedOn, task),
    dsq_nr: linkedOn === undefined || linkedOn.nr < 0 ? null : linkedOn.nr,
    waited_ns: waitedNs(model, task),
    verdicts: verdictsFor(context, task),
    mask_changes: maskChanges(context, task),
    last_insert: context.moment(task.insertSeq, task.insertTime),
  };
}

/** How long it has been waiting, ns; null when it is not waiting or the beginning is not known. */
export function waitedNs(model: Model, task: Task): number | null {
  return task.waiting === YES && task.runnableAt >= 0 ? model.now - task.runnableAt : null;
}

/** Position on a DSQ from 1; null while members that the trace has not named may be ahead. */
export function positionOn(dsq: Dsq, task: Task): number | null {
  if (!dsq.isComplete) return null;
  let position = 1;
  for (let at = dsq.head; at !== undefined; at = at.dsqNext, position++) if (at === task) return position;
  return null;
}

/** Where it is, in one word. */
export function placeOf(model: Model, task: Task): Place {
  if (!task.alive) return 'dead';
  // A task that is being put back is queued before the switch takes it off its CPU.
  if (task.custodySeq >= 0) return task.opsPhase === OPSS_DISPATCHING ? 'dispatch' : 'scheduler';
  const { dsq } = task;
  if (dsq !== undefined && dsq !== null) return 'dsq';
  if (task.onCpu >= 0) return 'running';
  if (task.holdingCpu >= 0 || model.cpus.some(({ consume }) => consume.active && consume.taken === task))
    return 'transit';
  if (model.cpus.some((cpu) => cpu.op === OP_ENQUEUE && cpu.opTask === task)) return 'enqueue';
  if (task.ddsp.active) return 'deferred';
  if (task.waiting === NO) return 'off';
  return task.waiting === YES && dsq === null && isSettled(model, task) ? 'nowhere' : null;
}

/** A verdict of a dispatch buffer. */
export function viewVerdict(context: ViewContext, cpu: Cpu, verdict: BufferedVerdict): VerdictView {
  const fresh = claimSucceeds(verdict);
  return {
    cpu: cpu.id,
    task: verdict.task === undefined ? null : context.taskRef(verdict.task),
    sched: verdict.sched === undefined ? null : schedId(verdict.sched),
    dsq: formatDsqId(verdict.dsqId.hi, verdict.dsqId.lo),
    inserted: { event: verdict.seq, ts: context.ts(verdict.time) },
    qseq: verdict.opsStateKnown ? qseqOf(verdict.opsState) : null,
    fresh: fresh === UNKNOWN ? null : fresh === YES,
  };
}

/** Round counter in an ops_state: what is left without its low two bits. */
export function qseqOf(opsState: U64): ExactNumber {
  return exact(toBigInt(opsState.hi, opsState.lo) >> BigInt(OPSS_QSEQ_SHIFT));
}

function verdictsFor(context: ViewContext, task: Task): VerdictView[] {
  return context.model.cpus.flatMap((cpu) =>
    pendingVerdicts(cpu)
      .filter((verdict) => verdict.task === task)
      .map((verdict) => viewVerdict(context, cpu, verdict)),
  );
}

/** Verdicts in the buffer of a CPU that have not been worked off yet. */
export function pendingVerdicts(cpu: Cpu): BufferedVerdict[] {
  return cpu.buffer.slice(Math.max(0, cpu.flushIndex), cpu.bufferLength);
}

function maskChanges(context: ViewContext, task: Task): MaskChangeView[] {
  return task.maskChanges.map((change) => ({
    before: change.before === undefined ? null : change.before.toString(),
    after: change.after.toString(),
    begin: { event: change.beginSeq, ts: context.ts(change.beginTime) },
    end: context.moment(change.endSeq, change.endTime),
    queued: change.queued,
  }));
}

/**
 * The trace has shown the task from its birth, or at a point where the core has nothing pending for it: what the model then does not have
 * (custody, a direct dispatch) is certainly not there.
 */
function isSettled(model: Model, task: Task): boolean {
  return (
    (task.bornSeq >= 0 && task.bornSeq >= model.knownSince) ||
    task.onCpu >= 0 ||
    task.waiting === NO ||
    (task.dsq !== undefined && task.dsq !== null) ||
    task.enqueueEndSeq >= 0 ||
    task.custodySeq >= 0
  );
}

/** The last write of an insertion clears ops_state, and no event shows that moment. */
function inFlux(task: Task): boolean {
  const phase = task.opsPhase;
  return task.dsq !== undefined && task.dsq !== null && (phase === OPSS_QUEUEING || phase === OPSS_DISPATCHING);
}

function custodyOf(context: ViewContext, task: Task, settled: boolean): TaskFacts['custody'] {
  return context.moment(task.custodySeq, task.custodyTime) ?? (settled ? 'none' : null);
}

function migrationPending(task: Task): boolean | null {
  if (task.migrationPending === YES) return true;
  return task.taskCpu >= 0 && task.allows(task.taskCpu) === 1 ? false : null;
}

function stateName(model: Model, task: Task): string | null {
  if (!task.flagsKnown) return null;
  const mask = model.semantics.taskStateMask;
  const names: readonly string[] = mask > 3 ? STATES : OLD_STATES;
  return names[(task.flags >>> TASK_STATE_SHIFT) & mask] ?? null;
}
