// Transitions of tasks: fork, life cycle in sched_ext, class, affinity, weight, slice and vtime writes.
import {
  SCA_MIGRATE_DISABLE,
  SCA_MIGRATE_ENABLE,
  TASK_QUEUED,
  TASK_RESET_RUNNABLE_AT,
  TASK_STATE_SHIFT,
} from '../../kernel/flags.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { LEARNT_CALLS } from '../code-path.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import { raise } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { CLASS_EXT, CLASS_OTHER, CLASS_UNKNOWN, NOT_RUNNING, type Task } from '../task.ts';
import { learnFlags, learnMask, learnTask, ownerOf, rqOfTask, taskOf } from './common.ts';
import { noteWait } from './enqueue.ts';
import { finishExec } from './exec.ts';

export const taskTransitions: Transitions = {
  fork(model, event, step) {
    if (event.has('parent_comm')) model.task(event.parent).comm = event.parent_comm;
    const task = startLife(model, event, step);
    if (event.has('comm')) task.comm = event.comm;
    else if (task.comm === '' && event.parent > 0) task.comm = model.task(event.parent).comm;
    if (event.has('class')) {
      const cls = model.classOf(event.class_hi, event.class_lo);
      if (cls !== CLASS_UNKNOWN) task.cls = cls;
    }
    learnTask(model, event, step, task);
  },

  exec(model, event, step) {
    const cpu = model.cpu(event.cpu);
    // Without its pid in the recording it is the task that the CPU executes.
    const oldPid = event.has('old_pid') ? event.old_pid : cpu.currPid;
    if (oldPid > 0 && oldPid !== event.pid) {
      // A thread that is not the leader takes over the leader's pid, and the dead leader gets its (de_thread).
      finishExec(model, event, oldPid);
    }
    taskOf(model, event, step);
  },

  exit(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.has('comm')) task.comm = event.comm;
    task.exiting = true;
  },

  rename(model, event, step) {
    if (event.pid < 0) return;
    const task = taskOf(model, event, step);
    if (event.has('comm')) task.comm = event.comm;
  },

  task_init(model, event, step) {
    const born = event.phase !== 'end' && event.fork;
    const lifeState = born ? (model.findTask(event.pid)?.lifeState ?? -1) : -1;
    const task = born ? startLife(model, event, step) : taskOf(model, event, step);
    if (born) checkInit(model, event, step, task, lifeState);
    // When a scheduler is loaded, all tasks go the same way.
    else if (event.phase !== 'end' && task.lifeState === 1 << TASK_STATE_SHIFT) model.initsKept++;
    task.initOpen = followCall(model, event, step, task, task.initOpen);
    if (event.phase !== 'end') {
      step.sched = model.schedOf(event);
      task.initSched = step.sched;
      task.initFork = event.fork;
      task.openFlags &= ~(model.semantics.taskStateMask << TASK_STATE_SHIFT);
    } else {
      step.sched = task.initSched;
    }
    const sched = step.sched;
    // While the scheduler is loaded a failure ends the loading; at a fork it only ends the fork.
    if (
      event.has('ret') &&
      event.ret !== 0 &&
      !task.initFork &&
      sched !== undefined &&
      sched.level === 0 &&
      model.attaching === sched
    ) {
      raise(model, step, 'init-task-failed', {
        sched,
        args: [event.ret, task.comm, task.pid],
        task,
        text: `ops.init_task() of ${task.label} returned ${event.ret} while the scheduler was loaded`,
      });
    }
  },

  task_enable(model, event, step) {
    const task = taskOf(model, event, step);
    task.enableOpen = followCall(model, event, step, task, task.enableOpen);
    if (event.has('comm')) task.comm = event.comm;
    if (event.has('tgid')) task.tgid = event.tgid;
    ownerOf(model, event, step, task);
    learnTask(model, event, step, task);
    task.cls = CLASS_EXT;
    if (event.has('slice')) task.setSlice(event.slice_hi, event.slice_lo);
    if (event.has('vtime')) task.setVtime(event.vtime_hi, event.vtime_lo);
    if (event.has('weight')) {
      task.weight = event.weight;
      task.weightSeen = true;
    }
  },

  task_disable(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.has('scx_flags')) learnFlags(model, event, step, task, event.scx_flags_lo);
    step.sched = task.sched;
  },

  task_exit(model, event, step) {
    const task = taskOf(model, event, step);
    // A task that no scheduler has initialised has none: what a probe reads through the pointer may be anything.
    const stateMask = model.semantics.taskStateMask << TASK_STATE_SHIFT;
    const hasNone = event.has('scx_flags') && (event.scx_flags_lo & stateMask) === 0;
    step.sched = hasNone ? undefined : (model.schedOf(event) ?? task.sched);
    if (event.has('scx_flags')) learnFlags(model, event, step, task, event.scx_flags_lo);
    // scx_set_task_state() is inlined where a task leaves sched_ext: the last steps are not seen.
    task.openFlags |= stateMask;
    task.lifeState = -1;
    task.sched = undefined;
  },

  task_dead(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.has('scx_flags')) learnFlags(model, event, step, task, event.scx_flags_lo);
    task.alive = false;
    task.exiting = true;
    task.waiting = NO;
    task.onCpu = NOT_RUNNING;
  },

  task_state(model, event, step) {
    const task = taskOf(model, event, step);
    const mask = model.semantics.taskStateMask << TASK_STATE_SHIFT;
    if (event.has('old_state')) learnFlags(model, event, step, task, event.old_state_lo);
    const state = event.state <= model.semantics.taskStateMask ? event.state << TASK_STATE_SHIFT : event.state;
    // It may be on its way out: the steps that follow then are not seen.
    if (task.lifeState < 0 && state >> TASK_STATE_SHIFT === model.semantics.taskStates.ready) task.openFlags |= mask;
    task.flags = (task.flags & ~mask) | (state & mask);
    task.lifeState = state & mask;
    if (state >> TASK_STATE_SHIFT === model.semantics.taskStates.init) task.flags |= TASK_RESET_RUNNABLE_AT;
  },

  task_sched(model, event, step) {
    ownerOf(model, event, step, taskOf(model, event, step));
  },

  class_change(model, event, step) {
    const task = taskOf(model, event, step);
    rqOfTask(model, event, step, task);
    step.sched = task.sched;
    if (event.step === 'switched_from') {
      noteWait(step, task);
      task.cls = CLASS_OTHER;
      task.waiting = NO;
      task.flags &= ~TASK_QUEUED;
      task.opsStateKnown = false;
    } else if (event.step === 'switching_to' || event.step === 'switched_to') {
      task.cls = CLASS_EXT;
    }
  },

  affinity(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.phase === 'begin') beginAffinity(model, event, step, task);
    else if (event.step === 'common') storeAffinity(event, task);
    else endAffinity(event, step, task);
    task.eligibilitySeq = event.seq;
  },

  migration_disabled(model, event, step) {
    const task = taskOf(model, event, step);
    task.migrationDisabled = event.migration_disabled;
    task.eligibilitySeq = event.seq;
  },

  weight(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.phase === 'begin') return;
    task.weight = event.has('weight') ? event.weight : 0;
    task.weightSeen = event.has('weight');
  },

  set_slice(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.step === 'core') task.setSlice(event.slice_hi, event.slice_lo);
  },

  set_vtime(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.has('ret') && event.ret <= 0) return;
    task.setVtime(event.vtime_hi, event.vtime_lo);
    // Its place stays, but what is inserted from now on is compared with the new key.
    if (task.onPriq && task.dsq !== undefined && task.dsq !== null) task.dsq.orderKnown = false;
  },

  rehome(model, event, step) {
    ownerOf(model, event, step, taskOf(model, event, step));
  },
};

/** How many new tasks must have changed their state before ops.init_task() for one that did not to count. */
const LEARNT_INITS = 8;

/** The state of a new task changes to INIT before ops.init_task() is called (scx_init_task). */
function checkInit(model: Model, event: TraceEvent, step: Step, task: Task, lifeState: number): void {
  task.lifeState = lifeState;
  // INIT_BEGIN, from 7.1 on.
  if (lifeState === 1 << TASK_STATE_SHIFT) {
    model.initsKept++;
    return;
  }
  if (model.initsKept < LEARNT_INITS || model.cpu(event.cpu).priorSeq < 0) return;
  const text = `ops.init_task() of ${task.label} is called, and no change of its state came before`;
  contradict(step, INCONSISTENT, 'scx_flags', text, { task });
}

/** A callback about a task begins or ends: it does neither twice. */
function followCall(model: Model, event: TraceEvent, step: Step, task: Task, open: Tri): Tri {
  const { kind, phase } = event;
  const { ended } = model.codePathRules;
  if (phase === '') return UNKNOWN;
  const begins = phase === 'begin';
  const twice = open === (begins ? YES : NO);
  // A recorder without a probe for the ends shows nothing but beginnings.
  if (twice && (ended[kind] ?? 0) >= LEARNT_CALLS) {
    contradict(
      step,
      INCONSISTENT,
      'call-nesting',
      begins
        ? `${event.type} of ${task.label} begins again before it ended`
        : `${event.type} of ${task.label} ends without having begun`,
      { task },
    );
  }
  if (!begins) ended[kind] = (ended[kind] ?? 0) + 1;
  return begins ? YES : NO;
}

/** A pid begins a life: anything known of an earlier task of that number is dropped, once. */
function startLife(model: Model, event: TraceEvent, step: Step): Task {
  const known = model.findTask(event.pid);
  const task = known?.alive === true && known.bornSeq >= 0 ? known : model.replaceTask(event.pid);
  if (task.bornSeq < 0) {
    task.bornSeq = event.seq;
    task.dsq = null;
    task.onCpu = NOT_RUNNING;
    task.waiting = NO;
    task.running = NO;
    task.reenqCount = 0;
    task.initOpen = NO;
    task.enableOpen = NO;
    task.unplaced = true;
    task.holdingCpu = -1;
    task.migrationDisabled = 0;
    task.migrationPending = NO;
    task.setOpsState(0, 0);
  }
  step.task = task;
  return task;
}

function beginAffinity(model: Model, event: TraceEvent, step: Step, task: Task): void {
  if (event.has('old_cpus')) learnMask(model, event, step, task, event.old_cpus);
  if (event.has('migration_disabled')) task.migrationDisabled = event.migration_disabled;
  if (event.has('task_cpu')) task.taskCpu = event.task_cpu;
  task.beginMaskChange(event.seq, event.t, wasQueued(event, task));
  const byMigrationDisable = (event.affinity_flags_lo & (SCA_MIGRATE_DISABLE | SCA_MIGRATE_ENABLE)) !== 0;
  // While migration is disabled a new mask is kept for later.
  task.maskRequested =
    event.has('new_cpus') && (byMigrationDisable || task.migrationDisabled === 0) ? event.new_cpus.clone() : undefined;
  if (task.takenBy === 'dequeued by a property change') task.takenBy = 'dequeued by an affinity change';
}

/** set_cpus_allowed_common(): the store itself, for tasks of any class; for ext tasks it lies inside begin and end. */
function storeAffinity(event: TraceEvent, task: Task): void {
  const nested = task.maskChanging;
  if (!nested) task.beginMaskChange(event.seq, event.t, wasQueued(event, task));
  if (event.has('new_cpus')) task.learnMask(event.new_cpus, event.cpus_bits);
  else task.maskKnown = false;
  if (!nested) finishAffinity(event, task);
}

/** The end of a change, or a change recorded as one event: `cpus` is in effect from here on. */
function endAffinity(event: TraceEvent, step: Step, task: Task): void {
  if (!task.maskChanging) task.beginMaskChange(event.seq, event.t, wasQueued(event, task));
  const requested = task.maskRequested;
  task.maskRequested = undefined;
  if (requested !== undefined && event.has('cpus') && !requested.equals(event.cpus)) {
    contradict(
      step,
      INCONSISTENT,
      'affinity',
      `the mask of ${task.label} is ${event.cpus.toString()} after a change to ${requested.toString()}`,
      { task, sinceSeq: task.maskChanges.at(-1)?.beginSeq ?? -1 },
    );
  }
  if (event.has('cpus')) task.learnMask(event.cpus, event.cpus_bits);
  else if (event.has('new_cpus')) task.learnMask(event.new_cpus, event.cpus_bits);
  finishAffinity(event, task);
}

/** A task that may not stay where it is, but runs or is being woken, is moved by the stopper later. */
function finishAffinity(event: TraceEvent, task: Task): void {
  task.endMaskChange(event.seq, event.t);
  const allowed = task.taskCpu < 0 ? -1 : task.allows(task.taskCpu);
  task.migrationPending = allowed < 0 ? UNKNOWN : allowed === 1 ? NO : YES;
}

/** Ext tasks are taken off their run queue before the change: `on_rq` still tells. */
function wasQueued(event: TraceEvent, task: Task): boolean {
  return event.has('on_rq') ? event.on_rq > 0 : task.isQueued || task.custodySeq >= 0;
}
