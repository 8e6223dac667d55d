// Tasks that are taken back for lack of capabilities: the drain of the REJECT DSQ, the scan after a loss, the reason given.
import { CAP_BASE, CAP_ENQ, CAP_ENQ_IMMED, formatCaps, REENQ_CAP_REVOKE, REENQ_REASON } from '../../kernel/caps.ts';
import { DSQ_LOCAL, DSQ_REJECT, isBuiltinId } from '../../kernel/dsq-id.ts';
import { ENQ_HI_REENQ, TASK_REENQ_REASON_SHIFT } from '../../kernel/flags.ts';
import { REENQ_MAX_REPEAT } from '../../kernel/limits.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { CLASS_EXT, type Task } from '../task.ts';
import { hasAll } from './cell.ts';
import type { CpuCaps } from './cpu-caps.ts';
import { completeFold } from './sync.ts';
import { ADMIT_RESCUE, NO_CPU, type TaskCaps } from './task-caps.ts';
import { isIn, isPlaced } from './tree.ts';

const {
  missing_caps: MISSING_CAPS,
  scx_flags: SCX_FLAGS,
  enq_flags: ENQ_FLAGS,
  reenq_cnt: REENQ_CNT,
  sticky_cpu: STICKY_CPU,
} = SLOT;

const REASON_MASK = 0x7;
/** What a rejection or a scan can find missing. */
const MISSING_SETS: ReadonlySet<number> = new Set([1, 2, 4, 5, 6]);

/** What a task needs to stay on a local DSQ or on the CPU. */
export function taskNeed(task: Task): number {
  return task.isImmed ? CAP_ENQ_IMMED : CAP_ENQ;
}

/** Is the task out of reach of scans and evictions? */
export function isExempt(model: Model, task: Task, rq: number): Tri {
  if (task.migrationDisabled > 0 || model.caps.cpu(rq).rescuee === task) return YES;
  if (task.migrationDisabled < 0 || model.caps.cpu(rq).rescuee === undefined || isMigrating(task)) return UNKNOWN;
  return task.caps?.admitted === ADMIT_RESCUE ? UNKNOWN : NO;
}

/** p->migration_pending may be set: the CPU is not allowed any more, or it was not until a move that may not be settled. */
export function isMigrating(task: Task): boolean {
  return task.migrationPending === YES || task.maskChanging || task.caps?.pendingMove === true;
}

/** The task is assigned to another CPU, before the core takes it: a pending migration outlives the move. */
export function beforeMigrate(model: Model, event: TraceEvent): void {
  const task = model.task(event.pid);
  if (isMigrating(task)) model.caps.task(task).pendingMove = true;
}

/** Capabilities that the task's owner certainly lacks for it on the CPU. */
export function lackedBy(model: Model, task: Task, rq: number): number {
  return task.sched === undefined ? 0 : model.caps.lacks(task.sched, rq, taskNeed(task));
}

/** scx_reenq_reject() drains the REJECT DSQ of a run queue. */
export function drain(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const cpu = caps.cpu(event.rq);
  step.rq = model.cpu(event.rq);
  for (let task = cpu.reject?.head; task !== undefined; task = task.dsqNext) {
    const own = caps.task(task);
    if (own.rejectSeq < 0 || own.rejectSeq >= cpu.drainSeq || isMigrating(task)) continue;
    failReject(step, task, own, event.rq, 'is still rejected after a drain that began later');
  }
  cpu.drainSeq = event.seq;
}

function failReject(step: Step, task: Task, own: TaskCaps, rq: number, what: string): void {
  const check = step.checks.fail(
    'reject-leads-to-reenq',
    `${task.label} was turned away on CPU ${rq} and ${what}`,
    task.sched,
    rq,
  );
  check.task = task;
  check.began = own.rejectSeq >= 0 ? own.rejectSeq : own.capReenqSeq;
  clearDebt(own);
}

function clearDebt(own: TaskCaps): void {
  own.rejectedOn = NO_CPU;
  own.rejectSeq = -1;
  own.capReenqOn = NO_CPU;
  own.capReenqSeq = -1;
}

/** A task leaves a DSQ: taken off REJECT by a drain it must come back to its owner; taken by a dequeue it need not. */
export function unlinked(model: Model, event: TraceEvent, step: Step): void {
  const { dsq, task } = step;
  if (dsq === undefined || task === undefined) return;
  if (!dsq.isRqOwned) {
    if (task.caps !== undefined || dsq.isGlobal || dsq.isBypass)
      model.caps.task(task).takenFrom = dsq.isGlobal ? 'global' : dsq.isBypass ? 'bypass' : 'user';
    return;
  }
  if (dsq.isLocal) {
    unlinkedInScan(model, event, step, task);
    return;
  }
  const own = model.caps.task(task);
  if (!isBuiltinId(dsq.idHi, dsq.idLo, DSQ_REJECT)) return;
  // A dequeue has settled it before; otherwise this is the drain.
  const rq = own.rejectedOn;
  const { rejectSeq } = own;
  clearDebt(own);
  own.capReenqOn = rq;
  if (rq < 0) return;
  own.capReenqCaps = own.missing;
  own.capReenqSeq = rejectSeq < 0 ? event.seq : rejectSeq;
  own.capReenqSched = task.sched;
}

/** reenq_local(): on behalf of the core after a loss (CAP_REVOKE), or of a scheduler that asked. */
export function localScan(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  caps.scansShown = true;
  const cpu = caps.cpu(event.rq);
  step.rq = model.cpu(event.rq);
  const executing = caps.cpu(event.cpu);
  if (event.phase === 'end') {
    const frame = executing.pop('scan');
    if (frame !== undefined && cpu.scanSeq >= 0) endScan(model, event, step, cpu);
    cpu.scanSeq = -1;
    return;
  }
  step.sched = model.schedOf(event);
  const frame = executing.push('scan', undefined, event.seq);
  frame.caller = step.sched;
  frame.target = undefined;
  const revoked = (event.reenq_flags_lo & REENQ_CAP_REVOKE) !== 0;
  if (revoked) {
    cpu.scanSeq = event.seq;
    if (cpu.scanOwedSeq >= 0) step.checks.pass('revoke-scan-runs', undefined, event.rq);
    cpu.scanOwedSeq = -1;
  } else checkReenqRequest(model, step, step.sched, event.rq);
  if (event.phase === '') {
    executing.pop('scan');
    if (revoked) endScan(model, event, step, cpu);
    cpu.scanSeq = -1;
  }
}

/** A local re-enqueue that a sub-scheduler asked for: it held the base capability when it did. */
function checkReenqRequest(model: Model, step: Step, sched: Sched | undefined, rq: number): void {
  if (sched === undefined || sched.level === 0) return;
  const own = model.caps.of(sched);
  const asked = own.reenqAsked.get(rq);
  const held = asked ?? hasAll(own.ecaps(rq), CAP_BASE);
  own.reenqAsked.delete(rq);
  if (held === NO)
    step.checks.fail(
      'reenq-needs-base',
      `a re-enqueue of CPU ${rq} runs for ${sched.label}, which has no base capability there`,
      sched,
      rq,
    );
  else if (held === YES) step.checks.pass('reenq-needs-base', sched, rq);
  else step.checks.open('reenq-needs-base', 'the effective set is not known', sched, rq);
}

/** A re-enqueue is asked for. */
export function reenqRequested(model: Model, event: TraceEvent, step: Step): void {
  const sched = model.schedOf(event);
  if (isBuiltinId(event.dsq_hi, event.dsq_lo, DSQ_LOCAL) && (event.reenq_flags_lo & REENQ_CAP_REVOKE) !== 0) {
    // The request that ends a fold.
    const cpu = model.caps.cpu(event.cpu);
    if (cpu.folding) completeFold(model, step, cpu);
  }
  if (sched === undefined || sched.level === 0) return;
  step.sched = sched;
  const rq = event.dsq_cpu >= 0 ? event.dsq_cpu : event.rq;
  if (rq < 0 || !isBuiltinId(event.dsq_hi, event.dsq_lo, DSQ_LOCAL)) return;
  const own = model.caps.of(sched);
  const held = hasAll(own.ecaps(rq), CAP_BASE);
  const before = own.reenqAsked.get(rq);
  if (before === undefined || before === NO || held === YES) own.reenqAsked.set(rq, held);
}

/** scx_task_reenq_on_cap_revoke() returned: must the task go, and for lack of what? */
export function revokeVerdict(model: Model, event: TraceEvent, step: Step): void {
  const { task } = step;
  if (task === undefined) return;
  const rq = event.rq;
  const lacking = lackedBy(model, task, rq);
  const mayLack = task.sched === undefined ? -1 : model.caps.mayLack(task.sched, rq, taskNeed(task));
  const exempt = isExempt(model, task, rq);
  const { checks } = step;
  const own = model.caps.task(task);
  // The scan ends with the current task, which is not queued: it loses its slice.
  const running = model.cpu(rq).curr === task;
  if (event.ret > 0) {
    if (!running && task.dsq?.isLocal === true) {
      own.capReenqOn = rq;
      own.capReenqCaps = event.hasSlot(MISSING_CAPS) ? event.missing_caps_lo : lacking;
      own.capReenqSeq = event.seq;
      own.capReenqSched = task.sched;
      checks.deed('purged', task.sched, task, rq, own.capReenqCaps);
    }
    if (mayLack === 0 || exempt === YES)
      checks.fail(
        'revoke-queue-purged',
        `${task.label} is taken off CPU ${rq} although nothing is missing`,
        task.sched,
        rq,
      ).task = task;
    else if (lacking === 0) checks.open('revoke-queue-purged', 'the effective set is not known', task.sched, rq);
    else if (event.hasSlot(MISSING_CAPS) && event.missing_caps_lo !== lacking)
      checks.fail(
        'revoke-queue-purged',
        `${task.label} is taken off CPU ${rq} for lack of ${formatCaps(event.missing_caps_lo)}, missing is ${formatCaps(lacking)}`,
        task.sched,
        rq,
      ).task = task;
    else checks.pass('revoke-queue-purged', task.sched, rq);
  } else if (lacking !== 0 && exempt === NO)
    checks.fail(
      'revoke-queue-purged',
      `${task.label} stays on CPU ${rq} without ${formatCaps(lacking)}`,
      task.sched,
      rq,
    ).task = task;
  else if (mayLack === 0) checks.pass('revoke-queue-purged', task.sched, rq);
  else checks.open('revoke-queue-purged', 'it is not known what the task lacks', task.sched, rq);
}

/** A task is taken off the local DSQ by a scan. */
function unlinkedInScan(model: Model, event: TraceEvent, step: Step, task: Task): void {
  const executing = model.caps.cpu(event.cpu);
  const frame = executing.innermost('scan');
  const rq = step.dsq?.cpu ?? -1;
  if (frame === undefined || rq < 0 || (task.caps?.dequeueSeq ?? -1) > frame.seq) return;
  const { caller } = frame;
  const cpu = model.caps.cpu(rq);
  if (cpu.scanSeq < 0) {
    if (caller === undefined || caller.level === 0 || task.sched === undefined || !isPlaced(task.sched)) return;
    if (isIn(task.sched, caller)) step.checks.pass('reenq-needs-base', caller, rq);
    else
      step.checks.fail(
        'reenq-needs-base',
        `a re-enqueue for ${caller.label} takes ${task.label}, which belongs to ${task.sched.label}`,
        caller,
        rq,
      ).task = task;
    return;
  }
  const own = model.caps.task(task);
  if (own.capReenqOn >= 0) return;
  const lacking = lackedBy(model, task, rq);
  // IMMED tasks that cannot run at once are taken for that reason.
  if (lacking === 0 || task.isImmed) return;
  own.capReenqOn = rq;
  own.capReenqCaps = lacking;
  own.capReenqSeq = event.seq;
  own.capReenqSched = task.sched;
  step.checks.deed('purged', task.sched, task, rq, lacking);
}

/** The scan is over: nobody without the capability is left on the local DSQ, and the current task has to go. */
function endScan(model: Model, event: TraceEvent, step: Step, cpu: CpuCaps): void {
  const rq = event.rq;
  const { checks } = step;
  let clean = true;
  for (let task = model.localDsq(model.cpu(rq)).head; task !== undefined; task = task.dsqNext) {
    if (task.linkSeq > cpu.scanSeq) continue;
    const lacking = lackedBy(model, task, rq);
    if (lacking === 0 || isExempt(model, task, rq) !== NO) continue;
    clean = false;
    const check = checks.fail(
      'revoke-queue-purged',
      `${task.label} is still on the local DSQ of CPU ${rq} after the scan, without ${formatCaps(lacking)}`,
      task.sched,
      rq,
    );
    check.task = task;
    check.began = cpu.scanSeq;
  }
  if (clean) checks.pass('revoke-queue-purged', undefined, rq);
  const { curr } = model.cpu(rq);
  cpu.evicted = undefined;
  if (curr === undefined || curr.cls !== CLASS_EXT || lackedBy(model, curr, rq) === 0) return;
  if (isExempt(model, curr, rq) !== NO) return;
  cpu.evicted = curr;
  checks.deed('evicted', curr.sched, curr, rq, lackedBy(model, curr, rq));
  cpu.evictedSeq = event.seq;
  cpu.evictedPass = cpu.pass;
}

/** Evidence of the slice of the current task: an evicted one has none left. */
export function checkEvicted(model: Model, event: TraceEvent, step: Step, task: Task, hi: number, lo: number): void {
  const cpu = model.caps.cpu(event.rq);
  if (cpu.evicted !== task) return;
  cpu.evicted = undefined;
  if (lackedBy(model, task, event.rq) === 0) return;
  if (hi === 0 && lo === 0) {
    step.checks.pass('revoke-evict-curr', task.sched, event.rq);
    return;
  }
  const base = task.sched === undefined ? UNKNOWN : hasAll(model.caps.of(task.sched).ecaps(event.rq), CAP_BASE);
  if (base !== NO) {
    step.checks.open('revoke-evict-curr', 'its scheduler may have given it a new slice', task.sched, event.rq);
    return;
  }
  const check = step.checks.fail(
    'revoke-evict-curr',
    `${task.label} keeps a slice on CPU ${event.rq} after a scan found it without ${formatCaps(lackedBy(model, task, event.rq))}`,
    task.sched,
    event.rq,
  );
  check.task = task;
  check.began = cpu.evictedSeq;
}

/** The task comes back to its owner (or is enqueued for another reason). */
export function reenqueued(model: Model, event: TraceEvent, step: Step): void {
  const { task } = step;
  if (task === undefined || event.phase === 'end') return;
  // The arrival of a remote move: the flags of the request are carried along, no callback is called.
  if (event.sticky_cpu >= 0) return;
  const reenq = (event.enq_flags_hi & ENQ_HI_REENQ) !== 0;
  const own = task.caps;
  if (!reenq && own === undefined) return;
  checkReason(model, event, step, task, reenq);
  if (reenq) checkCount(model, event, step, task);
}

function checkReason(model: Model, event: TraceEvent, step: Step, task: Task, reenq: boolean): void {
  const { checks } = step;
  const own = model.caps.task(task);
  const shown = event.hasSlot(SCX_FLAGS);
  const reason = shown ? (event.scx_flags_lo >> TASK_REENQ_REASON_SHIFT) & REASON_MASK : -1;
  const due = own.capReenqOn;
  const fail = (aspect: string, text: string): void => {
    const check = checks.fail(aspect, `${task.label} ${text}`, task.sched, event.rq);
    check.task = task;
    check.began = own.capReenqSeq >= 0 ? own.capReenqSeq : own.rejectSeq;
  };
  if (shown && event.hasSlot(ENQ_FLAGS) && reenq !== (reason !== REENQ_REASON.NONE)) {
    if (reenq && !event.hasSlot(STICKY_CPU) && model.header.recorded !== undefined)
      checks.open('reenq-reason-exclusive', 'whether it arrives from a move is not recorded', task.sched, event.rq);
    else
      fail(
        'reenq-reason-exclusive',
        reenq ? 'is re-enqueued without a reason' : `is enqueued afresh with the reason ${reason}`,
      );
    return;
  }
  if (reason === REENQ_REASON.CAP) checkCapReason(model, event, step, task, own, fail);
  else if (due >= 0) {
    if (shown || !reenq)
      fail(
        'reject-leads-to-reenq',
        `was turned away on CPU ${due} and comes back ${reenq ? 'for another reason' : 'as if it were new'}`,
      );
  } else if (own.rejectedOn >= 0 && reenq) {
    fail('reject-leads-to-reenq', 'is re-enqueued while it is on the REJECT DSQ');
  } else if (reenq && shown) checks.pass('reenq-reason-exclusive', task.sched, event.rq);
  clearDebt(own);
}

function checkCapReason(
  model: Model,
  event: TraceEvent,
  step: Step,
  task: Task,
  own: TaskCaps,
  fail: (aspect: string, text: string) => void,
): void {
  const { checks } = step;
  const { caps } = model;
  const due = own.capReenqOn;
  const sched = model.schedOf(event) ?? task.sched;
  const cid = caps.cidOf(event.rq);
  checks.deed(
    'returned',
    sched,
    task,
    event.rq,
    event.hasSlot(MISSING_CAPS) ? event.missing_caps_lo : own.capReenqCaps,
  );
  if (event.hasSlot(MISSING_CAPS) && !MISSING_SETS.has(event.missing_caps_lo))
    fail(
      'reenq-reason-exclusive',
      `comes back for lack of ${formatCaps(event.missing_caps_lo)}, which no check can find missing`,
    );
  else if (event.missing_cid >= 0 && cid >= 0 && event.missing_cid !== cid)
    fail('reenq-reason-exclusive', `comes back for cid ${event.missing_cid} on CPU ${event.rq}, which is cid ${cid}`);
  else if (due < 0) {
    if (due === NO_CPU && (task.bornSeq > caps.knownSince || own.admitSeq >= 0))
      fail('reenq-reason-exclusive', 'comes back for lack of capabilities and was not turned away');
    else checks.open('reenq-reason-exclusive', 'what happened to the task before is not known', sched, event.rq);
    return;
  } else if (event.hasSlot(MISSING_CAPS) && own.capReenqCaps > 0 && event.missing_caps_lo !== own.capReenqCaps)
    fail(
      'reenq-reason-exclusive',
      `comes back for lack of ${formatCaps(event.missing_caps_lo)}; ${formatCaps(own.capReenqCaps)} was missing`,
    );
  else checks.pass('reenq-reason-exclusive', sched, event.rq);
  if (due < 0) return;
  if (due !== event.rq)
    fail('reject-leads-to-reenq', `was turned away on CPU ${due} and comes back on CPU ${event.rq}`);
  else if (own.capReenqSched !== undefined && sched !== undefined && sched !== own.capReenqSched)
    fail('reject-leads-to-reenq', `belongs to ${own.capReenqSched.label} and comes back to ${sched.label}`);
  else checks.pass('reject-leads-to-reenq', sched, event.rq).caps = own.capReenqCaps;
}

/** More re-enqueues without running than the core allows. */
function checkCount(model: Model, event: TraceEvent, step: Step, task: Task): void {
  const own = model.caps.task(task);
  const before = event.hasSlot(REENQ_CNT) ? event.reenq_cnt : own.reenqCount;
  own.reenqCount = before + 1;
  if (model.semantics.reenqLimit !== 'per-task') return;
  // The pass beyond the limit ends the scheduler; there is no further one.
  if (before > REENQ_MAX_REPEAT && task.sched?.exit === undefined)
    step.checks.fail(
      'reenq-count',
      `${task.label} is re-enqueued for the ${before + 1}th time without having run, and its scheduler goes on`,
      task.sched,
      event.rq,
    ).task = task;
  else step.checks.pass('reenq-count', task.sched, event.rq);
}

/** A dequeue takes the task out of every obligation. */
export function dequeued(event: TraceEvent, step: Step): void {
  const own = step.task?.caps;
  if (own === undefined) return;
  clearDebt(own);
  own.parkedOn = NO_CPU;
  own.dequeueSeq = event.seq;
}

/** The task runs, or is put elsewhere, before it came back to its owner. */
export function ranInstead(event: TraceEvent, step: Step, task: Task, what: string): void {
  const own = task.caps;
  if (own === undefined) return;
  own.reenqCount = 0;
  own.pendingMove = false;
  if (own.capReenqOn < 0 && own.rejectedOn < 0) return;
  const rq = Math.max(own.capReenqOn, own.rejectedOn);
  failReject(step, task, own, rq, `${what} on CPU ${event.cpu} before it came back to its scheduler`);
}
