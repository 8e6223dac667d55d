// Slices that schedulers write: an extension needs the base capability, and nobody writes that of a protected task.
import { CAP_BASE, CAP_PERF } from '../../kernel/caps.ts';
import { TASK_PROTECTED } from '../../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { lessThan } from '../../trace/u64.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { hasAll, withBits, withoutBits } from './cell.ts';
import { observeEcaps } from './sync.ts';

const { old_slice: OLD_SLICE, scx_flags: SCX_FLAGS, perf: PERF, ret: RET, ecaps: ECAPS } = SLOT;

const MAX_PERF = 1024;
const EACCES = -13;

/** The slice of a task is written on behalf of a scheduler (`sched` is given). */
export function sliceWritten(model: Model, event: TraceEvent, step: Step): void {
  const { task } = step;
  const sched = model.schedOf(event);
  if (task === undefined || sched === undefined || event.step !== 'core' || !event.hasSlot(OLD_SLICE)) return;
  step.sched = sched;
  const { checks } = step;
  const { slice_hi: hi, slice_lo: lo, old_slice_hi: oldHi, old_slice_lo: oldLo } = event;
  if (hi === oldHi && lo === oldLo) return;
  const flags = event.hasSlot(SCX_FLAGS);
  if (flags && (event.scx_flags_lo & TASK_PROTECTED) !== 0) {
    checks.fail(
      'protected-honoured',
      `${sched.label} writes the slice of ${task.label}, which is protected`,
      sched,
      task.taskCpu,
    ).task = task;
    return;
  }
  if (flags) checks.pass('protected-honoured', sched, task.taskCpu);
  if (!lessThan(oldHi, oldLo, hi, lo)) return;
  if (sched.level === 0 || task.taskCpu < 0) return;
  const base = hasAll(model.caps.of(sched).ecaps(task.taskCpu), CAP_BASE);
  if (base === NO)
    checks.fail(
      'slice-extend-needs-base',
      `${sched.label} extends the slice of ${task.label} on CPU ${task.taskCpu} without the base capability`,
      sched,
      task.taskCpu,
    ).task = task;
  else if (base === YES) checks.pass('slice-extend-needs-base', sched, task.taskCpu);
  else checks.open('slice-extend-needs-base', 'the effective set is not known', sched, task.taskCpu);
}

/** scx_bpf_cidperf_set(). */
export function cidPerf(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const { checks } = step;
  const sched = model.schedOf(event) ?? caps.callerOn(event.cpu);
  step.sched = sched;
  const rq = caps.cpuOf(event.cid);
  const { nrCids } = caps;
  if (nrCids >= 0 && (event.cid < 0 || event.cid >= nrCids)) {
    raise(model, step, 'cid-invalid', {
      sched,
      args: [event.cid],
      certain: sched !== undefined,
      text: `a performance target is set for cid ${event.cid}, there are ${nrCids}`,
    });
    return;
  }
  if (event.hasSlot(PERF) && event.perf > MAX_PERF) {
    raise(model, step, 'cpuperf-target-invalid', {
      sched,
      args: [event.perf, rq < 0 ? undefined : rq],
      certain: sched !== undefined,
      text: `a performance target of ${event.perf} is set`,
    });
    return;
  }
  if (sched === undefined || rq < 0 || !event.hasSlot(RET)) return;
  if (event.hasSlot(ECAPS)) observeEcaps(model, event, step, sched, rq, event.ecaps_lo, false);
  const on = caps.of(sched).cpu(rq);
  const held = sched.isRoot ? YES : hasAll(on.effective, CAP_PERF);
  const applied = event.ret === 0;
  if (!applied && event.ret !== EACCES) return;
  if (held === (applied ? YES : NO)) checks.pass('perf-needs-cap', sched, rq);
  else if (held === (applied ? NO : YES))
    checks.fail(
      'perf-needs-cap',
      `scx_bpf_cidperf_set() of ${sched.label} on cid ${event.cid} ${applied ? 'took effect without' : 'was refused in spite of'} the perf capability`,
      sched,
      rq,
    );
  else {
    checks.open('perf-needs-cap', 'the effective set is not known', sched, rq);
    on.effective = applied ? withBits(on.effective, CAP_PERF) : withoutBits(on.effective, CAP_PERF);
  }
}
