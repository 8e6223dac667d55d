// Transition of a pick: what the ext class is going to run next on a CPU, predicted and compared.
import { CAP_BASE } from '../../kernel/caps.ts';
import { OPS_ENQ_LAST, TASK_QUEUED } from '../../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import type { Cpu } from '../cpu.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { MISPREDICTED, PREDICTED, type Step, UNDECIDED } from '../step.ts';
import { CLASS_EXT, type Task } from '../task.ts';
import { learnCurr, learnFlags } from './common.ts';
import { noticeExec } from './exec.ts';

const {
  curr: CURR,
  scx_flags: SCX_FLAGS,
  slice: SLICE,
  verdict: VERDICT,
  pid: PID,
  local_nr: LOCAL_NR,
  prev_ecaps: PREV_ECAPS,
} = SLOT;

export const pickTransitions: Transitions = {
  pick(model, event, step) {
    const rq = model.cpu(event.rq);
    step.rq = rq;
    if (event.phase === 'begin') beginPick(model, event, step, rq);
    else endPick(model, event, step, rq);
  },
};

function beginPick(model: Model, event: TraceEvent, step: Step, rq: Cpu): void {
  const { pick } = rq;
  pick.active = true;
  pick.beginSeq = event.seq;
  if (event.curr > 0 && rq.currPid !== event.curr) noticeExec(model, rq, event.curr);
  pick.prev = event.curr > 0 ? model.task(event.curr) : undefined;
  pick.prevKnown = event.hasSlot(CURR);
  pick.prevQueuedKnown = event.hasSlot(SCX_FLAGS);
  pick.prevQueued = (event.scx_flags_lo & TASK_QUEUED) !== 0;
  pick.charged = false;
  pick.sawConsume = false;
  pick.sawFlush = false;
  pick.sawUnlock = false;
  if (pick.prevQueued && pick.prev !== undefined) {
    learnFlags(model, event, step, pick.prev, event.scx_flags_lo);
    pick.prev.cls = CLASS_EXT;
    if (event.hasSlot(SLICE)) pick.prev.setSlice(event.slice_hi, event.slice_lo);
  }
  step.task = pick.prev;
  if (event.hasSlot(CURR)) learnCurr(model, event, step, rq, event.curr);
  checkLocalLength(model, event, step, rq);
  if (model.semantics.dispatchInPick) model.cpu(event.cpu).enterDispatch(event.seq, event.t);
  const executing = model.cpu(event.cpu);
  executing.pickRq = event.rq;
  executing.pickSeq = event.seq;
}

function endPick(model: Model, event: TraceEvent, step: Step, rq: Cpu): void {
  const { pick } = rq;
  if (model.semantics.dispatchInPick) model.cpu(event.cpu).leaveOp();
  const executing = model.cpu(event.cpu);
  checkPickRq(event, step, executing);
  executing.pickRq = -1;
  const verdict = event.hasSlot(VERDICT) ? event.verdict : event.pid > 0 ? 'task' : 'none';
  const picked = verdict === 'task' && event.pid >= 0 ? model.task(event.pid) : null;
  step.prev = pick.prev;
  if (picked !== null) step.task = picked;
  checkLocalLength(model, event, step, rq);
  // Up to 6.18 the balance step before the pick decides, and leaves no trace of what it decided.
  const told = verdict !== 'task' || event.hasSlot(PID);
  if (!model.semantics.dispatchInPick || !told || !model.records('consume')) step.outcome = UNDECIDED;
  else if (pick.active) predictPick(model, event, step, rq, verdict === 'retry', picked);
  pick.active = false;
  rq.picked = verdict === 'retry' ? undefined : picked;
  rq.pickedSeq = event.seq;
  if (picked !== null && event.hasSlot(SLICE)) picked.setSlice(event.slice_hi, event.slice_lo);
}

/** All that a pick does is about one run queue. */
export function checkPickRq(event: TraceEvent, step: Step, executing: Cpu): void {
  const { pickRq } = executing;
  if (pickRq < 0 || event.rq < 0 || event.rq === pickRq) return;
  contradict(
    step,
    INCONSISTENT,
    'pick-rq',
    `CPU ${event.cpu} picks for the run queue of CPU ${pickRq}, and ${event.type} is about that of CPU ${event.rq}`,
    { cpu: event.cpu, sinceSeq: executing.pickSeq },
  );
}

/** The local DSQ length that pick events carry. */
function checkLocalLength(model: Model, event: TraceEvent, step: Step, rq: Cpu): void {
  if (!event.hasSlot(LOCAL_NR)) return;
  const dsq = model.localDsq(rq);
  step.dsq = dsq;
  step.expectedNr = dsq.nr;
  if (dsq.nr < 0 || !model.followsDsqs) step.lengthOutcome = UNDECIDED;
  else step.lengthOutcome = dsq.nr === event.local_nr ? PREDICTED : MISPREDICTED;
  dsq.settle(event.local_nr);
}

/**
 * do_pick_task_scx(): three outcomes are weighed (keep prev, head of the local DSQ, nothing). What is unknown leaves
 * several open; the pick is predicted when the kernel's choice is the only one, mispredicted when it is none of them.
 */
function predictPick(model: Model, event: TraceEvent, step: Step, rq: Cpu, retry: boolean, picked: Task | null): void {
  const { pick } = rq;
  const local = model.followsDsqs ? rq.local : undefined;
  if (retry) {
    // Only a class above ext that gained a task while the rq lock was dropped makes the kernel start over.
    step.reason = 'a pick restarts when a higher class gained a task while the rq lock was dropped';
    step.outcome = pick.sawConsume || pick.sawFlush ? PREDICTED : MISPREDICTED;
    return;
  }
  const prev = pick.prev;
  const queued = pick.prevQueuedKnown ? pick.prevQueued : undefined;
  const slice = prev === undefined ? undefined : hasSlice(model, prev);
  const bypassing = prev?.sched === undefined ? undefined : triState(prev.sched.isBypassing(rq.id));
  const enqLast = prev?.sched?.opsFlagsKnown === true ? (prev.sched.opsFlags & OPS_ENQ_LAST) !== 0 : undefined;
  const mayStay = mayStayOn(model, event, prev, rq);

  const keepEarly = and(and(queued, slice), not(bypassing));
  const localEmpty = local === undefined || local.nr < 0 ? undefined : local.nr === 0;
  let keep: boolean | undefined;
  let takeLocal: boolean | undefined;
  if (!pick.sawConsume) {
    keep = keepEarly;
    takeLocal = and(not(keepEarly), not(localEmpty));
    step.reason = 'before ops.dispatch(): prev with slice left is kept, else the head of the local DSQ runs';
    // Neither: the kernel would have had to dispatch first.
    if (keep === false && takeLocal === false) {
      step.outcome = MISPREDICTED;
      return;
    }
  } else {
    // After ops.dispatch() a prev with slice left wins even when its scheduler bypasses.
    const keepAfter = pick.sawFlush ? and(queued, slice) : false;
    takeLocal = and(not(keepAfter), not(localEmpty));
    const keepLast = and(and(queued, or(not(enqLast), bypassing)), mayStay);
    keep = or(keepAfter, and(and(not(keepAfter), localEmpty), keepLast));
    step.reason =
      'after ops.dispatch(): prev with slice left, else the head of the local DSQ, else prev for lack of other work';
  }
  const head = local?.isComplete === true ? local.head : undefined;
  const mayKeep = keep !== false;
  const mayTake = takeLocal !== false;
  const mayIdle = or(keep, takeLocal) !== true;
  const fits =
    picked === null
      ? mayIdle
      : (mayKeep && (picked === prev || !pick.prevKnown)) || (mayTake && (head === undefined || picked === head));
  // Without a verdict, nothing picked may also be a restart.
  if (!fits) step.outcome = picked === null && !event.hasSlot(VERDICT) ? UNDECIDED : MISPREDICTED;
  else {
    const open = Number(mayKeep) + Number(mayTake) + Number(mayIdle && picked === null);
    step.outcome = open === 1 && (!mayTake || head !== undefined || picked === null) ? PREDICTED : UNDECIDED;
  }
  step.expectedTask =
    keep === true ? prev : takeLocal === true ? head : keep === false && takeLocal === false ? null : undefined;
}

/** scx_task_can_stay_on_cpu(): a sub-scheduler needs the base capability to keep a task on the CPU. */
function mayStayOn(model: Model, event: TraceEvent, prev: Task | undefined, rq: Cpu): boolean | undefined {
  const sched = prev?.sched;
  if (prev === undefined || sched === undefined || sched.level === 0 || prev.migrationDisabled > 0) return true;
  const held = model.caps.holdsBase(sched, rq.id);
  if (held >= 0) return held === 1;
  return event.hasSlot(PREV_ECAPS) ? (event.prev_ecaps_lo & CAP_BASE) !== 0 : undefined;
}

/** Has the task slice left? The pick itself charges it for its run: where that is not recorded, what was left may be used up. */
function hasSlice(model: Model, prev: Task): boolean | undefined {
  if (!prev.sliceKnown) return undefined;
  if (prev.slice.isZero) return false;
  return model.records('update_curr') ? true : undefined;
}

function triState(value: number): boolean | undefined {
  return value < 0 ? undefined : value === 1;
}

function and(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  if (a === false || b === false) return false;
  return a === undefined || b === undefined ? undefined : true;
}

function or(a: boolean | undefined, b: boolean | undefined): boolean | undefined {
  if (a === true || b === true) return true;
  return a === undefined || b === undefined ? undefined : false;
}

function not(a: boolean | undefined): boolean | undefined {
  return a === undefined ? undefined : !a;
}
