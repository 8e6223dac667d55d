// The capability check of insertions on local DSQs (scx_resolve_local_dsq): admitted, forced in, turned away, or parked.
import { CAP_ENQ, CAP_ENQ_IMMED, CAP_PREEMPT, enqNeed, formatCaps } from '../../kernel/caps.ts';
import {
  BUILTIN_HI,
  DSQ_BYPASS,
  DSQ_LOCAL,
  DSQ_REJECT,
  DSQ_RESCUE,
  formatDsqId,
  isBuiltinId,
  isLocalOn,
} from '../../kernel/dsq-id.ts';
import { ENQ_HI_IGNORE_CAPS, ENQ_HI_IMMED, ENQ_HI_PREEMPT, ENQ_HI_RESCUE, TASK_IMMED } from '../../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { lastInsert, raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { CLASS_EXT, CLASS_UNKNOWN, type Task } from '../task.ts';
import { hasAll, withBits, withoutBits } from './cell.ts';
import type { InsertRequest } from './cpu-caps.ts';
import { isMigrating } from './reenq.ts';
import { linkedLocal } from './rescue.ts';
import { observeEcaps } from './sync.ts';
import {
  ADMIT_CAPS,
  ADMIT_FORCED,
  ADMIT_HOSTED,
  ADMIT_IGNORED,
  ADMIT_RESCUE,
  ADMIT_UNKNOWN,
  SOME_CPU,
  type TaskCaps,
} from './task-caps.ts';
import { isIn } from './tree.ts';

const {
  dsq_addr: DSQ_ADDR,
  enq_flags: ENQ_FLAGS,
  migration_disabled: MIGRATION_DISABLED,
  scx_flags: SCX_FLAGS,
  ecaps: ECAPS,
  found: FOUND,
  sched: SCHED,
  missing_caps: MISSING_CAPS,
} = SLOT;

/** scx_dispatch_enqueue() is asked to insert; on a local DSQ the check comes next. */
export function dispatchEnqueue(model: Model, event: TraceEvent, step: Step): void {
  const cpu = model.caps.cpu(event.cpu);
  const { insert } = cpu;
  insert.active = false;
  if (!isBuiltinId(event.dsq_hi, event.dsq_lo, DSQ_LOCAL) || step.task === undefined) return;
  const named = event.hasSlot(DSQ_ADDR) ? (step.dsq?.cpu ?? -1) : event.dsq_cpu;
  const rq = event.rq >= 0 ? event.rq : named;
  request(insert, event, step.task, model.schedOf(event), rq);
  insert.placer = cpu.moveTask === step.task ? cpu.movePlacer : insert.sched;
}

/** A task goes from a shared DSQ to the local DSQ of the CPU that it is assigned to. */
export function moveLocal(model: Model, event: TraceEvent, step: Step): void {
  if (step.task === undefined) return;
  const { insert } = model.caps.cpu(event.cpu);
  request(insert, event, step.task, model.schedOf(event), event.rq);
}

/** A task goes to the local DSQ of another CPU: its arrival there is checked against who sends it. */
export function moveRemote(model: Model, event: TraceEvent, step: Step): void {
  const cpu = model.caps.cpu(event.cpu);
  cpu.moveTask = step.task;
  cpu.movePlacer = model.schedOf(event);
}

function request(insert: InsertRequest, event: TraceEvent, task: Task, sched: Sched | undefined, rq: number): void {
  insert.active = true;
  insert.task = task;
  insert.sched = sched;
  insert.placer = sched;
  insert.rq = rq;
  insert.flags.set(event.enq_flags_hi, event.enq_flags_lo);
  insert.flagsKnown = event.hasSlot(ENQ_FLAGS);
  insert.resolved = false;
  insert.seq = event.seq;
  insert.forcedSeen = false;
  insert.rescueSeen = false;
}

/** The check itself, where it is recorded: `begin` with the request and the placer's effective set, `end` with the verdict. */
export function resolve(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const task = event.pid > 0 ? model.task(event.pid) : undefined;
  step.task = task;
  if (task === undefined) return;
  const cpu = caps.cpu(event.cpu);
  const { insert } = cpu;
  if (event.phase !== 'end') {
    request(insert, event, task, model.schedOf(event), event.rq);
    const carried = model.findSched(event.remote_activate_sched_hi, event.remote_activate_sched_lo);
    insert.placer = carried ?? (cpu.moveTask === task ? cpu.movePlacer : insert.sched);
    if (event.hasSlot(MIGRATION_DISABLED)) task.migrationDisabled = event.migration_disabled;
    if (event.hasSlot(SCX_FLAGS)) task.setFlags(event.scx_flags_lo);
    if (event.hasSlot(ECAPS) && insert.placer !== undefined)
      observeEcaps(model, event, step, insert.placer, event.rq, event.ecaps_lo, false);
    if (event.phase === 'begin') return;
  }
  if (!event.hasSlot(FOUND) || !insert.active || insert.task !== task) return;
  if (event.hasSlot(SCX_FLAGS)) task.setFlags(event.scx_flags_lo);
  step.sched = insert.placer;
  const verdict = event.found_lo;
  judge(model, event, step, insert, verdict);
  insert.resolved = true;
  if (event.phase !== 'end' || verdict === DSQ_LOCAL) return;
  checkStripped(model, event, step, task);
}

/** The task is linked: on the local DSQ, or where the check has diverted it to. */
export function linked(model: Model, event: TraceEvent, step: Step): void {
  const { dsq, task } = step;
  if (dsq === undefined || task === undefined || !dsq.isRqOwned) return;
  const { caps } = model;
  const cpu = caps.cpu(event.cpu);
  const { insert } = cpu;
  const known = dsq.cpu >= 0 ? dsq.cpu : event.task_cpu;
  const rq = known < 0 && insert.active && insert.task === task ? insert.rq : known;
  if (dsq.cpu < 0 && rq >= 0) dsq.cpu = rq;
  if (!insert.active || insert.task !== task) {
    request(insert, event, task, model.schedOf(event) ?? task.sched, rq);
    // The request was not recorded: a host may have placed it.
    if (!event.hasSlot(SCHED) && task.sched?.isBypassing(rq) !== NO) insert.placer = undefined;
  }
  if (insert.rq < 0) insert.rq = rq;
  if (!insert.resolved) judge(model, event, step, insert, dsq.idLo);
  if (!dsq.isLocal && !insert.resolved) checkStripped(model, event, step, task);
  if (dsq.isLocal && insert.forcedSeen && (event.enq_flags_hi & ENQ_HI_PREEMPT) !== 0)
    step.checks.fail(
      'forced-admit-justified',
      `${task.label} was forced in on CPU ${rq}, and preempts all the same`,
      insert.placer,
      rq,
    ).task = task;
  noteDiverted(event, caps.task(task), dsq.idLo, rq);
  if (dsq.idLo === DSQ_REJECT && rq >= 0) caps.cpu(rq).reject = dsq;
  else if (dsq.idLo === DSQ_RESCUE && rq >= 0) caps.cpu(rq).rescue = dsq;
  if (dsq.isLocal && rq >= 0) linkedLocal(model, event, step, rq, insert.flags.hi);
  insert.active = false;
  insert.resolved = false;
  if (cpu.moveTask === task) {
    cpu.moveTask = undefined;
    cpu.movePlacer = undefined;
  }
}

function noteDiverted(event: TraceEvent, own: TaskCaps, where: number, rq: number): void {
  if (where === DSQ_REJECT) {
    own.rejectedOn = rq < 0 ? SOME_CPU : rq;
    own.rejectSeq = event.seq;
  } else if (where === DSQ_RESCUE) {
    own.parkedOn = rq < 0 ? SOME_CPU : rq;
    own.parkedTime = event.t;
    own.parkedSeq = event.seq;
  }
}

/** What the check decides, as far as it is known: capabilities missing for certain, and possibly. */
interface Decision {
  readonly need: number;
  lacking: number;
  mayLack: number;
}

function decide(model: Model, placer: Sched, rq: number, flagsHi: number): Decision {
  const { caps } = model;
  let need = enqNeed(flagsHi);
  const preempt: Tri =
    (flagsHi & ENQ_HI_PREEMPT) !== 0 && (flagsHi & ENQ_HI_IGNORE_CAPS) === 0 ? preemptNeed(model, placer, rq) : NO;
  const lacking = caps.lacks(placer, rq, preempt === YES ? need | CAP_PREEMPT : need);
  if (preempt !== NO) need |= CAP_PREEMPT;
  return { need, lacking, mayLack: caps.mayLack(placer, rq, need) };
}

/** Does preempting the current task of the CPU need the capability: is it an ext task of somebody else's? */
export function preemptNeed(model: Model, sched: Sched, rq: number): Tri {
  const { curr, currPid } = model.cpu(rq);
  if (currPid === 0) return NO;
  if (curr === undefined) return UNKNOWN;
  if (curr.cls !== CLASS_EXT) return curr.cls === CLASS_UNKNOWN ? UNKNOWN : NO;
  if (curr.sched === undefined) return UNKNOWN;
  return isIn(curr.sched, sched) ? NO : YES;
}

/** Is the task let in whatever its scheduler holds? */
function isForced(model: Model, task: Task, rq: number): Tri {
  const online = model.cpu(rq).isRqOnline;
  if (online === NO || task.migrationDisabled > 0) return YES;
  // What the model sees of a pending migration is that the CPU is no longer allowed.
  if (online === UNKNOWN || task.migrationDisabled < 0 || isMigrating(task)) return UNKNOWN;
  return NO;
}

/** Compares the verdict with what follows from the effective set. */
function judge(model: Model, event: TraceEvent, step: Step, insert: InsertRequest, verdict: number): void {
  const { caps } = model;
  const { task, placer, rq } = insert;
  if (task === undefined) return;
  const own = caps.task(task);
  own.admitSeq = event.seq;
  own.admitted = ADMIT_UNKNOWN;
  if (placer === undefined || rq < 0 || !insert.flagsKnown) {
    const what = placer === undefined ? 'who places the task' : rq < 0 ? 'where the task goes' : 'with which flags';
    step.checks.open('insert-needs-cap', `${what} is not known`, placer, rq);
    if (verdict === DSQ_REJECT) own.missing = -1;
    return;
  }
  const flagsHi = insert.flags.hi;
  const decision = decide(model, placer, rq, flagsHi);
  const forced = decision.mayLack === 0 ? NO : isForced(model, task, rq);
  if (verdict === DSQ_LOCAL) judgeAdmitted(model, step, insert, own, decision, forced, placer);
  else if (verdict === DSQ_REJECT) judgeRejected(model, event, step, insert, own, decision, forced, placer);
  else if (verdict === DSQ_RESCUE) judgeParked(model, step, insert, decision, forced, placer);
}

function label(insert: InsertRequest, placer: Sched): string {
  return `insert of ${insert.task?.label ?? 'a task'} by ${placer.label} on CPU ${insert.rq}`;
}

function judgeAdmitted(
  model: Model,
  step: Step,
  insert: InsertRequest,
  own: TaskCaps,
  { need, lacking, mayLack }: Decision,
  forced: Tri,
  placer: Sched,
): void {
  const { checks } = step;
  const { task, rq } = insert;
  const flagsHi = insert.flags.hi;
  if (insert.forcedSeen) {
    own.admitted = ADMIT_FORCED;
    checks.deed('forced', placer, task, rq, lacking === mayLack ? lacking : -1);
    if (mayLack === 0 || (lacking !== 0 && forced === NO))
      checks.fail(
        'forced-admit-justified',
        `${label(insert, placer)} was forced in${mayLack === 0 ? ' although nothing was missing' : ', and nothing stood against refusing it'}`,
        placer,
        rq,
      ).task = task;
    else if (lacking !== 0 || forced === YES) checks.pass('forced-admit-justified', placer, rq);
    else checks.open('forced-admit-justified', 'the effective set is not known', placer, rq);
    return;
  }
  own.admitted =
    (flagsHi & ENQ_HI_IGNORE_CAPS) !== 0 ? ADMIT_IGNORED : placer !== task?.sched ? ADMIT_HOSTED : ADMIT_CAPS;
  if (placer.isRoot) {
    checks.pass('root-never-rejected', placer, rq);
    return;
  }
  if (mayLack === 0) {
    checks.pass('insert-needs-cap', placer, rq);
    if (isKernelInsert(model, step, insert)) checks.pass('need-of-kernel-insert', placer, rq);
    if ((flagsHi & ENQ_HI_PREEMPT) !== 0) checks.pass('preempt-needs-cap', placer, rq);
    return;
  }
  // Admitted at once as a rescue.
  const rescued = (flagsHi & ENQ_HI_RESCUE) !== 0 && model.caps.rescueEnabled !== NO;
  if (lacking === 0) {
    own.admitted = rescued ? ADMIT_UNKNOWN : own.admitted;
    checks.open('insert-needs-cap', 'the effective set is not known', placer, rq);
    if (!rescued && forced === NO) {
      const on = model.caps.of(placer).cpu(rq);
      on.effective = withBits(on.effective, need & (CAP_ENQ | CAP_ENQ_IMMED));
    }
    return;
  }
  if (rescued) {
    own.admitted = ADMIT_RESCUE;
    checks.deed('rescued', placer, task, rq, lacking);
    checks.pass('insert-needs-cap', placer, rq);
    return;
  }
  if (forced !== NO) {
    own.admitted = ADMIT_FORCED;
    checks.deed('forced', placer, task, rq, lacking);
    if (forced === YES) checks.pass('insert-needs-cap', placer, rq);
    else checks.open('insert-needs-cap', 'it is not known whether the task had to be let in', placer, rq);
    return;
  }
  const text = `${label(insert, placer)} was accepted without ${formatCaps(lacking)}`;
  const check = checks.fail('insert-needs-cap', text, placer, rq);
  check.task = task;
  check.began = insert.seq;
  check.caps = lacking;
  if (lacking !== CAP_PREEMPT) return;
  checks.fail('preempt-needs-cap', text, placer, rq).task = task;
  checks.fail('preempt-degrade', text, placer, rq).task = task;
}

function judgeRejected(
  model: Model,
  event: TraceEvent,
  step: Step,
  insert: InsertRequest,
  own: TaskCaps,
  { lacking, mayLack }: Decision,
  forced: Tri,
  placer: Sched,
): void {
  const { caps } = model;
  const { checks } = step;
  const { task, rq } = insert;
  const fail = (aspect: string, why: string): void => {
    const check = checks.fail(aspect, `${label(insert, placer)} was rejected${why}`, placer, rq);
    check.task = task;
    check.began = insert.seq;
  };
  own.missing = lacking === mayLack ? lacking : -1;
  if (event.hasSlot(MISSING_CAPS)) own.missing = event.missing_caps_lo;
  own.placer = placer;
  checks.deed('rejected', placer, task, rq, own.missing);
  if (placer.isRoot) {
    fail('root-never-rejected', ', and the root scheduler holds everything');
    return;
  }
  checks.pass('root-never-rejected', placer, rq);
  const rescuing = (insert.flags.hi & ENQ_HI_RESCUE) !== 0;
  if (mayLack === 0) fail('reject-justified', ' although nothing was missing');
  else if (forced === YES) fail('reject-justified', ' although the task had to be let in');
  else if (rescuing && caps.rescueEnabled === YES) fail('reject-justified', ' although it asked to be rescued');
  else if (event.hasSlot(MISSING_CAPS) && !admitsMissing(event.missing_caps_lo, lacking, mayLack))
    fail('reject-justified', ` for lack of ${formatCaps(event.missing_caps_lo)}, missing was ${formatCaps(lacking)}`);
  else if (event.missing_cid >= 0 && caps.cidOf(rq) >= 0 && event.missing_cid !== caps.cidOf(rq))
    fail('reject-justified', ` for cid ${event.missing_cid}, the CPU is cid ${caps.cidOf(rq)}`);
  else if (lacking !== 0) {
    const check = checks.pass('reject-justified', placer, rq);
    check.task = task;
    check.caps = lacking;
  } else {
    checks.open('reject-justified', 'the effective set is not known', placer, rq);
    // Something was missing; where only one thing can be, it is known now.
    if ((mayLack & (mayLack - 1)) === 0) {
      const on = caps.of(placer).cpu(rq);
      on.effective = withoutBits(on.effective, mayLack);
    }
  }
  if (rescuing && caps.rescueEnabled === UNKNOWN) caps.rescueEnabled = NO;
  noteKernelInsert(model, step, insert, placer);
}

/** Is the set between what certainly and what possibly was missing? */
function admitsMissing(caps: number, lacking: number, mayLack: number): boolean {
  return (caps & ~mayLack) === 0 && (lacking & ~caps) === 0 && caps !== 0;
}

/** The core itself moves the task here from a global or bypass DSQ, without IMMED. */
function isKernelInsert(model: Model, step: Step, insert: InsertRequest): boolean {
  if ((insert.flags.hi & ENQ_HI_IMMED) !== 0 || insert.task === undefined) return false;
  const { takenFrom } = model.caps.task(insert.task);
  const source = step.dsqBefore;
  return takenFrom === 'global' || takenFrom === 'bypass' || source?.isGlobal === true || source?.isBypass === true;
}

/** A holder of ENQ_IMMED alone cannot use the inserts that the core makes for it: they do not carry IMMED. */
function noteKernelInsert(model: Model, step: Step, insert: InsertRequest, placer: Sched): void {
  const cell = model.caps.of(placer).ecaps(insert.rq);
  if (!isKernelInsert(model, step, insert) || hasAll(cell, CAP_ENQ_IMMED) !== YES || hasAll(cell, CAP_ENQ) !== NO)
    return;
  const from = insert.task === undefined ? undefined : model.caps.task(insert.task).takenFrom;
  step.checks.note(
    'need-of-kernel-insert',
    `${label(insert, placer)} comes from the ${from ?? 'shared'} DSQ without SCX_ENQ_IMMED: a scheduler that holds enq_immed alone never gets such a task`,
    placer,
    insert.rq,
  ).task = insert.task;
}

function judgeParked(
  model: Model,
  step: Step,
  insert: InsertRequest,
  { lacking, mayLack }: Decision,
  forced: Tri,
  placer: Sched,
): void {
  const { checks } = step;
  const { task, rq } = insert;
  checks.deed('parked', placer, task, rq, lacking === mayLack ? lacking : -1);
  if (placer.isRoot) {
    checks.fail(
      'root-never-rejected',
      `${label(insert, placer)} was parked for rescue, and the root scheduler holds everything`,
      placer,
      rq,
    ).task = task;
    return;
  }
  model.caps.rescueEnabled = YES;
  const why =
    (insert.flags.hi & ENQ_HI_RESCUE) === 0
      ? ' and had not asked for it'
      : mayLack === 0
        ? ' although nothing was missing'
        : forced === YES
          ? ' although the task had to be let in'
          : '';
  if (why !== '')
    checks.fail('reject-justified', `${label(insert, placer)} was parked for rescue${why}`, placer, rq).task = task;
  else if (lacking !== 0) checks.pass('reject-justified', placer, rq);
  else checks.open('reject-justified', 'the effective set is not known', placer, rq);
}

/** A diverted insertion has lost the flags that only make sense on the local DSQ. */
function checkStripped(model: Model, event: TraceEvent, step: Step, task: Task): void {
  const hi = event.enq_flags_hi & (ENQ_HI_IMMED | ENQ_HI_PREEMPT);
  const head = event.enq_flags_lo & model.semantics.enqFlags.head;
  const immed = event.hasSlot(SCX_FLAGS) && (event.scx_flags_lo & TASK_IMMED) !== 0;
  if (event.hasSlot(ENQ_FLAGS) && (hi !== 0 || head !== 0))
    step.checks.fail(
      'divert-strips',
      `${task.label} was diverted with flags that only make sense on a local DSQ`,
      task.sched,
    ).task = task;
  else if (immed)
    step.checks.fail('divert-strips', `${task.label} was diverted and is still IMMED`, task.sched).task = task;
  else step.checks.pass('divert-strips', task.sched);
}

/** A verdict names a DSQ that only the core may use: it must not be resolved to it. In cid-form, LOCAL_ON names a cid. */
export function destination(model: Model, event: TraceEvent, step: Step): void {
  const { sched } = step;
  if (event.dsq_hi === BUILTIN_HI && event.dsq_lo >= DSQ_BYPASS && event.dsq_lo <= DSQ_RESCUE) {
    if (!event.hasSlot(FOUND)) return;
    if (event.found_hi === event.dsq_hi && event.found_lo === event.dsq_lo)
      step.checks.fail(
        'reject-no-bpf-target',
        `a verdict of ${sched?.label ?? 'a scheduler'} names DSQ ${formatDsqId(event.dsq_hi, event.dsq_lo)} and is resolved to it`,
        sched,
      );
    else step.checks.pass('reject-no-bpf-target', sched);
    return;
  }
  const { nrCids } = model.caps;
  if (event.phase === 'end' || !isLocalOn(event.dsq_hi) || sched?.cidForm !== true || nrCids < 0) return;
  const cid = event.dsq_lo | 0;
  if (cid >= 0 && cid < nrCids) return;
  raise(model, step, 'cid-invalid', {
    sched,
    args: [cid],
    task: step.task,
    dsq: formatDsqId(event.dsq_hi, event.dsq_lo),
    text: `${step.task?.label ?? 'a task'} is dispatched to cid ${cid}, there are ${nrCids}`,
    decision: lastInsert(step.task),
  });
}
