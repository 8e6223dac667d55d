// A scheduler instance of the model as plain data.

import { formatDsqId } from '../kernel/dsq-id.ts';
import { exitReason } from '../kernel/exit.ts';
import { opsFlagNames } from '../kernel/flag-names.ts';
import { type Sched, UNKNOWN, YES } from '../model/sched.ts';
import { watchdogTimeoutNs } from '../model/stall.ts';
import { exact } from '../replay/evidence.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import { viewSchedCaps } from './caps-view.ts';
import type { SchedExitView, SchedView } from './document.ts';
import { schedId, type ViewContext } from './view-context.ts';

export function viewSched(context: ViewContext, sched: Sched): SchedView {
  const { model } = context;
  const bypassing = new CpuMask();
  const unknown = new CpuMask();
  for (const cpu of model.cpus) {
    const value = sched.isBypassing(cpu.id);
    if (value === YES) bypassing.add(cpu.id);
    else if (value === UNKNOWN) unknown.add(cpu.id);
  }
  const timeout = watchdogTimeoutNs(model, sched);
  const followed = isFollowed(context, sched);
  return {
    id: schedId(sched),
    name: sched.name === '' ? null : sched.name,
    path: sched.path === '' ? null : sched.path,
    level: sched.level,
    parent: sched.parent === undefined ? null : schedId(sched.parent),
    children: model.scheds.filter((other) => other.parent === sched && !other.gone).map(schedId),
    root: model.root === sched ? true : followed || model.root !== undefined ? false : null,
    gone: sched.gone,
    linked_event: sched.linkSeq < 0 ? null : sched.linkSeq,
    loading: !sched.gone && sched.dsqsKnown && sched.linkSeq < 0,
    ops_flags: sched.opsFlagsKnown ? opsFlagNames(sched.opsFlags).join(' ') : null,
    cid_form: sched.cidForm,
    max_batch: sched.maxBatch > 0 ? sched.maxBatch : null,
    timeout_ns: timeout > 0 ? timeout : null,
    bypass_depth: sched.bypassDepth < 0 ? null : sched.bypassDepth,
    bypassing: bypassing.toString(),
    bypassing_unknown: unknown.toString(),
    bypass_queued: bypassQueued(sched),
    caps: viewSchedCaps(context, sched),
    aborting: sched.aborting ? true : followed ? false : null,
    exit: exitOf(context, sched) ?? (followed ? 'none' : null),
    first_error:
      sched.errorKind === 0
        ? null
        : { fmt: sched.errorFmt, at: { event: sched.errorSeq, ts: context.ts(sched.errorTime) } },
    user_dsqs: [...sched.userDsqs.values()].map((dsq) => formatDsqId(dsq.idHi, dsq.idLo)).toSorted(),
    user_dsqs_known: sched.dsqsKnown,
    tasks: countTasks(context, sched),
  };
}

function bypassQueued(sched: Sched): number | null {
  let queued = 0;
  for (const dsq of sched.bypassDsqs) {
    if (dsq === undefined) continue;
    if (dsq.nr < 0) return null;
    queued += dsq.nr;
  }
  return queued;
}

/** Its life was followed since it was made or linked: an exit would have been seen. */
function isFollowed({ model }: ViewContext, sched: Sched): boolean {
  return sched.dsqsKnown || (sched.linkSeq >= 0 && sched.linkSeq >= model.knownSince);
}

function exitOf(context: ViewContext, sched: Sched): SchedExitView | undefined {
  const { exit } = sched;
  if (exit === undefined) return undefined;
  return {
    kind: exit.kind,
    reason: exitReason(exit.kind),
    code: exact(exit.code),
    message: exit.message ?? null,
    claimed: { event: exit.claimSeq, ts: context.ts(exit.claimTime) },
  };
}

function countTasks({ model }: ViewContext, sched: Sched): SchedView['tasks'] {
  const counts = { all: 0, running: 0, waiting: 0, held: 0 };
  for (const task of model.tasks()) {
    if (!task.alive || task.sched !== sched) continue;
    counts.all++;
    if (task.onCpu >= 0) counts.running++;
    if (task.waiting === YES) counts.waiting++;
    if (task.custodySeq >= 0) counts.held++;
  }
  return counts;
}
