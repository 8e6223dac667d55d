// A CPU of the model as plain data.
import { BUILTIN_HI, DSQ_LOCAL, formatDsqId } from '../kernel/dsq-id.ts';
import { type BufferedVerdict, type Cpu, OP_DISPATCH, OP_ENQUEUE, OP_NONE, OP_SELECT_CPU } from '../model/cpu.ts';
import { Dsq } from '../model/dsq.ts';
import { type Tri, UNKNOWN, YES } from '../model/sched.ts';
import { rescuingOn, viewCpuCaps } from './caps-view.ts';
import type { CpuFacts, CpuView, None, TaskRef } from './document.ts';
import { dsqFacts, viewDsq } from './dsq-view.ts';
import { pendingVerdicts, viewVerdict } from './task-view.ts';
import { schedId, type ViewContext } from './view-context.ts';

const CALLBACKS: Readonly<Record<number, string>> = {
  [OP_SELECT_CPU]: 'select_cpu',
  [OP_ENQUEUE]: 'enqueue',
  [OP_DISPATCH]: 'dispatch',
};

/** The facts about a CPU; tasks by pid. */
export function cpuFacts(context: ViewContext, cpu: Cpu): CpuFacts {
  const local = dsqFacts(localOf(cpu));
  const idle = isBetweenCalls(cpu) ? 'none' : null;
  const { pick, consume } = cpu;
  return {
    cpu: cpu.id,
    online: certain(cpu.online),
    active: certain(cpu.active),
    curr: cpu.currPid < 0 ? null : cpu.currPid,
    curr_since: context.moment(cpu.switchSeq, cpu.switchTime),
    picked: cpu.picked === undefined ? null : cpu.picked === null ? 'none' : cpu.picked.pid,
    picking_event: pick.active ? pick.beginSeq : idle,
    callback: cpu.op === OP_NONE ? idle : (CALLBACKS[cpu.op] ?? null),
    callback_task: cpu.opTask === undefined ? null : cpu.opTask.pid,
    callback_since: cpu.op === OP_NONE ? null : context.moment(cpu.opSeq, cpu.opTime),
    consuming: consume.active ? (consume.dsq?.name ?? null) : idle,
    local_unknown: local.unknown,
    local: local.tasks,
    buffer_known: cpu.bufferKnown,
    buffer: pendingVerdicts(cpu).map(
      (verdict) => `${verdict.task?.pid ?? '?'} → ${formatDsqId(verdict.dsqId.hi, verdict.dsqId.lo)}`,
    ),
  };
}

/** A CPU with the names of its tasks and what follows from the rest of the model. */
export function viewCpu(context: ViewContext, cpu: Cpu): CpuView {
  const { model } = context;
  let waiting = 0;
  const deferred: TaskRef[] = [];
  for (const task of model.tasks()) {
    if (!task.alive || task.taskCpu !== cpu.id) continue;
    if (task.waiting === YES) waiting++;
    // Recorded by an insert, and the enqueue that should have carried it out is over.
    if (task.ddsp.active && task.enqueueEndSeq > task.ddsp.seq) deferred.push(context.taskRef(task));
  }
  const loaded = model.scheds.filter((sched) => !sched.gone);
  return {
    ...cpuFacts(context, cpu),
    node: cpu.node < 0 ? null : cpu.node,
    curr_task: currentTask(context, cpu),
    picked_task: cpu.picked === undefined ? null : cpu.picked === null ? 'none' : context.taskRef(cpu.picked),
    callback_of: cpu.opTask === undefined ? null : context.taskRef(cpu.opTask),
    local_dsq: viewDsq(context, localOf(cpu)),
    flushing: cpu.claimed === undefined ? null : claimedVerdict(context, cpu, cpu.claimed),
    verdicts: pendingVerdicts(cpu).map((verdict) => viewVerdict(context, cpu, verdict)),
    waiting,
    deferred,
    bypass: loaded.filter((sched) => sched.isBypassing(cpu.id) === YES).map(schedId),
    bypass_unknown: loaded.filter((sched) => sched.isBypassing(cpu.id) === UNKNOWN).map(schedId),
    caps: viewCpuCaps(context, cpu),
    rescuing: rescuingOn(context, cpu),
  };
}

/** The local DSQ of a CPU. One that no event has shown yet is not made for looking at it: its contents are unknown. */
export function localOf(cpu: Cpu): Dsq {
  if (cpu.local !== undefined) return cpu.local;
  const unseen = new Dsq(BUILTIN_HI, DSQ_LOCAL);
  unseen.cpu = cpu.id;
  return unseen;
}

/** A switch or the end of a pick has shown the CPU outside of every callback, and what came later is followed. */
function isBetweenCalls(cpu: Cpu): boolean {
  return cpu.switchSeq >= 0 || cpu.picked !== undefined;
}

function claimedVerdict(context: ViewContext, cpu: Cpu, claimed: BufferedVerdict): CpuView['flushing'] {
  const { fresh: _, ...verdict } = viewVerdict(context, cpu, claimed);
  return verdict;
}

function currentTask(context: ViewContext, cpu: Cpu): TaskRef | None | null {
  if (cpu.currPid < 0) return null;
  return cpu.curr === undefined ? 'none' : context.taskRef(cpu.curr);
}

function certain(value: Tri): boolean | null {
  return value === UNKNOWN ? null : value === YES;
}
