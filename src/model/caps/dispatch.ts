// Whose program runs on a CPU: picks and the dispatches nested in them, scx_bpf_sub_dispatch(), CPU selection, enqueues.
import { CAP_BASE } from '../../kernel/caps.ts';
import { errorSite } from '../../kernel/error-sites.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { formatDecimal } from '../../trace/u64.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { hasAll, withBits } from './cell.ts';
import type { CpuCaps, Frame } from './cpu-caps.ts';
import { advanceFold, completeFold, observeEcaps, settleReport } from './sync.ts';
import { linkedAt } from './tree.ts';

const { prev_ecaps: PREV_ECAPS, ecaps: ECAPS } = SLOT;

/** The ext pick of a CPU begins: a new pass. */
export function beginPick(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const executing = caps.cpu(event.cpu);
  executing.clearFrames();
  for (let i = caps.calls.length - 1; i >= 0; i--) if (caps.calls[i]?.cpu === event.cpu) caps.calls.splice(i, 1);
  executing.push('pick', model.root, event.seq);
  const cpu = event.rq === event.cpu ? executing : caps.cpu(event.rq);
  // A pick that starts over belongs to the same pass.
  if (!cpu.retried) beginPass(model, event, step, cpu);
  cpu.retried = false;
  cpu.pickSeq = event.seq;
  cpu.pickDispatched = false;
  cpu.pickFolded = false;
}

/** A scan that was asked for in the pass before has run by now. */
function beginPass(model: Model, event: TraceEvent, step: Step, cpu: CpuCaps): void {
  cpu.pass++;
  if (cpu.scanOwedSeq < 0) return;
  if (model.header.recorded?.has('reenqueue') ?? model.caps.scansShown) {
    const check = step.checks.fail(
      'revoke-scan-runs',
      `CPU ${event.rq} lost capabilities that inserts need, and its local DSQ was not scanned`,
      undefined,
      event.rq,
    );
    check.began = cpu.scanOwedSeq;
  }
  cpu.scanOwedSeq = -1;
}

export function endPick(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  caps.cpu(event.cpu).pop('pick');
  const cpu = caps.cpu(event.rq);
  completeFold(model, step, cpu);
  cpu.retried = event.verdict === 'retry';
  showPrev(model, event, step);
  if (!cpu.pickDispatched || event.cpu !== event.rq) return;
  if (cpu.pickFolded) {
    step.checks.pass('ecaps-pending', undefined, event.rq);
    step.checks.pass('fold-latency', undefined, event.rq);
    return;
  }
  checkLateFold(model, event, step, cpu);
}

/** The pick shows the effective set of the previous task's scheduler; the fields are junk where that task has none. */
function showPrev(model: Model, event: TraceEvent, step: Step): void {
  const sched = step.prev?.sched;
  if (sched === undefined || sched.isRoot || !event.hasSlot(PREV_ECAPS) || event.cpu !== event.rq) return;
  if (!sched.id.equals(event.prev_sched_hi, event.prev_sched_lo)) return;
  observeEcaps(model, event, step, sched, event.rq, event.prev_ecaps_lo, false);
}

/** A pass that dispatches folds first, if anything was queued when it began. */
function checkLateFold(model: Model, event: TraceEvent, step: Step, cpu: CpuCaps): void {
  if (model.cpu(event.rq).active !== YES) return;
  if (!(model.header.recorded?.has('cap_sync') ?? model.caps.foldsShown)) return;
  const waiting = cpu.pending.findLast((entry) => entry.seq < cpu.pickSeq);
  if (waiting === undefined) {
    if (cpu.pendingKnown) step.checks.pass('ecaps-pending', undefined, event.rq);
    return;
  }
  cpu.lateFolds++;
  const text = `CPU ${event.rq} dispatched without folding a change of ${waiting.sched.label}`;
  step.checks.fail('ecaps-pending', text, waiting.sched, event.rq).began = waiting.seq;
  if (cpu.lateFolds >= 2)
    step.checks.fail('fold-latency', `${text}, for the ${cpu.lateFolds}th time`, waiting.sched, event.rq).began =
      waiting.seq;
}

/** A consumption shows who dispatches: the root only after the fold, a sub-scheduler only inside sub_dispatch(). */
export function consume(model: Model, event: TraceEvent, step: Step): void {
  if (event.phase === 'end') return;
  const sched = model.schedOf(event);
  const cpu = model.caps.cpu(event.rq);
  cpu.pickDispatched = true;
  if (sched === undefined || sched === model.root) {
    if (cpu.folding) completeFold(model, step, cpu);
    // Whoever was asked may be the one.
    const asked = sched === undefined ? model.caps.cpu(event.cpu).innermost('sub_dispatch') : undefined;
    if (asked !== undefined) asked.ran = true;
    return;
  }
  const frame = model.caps.cpu(event.cpu).innermost('sub_dispatch');
  if (frame?.target === sched) noteRun(model, event, step, frame);
}

/** The dispatch buffer of a callback is worked off: it names the scheduler, and shows its effective set. */
export function flush(model: Model, event: TraceEvent, step: Step): void {
  if (event.phase === 'end') return;
  const { sched } = step;
  const rq = event.rq >= 0 ? event.rq : event.cpu;
  const cpu = model.caps.cpu(rq);
  cpu.pickDispatched = true;
  if (sched === undefined) {
    // Whoever was asked may be the one.
    const asked = model.caps.cpu(event.cpu).innermost('sub_dispatch');
    if (asked !== undefined) asked.ran = true;
    return;
  }
  if (sched.isRoot) {
    if (cpu.folding) completeFold(model, step, cpu);
    return;
  }
  const executing = model.caps.cpu(event.cpu);
  const reporting = cpu.folding && (cpu.reportDue === sched || cpu.awaits(sched) === YES);
  if (reporting) {
    if (cpu.reportDue !== sched) advanceFold(model, step, cpu, sched);
    settleReport(model, step, cpu, sched);
  } else {
    const frame = executing.innermost('sub_dispatch');
    if (frame?.target === sched) noteRun(model, event, step, frame);
    else if (frame?.unnamed !== true && executing.innermost('notify')?.sched !== sched)
      unnested(model, event, step, sched, executing);
  }
  if (event.hasSlot(ECAPS) && event.cpu === rq) observeEcaps(model, event, step, sched, rq, event.ecaps_lo, false);
}

/** A sub-scheduler dispatches outside any sub_dispatch() call of its parent. */
function unnested(model: Model, event: TraceEvent, step: Step, sched: Sched, executing: CpuCaps): void {
  if (sched.level === 0) return;
  if (!(model.header.recorded?.has('sub_dispatch') ?? model.caps.subDispatchShown)) return;
  // A fold that is not recorded calls back into the scheduler, too.
  if (model.caps.blind || executing.innermost('pick') === undefined) return;
  const cpu = model.caps.cpu(event.rq >= 0 ? event.rq : event.cpu);
  if (cpu.folding && !cpu.batchKnown) return;
  step.checks.fail(
    'sub-dispatch-direct',
    `${sched.label} dispatches on CPU ${event.cpu} although its parent has not asked it to`,
    sched,
    event.cpu,
  );
}

/** ops.dispatch() of a scheduler begins: of the root from the pick, of others inside sub_dispatch(). */
export function dispatchCalled(model: Model, event: TraceEvent, step: Step, sched: Sched, rq: number): void {
  if (rq >= 0) {
    const cpu = model.caps.cpu(rq);
    cpu.pickDispatched = true;
    if (cpu.folding && sched.isRoot) completeFold(model, step, cpu);
  }
  if (sched.isRoot) return;
  const executing = model.caps.cpu(event.cpu);
  const frame = executing.innermost('sub_dispatch');
  if (frame?.target === sched) noteRun(model, event, step, frame);
  else if (frame?.unnamed !== true) unnested(model, event, step, sched, executing);
}

/** The child runs inside the call. */
function noteRun(model: Model, event: TraceEvent, step: Step, frame: Frame): void {
  if (frame.ran || frame.target === undefined) return;
  frame.ran = true;
  const sched = frame.target;
  const { checks } = step;
  const caller = frame.caller;
  if (caller !== undefined && sched.parent !== undefined && caller !== sched.parent)
    checks.fail(
      'sub-dispatch-direct',
      `${sched.label} dispatches at the request of ${caller.label}, which is not its parent`,
      sched,
      event.cpu,
    );
  else if (caller !== undefined && sched.parent !== undefined) checks.pass('sub-dispatch-direct', sched, event.cpu);
  if (frame.allowed === NO)
    checks.fail(
      'sub-dispatch-needs-base',
      `${sched.label} dispatches on CPU ${event.cpu} without the base capability`,
      sched,
      event.cpu,
    ).began = frame.seq;
  else if (frame.allowed === YES) checks.pass('sub-dispatch-needs-base', sched, event.cpu);
  else {
    checks.open('sub-dispatch-needs-base', 'the effective set is not known', sched, event.cpu);
    const on = model.caps.of(sched).cpu(event.cpu);
    on.effective = withBits(on.effective, CAP_BASE);
  }
}

/** scx_bpf_sub_dispatch(). */
export function subDispatch(model: Model, event: TraceEvent, step: Step): void {
  if (event.phase !== 'end') beginSubDispatch(model, event, step);
  if (event.phase !== 'begin') endSubDispatch(model, event, step);
}

function beginSubDispatch(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  caps.subDispatchShown = true;
  const executing = caps.cpu(event.cpu);
  // Inside a fold the caller is the scheduler that is being told.
  const rq = event.rq >= 0 ? event.rq : event.cpu;
  const cpu = caps.cpu(rq);
  const caller = model.schedOf(event) ?? (cpu.folding ? cpu.reportDue : caps.callerOn(event.cpu));
  const found = linkedAt(model, event.cgroup_hi, event.cgroup_lo);
  const target = found ?? undefined;
  step.sched = target;
  const frame = executing.push('sub_dispatch', undefined, event.seq);
  frame.unnamed = found === undefined;
  frame.target = target;
  frame.caller = caller;
  if (target === undefined) return;
  if (caller !== undefined && target.parent !== undefined && target.parent !== caller) {
    frame.allowed = NO;
    frame.distant = true;
    raiseDistant(model, step, caller, target, rq, event.seq);
    return;
  }
  frame.allowed = hasAll(caps.of(target).ecaps(rq), CAP_BASE);
  if (frame.allowed !== NO) frame.sched = target;
}

function endSubDispatch(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const frame = caps.cpu(event.cpu).pop('sub_dispatch');
  const sched = frame?.target;
  if (frame === undefined || sched === undefined) return;
  step.sched = sched;
  if (frame.distant) {
    if (event.ret > 0)
      step.checks.fail(
        'cap-relation-args',
        `scx_bpf_sub_dispatch() of ${sched.label} succeeded, the caller is not its parent`,
        sched,
      );
    return;
  }
  const { checks } = step;
  if (event.ret > 0 && frame.allowed === NO && !frame.ran)
    checks.fail(
      'sub-dispatch-needs-base',
      `${sched.label} dispatched on CPU ${event.cpu} without the base capability`,
      sched,
      event.cpu,
    );
  else if (frame.allowed === NO && !frame.ran) checks.pass('sub-dispatch-needs-base', sched, event.cpu);
  else if (frame.allowed === YES && !frame.ran && model.header.recorded?.has('consume') === true && !sched.aborting)
    checks.fail(
      'sub-dispatch-runs',
      `${sched.label} was asked to dispatch on CPU ${event.cpu} and did not, although it holds the base capability`,
      sched,
      event.cpu,
    );
  if (event.ret > 0 && frame.allowed === UNKNOWN) {
    const on = caps.of(sched).cpu(event.cpu);
    on.effective = withBits(on.effective, CAP_BASE);
  }
}

/** The error site of a distant dispatch tells who called, where the frames do not. */
export function errorInDispatch(model: Model, event: TraceEvent, step: Step): void {
  const frame = model.caps.cpu(event.cpu).top;
  if (frame?.kind !== 'sub_dispatch' || frame.distant || event.fmt !== errorSite('sub-dispatch-distant').format) return;
  const caller = model.schedOf(event);
  const { target } = frame;
  if (caller === undefined || target === undefined || target.parent === undefined || target.parent === caller) return;
  frame.distant = true;
  frame.allowed = NO;
  raiseDistant(model, step, caller, target, event.cpu, frame.seq);
}

function raiseDistant(model: Model, step: Step, caller: Sched, target: Sched, rq: number, sinceSeq: number): void {
  raise(model, step, 'sub-dispatch-distant', {
    sched: caller,
    args: [formatDecimal(target.cgroup.hi, target.cgroup.lo)],
    target: rq,
    sinceSeq,
    text: `${caller.label} asks ${target.label} to dispatch, which is no child of it`,
  });
}

/** ops.select_cpu() and ops.enqueue() run for the owner of the task. */
export function selectCpu(model: Model, event: TraceEvent, step: Step): void {
  if (event.step !== 'core' && event.step !== '') return;
  const cpu = model.caps.cpu(event.cpu);
  if (event.phase === 'begin') cpu.push('select', step.task?.sched, event.seq);
  else cpu.pop('select');
}

export function opsEnqueue(model: Model, event: TraceEvent, step: Step): void {
  const cpu = model.caps.cpu(event.cpu);
  if (event.phase === 'begin') cpu.push('enqueue', step.task?.sched, event.seq);
  else if (event.phase === 'end') cpu.pop('enqueue');
}
