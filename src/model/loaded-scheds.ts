// The scheduler instances that the header says are loaded when the trace begins.
import type { SchedInfo } from '../trace/header.ts';
import { highHalf, lowHalf } from '../trace/u64.ts';
import { placeLoaded } from './caps/tree.ts';
import type { Model } from './model.ts';
import type { Sched } from './sched.ts';

/** Makes them, and then places each under its parent: all have to exist for that. */
export function adoptLoadedScheds(model: Model): void {
  const loaded = model.header.schedulers.map((info) => ({ info, sched: adopt(model, info) }));
  for (const { info, sched } of loaded)
    placeLoaded(model, sched, info.parent === undefined ? undefined : schedById(model, info.parent), info.ops);
}

function schedById(model: Model, id: bigint): Sched {
  return model.sched(highHalf(id), lowHalf(id));
}

function adopt(model: Model, info: SchedInfo): Sched {
  const sched = schedById(model, info.sched);
  sched.linked = true;
  sched.name = info.name ?? '';
  sched.level = info.level ?? (info.parent === undefined ? 0 : 1);
  if (info.opsFlags !== undefined) {
    sched.opsFlags = lowHalf(info.opsFlags);
    sched.opsFlagsKnown = true;
  }
  sched.maxBatch = info.maxBatch ?? 0;
  if (info.timeoutMs !== undefined) {
    sched.timeoutMs = info.timeoutMs;
    sched.timeoutKnown = true;
  }
  if (info.cgroup !== undefined) sched.cgroup.set(highHalf(info.cgroup), lowHalf(info.cgroup));
  sched.path = info.path ?? '';
  sched.cidForm = info.cidForm === true;
  if (sched.level === 0) model.root ??= sched;
  sched.levelKnown = info.level !== undefined || model.root === sched;
  return sched;
}
