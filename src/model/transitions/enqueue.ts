// Transitions of the runnable life of a task: wakeup, CPU selection, enqueue, dequeue, custody.
import { DSQ_INVALID, DSQ_LOCAL, formatDsqId, isBuiltinId } from '../../kernel/dsq-id.ts';
import {
  DEQ_CLASS,
  DEQ_HI_CORE_SCHED_EXEC,
  DEQ_SAVE,
  DEQ_SLEEP,
  ENQ_HI_REENQ,
  ENQ_WAKEUP,
  OPSS_QUEUED,
  TASK_DEQD_FOR_SLEEP,
  TASK_IN_CUSTODY,
  TASK_QUEUED,
  TASK_RESET_RUNNABLE_AT,
} from '../../kernel/flags.ts';
import { REENQ_MAX_REPEAT } from '../../kernel/limits.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { contradict, INCONSISTENT } from '../contradiction.ts';
import { OP_ENQUEUE, OP_SELECT_CPU } from '../cpu.ts';
import { lastInsert, raise } from '../errors.ts';
import type { Transitions } from '../handler.ts';
import type { Model } from '../model.ts';
import { NO, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { CLASS_EXT, HOLDER_UNKNOWN, type Task } from '../task.ts';
import { assignCpu, learnFlags, learnTask, learnTaskCpu, ownerOf, rqOfTask, taskOf } from './common.ts';
import { noticeExec } from './exec.ts';
import { vetSelectKfunc } from './kfuncs.ts';
import { dropDeferred } from './verdict.ts';
import { checkWaking } from './wakeup.ts';

const {
  comm: COMM,
  ops_state: OPS_STATE,
  deq_flags: DEQ_FLAGS,
  slice: SLICE,
  vtime: VTIME,
  ddsp_dsq: DDSP_DSQ,
  scx_flags: SCX_FLAGS,
  sticky_cpu: STICKY_CPU,
  reenq_cnt: REENQ_CNT,
  enq_flags: ENQ_FLAGS,
  weight: WEIGHT,
} = SLOT;

export const enqueueTransitions: Transitions = {
  migrate(model, event, step) {
    const task = taskOf(model, event, step);
    if (event.hasSlot(COMM)) task.comm = event.comm;
    if (task.taskCpu >= 0) learnTaskCpu(model, event, step, task, event.orig_cpu);
    assignCpu(task, event.dest_cpu);
    task.migrationPending = NO;
  },

  select_cpu(model, event, step) {
    const task = taskOf(model, event, step);
    learnTask(model, event, step, task);
    const cpu = model.cpu(event.cpu);
    if (event.step === 'dfl' || event.step === 'and') {
      vetSelectKfunc(model, event, step, task);
      return;
    }
    if (event.phase === 'begin') {
      task.selectSeq = event.seq;
      cpu.enterOp(OP_SELECT_CPU, task, event.seq, event.t);
    } else {
      cpu.leaveOp();
      // A new task is assigned to the CPU without any event of its own.
      if (task.unplaced && event.ret >= 0) assignCpu(task, event.ret);
      learnDirectDispatch(event, task);
    }
  },

  enqueue(model, event, step) {
    const task = taskOf(model, event, step);
    if (task.unplaced) assignCpu(task, event.rq);
    // A move by the core is over when the task arrives.
    task.holdingCpu = -1;
    rqOfTask(model, event, step, task);
    learnTask(model, event, step, task);
    if ((event.enq_flags_lo & ENQ_WAKEUP) !== 0) checkWaking(model, event, step, task);
    task.cls = CLASS_EXT;
    if (!task.isQueued || task.waiting !== YES) markRunnable(event, task);
    task.flags |= TASK_QUEUED;
  },

  dequeue(model, event, step) {
    // Who goes to sleep executes.
    if ((event.deq_flags_lo & DEQ_SLEEP) !== 0 && event.rq >= 0) noticeExec(model, model.cpu(event.rq), event.pid);
    const task = taskOf(model, event, step);
    rqOfTask(model, event, step, task);
    learnTask(model, event, step, task);
    noteWait(step, task);
    task.cls = CLASS_EXT;
    if (event.hasSlot(OPS_STATE)) task.setOpsState(event.ops_state_hi, event.ops_state_lo);
    task.waiting = NO;
    dropDeferred(step, task);
    if (task.isQueued) {
      const sleeps = (event.deq_flags_lo & DEQ_SLEEP) !== 0;
      if (!event.hasSlot(DEQ_FLAGS)) task.flagsKnown = false;
      task.openFlag(sleeps ? TASK_DEQD_FOR_SLEEP : 0, sleeps ? TASK_QUEUED : TASK_QUEUED | TASK_DEQD_FOR_SLEEP);
    }
    task.ddsp.clear();
  },

  ops_enqueue(model, event, step) {
    const task = taskOf(model, event, step);
    rqOfTask(model, event, step, task);
    const cpu = model.cpu(event.cpu);
    if (event.phase !== 'end') {
      task.holdingCpu = -1;
      learnTask(model, event, step, task);
      ownerOf(model, event, step, task);
      task.cls = CLASS_EXT;
      if (event.hasSlot(SLICE)) task.setSlice(event.slice_hi, event.slice_lo);
      if (event.hasSlot(VTIME)) task.setVtime(event.vtime_hi, event.vtime_lo);
      learnWeight(event, step, task);
      step.custodySeqBefore = task.custodySeq;
      noteCustody(step, task);
      countReenqueue(model, event, step, task);
      // From the moment at which the scheduler owns it, other CPUs may dispatch it.
      task.openFlags = (task.openFlags & ~TASK_RESET_RUNNABLE_AT) | TASK_IN_CUSTODY;
      cpu.enterOp(OP_ENQUEUE, task, event.seq, event.t);
      cpu.opDirect = directDispatch(event, step, task);
      // QUEUEING, and from some moment before the end on QUEUED.
      task.opsStateKnown = false;
      if (event.phase === 'begin') return;
    }
    const beganSeq = cpu.opSeq;
    cpu.leaveOp();
    endOpsEnqueue(model, event, step, task, beganSeq);
  },

  ops_dequeue(model, event, step) {
    const task = taskOf(model, event, step);
    rqOfTask(model, event, step, task);
    step.custodySeqBefore = task.custodySeq;
    noteCustody(step, task);
    checkStillQueued(model, event, step, task);
    learnTask(model, event, step, task);
    releaseCustody(task);
    // While the core itself moves the task, custody goes with it until it arrives.
    if (task.holdingCpu === HOLDER_UNKNOWN) {
      task.flagsKnown = false;
      task.setInCustody(UNKNOWN, -1);
    } else if (task.holdingCpu < 0) {
      task.flags &= ~TASK_IN_CUSTODY;
      task.setInCustody(NO, event.seq);
    }
    // A dispatcher that has claimed it is waited for, and may put it on a DSQ first.
    task.beingDequeued = task.holdingCpu === -1 && model.records('dispatch_dequeue');
    if (task.beingDequeued) task.openFlags |= TASK_IN_CUSTODY;
    else task.openFlags &= ~TASK_IN_CUSTODY;
    noteTaken(model, event, task);
    // A dispatcher may claim it first, and is waited for: it is settled once the task is off its DSQ.
    if (model.records('dispatch_dequeue')) task.opsStateKnown = false;
    else task.setOpsState(0, 0);
  },
};

/** The built-in idle policy records a direct dispatch without an insert: only p->scx.ddsp_dsq_id shows it. */
function learnDirectDispatch(event: TraceEvent, task: Task): void {
  if (!event.hasSlot(DDSP_DSQ) || task.ddsp.active || isBuiltinId(event.ddsp_dsq_hi, event.ddsp_dsq_lo, DSQ_INVALID))
    return;
  const { ddsp } = task;
  ddsp.active = true;
  ddsp.deferred = false;
  ddsp.seq = event.seq;
  ddsp.time = event.t;
  ddsp.dsqId.set(event.ddsp_dsq_hi, event.ddsp_dsq_lo);
  ddsp.enqFlags.set(0, 0);
  ddsp.dsqKnown = true;
  ddsp.valuesKnown = false;
  ddsp.vtimeKnown = false;
}

/** The task is on a DSQ now, waits for a deferred dispatch, or belongs to the BPF scheduler. */
function endOpsEnqueue(model: Model, event: TraceEvent, step: Step, task: Task, beganSeq: number): void {
  const settled = task.linkSeq >= beganSeq || task.ddsp.active || task.reenqCount > REENQ_MAX_REPEAT;
  const phase = event.ops_state_lo & 3;
  const shown = event.hasSlot(OPS_STATE);
  // Without a record of links it may be on a DSQ all the same; another CPU may have claimed it by now.
  const linksShown = model.records('dsq_link');
  const taken = (shown && phase === OPSS_QUEUED) || (!settled && linksShown && (shown || event.phase === ''));
  const open = !taken && !settled;
  if (taken && task.flagsKnown) task.flags |= TASK_IN_CUSTODY;
  if (event.hasSlot(SCX_FLAGS)) learnFlags(model, event, step, task, event.scx_flags_lo);
  if (shown) {
    task.setOpsState(event.ops_state_hi, event.ops_state_lo);
    // Another CPU may have claimed the task before this record was written.
    if (taken && phase !== OPSS_QUEUED) task.opsStateKnown = false;
  }
  if (task.ddsp.active) task.ddsp.deferred = true;
  task.enqueueEndSeq = event.seq;
  task.enqueueEndTime = event.t;
  const change = task.maskChanges.at(-1);
  if (change !== undefined && change.endSeq >= 0 && change.enqueueEndTime < 0) change.enqueueEndTime = event.t;
  task.dispatchedDirectly = !taken && task.dsq !== undefined && task.dsq !== null && !task.dsq.isUser;
  if (taken) {
    task.custodySeq = event.seq;
    task.custodyTime = event.t;
    task.setInCustody(YES, event.seq);
  } else {
    releaseCustody(task);
    if (open) {
      task.setInCustody(UNKNOWN, -1);
      task.flagsKnown = false;
    }
  }
}

/** Did ops.select_cpu() insert the task? p->scx.ddsp_dsq_id tells, and must fit what was seen. */
function directDispatch(event: TraceEvent, step: Step, task: Task): Tri {
  if (!event.hasSlot(DDSP_DSQ)) return UNKNOWN;
  const { ddsp } = task;
  const asked = !isBuiltinId(event.ddsp_dsq_hi, event.ddsp_dsq_lo, DSQ_INVALID);
  if (asked === ddsp.active && (!asked || !ddsp.dsqKnown || ddsp.dsqId.equals(event.ddsp_dsq_hi, event.ddsp_dsq_lo)))
    return asked ? YES : NO;
  // Without ops.select_cpu(), and in bypass, the core itself sends a task to the local DSQ of an idle CPU.
  const byCore =
    !ddsp.active &&
    isBuiltinId(event.ddsp_dsq_hi, event.ddsp_dsq_lo, DSQ_LOCAL) &&
    (task.sched?.insertsInSelect !== true ||
      task.sched.isBypassing(event.rq) !== NO ||
      task.sched.bypassSeq > task.selectSeq);
  if (ddsp.known && !byCore) {
    contradict(
      step,
      INCONSISTENT,
      'verdict',
      `ops_enqueue shows ddsp_dsq ${formatDsqId(event.ddsp_dsq_hi, event.ddsp_dsq_lo)} of ${task.label}, expected ${ddsp.active ? formatDsqId(ddsp.dsqId.hi, ddsp.dsqId.lo) : 'none'}`,
      { task, sinceSeq: ddsp.active ? ddsp.seq : task.linkSeq },
    );
  }
  return asked ? YES : NO;
}

/** The task arrives from a move by the core itself: ops.enqueue() is not called. */
function arrives(event: TraceEvent): boolean {
  return event.hasSlot(STICKY_CPU) && event.sticky_cpu >= 0 && event.sticky_cpu === event.rq;
}

/** A re-enqueue counts; the 257th since the task last ran ends the scheduler (7.3, scx_do_enqueue_task). */
function countReenqueue(model: Model, event: TraceEvent, step: Step, task: Task): void {
  step.reenqBefore = task.reenqCount;
  if (event.hasSlot(REENQ_CNT)) {
    if (task.reenqCount >= 0 && task.reenqCount !== event.reenq_cnt) {
      contradict(
        step,
        INCONSISTENT,
        'reenq_cnt',
        `ops_enqueue shows reenq_cnt ${event.reenq_cnt} of ${task.label}, ${task.reenqCount} re-enqueues were seen since it ran`,
        { task },
      );
    }
    task.reenqCount = event.reenq_cnt;
  }
  if (!event.hasSlot(ENQ_FLAGS)) {
    task.reenqCount = -1;
    return;
  }
  // Flags travel with a task that the core moves; on arrival it is put on the local DSQ and not counted.
  if ((event.enq_flags_hi & ENQ_HI_REENQ) === 0 || arrives(event)) return;
  if (task.reenqCount >= 0) task.reenqCount++;
  if (model.semantics.reenqLimit !== 'per-task' || task.reenqCount <= REENQ_MAX_REPEAT) return;
  raise(
    model,
    step,
    'reenq-limit',
    {
      sched: task.sched,
      args: [task.comm, task.pid, task.reenqCount],
      task,
      target: event.rq,
      text: `${task.label} is re-enqueued for the ${task.reenqCount}th time without having run`,
      decision: lastInsert(task),
    },
    model.asked?.reenqLimit === 'per-task',
  );
}

/** The call around ops_dequeue() has tested QUEUED, and clears it later. */
function checkStillQueued(model: Model, event: TraceEvent, step: Step, task: Task): void {
  if (!event.hasSlot(SCX_FLAGS) || (event.scx_flags_lo & TASK_QUEUED) !== 0) return;
  if ((task.openFlags & model.predictedFlags & TASK_QUEUED) === 0) return;
  const text = `ops_dequeue shows p->scx.flags 0x${event.scx_flags_lo.toString(16)} of ${task.label}, which is not queued`;
  contradict(step, INCONSISTENT, 'scx_flags', text, { task });
}

/** Remembers in the step whether the scheduler was owed an ops.dequeue(). */
export function noteCustody(step: Step, task: Task): void {
  step.inCustodyBefore = task.inCustody;
  step.inCustodySeqBefore = task.inCustodySeq;
}

function learnWeight(event: TraceEvent, step: Step, task: Task): void {
  if (!event.hasSlot(WEIGHT)) return;
  if (task.weightSeen && task.weight > 0 && task.weight !== event.weight) {
    contradict(
      step,
      INCONSISTENT,
      'weight',
      `ops_enqueue shows weight ${event.weight} of ${task.label}, it was ${task.weight} and no change was seen`,
      { task },
    );
  }
  task.weight = event.weight;
  task.weightSeen = true;
}

/** Why the core takes the task back, as far as the flags of the dequeue tell. */
function noteTaken(model: Model, event: TraceEvent, task: Task): void {
  task.takenSeq = event.seq;
  task.takenTime = event.t;
  const { deq_flags_hi: hi, deq_flags_lo: lo } = event;
  if ((hi & DEQ_HI_CORE_SCHED_EXEC) !== 0) task.takenBy = 'picked to run';
  else if ((lo & DEQ_SLEEP) !== 0) task.takenBy = 'dequeued to sleep';
  else if ((lo & DEQ_CLASS) !== 0) task.takenBy = 'dequeued by a change of class';
  else if ((lo & DEQ_SAVE) !== 0)
    task.takenBy = model.bypassCalls > 0 ? 'dequeued by bypass' : 'dequeued by a property change';
  else task.takenBy = 'dequeued by a migration';
}

/** The task leaves the hands of the BPF scheduler. */
export function releaseCustody(task: Task): void {
  task.custodySeq = -1;
  task.custodyTime = -1;
}

/** set_task_runnable(): appends to the runnable list, and refreshes runnable_at when the reset bit is set. */
export function markRunnable(event: TraceEvent, task: Task): void {
  task.waiting = YES;
  task.listedAt = event.t;
  if (!task.flagsKnown || (task.flags & TASK_RESET_RUNNABLE_AT) === 0) return;
  task.runnableAt = event.t;
  task.runnableAtSeq = event.seq;
  task.flags &= ~TASK_RESET_RUNNABLE_AT;
}

/** Remembers in the step since when the task had been waiting. */
export function noteWait(step: Step, task: Task): void {
  if (task.waiting === YES) {
    step.waitedSince = task.runnableAt;
    step.waitedSinceSeq = task.runnableAtSeq;
  }
}

/** Kept here because both wakeups and switches teach names. */
export function learnComm(model: Model, pid: number, comm: string): void {
  if (pid > 0) model.task(pid).comm = comm;
}
