// Transitions of dispatches: where a finished verdict goes, whether it may go there, and the call that links it.
import {
  BUILTIN_HI,
  DSQ_GLOBAL,
  DSQ_INVALID,
  DSQ_LOCAL,
  formatDsqId,
  isBuiltin,
  isBuiltinId,
  isLocalOn,
} from '../../kernel/dsq-id.ts';
import { ENQ_HI_APPLY_SLICE, ENQ_HI_DSQ_PRIQ } from '../../kernel/flags.ts';
import type { Semantics } from '../../kernel/semantics.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { formatDecimal, formatHex, type U64 } from '../../trace/u64.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { callerOf } from '../caller.ts';
import { canRunRemote } from '../can-run.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import { type BufferedVerdict, type Cpu, OP_ENQUEUE } from '../cpu.ts';
import { dsqOfEvent, userDsqExists } from '../dsq-lookup.ts';
import { type Decision, type ErrorDetails, lastInsert, NO_DECISION, raise, raiseThere } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { Task } from '../task.ts';
import { learnTask, taskOf } from './common.ts';
import { vetEnqFlags } from './kfuncs.ts';
import { checkPickRq } from './pick.ts';
import { claimNext, finishLocal, noteDecision, takeVerdict } from './verdict.ts';

const { ops_state: OPS_STATE, dsq: DSQ_FIELD, found: FOUND, slice: SLICE, vtime: VTIME, ret: RET } = SLOT;

export const dispatchTransitions: Transitions = {
  find_dsq(model, event, step) {
    const cpu = model.cpu(event.cpu);
    // Unnamed, it is the root's where there is no other.
    const sched = model.schedOf(event) ?? (model.scheds.some(isLoadedSub) ? undefined : model.root);
    step.sched = sched;
    if (event.rq >= 0) step.rq = model.cpu(event.rq);
    checkPickRq(event, step, cpu);
    if (event.phase === 'end') {
      checkFound(model, event, step, cpu);
      return;
    }
    finishLocal(step, cpu);
    const verdict = cpu.flushIndex >= 0 ? claimNext(event, step, cpu, sched) : undefined;
    const byReenq = cpu.reenqKfuncSeq >= 0 && cpu.reenqKfuncSeq === cpu.priorSeq;
    const direct = cpu.flushIndex < 0 && cpu.op === OP_ENQUEUE && !byReenq ? cpu.opTask : undefined;
    // scx_dsq_move() looks its destination up first.
    const moved = cpu.moveSeq >= 0 && cpu.moveSeq === cpu.priorSeq ? cpu.moveTask : undefined;
    const task = verdict?.task ?? direct ?? moved;
    step.task = task;
    if (direct?.ddsp.active === true) {
      cpu.direct = direct;
      checkRequest(event, step, direct);
    } else if (direct !== undefined && cpu.opDirect === NO && model.header.recorded?.has('insert') === true) {
      reportNoRequest(event, step, cpu, direct);
    }
    cpu.destinationFailed = checkDestination(model, event, step, sched, task, verdict);
  },

  dispatch(model, event, step) {
    const task = taskOf(model, event, step);
    step.sched = model.schedOf(event) ?? task.sched;
    if (event.rq >= 0) step.rq = model.cpu(event.rq);
    const cpu = model.cpu(event.cpu);
    const verdict = takeVerdict(step, cpu, task, event.result === 'dropped');
    if (event.result !== '' && event.result !== 'dropped') {
      checkDestination(model, event, step, step.sched, task, verdict);
      checkLocalTarget(model, event, step, task, verdict);
    }
  },

  dispatch_enqueue(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.rq >= 0) step.rq = model.cpu(event.rq);
    step.sched = model.schedOf(event) ?? task.sched;
    if (event.hasSlot(OPS_STATE)) task.setOpsState(event.ops_state_hi, event.ops_state_lo);
    const cpu = model.cpu(event.cpu);
    checkValues(model, event, step, cpu, task);
    cpu.linking.begin(event, task);
    cpu.direct = undefined;
    const dsq = dsqOfEvent(model, event);
    step.dsq = dsq;
    task.ddsp.clear();
    if (isBuiltinId(event.dsq_hi, event.dsq_lo, DSQ_INVALID)) {
      raise(model, step, 'dispatch-destroyed-dsq', {
        sched: step.sched,
        args: [],
        task,
        text: `${task.label} is about to be put on a DSQ that has been destroyed meanwhile`,
        decision: lastInsert(task),
      });
    } else if ((event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0 && isBuiltin(event.dsq_hi)) {
      raise(model, step, 'vtime-on-builtin-dsq', {
        sched: step.sched,
        args: [],
        task,
        dsq: dsq.name,
        text: `${task.label} is inserted by vtime into the built-in DSQ ${dsq.name}`,
        decision: lastInsert(task),
      });
    }
  },

  dispatch_to_local(model, event, step) {
    const task = taskOf(model, event, step);
    learnTask(model, event, step, task);
    step.rq = model.cpu(event.dst >= 0 ? event.dst : event.rq);
    step.sched = model.schedOf(event) ?? task.sched;
    const cpu = model.cpu(event.cpu);
    checkValues(model, event, step, cpu, task);
    if (cpu.claimed?.task === task) cpu.toLocal = task;
    task.ddsp.clear();
    if (!model.records('can_run_remote') && event.dst >= 0 && event.dst !== task.taskCpu) {
      checkRemote(model, step, task, event.dst, cpu.claimed);
    }
    if (event.dst >= 0 && event.dst === task.taskCpu && event.rq !== event.dst)
      checkSameCpu(model, step, task, event.dst, cpu.claimed);
  },

  can_run_remote(model, event, step) {
    const task = taskOf(model, event, step);
    step.rq = model.cpu(event.rq);
    step.sched = model.schedOf(event) ?? task.sched;
    if (event.phase === 'end') {
      checkCanRun(event, step, task, step.rq);
      return;
    }
    learnTask(model, event, step, task);
    if (event.enforce) checkRemote(model, step, task, event.rq, model.cpu(event.cpu).claimed);
  },

  move(model, event, step) {
    if (event.pid <= 0) return;
    const task = taskOf(model, event, step);
    if (event.phase === 'end') return;
    noteDecision(model, event, task);
    const cpu = model.cpu(event.cpu);
    cpu.moveTask = task;
    cpu.moveSeq = event.seq;
    if (event.step !== 'core' && event.step !== '') return;
    // Without an iterator that is at work nothing is looked at; and older kernels pass the order as an internal flag.
    const isIdle = event.has('src_dsq_addr') && event.src_dsq_addr_hi === 0 && event.src_dsq_addr_lo === 0;
    if (!isIdle && event.has('priq')) vetEnqFlags(model, event, step, task.sched ?? callerOf(model, event), task);
  },
};

function isLoadedSub(sched: Sched): boolean {
  return sched.linked && !sched.isRoot;
}

/** The direct dispatch that ops.select_cpu() or ops.enqueue() asked for is the one that is carried out. */
function checkRequest(event: TraceEvent, step: Step, task: Task): void {
  const { ddsp } = task;
  if (!ddsp.dsqKnown || !event.hasSlot(DSQ_FIELD) || ddsp.dsqId.equals(event.dsq_hi, event.dsq_lo)) return;
  contradict(
    step,
    INCONSISTENT,
    'verdict',
    `${task.label} was inserted into DSQ ${formatDsqId(ddsp.dsqId.hi, ddsp.dsqId.lo)}, and DSQ ${formatDsqId(event.dsq_hi, event.dsq_lo)} is looked up`,
    { task, sinceSeq: ddsp.seq },
  );
}

/** Inside ops.enqueue() only a direct dispatch looks for its destination. */
function reportNoRequest(event: TraceEvent, step: Step, cpu: Cpu, task: Task): void {
  contradict(
    step,
    INCONSISTENT,
    'verdict',
    `DSQ ${formatDsqId(event.dsq_hi, event.dsq_lo)} is looked up for ${task.label}, which was not inserted anywhere`,
    { task, sinceSeq: cpu.opSeq },
  );
}

/** find_dsq_for_dispatch() returns what was asked for, or GLOBAL after an error. */
function checkFound(model: Model, event: TraceEvent, step: Step, cpu: Cpu): void {
  if (!event.hasSlot(FOUND)) return;
  const { dsq_hi: hi, dsq_lo: lo, found_hi: foundHi, found_lo: foundLo } = event;
  const fallback = isBuiltinId(foundHi, foundLo, DSQ_GLOBAL);
  const same = isLocalOn(hi) ? isBuiltinId(foundHi, foundLo, DSQ_LOCAL) : foundHi === hi && foundLo === lo;
  // An error site that the model cannot predict leads to GLOBAL, too.
  const fits = cpu.destinationFailed === YES ? fallback : same || (fallback && cpu.destinationFailed === UNKNOWN);
  if (fits || model.semantics.subSchedulers === 'none') return;
  contradict(
    step,
    INCONSISTENT,
    'find-dsq',
    `DSQ ${formatDsqId(hi, lo)} was looked up, and DSQ ${formatDsqId(foundHi, foundLo)} was found`,
    { cpu: event.cpu },
  );
}

/** The slice and vtime that reach the DSQ are those of the verdict. */
function checkValues(model: Model, event: TraceEvent, step: Step, cpu: Cpu, task: Task): void {
  if (!model.semantics.verdictCarriesSlice || !event.hasSlot(SLICE)) return;
  const source =
    cpu.claimed?.task === task ? cpu.claimed : cpu.direct === task && task.ddsp.active ? task.ddsp : undefined;
  if (source?.valuesKnown !== true) return;
  // On arrival after a move the call has nothing to apply: that was done before.
  if (event.kind === KIND.dispatch_enqueue && (event.enq_flags_hi & ENQ_HI_APPLY_SLICE) === 0) return;
  const ordered = (event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0;
  if (!source.slice.equals(event.slice_hi, event.slice_lo)) reportValue(step, event, task, 'slice', source);
  else if (ordered && source.vtimeKnown && event.hasSlot(VTIME) && !source.vtime.equals(event.vtime_hi, event.vtime_lo))
    reportValue(step, event, task, 'vtime', source);
}

function reportValue(
  step: Step,
  event: TraceEvent,
  task: Task,
  what: 'slice' | 'vtime',
  source: { readonly slice: U64; readonly vtime: U64; readonly seq: number },
): void {
  const found =
    what === 'slice' ? formatDecimal(event.slice_hi, event.slice_lo) : formatDecimal(event.vtime_hi, event.vtime_lo);
  contradict(
    step,
    INCONSISTENT,
    'verdict-values',
    `${task.label} was inserted with ${what} ${formatDecimal(source[what].hi, source[what].lo)}, and ${event.type} has ${found}`,
    { task, sinceSeq: source.seq },
  );
}

/** task_can_run_on_remote_rq() says what follows from mask, migration-disable and the state of the CPU. */
function checkCanRun(event: TraceEvent, step: Step, task: Task, rq: Cpu): void {
  const expected = canRunRemote(task, rq);
  if (expected === UNKNOWN || !event.hasSlot(RET) || event.ret === expected) return;
  contradict(
    step,
    INCONSISTENT,
    'can-run',
    `${task.label} ${event.ret > 0 ? 'may' : 'may not'} run on CPU ${rq.id}, says the kernel; mask ${task.cpus.toString()}, migration_disabled ${task.migrationDisabled}`,
    { task, cpu: rq.id },
  );
}

/** When a verdict was decided: from the dispatch buffer, else from the last insert of the task. */
function decisionOf(verdict: BufferedVerdict | undefined, task: Task | undefined): Decision {
  if (verdict === undefined) return task === undefined ? NO_DECISION : lastInsert(task);
  return { seq: verdict.seq, time: verdict.time, callbackSeq: verdict.callbackSeq, callbackTime: verdict.callbackTime };
}

/** find_dsq_for_dispatch(): a destination that does not exist falls back to GLOBAL, with an error. Did it fail? */
function checkDestination(
  model: Model,
  event: TraceEvent,
  step: Step,
  sched: Sched | undefined,
  task: Task | undefined,
  verdict: BufferedVerdict | undefined,
): Tri {
  const { dsq_hi: hi, dsq_lo: lo } = event;
  if (isLocalOn(hi)) {
    const cpu = lo | 0;
    const possible = sched?.cidForm === true ? UNKNOWN : model.isPossibleCpu(cpu);
    if (possible === NO) {
      raise(model, step, 'dispatch-invalid-cpu', {
        sched,
        args: [cpu],
        task,
        target: cpu,
        dsq: formatDsqId(hi, lo),
        text: `${task === undefined ? 'a task' : task.label} is dispatched to CPU ${cpu}, which does not exist`,
        decision: decisionOf(verdict, task),
      });
      return YES;
    }
    return possible === YES ? NO : UNKNOWN;
  }
  if (isBuiltinId(hi, lo, DSQ_LOCAL) || isBuiltinId(hi, lo, DSQ_GLOBAL)) return NO;
  const exists = isBuiltin(hi) ? NO : userDsqExists(model, sched, hi, lo);
  if (exists !== NO) return exists === YES ? NO : UNKNOWN;
  raise(model, step, 'dsq-nonexistent', {
    sched,
    args: [formatHex(hi, lo).slice(2), ...(task === undefined ? [] : [task.comm, task.pid])],
    task,
    dsq: formatDsqId(hi, lo),
    text: `${task === undefined ? 'a task' : task.label} is dispatched to DSQ ${formatDsqId(hi, lo)}, which does not exist`,
    decision: decisionOf(verdict, task),
  });
  return YES;
}

/** Local target of a finished verdict, for traces that do not record the check itself. */
function checkLocalTarget(
  model: Model,
  event: TraceEvent,
  step: Step,
  task: Task,
  verdict: BufferedVerdict | undefined,
): void {
  const hi = event.hasSlot(DSQ_FIELD) ? event.dsq_hi : (verdict?.dsqId.hi ?? 0);
  const lo = event.hasSlot(DSQ_FIELD) ? event.dsq_lo : (verdict?.dsqId.lo ?? 0);
  const target = isLocalOn(hi)
    ? lo | 0
    : hi === BUILTIN_HI && lo === DSQ_LOCAL
      ? event.rq >= 0
        ? event.rq
        : event.cpu
      : -1;
  if (target < 0 || model.isPossibleCpu(target) === 0) return;
  // Up to 6.13 only a task that the dispatching CPU itself holds is exempt.
  const dispatching = event.rq >= 0 ? event.rq : event.cpu;
  if (task.taskCpu === target && (model.semantics.sameCpuExempt || dispatching === target)) return;
  checkRemote(model, step, task, target, verdict);
}

/** What task_can_run_on_remote_rq() refuses for, in the order of its tests. */
function refusalOf(semantics: Semantics, task: Task, target: number): 'migration' | 'mask' | undefined {
  const disallowed = task.allows(target) === 0;
  const disabled = task.migrationDisabled > 0;
  if (semantics.localCheck === 'mask-first') return disallowed ? 'mask' : undefined;
  return disabled ? 'migration' : disallowed ? 'mask' : undefined;
}

/** task_can_run_on_remote_rq() with enforcement: a refusal for the mask or for migration-disable is fatal. */
function checkRemote(model: Model, step: Step, task: Task, target: number, verdict: BufferedVerdict | undefined): void {
  const here = refusalOf(model.semantics, task, target);
  const there = model.asked === undefined ? here : refusalOf(model.asked, task, target);
  if (here !== undefined)
    raise(
      model,
      step,
      REFUSALS[here],
      refusalDetails(model.semantics, step, task, target, verdict, here),
      here === there,
    );
  if (there !== undefined && there !== here)
    raiseThere(
      model,
      step,
      REFUSALS[there],
      refusalDetails(model.asked ?? model.semantics, step, task, target, verdict, there),
    );
  if (model.asked !== undefined && there === undefined && task.migrationDisabled > 0)
    step.whatIf.push({
      change: 'fallback',
      text: `${task.label} is migration-disabled: the refusal is silent, it goes to the global DSQ`,
    });
}

const REFUSALS = { migration: 'dispatch-migration-disabled', mask: 'dispatch-disallowed-cpu' } as const;

function refusalDetails(
  semantics: Semantics,
  step: Step,
  task: Task,
  target: number,
  verdict: BufferedVerdict | undefined,
  refusal: 'migration' | 'mask',
): ErrorDetails {
  const common = {
    sched: step.sched ?? task.sched,
    task,
    target,
    dsq: `local_on:${target}`,
    decision: decisionOf(verdict, task),
  };
  const certainCpu = task.taskCpu >= 0;
  if (refusal === 'migration') {
    return {
      ...common,
      args: [task.comm, task.pid, certainCpu ? task.taskCpu : undefined, target],
      certain: certainCpu,
      text: `${task.label} is migration-disabled on CPU ${task.taskCpu} and dispatched to CPU ${target}`,
    };
  }
  return {
    ...common,
    args: [target, task.comm, task.pid],
    // While migration-disable is unknown the kernel may refuse for that reason, with another text. Without the lock of the
    // task's run queue (up to 7.1) a change of the mask that is under way may come before or after the test.
    certain:
      certainCpu &&
      (task.migrationDisabled === 0 || semantics.localCheck === 'mask-first') &&
      (semantics.checkUnderRqLock || !task.maskChanging),
    text: `${task.label} may run on CPUs ${task.cpus.toString()} and is dispatched to CPU ${target}`,
  };
}

/** What-if: releases up to 6.13 test the mask also when the task is on the target already. */
function checkSameCpu(
  model: Model,
  step: Step,
  task: Task,
  target: number,
  verdict: BufferedVerdict | undefined,
): void {
  if (model.asked === undefined || model.asked.sameCpuExempt || !model.semantics.sameCpuExempt) return;
  const refusal = refusalOf(model.asked, task, target);
  if (refusal !== undefined)
    raiseThere(model, step, REFUSALS[refusal], refusalDetails(model.asked, step, task, target, verdict, refusal));
}
