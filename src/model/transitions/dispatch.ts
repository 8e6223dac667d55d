// Transitions of verdicts: what the scheduler asked for, the dispatch buffer, and how the core finishes each verdict.
import {
  BUILTIN_HI,
  DSQ_GLOBAL,
  DSQ_LOCAL,
  formatDsqId,
  isBuiltin,
  isBuiltinId,
  isLocalOn,
} from '../../kernel/dsq-id.ts';
import { ENQ_HI_DSQ_PRIQ, OPSS_DISPATCHING, OPSS_QUEUED, OPSS_QUEUEING } from '../../kernel/flags.ts';
import { DSP_DFL_MAX_BATCH } from '../../kernel/limits.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { formatHex } from '../../trace/u64.ts';
import { type BufferedVerdict, type Cpu, OP_DISPATCH, OP_ENQUEUE, OP_NONE, OP_SELECT_CPU } from '../cpu.ts';
import { dsqOfEvent, userDsqExists } from '../dsq-lookup.ts';
import { type Decision, lastInsert, NO_DECISION, raise } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { Task } from '../task.ts';
import { learnTask, taskOf } from './common.ts';

export const dispatchTransitions: Transitions = {
  insert(model, event, step) {
    const task = taskOf(model, event, step);
    // Only the acceptance of the verdict changes anything: `commit`, or an insert recorded as a whole.
    if (event.step === 'kfunc' || event.phase === 'end') return;
    const sched = model.schedOf(event) ?? task.sched ?? model.root;
    step.sched = sched;
    const cpu = model.cpu(event.cpu);
    noteDecision(model, event, task);
    if (cpu.op === OP_ENQUEUE || cpu.op === OP_SELECT_CPU) markDirectDispatch(model, event, step, cpu, task, sched);
    else bufferVerdict(model, event, step, cpu, task, sched);
  },

  dispatch_cancel(model, event) {
    const cpu = model.cpu(event.cpu);
    if (cpu.bufferLength > 0) cpu.bufferLength--;
  },

  flush(model, event, step) {
    const cpu = model.cpu(event.cpu);
    step.rq = model.cpu(event.rq);
    step.sched = model.schedOf(event);
    if (event.phase !== 'end') {
      if (step.rq.pick.active) step.rq.pick.sawFlush = true;
      cpu.flushIndex = 0;
      cpu.claimed = undefined;
      if (event.phase === 'begin') return;
    }
    step.drops = cpu.flushIndex < 0 ? 0 : Math.max(0, cpu.bufferLength - cpu.flushIndex);
    cpu.flushIndex = -1;
    cpu.claimed = undefined;
    cpu.bufferLength = 0;
    cpu.bufferKnown = true;
  },

  find_dsq(model, event, step) {
    const cpu = model.cpu(event.cpu);
    const sched = model.schedOf(event) ?? model.root;
    step.sched = sched;
    if (event.rq >= 0) step.rq = model.cpu(event.rq);
    if (event.phase === 'end') return;
    const verdict = cpu.flushIndex >= 0 ? claimNext(event, step, cpu, sched) : undefined;
    const task = verdict?.task ?? (cpu.op === OP_ENQUEUE ? cpu.opTask : undefined);
    step.task = task;
    checkDestination(model, event, step, sched, task, verdict);
  },

  dispatch(model, event, step) {
    const task = taskOf(model, event, step);
    step.sched = model.schedOf(event) ?? task.sched;
    if (event.rq >= 0) step.rq = model.cpu(event.rq);
    const cpu = model.cpu(event.cpu);
    const verdict = takeVerdict(cpu, task);
    if (event.result === 'dropped') step.drops = 1;
    else if (event.result !== '') {
      checkDestination(model, event, step, step.sched, task, verdict);
      checkLocalTarget(model, event, step, task, verdict);
    }
  },

  dispatch_enqueue(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.rq >= 0) step.rq = model.cpu(event.rq);
    step.sched = model.schedOf(event) ?? task.sched;
    if (event.has('ops_state')) task.setOpsState(event.ops_state_hi, event.ops_state_lo);
    const cpu = model.cpu(event.cpu);
    cpu.enqueueCallSeq = event.seq;
    const dsq = dsqOfEvent(model, event);
    step.dsq = dsq;
    task.ddsp.clear();
    if ((event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0 && isBuiltin(event.dsq_hi)) {
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
    learnTask(event, task);
    step.rq = model.cpu(event.dst >= 0 ? event.dst : event.rq);
    step.sched = model.schedOf(event) ?? task.sched;
    task.ddsp.clear();
    if (!model.records('can_run_remote') && event.dst >= 0 && event.dst !== task.taskCpu) {
      checkRemote(model, step, task, event.dst, model.cpu(event.cpu).claimed);
    }
  },

  can_run_remote(model, event, step) {
    const task = taskOf(model, event, step);
    step.rq = model.cpu(event.rq);
    step.sched = model.schedOf(event) ?? task.sched;
    if (event.phase === 'end') return;
    learnTask(event, task);
    if (event.enforce) checkRemote(model, step, task, event.rq, model.cpu(event.cpu).claimed);
  },

  move(model, event, step) {
    if (event.pid <= 0) return;
    const task = taskOf(model, event, step);
    if (event.phase !== 'end') noteDecision(model, event, task);
  },

  move_to_local(model, event, step) {
    step.sched = model.schedOf(event) ?? model.root;
  },
};

/** The scheduler decides about the task here, in the callback that runs on this CPU. */
function noteDecision(model: Model, event: TraceEvent, task: Task): void {
  const cpu = model.cpu(event.cpu);
  task.insertSeq = event.seq;
  task.insertTime = event.t;
  task.insertCallbackSeq = cpu.op === OP_NONE ? -1 : cpu.opSeq;
  task.insertCallbackTime = cpu.op === OP_NONE ? -1 : cpu.opTime;
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
  const details = {
    sched,
    task,
    dsq: formatDsqId(event.dsq_hi, event.dsq_lo),
    decision: { seq: cpu.opSeq, time: cpu.opTime, callbackSeq: cpu.opSeq, callbackTime: cpu.opTime },
  };
  const where = cpu.op === OP_ENQUEUE ? 'ops.enqueue()' : 'ops.select_cpu()';
  if (spoiled) {
    raise(model, step, 'direct-dispatch-twice', {
      ...details,
      args: [task.comm, task.pid],
      text: `second insert within one ${where}, now for ${task.label}`,
    });
  } else if (expected !== undefined && task !== expected) {
    raise(model, step, 'direct-dispatch-wrong-task', {
      ...details,
      args: [expected.comm, expected.pid, task.comm, task.pid],
      text: `${where} of ${expected.label} inserts ${task.label}`,
    });
  } else {
    const { ddsp } = task;
    ddsp.active = true;
    ddsp.deferred = false;
    ddsp.seq = event.seq;
    ddsp.dsqId.set(event.dsq_hi, event.dsq_lo);
    ddsp.enqFlags.set(event.enq_flags_hi, event.enq_flags_lo);
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
  let used = 0;
  for (let i = 0; i < cpu.bufferLength; i++) if (cpu.buffer[i]?.sched === sched) used++;
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
  verdict.enqFlags.set(event.enq_flags_hi, event.enq_flags_lo);
  verdict.opsStateKnown = event.has('ops_state') || task.opsStateKnown;
  if (event.has('ops_state')) verdict.opsState.set(event.ops_state_hi, event.ops_state_lo);
  else verdict.opsState.copy(task.opsState);
  verdict.seq = event.seq;
  verdict.time = event.t;
  verdict.callbackSeq = cpu.opSeq;
  verdict.callbackTime = cpu.opTime;
}

/**
 * The next entry of the flush whose claim (QUEUED to DISPATCHING) succeeds, seen by its destination being looked up.
 * Entries passed over were dropped by finish_dispatch().
 */
function claimNext(event: TraceEvent, step: Step, cpu: Cpu, sched: Sched | undefined): BufferedVerdict | undefined {
  for (let i = cpu.flushIndex; i < cpu.bufferLength; i++) {
    const verdict = cpu.buffer[i];
    if (verdict === undefined || verdict.sched !== sched) continue;
    const sameTarget = verdict.dsqId.equals(event.dsq_hi, event.dsq_lo);
    const sameCpu =
      event.task_cpu < 0 ||
      verdict.task === undefined ||
      verdict.task.taskCpu < 0 ||
      verdict.task.taskCpu === event.task_cpu;
    if (!sameTarget || !sameCpu || claimSucceeds(verdict) === NO) {
      step.drops++;
      continue;
    }
    cpu.flushIndex = i + 1;
    cpu.claimed = verdict;
    verdict.task?.setOpsState(0, OPSS_DISPATCHING);
    return verdict;
  }
  return undefined;
}

/** Takes the buffered verdict of a task out of order, for traces that record finish_dispatch() itself. */
function takeVerdict(cpu: Cpu, task: Task): BufferedVerdict | undefined {
  for (let i = Math.max(0, cpu.flushIndex); i < cpu.bufferLength; i++) {
    const verdict = cpu.buffer[i];
    if (verdict?.task !== task) continue;
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

/** When a verdict was decided: from the dispatch buffer, else from the last insert of the task. */
function decisionOf(verdict: BufferedVerdict | undefined, task: Task | undefined): Decision {
  if (verdict === undefined) return task === undefined ? NO_DECISION : lastInsert(task);
  return { seq: verdict.seq, time: verdict.time, callbackSeq: verdict.callbackSeq, callbackTime: verdict.callbackTime };
}

/** find_dsq_for_dispatch(): a destination that does not exist falls back to GLOBAL, with an error. */
function checkDestination(
  model: Model,
  event: TraceEvent,
  step: Step,
  sched: Sched | undefined,
  task: Task | undefined,
  verdict: BufferedVerdict | undefined,
): void {
  const { dsq_hi: hi, dsq_lo: lo } = event;
  const decision = decisionOf(verdict, task);
  if (isLocalOn(hi)) {
    const cpu = lo | 0;
    if (model.isPossibleCpu(cpu) === 0 && sched?.cidForm !== true) {
      raise(model, step, 'dispatch-invalid-cpu', {
        sched,
        args: [cpu],
        task,
        target: cpu,
        dsq: formatDsqId(hi, lo),
        text: `${task === undefined ? 'a task' : task.label} is dispatched to CPU ${cpu}, which does not exist`,
        decision,
      });
    }
    return;
  }
  if (isBuiltinId(hi, lo, DSQ_LOCAL) || isBuiltinId(hi, lo, DSQ_GLOBAL)) return;
  const exists = isBuiltin(hi) ? NO : userDsqExists(model, sched, hi, lo);
  if (exists !== NO) return;
  raise(model, step, 'dsq-nonexistent', {
    sched,
    args: [formatHex(hi, lo).slice(2), ...(task === undefined ? [] : [task.comm, task.pid])],
    task,
    dsq: formatDsqId(hi, lo),
    text: `${task === undefined ? 'a task' : task.label} is dispatched to DSQ ${formatDsqId(hi, lo)}, which does not exist`,
    decision,
  });
}

/** Local target of a finished verdict, for traces that do not record the check itself. */
function checkLocalTarget(
  model: Model,
  event: TraceEvent,
  step: Step,
  task: Task,
  verdict: BufferedVerdict | undefined,
): void {
  const hi = event.has('dsq') ? event.dsq_hi : (verdict?.dsqId.hi ?? 0);
  const lo = event.has('dsq') ? event.dsq_lo : (verdict?.dsqId.lo ?? 0);
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

/** task_can_run_on_remote_rq() with enforcement: a refusal for the mask or for migration-disable is fatal. */
function checkRemote(model: Model, step: Step, task: Task, target: number, verdict: BufferedVerdict | undefined): void {
  const { semantics } = model;
  const decision = decisionOf(verdict, task);
  const sched = step.sched ?? task.sched;
  const certainCpu = task.taskCpu >= 0;
  const migrationDisabled = task.migrationDisabled;
  const allowed = task.allows(target);
  const refuseMigration = (): void => {
    if (semantics.localCheck === 'mask-first') return;
    raise(model, step, 'dispatch-migration-disabled', {
      sched,
      args: [task.comm, task.pid, certainCpu ? task.taskCpu : undefined, target],
      task,
      target,
      dsq: `local_on:${target}`,
      certain: migrationDisabled > 0 && certainCpu,
      text: `${task.label} is migration-disabled on CPU ${task.taskCpu} and dispatched to CPU ${target}`,
      decision,
    });
  };
  if (migrationDisabled > 0 && semantics.localCheck === 'migration-first') {
    refuseMigration();
    return;
  }
  if (allowed !== 0) return;
  raise(model, step, 'dispatch-disallowed-cpu', {
    sched,
    args: [target, task.comm, task.pid],
    task,
    target,
    dsq: `local_on:${target}`,
    // While migration-disable is unknown the kernel may refuse for that reason, with another text.
    certain: certainCpu && (migrationDisabled === 0 || semantics.localCheck === 'mask-first'),
    text: `${task.label} may run on CPUs ${task.cpus.toString()} and is dispatched to CPU ${target}`,
    decision,
  });
}
