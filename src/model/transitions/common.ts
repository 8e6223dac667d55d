// Steps that several transitions share: who the event is about, what its fields teach, and whether that fits.
import { TASK_STATE_SHIFT } from '../../kernel/flags.ts';
import type { CpuMask } from '../../trace/cpu-mask.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { EVENT_TYPES, KIND } from '../../trace/vocabulary/index.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import type { Cpu } from '../cpu.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, UNKNOWN } from '../sched.ts';
import type { Step } from '../step.ts';
import type { Task } from '../task.ts';
import { noticeExec } from './exec.ts';

// Looked up once: most events about a task pass here.
const { scx_flags: SCX_FLAGS, migration_disabled: MIGRATION_DISABLED, cpus: CPUS, task_cpu: TASK_CPU } = SLOT;

/** The event's task, noted in the step. */
export function taskOf(model: Model, event: TraceEvent, step: Step): Task {
  const task = model.task(event.pid);
  step.task = task;
  return task;
}

/** The task that executes on the event's run queue, which the event is about; both noted in the step. */
export function currentOf(model: Model, event: TraceEvent, step: Step): Task {
  rqOf(model, event, step);
  if (step.rq !== undefined && step.rq.currPid !== event.pid) noticeExec(model, step.rq, event.pid);
  return taskOf(model, event, step);
}

/** The event's run queue, noted in the step. */
export function rqOf(model: Model, event: TraceEvent, step: Step): void {
  if (event.rq >= 0) step.rq = model.cpu(event.rq);
}

/** The event's run queue is the one that the task is assigned to. */
export function rqOfTask(model: Model, event: TraceEvent, step: Step, task: Task): void {
  if (event.rq < 0) return;
  step.rq = model.cpu(event.rq);
  learnTaskCpu(model, event, step, task, event.rq);
}

/** The event's scheduler instance, noted in the step; it becomes the task's owner where the event says so. */
export function ownerOf(model: Model, event: TraceEvent, step: Step, task: Task): void {
  const sched = model.schedOf(event);
  if (sched === undefined) return;
  checkLinked(model, event, step, sched);
  step.sched = sched;
  task.sched = sched;
}

/** Tasks belong to schedulers that have been linked. */
function checkLinked(model: Model, event: TraceEvent, step: Step, sched: Sched): void {
  if (sched.linkSeq >= 0 || model.knownSince > 0 || model.startsMidRun || model.caps.strangerCame) return;
  if (model.header.recorded?.has('sched_attach') !== true) return;
  // One that the trace shows being made was not loaded before it.
  if (sched.sinceSeq < 0 && model.snapshotOpen && model.header.startsMidRun === undefined) {
    model.beganLoaded = true;
    return;
  }
  // Said once.
  sched.linkSeq = event.seq;
  contradict(
    step,
    INCONSISTENT,
    'sched',
    `${event.type} of pid ${event.pid} is about the scheduler ${sched.name === '' ? 'instance' : sched.name}, which was never linked`,
    {},
  );
}

/** Fields of `p->scx` and the affinity that any event about a task may carry. */
export function learnTask(model: Model, event: TraceEvent, step: Step, task: Task): void {
  if (event.hasSlot(SCX_FLAGS)) learnFlags(model, event, step, task, event.scx_flags_lo);
  if (event.hasSlot(MIGRATION_DISABLED)) task.migrationDisabled = event.migration_disabled;
  if (event.hasSlot(CPUS)) learnMask(model, event, step, task, event.cpus);
  if (event.hasSlot(TASK_CPU)) learnTaskCpu(model, event, step, task, event.task_cpu);
}

/**
 * `p->scx.flags`: the bits that the model predicts must be what the event shows. Open bits are just being changed: the
 * model has their value after the change, the event may show either.
 */
export function learnFlags(model: Model, event: TraceEvent, step: Step, task: Task, flags: number): void {
  const open = task.openFlags;
  if (task.lifeState >= 0) checkLifeState(model, event, step, task, flags);
  if (!task.flagsKnown && INSIDE[event.kind] === 1) {
    // The call around this event, which was not seen to begin, may be about to change them.
    task.flags = flags;
    return;
  }
  if (task.flagsKnown) {
    const wrong = (flags ^ task.flags) & model.predictedFlags & ~open;
    if (wrong !== 0) flagsContradict(event, step, task, flags, wrong);
    // The life-cycle state is open where its changes are not seen: the model has no value for it.
    const predicted = open & ~(model.semantics.taskStateMask << TASK_STATE_SHIFT);
    flags = (flags & ~predicted) | (task.flags & predicted);
  }
  task.setFlags(flags);
}

/** Only task_state events change the life-cycle state, but for the last steps (`openFlags`). */
function checkLifeState(model: Model, event: TraceEvent, step: Step, task: Task, flags: number): void {
  const mask = model.semantics.taskStateMask << TASK_STATE_SHIFT;
  if ((mask & model.predictedFlags) !== mask || (flags & mask) === task.lifeState) return;
  if ((mask & task.openFlags) !== 0) {
    task.lifeState = -1;
    return;
  }
  // Known flags are compared as a whole.
  if (!task.flagsKnown) flagsContradict(event, step, task, flags, (flags ^ task.lifeState) & mask, task.lifeState);
  task.lifeState = -1;
}

/** Kinds that occur inside calls that change p->scx.flags. */
const INSIDE = new Uint8Array(EVENT_TYPES.length);
for (const type of [
  'ops_enqueue',
  'ops_dequeue',
  'dsq_link',
  'dsq_unlink',
  'dispatch_enqueue',
  'dispatch_dequeue',
  'dispatch_to_local',
  'can_run_remote',
  'move_local_task',
  'move_remote_task',
  'select_cpu',
  'slice_end',
  'task_state',
] as const)
  INSIDE[KIND[type]] = 1;

function flagsContradict(
  event: TraceEvent,
  step: Step,
  task: Task,
  flags: number,
  wrong: number,
  known = task.flags,
): void {
  const text = `${event.type} shows p->scx.flags 0x${(flags >>> 0).toString(16)} of ${task.label}, expected 0x${(((flags & ~wrong) | (known & wrong)) >>> 0).toString(16)}`;
  contradict(step, INCONSISTENT, 'scx_flags', text, { task });
}

export function learnTaskCpu(model: Model, event: TraceEvent, step: Step, task: Task, cpu: number): void {
  if (
    task.taskCpu >= 0 &&
    task.taskCpu !== cpu &&
    !task.taskCpuAssumed &&
    model.records('migrate') &&
    // A CPU that goes down wakes tasks to the end, but tracepoints are silent where cpu_online() is false.
    model.offlineSeq <= Math.max(task.runSeq, task.wakeSeq, task.linkSeq) &&
    !model.cpus.some((other) => other.active === NO)
  ) {
    contradict(
      step,
      INCONSISTENT,
      'task-cpu',
      `${event.type} shows ${task.label} on the run queue of CPU ${cpu}, it was last seen on that of CPU ${task.taskCpu}`,
      { task, cpu },
    );
  }
  task.taskCpu = cpu;
  task.taskCpuAssumed = false;
}

/** The task is assigned to a CPU. */
export function assignCpu(task: Task, cpu: number): void {
  task.taskCpu = cpu;
  task.taskCpuAssumed = false;
  task.unplaced = false;
}

/** The event shows the current task of a run queue; -1 pid: it does not. */
export function learnCurr(model: Model, event: TraceEvent, step: Step, rq: Cpu, pid: number): void {
  if (pid < 0) return;
  // A CPU that goes down switches to idle for the last time without an event.
  if (rq.active === NO || rq.online === NO) return;
  if (rq.currPid >= 0 && rq.currPid !== pid && !noticeExec(model, rq, pid)) {
    contradict(
      step,
      INCONSISTENT,
      'curr',
      `${event.type} shows pid ${pid} as current on CPU ${rq.id}, the last switch there was to pid ${rq.currPid}`,
      { cpu: rq.id, sinceSeq: rq.switchSeq },
    );
    rq.currPid = -1;
  }
}

/** The event shows the effective mask of a task. */
export function learnMask(model: Model, event: TraceEvent, step: Step, task: Task, mask: CpuMask): void {
  if (task.maskKnown && task.maskBits === event.cpus_bits && task.cpus.equals(mask)) {
    task.maskAssumed = false;
    return;
  }
  if (
    task.maskKnown &&
    !task.maskAssumed &&
    task.maskBits === event.cpus_bits &&
    // Where it comes under a scheduler, changes of the time before count.
    (event.kind === KIND.task_enable ? model.records('affinity:common') : model.recordsMasksOf(task))
  ) {
    contradict(
      step,
      INCONSISTENT,
      'cpus',
      `${event.type} shows ${task.label} with cpus_ptr ${mask.toString()}, it was ${task.cpus.toString()} and no change was seen`,
      { task, sinceSeq: task.maskChanges.at(-1)?.endSeq ?? -1 },
    );
  }
  // A change that was not recorded may have left a migration to be done.
  if (!model.recordsMasksOf(task)) task.migrationPending = UNKNOWN;
  task.learnMask(mask, event.cpus_bits);
}
