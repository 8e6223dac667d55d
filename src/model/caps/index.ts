// Transitions of capability delegation, by event type: before and after the core takes the event.
import { EVENT_TYPES, type EventType } from '../../trace/vocabulary/index.ts';
import type { Transition } from '../handler.ts';
import { beforeBypass, bypass, routed } from './bypass.ts';
import { errorInCall, grant, revoke } from './delegation.ts';
import { beginPick, consume, endPick, errorInDispatch, flush, opsEnqueue, selectCpu, subDispatch } from './dispatch.ts';
import { offline, online } from './hotplug.ts';
import { idleEvent } from './idle.ts';
import { ifComplete } from './incomplete.ts';
import { destination, dispatchEnqueue, linked, moveLocal, moveRemote, resolve } from './insert.ts';
import { denied, kick } from './kick.ts';
import { mapCids } from './layout.ts';
import {
  beforeOwnerShown,
  cgroupEvent,
  checkSilence,
  disable,
  exitEvent,
  kill,
  ownerChanged,
  taskInit,
} from './lifecycle.ts';
import { capsUpdated, OP_CAPS_UPDATED } from './notify.ts';
import { beforeEndPick, judgePick, sliceShown, switchedIn } from './occupancy.ts';
import { opsCall } from './ops-call.ts';
import { query } from './query.ts';
import {
  beforeMigrate,
  dequeued,
  drain,
  localScan,
  ranInstead,
  reenqRequested,
  reenqueued,
  revokeVerdict,
  unlinked,
} from './reenq.ts';
import { checkProtected, overload, rescue, rescueeCharged, rescueeSwitched, sliceEnded } from './rescue.ts';
import { cidPerf, sliceWritten } from './slice.ts';
import { ecapsUpdated, sync } from './sync.ts';
import { attach, noteSub, unlink } from './tree.ts';

type Table = { readonly [T in EventType]?: Transition };

const BEFORE: Table = {
  migrate: beforeMigrate,
  ops_enqueue: beforeOwnerShown,
  bypass: beforeBypass,
  pick(model, event) {
    if (event.phase !== 'begin') beforeEndPick(model, event);
  },
};

const AFTER: Table = {
  sched_attach: attach,
  sched_detach(model, event, step) {
    if (event.step === 'unlink' && step.sched !== undefined) unlink(model, event, step, step.sched);
    else if (event.step === 'unlink') model.caps.strangerLeft = true;
    else disable(model, event, step);
  },
  sched_exit(model, event, step) {
    if (event.step === 'error') {
      errorInCall(model, event, step);
      errorInDispatch(model, event, step);
    }
    exitEvent(model, event, step);
    overload(model, event, step);
  },
  cid_map: mapCids,
  cap_grant: grant,
  cap_revoke: revoke,
  cap_sync: sync,
  cap_notify(model, event, step) {
    step.sched = model.schedOf(event);
    if (step.sched !== undefined) noteSub(model, step.sched);
    if (event.op === OP_CAPS_UPDATED) capsUpdated(model, event, step);
    else ecapsUpdated(model, event, step);
  },
  cap_query: query,
  sub_dispatch: subDispatch,
  sub_kill: kill,
  ops_call: opsCall,
  cidperf: cidPerf,
  cgroup: cgroupEvent,
  rescue,
  set_slice: sliceWritten,
  idle: idleEvent,
  task_init: taskInit,
  task_enable: ownerChanged,
  task_sched: ownerChanged,
  rehome: ownerChanged,
  bypass,
  pick(model, event, step) {
    if (event.phase === 'begin') {
      beginPick(model, event, step);
      sliceShown(model, event, step);
    } else {
      endPick(model, event, step);
      judgePick(model, event, step);
    }
  },
  consume,
  flush,
  select_cpu: selectCpu,
  ops_enqueue(model, event, step) {
    opsEnqueue(model, event, step);
    reenqueued(model, event, step);
    if (event.phase !== 'end' && step.sched !== undefined) checkSilence(model, event, step, step.sched, 'an enqueue');
    checkProtected(model, event, step);
  },
  find_dsq: destination,
  dispatch_enqueue: dispatchEnqueue,
  move_local_task: moveLocal,
  move_remote_task: moveRemote,
  dsq_link(model, event, step) {
    linked(model, event, step);
    routed(step);
    checkProtected(model, event, step);
  },
  dsq_unlink: unlinked,
  dequeue(_model, event, step) {
    dequeued(event, step);
  },
  ops_dequeue(_model, event, step) {
    dequeued(event, step);
  },
  reject(model, event, step) {
    if (event.step === 'reenqueue') drain(model, event, step);
    else resolve(model, event, step);
  },
  reenqueue(model, event, step) {
    if (event.step === 'local') localScan(model, event, step);
    else if (event.step === 'schedule') reenqRequested(model, event, step);
    else if (event.step === 'cap_revoke') {
      step.task = model.task(event.pid);
      revokeVerdict(model, event, step);
    }
  },
  update_curr(model, event, step) {
    sliceShown(model, event, step);
    rescueeCharged(model, event, step);
  },
  slice_end: sliceEnded,
  tick: sliceShown,
  stop: sliceShown,
  run(_model, event, step) {
    if (step.task !== undefined) ranInstead(event, step, step.task, 'runs');
  },
  switch(model, event, step) {
    if (step.task !== undefined) ranInstead(event, step, step.task, 'runs');
    switchedIn(model, event, step);
    rescueeSwitched(model, event, step);
  },
  kick,
  scx_event(model, event, step) {
    const { insert } = model.caps.cpu(event.cpu);
    switch (event.name) {
      case 'SCX_EV_SUB_FORCED_ADMIT':
        insert.forcedSeen = true;
        break;
      case 'SCX_EV_SUB_RESCUE':
        insert.rescueSeen = true;
        break;
      case 'SCX_EV_SUB_KICK_DENIED':
        denied(model, event, step, false);
        break;
      case 'SCX_EV_SUB_PREEMPT_DENIED':
        denied(model, event, step, true);
        break;
      default:
    }
  },
  cpu_online: online,
  cpu_offline: offline,
  lost(model) {
    model.caps.forget(model.seq);
  },
};

/** Event types that can bring sub-schedulers into being: looked at even while there are none. */
const FIRST: ReadonlySet<EventType> = new Set([
  'sched_attach',
  'sched_detach',
  'cid_map',
  'cap_grant',
  'cap_revoke',
  'cap_query',
  'cap_sync',
  'cap_notify',
  'sub_dispatch',
  'sub_kill',
  'ops_call',
  'lost',
]);

export const CAPS_BEFORE: readonly (Transition | undefined)[] = EVENT_TYPES.map((type) => BEFORE[type]);
export const CAPS_AFTER: readonly (Transition | undefined)[] = EVENT_TYPES.map((type) => {
  const transition = AFTER[type];
  return transition === undefined ? undefined : ifComplete(type, transition);
});
/** What happens while there is no sub-scheduler: only some types matter even then. */
export function withoutCaps(transitions: readonly (Transition | undefined)[]): readonly (Transition | undefined)[] {
  return EVENT_TYPES.map((type, kind) => {
    const transition = transitions[kind];
    const after = FIRST.has(type) ? CAPS_AFTER[kind] : undefined;
    if (transition === undefined || after === undefined) return transition ?? after;
    return (model, event, step) => {
      transition(model, event, step);
      after(model, event, step);
    };
  });
}
