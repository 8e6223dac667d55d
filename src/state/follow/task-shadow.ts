// Tells cheaply whether a task changed: some events change a task without naming it (a loss, a DSQ that is forgotten).
import { TaskCaps } from '../../model/caps/task-caps.ts';
import { type DirectDispatch, Task } from '../../model/task.ts';

/** A copy of everything of a task that its facts are made of. */
export class TaskShadow {
  #original: Task | undefined;
  #copy = new Task(-1);

  differs(task: Task): boolean {
    return task !== this.#original || !isSame(task, this.#copy);
  }

  copy(task: Task): void {
    if (task !== this.#original) this.#copy = new Task(task.pid);
    this.#original = task;
    copyTo(this.#copy, task);
  }
}

function isSame(a: Task, b: Task): boolean {
  return (
    a.onCpu === b.onCpu &&
    a.waiting === b.waiting &&
    a.dsq === b.dsq &&
    a.custodySeq === b.custodySeq &&
    a.flags === b.flags &&
    a.flagsKnown === b.flagsKnown &&
    a.slice.equals(b.slice.hi, b.slice.lo) &&
    a.sliceKnown === b.sliceKnown &&
    a.vtime.equals(b.vtime.hi, b.vtime.lo) &&
    a.vtimeKnown === b.vtimeKnown &&
    a.opsState.equals(b.opsState.hi, b.opsState.lo) &&
    a.opsStateKnown === b.opsStateKnown &&
    a.taskCpu === b.taskCpu &&
    a.runSeq === b.runSeq &&
    a.runnableAtSeq === b.runnableAtSeq &&
    a.runnableAt === b.runnableAt &&
    a.linkSeq === b.linkSeq &&
    a.onPriq === b.onPriq &&
    a.enqueueEndSeq === b.enqueueEndSeq &&
    a.holdingCpu === b.holdingCpu &&
    a.reenqCount === b.reenqCount &&
    a.weight === b.weight &&
    a.migrationDisabled === b.migrationDisabled &&
    a.migrationPending === b.migrationPending &&
    a.maskKnown === b.maskKnown &&
    a.maskBits === b.maskBits &&
    a.cpus.equals(b.cpus) &&
    a.alive === b.alive &&
    a.cls === b.cls &&
    a.sched === b.sched &&
    a.comm === b.comm &&
    a.inCustody === b.inCustody &&
    a.takenBy === b.takenBy &&
    a.takenSeq === b.takenSeq &&
    isSameCaps(a.caps, b.caps) &&
    isSameDispatch(a.ddsp, b.ddsp)
  );
}

function isSameDispatch(a: DirectDispatch, b: DirectDispatch): boolean {
  return a.active === b.active && (!a.active || a.dsqId.equals(b.dsqId.hi, b.dsqId.lo));
}

function isSameCaps(a: TaskCaps | undefined, b: TaskCaps | undefined): boolean {
  return (
    (a?.rejectedOn ?? -1) === (b?.rejectedOn ?? -1) &&
    (a?.parkedOn ?? -1) === (b?.parkedOn ?? -1) &&
    (a?.missing ?? -1) === (b?.missing ?? -1)
  );
}

/** Only what is shown; the copy gets an entry of its own when the task has one. */
function copyCaps(copy: Task, caps: TaskCaps | undefined): void {
  if (caps === undefined && copy.caps === undefined) return;
  copy.caps ??= new TaskCaps();
  copy.caps.rejectedOn = caps?.rejectedOn ?? -1;
  copy.caps.parkedOn = caps?.parkedOn ?? -1;
  copy.caps.missing = caps?.missing ?? -1;
}

function copyTo(copy: Task, task: Task): void {
  copy.onCpu = task.onCpu;
  copy.waiting = task.waiting;
  copy.dsq = task.dsq;
  copy.custodySeq = task.custodySeq;
  copy.flags = task.flags;
  copy.flagsKnown = task.flagsKnown;
  copy.slice.copy(task.slice);
  copy.sliceKnown = task.sliceKnown;
  copy.vtime.copy(task.vtime);
  copy.vtimeKnown = task.vtimeKnown;
  copy.opsState.copy(task.opsState);
  copy.opsStateKnown = task.opsStateKnown;
  copy.taskCpu = task.taskCpu;
  copy.runSeq = task.runSeq;
  copy.runnableAtSeq = task.runnableAtSeq;
  copy.runnableAt = task.runnableAt;
  copy.linkSeq = task.linkSeq;
  copy.onPriq = task.onPriq;
  copy.enqueueEndSeq = task.enqueueEndSeq;
  copy.holdingCpu = task.holdingCpu;
  copy.reenqCount = task.reenqCount;
  copy.weight = task.weight;
  copy.migrationDisabled = task.migrationDisabled;
  copy.migrationPending = task.migrationPending;
  copy.maskKnown = task.maskKnown;
  copy.maskBits = task.maskBits;
  copy.cpus.copy(task.cpus);
  copy.alive = task.alive;
  copy.cls = task.cls;
  copy.sched = task.sched;
  copy.comm = task.comm;
  copy.inCustody = task.inCustody;
  copy.takenBy = task.takenBy;
  copy.takenSeq = task.takenSeq;
  copyCaps(copy, task.caps);
  copy.ddsp.active = task.ddsp.active;
  copy.ddsp.dsqId.copy(task.ddsp.dsqId);
}
