// What the core vets when the BPF scheduler calls a kfunc: flags, DSQ ids, CPUs, the task. Each failed test is an error.
import { DSQ_INVALID, formatDsqId, isBuiltin, isBuiltinId, isLocalId } from '../../kernel/dsq-id.ts';
import {
  ENQ_HI_IMMED,
  ENQ_HI_INTERNAL,
  ENQ_HI_RESCUE,
  KICK_IDLE,
  KICK_PREEMPT,
  KICK_WAIT,
} from '../../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { formatHex } from '../../trace/u64.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { callerOf } from '../caller.ts';
import { OP_ENQUEUE, OP_NONE, OP_SELECT_CPU } from '../cpu.ts';
import { findUserDsq, userDsqExists } from '../dsq-lookup.ts';
import { type Decision, raise } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import type { Task } from '../task.ts';
import { learnTask, taskOf } from './common.ts';

const { dsq: DSQ_FIELD } = SLOT;

/** SCX_REENQ_ANY, the only flag that a scheduler may pass. */
const REENQ_ANY = 1;

export const kfuncTransitions: Transitions = {
  move_to_local(model, event, step) {
    const sched = callerOf(model, event);
    step.sched = sched;
    if (event.phase === 'end') return;
    vetEnqFlags(model, event, step, sched, undefined, true);
    const exists = isBuiltin(event.dsq_hi) ? NO : userDsqExists(model, sched, event.dsq_hi, event.dsq_lo);
    if (exists !== NO) return;
    raise(model, step, 'move-to-local-invalid-dsq', {
      sched,
      args: [formatHex(event.dsq_hi, event.dsq_lo).slice(2)],
      dsq: formatDsqId(event.dsq_hi, event.dsq_lo),
      text: `scx_bpf_dsq_move_to_local() of DSQ ${formatDsqId(event.dsq_hi, event.dsq_lo)}, which is no DSQ of the scheduler`,
      decision: callbackDecision(model, event),
    });
  },

  kick(model, event, step) {
    step.sched = model.schedOf(event);
    if (event.step !== 'request' && event.step !== '') return;
    if (event.target >= 0 && model.isPossibleCpu(event.target) !== 0) step.rq = model.cpu(event.target);
    const flags = event.kick_flags_lo;
    if ((flags & KICK_IDLE) === 0 || (flags & (KICK_PREEMPT | KICK_WAIT)) === 0) return;
    const bypassing = step.sched?.isBypassing(event.cpu) ?? -1;
    if (bypassing === YES) return;
    raise(model, step, 'kick-idle-flag-conflict', {
      sched: step.sched,
      args: [],
      target: event.target,
      certain: bypassing === NO,
      text: `CPU ${event.target} is kicked with SCX_KICK_IDLE and ${(flags & KICK_PREEMPT) !== 0 ? 'SCX_KICK_PREEMPT' : 'SCX_KICK_WAIT'}`,
      decision: callbackDecision(model, event),
    });
  },

  reenqueue(model, event, step) {
    if (event.step === 'dsq_kfunc') model.cpu(event.cpu).reenqKfuncSeq = event.seq;
    if (event.rq >= 0) step.rq = model.cpu(event.rq);
    if (event.pid > 0) taskOf(model, event, step);
    const sched = model.schedOf(event) ?? callerOf(model, event);
    step.sched = sched;
    if (event.step === 'dsq_kfunc') vetReenqueue(model, event, step, sched);
  },

  dsq_query(model, event, step) {
    const sched = callerOf(model, event);
    step.sched = sched;
    if (event.pid > 0) step.task = model.task(event.pid);
    if (!event.hasSlot(DSQ_FIELD)) return;
    const dsq = findUserDsq(model, sched, event.dsq_hi, event.dsq_lo);
    step.dsq = dsq;
    if (event.step !== 'peek') return;
    const details = {
      sched,
      args: [formatHex(event.dsq_hi, event.dsq_lo).slice(2)],
      dsq: formatDsqId(event.dsq_hi, event.dsq_lo),
    };
    if (isBuiltin(event.dsq_hi)) {
      raise(model, step, 'peek-builtin-dsq', {
        ...details,
        text: `scx_bpf_dsq_peek() of the built-in DSQ ${details.dsq}`,
      });
    } else if (userDsqExists(model, sched, event.dsq_hi, event.dsq_lo) === NO) {
      raise(model, step, 'peek-nonexistent-dsq', {
        ...details,
        text: `scx_bpf_dsq_peek() of DSQ ${details.dsq}, which does not exist`,
      });
    }
  },

  cpu_invalid(model, event, step) {
    const cpu = model.cpu(event.cpu);
    const sched = (cpu.op === OP_NONE ? undefined : cpu.opTask?.sched) ?? callerOf(model, event);
    step.sched = sched;
    const details = {
      sched,
      args: [event.target],
      target: event.target,
      // The record is made when the test returns: the error was raised inside it.
      sinceSeq: cpu.opSeq,
      decision: callbackDecision(model, event),
    };
    if (cpu.op === OP_SELECT_CPU) {
      // The kfuncs that ops.select_cpu() itself calls test CPUs, too, with another text.
      raise(model, step, 'select-cpu-invalid', {
        ...details,
        task: cpu.opTask,
        certain: false,
        text: `ops.select_cpu() of ${cpu.opTask?.label ?? 'a task'} returned CPU ${event.target}, which does not exist`,
      });
      return;
    }
    // LOCAL_ON verdicts are tested the same way; their error has been raised at the look-up.
    if (cpu.flushIndex >= 0 || cpu.path.isInside(KIND.find_dsq)) return;
    // Whether it is one of them is not known.
    if (!model.records('find_dsq') || cpu.priorSeq < 0) return;
    raise(model, step, 'kfunc-invalid-cpu', {
      ...details,
      certain: false,
      text: `a kfunc was given CPU ${event.target}, which does not exist`,
    });
  },
};

/** scx_vet_enq_flags(): for inserts (`local` undefined: by the DSQ id) and moves. */
export function vetEnqFlags(
  model: Model,
  event: TraceEvent,
  step: Step,
  sched: Sched | undefined,
  task: Task | undefined,
  local?: boolean,
): void {
  const hi = event.enq_flags_hi;
  // Most inserts ask for nothing special: no words are made for them.
  if ((hi & (ENQ_HI_INTERNAL | ENQ_HI_IMMED | ENQ_HI_RESCUE)) === 0) return;
  const id = formatHex(event.dsq_hi, event.dsq_lo).slice(2);
  const common = {
    sched,
    task,
    dsq: formatDsqId(event.dsq_hi, event.dsq_lo),
    decision: callbackDecision(model, event),
  };
  const what = event.kind === KIND.move ? 'move' : 'insert';
  const who = task === undefined ? 'a move' : `the ${what} of ${task.label}`;
  if ((hi & ENQ_HI_INTERNAL) !== 0) {
    raise(model, step, 'enq-flags-invalid', {
      ...common,
      args: [formatHex(hi, event.enq_flags_lo).slice(2)],
      text: `${who} carries enq_flags ${formatHex(hi, event.enq_flags_lo)}, of which bits are internal to the kernel`,
    });
    return;
  }
  if (local ?? (!event.hasSlot(DSQ_FIELD) || isLocalId(event.dsq_hi, event.dsq_lo))) return;
  if ((hi & ENQ_HI_IMMED) !== 0) {
    raise(model, step, 'immed-on-nonlocal', {
      ...common,
      args: [id],
      text: `${who} on DSQ ${common.dsq} carries SCX_ENQ_IMMED`,
    });
  } else if ((hi & ENQ_HI_RESCUE) !== 0) {
    raise(model, step, 'rescue-on-nonlocal', {
      ...common,
      args: [id],
      text: `${who} on DSQ ${common.dsq} carries SCX_ENQ_RESCUE`,
    });
  }
}

/** scx_bpf_dsq_reenq() and schedule_dsq_reenq(). */
function vetReenqueue(model: Model, event: TraceEvent, step: Step, sched: Sched | undefined): void {
  const decision = callbackDecision(model, event);
  const dsq = formatDsqId(event.dsq_hi, event.dsq_lo);
  if ((event.reenq_flags_lo & ~REENQ_ANY) !== 0 || event.reenq_flags_hi !== 0) {
    const flags = formatHex(event.reenq_flags_hi, event.reenq_flags_lo);
    raise(model, step, 'reenq-flags-invalid', {
      sched,
      args: [flags.slice(2)],
      dsq,
      decision,
      text: `a re-enqueue of DSQ ${dsq} carries the flags ${flags}`,
    });
    return;
  }
  const depth = sched?.bypassDepth ?? -1;
  if (depth > 0 || !isBuiltin(event.dsq_hi) || isLocalId(event.dsq_hi, event.dsq_lo)) return;
  if (isBuiltinId(event.dsq_hi, event.dsq_lo, DSQ_INVALID)) return;
  raise(model, step, 'reenq-dsq-not-allowed', {
    sched,
    args: [formatHex(event.dsq_hi, event.dsq_lo).slice(2)],
    dsq,
    certain: depth === 0,
    decision,
    text: `a re-enqueue of DSQ ${dsq} is asked for; only local and user DSQs can be re-enqueued`,
  });
}

/** A select_cpu kfunc on another task than the callback's own. */
export function vetSelectKfunc(model: Model, event: TraceEvent, step: Step, task: Task): void {
  const cpu = model.cpu(event.cpu);
  learnTask(model, event, step, task);
  if (cpu.op === OP_SELECT_CPU && cpu.opTask !== undefined && cpu.opTask !== task) {
    raise(model, step, 'kfunc-task-not-operated', {
      sched: task.sched,
      args: [],
      task,
      sinceSeq: cpu.opSeq,
      certain: false,
      text: `ops.select_cpu() of ${cpu.opTask.label} calls a select_cpu kfunc for ${task.label}`,
    });
  } else if (
    cpu.op === OP_ENQUEUE &&
    cpu.opTask !== undefined &&
    cpu.opTask !== task &&
    task.taskCpu >= 0 &&
    task.taskCpu !== cpu.opTask.taskCpu
  ) {
    raise(model, step, 'select-cpu-cross-task', {
      sched: task.sched,
      args: [task.comm, task.pid],
      task,
      sinceSeq: cpu.opSeq,
      text: `a select_cpu kfunc is called for ${task.label} on CPU ${task.taskCpu} while the rq of CPU ${cpu.opTask.taskCpu} is locked`,
    });
  }
}

/** The callback around a kfunc call, as the place where things began. */
function callbackDecision(model: Model, event: TraceEvent): Decision {
  const cpu = model.cpu(event.cpu);
  const inside = cpu.op !== OP_NONE;
  return {
    seq: inside ? cpu.opSeq : event.seq,
    time: inside ? cpu.opTime : event.t,
    callbackSeq: inside ? cpu.opSeq : -1,
    callbackTime: inside ? cpu.opTime : -1,
  };
}
