// A DSQ of the model as plain data.
import type { Dsq } from '../model/dsq.ts';
import type { Task } from '../model/task.ts';
import { exact } from '../replay/evidence.ts';
import { formatHex, toBigInt } from '../trace/u64.ts';
import type { DsqFacts, DsqMember, DsqView } from './document.ts';
import { waitedNs } from './task-view.ts';
import { schedId, sliceOf, type ViewContext } from './view-context.ts';

/** The facts about a DSQ; members by pid. */
export function dsqFacts(dsq: Dsq): DsqFacts {
  return {
    name: dsq.name,
    destroyed: dsq.destroyed,
    order: orderOf(dsq),
    nr: dsq.nr < 0 ? null : dsq.nr,
    unknown: dsq.unknown < 0 ? null : dsq.unknown,
    seq: dsq.seq ?? null,
    tasks: Array.from(membersOf(dsq), (task) => task.pid),
  };
}

/** A DSQ with what is known of its members. */
export function viewDsq(context: ViewContext, dsq: Dsq): DsqView {
  return {
    ...dsqFacts(dsq),
    id: formatHex(dsq.idHi, dsq.idLo),
    sched: dsq.sched === undefined ? null : schedId(dsq.sched),
    cpu: dsq.cpu < 0 ? null : dsq.cpu,
    node: dsq.node < 0 ? null : dsq.node,
    first_event: dsq.sinceSeq < 0 ? null : dsq.sinceSeq,
    members: Array.from(membersOf(dsq), (task) => viewMember(context, task)),
  };
}

/** Known members in dispatch order. */
export function* membersOf(dsq: Dsq): Generator<Task> {
  for (let task = dsq.head; task !== undefined; task = task.dsqNext) yield task;
}

function viewMember(context: ViewContext, task: Task): DsqMember {
  return {
    ...context.taskRef(task),
    vtime: task.vtimeKnown ? exact(toBigInt(task.vtime.hi, task.vtime.lo)) : null,
    slice: task.sliceKnown ? sliceOf(task.slice.hi, task.slice.lo) : null,
    linked: context.moment(task.linkSeq, task.linkTime),
    waited_ns: waitedNs(context.model, task),
    task_cpu: task.taskCpu < 0 ? null : task.taskCpu,
    cpus: task.maskKnown ? task.cpus.toString() : null,
  };
}

/** Certain only when every member is known: an unknown one may be ordered otherwise. */
function orderOf(dsq: Dsq): DsqFacts['order'] {
  if (dsq.nr === 0) return 'none';
  if (dsq.known === 0) return null;
  return dsq.ordered > 0 ? 'vtime' : 'fifo';
}
