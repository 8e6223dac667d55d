// Which DSQ an event means: by its address where the recording has one, by owner and id otherwise.
import {
  BUILTIN_HI,
  DSQ_BYPASS,
  DSQ_GLOBAL,
  DSQ_INVALID,
  DSQ_LOCAL,
  DSQ_REJECT,
  DSQ_RESCUE,
  isBuiltin,
  isBuiltinId,
  isLocalOn,
} from '../kernel/dsq-id.ts';
import { SLOT, type TraceEvent } from '../trace/event.ts';
import { Dsq } from './dsq.ts';
import type { Model } from './model.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from './sched.ts';
import type { Task } from './task.ts';

const { dsq: DSQ_FIELD } = SLOT;

/**
 * The DSQ that a link, unlink or consumption is about. Created, with unknown contents, when it is new to the model. `task`
 * is the one that is taken off it.
 */
export function dsqOfEvent(model: Model, event: TraceEvent, task?: Task): Dsq {
  const { dsq_hi: idHi, dsq_lo: idLo } = event;
  const addrHi = event.dsq_addr_hi;
  const addrLo = event.dsq_addr_lo;
  if (addrHi === 0 && addrLo === 0) {
    // Built-in DSQs of one id are many: the task tells which of them it is on.
    const on = task?.dsq;
    if (on !== undefined && on !== null && on.idHi === idHi && on.idLo === idLo) return on;
    return namedDsq(model, event, idHi, idLo);
  }
  const known = model.dsqAt(addrHi, addrLo);
  if (known !== undefined && ((known.idHi === idHi && known.idLo === idLo) || !event.hasSlot(DSQ_FIELD))) return known;
  // A destroyed DSQ keeps its memory for a while; its id reads INVALID.
  if (known !== undefined && isBuiltinId(idHi, idLo, DSQ_INVALID)) return known;
  const dsq = newDsq(model, event, idHi, idLo);
  // A local DSQ whose CPU is not told is registered when it is.
  if (!dsq.isLocal || dsq.cpu >= 0) model.setDsqAt(addrHi, addrLo, dsq);
  return dsq;
}

/** A user DSQ of a scheduler by id: undefined when no such DSQ has been seen. */
export function findUserDsq(model: Model, sched: Sched | undefined, idHi: number, idLo: number): Dsq | undefined {
  return (sched ?? model.root)?.userDsqs.get(idHi, idLo) ?? model.orphanDsqs.get(idHi, idLo);
}

/** Files a user DSQ under its owner. */
export function addUserDsq(model: Model, dsq: Dsq): void {
  (dsq.sched?.userDsqs ?? model.orphanDsqs).set(dsq.idHi, dsq.idLo, dsq);
}

/** Strikes a destroyed user DSQ. */
export function removeUserDsq(model: Model, dsq: Dsq): void {
  dsq.destroyed = true;
  (dsq.sched?.userDsqs ?? model.orphanDsqs).delete(dsq.idHi, dsq.idLo);
}

/** Does the scheduler have a user DSQ with that id? Absence is only certain when all its DSQs were seen being made. */
export function userDsqExists(model: Model, sched: Sched | undefined, idHi: number, idLo: number): Tri {
  if (sched?.userDsqs.get(idHi, idLo) !== undefined) return YES;
  if (model.orphanDsqs.get(idHi, idLo) !== undefined) return UNKNOWN;
  return sched?.dsqsKnown === true && model.showsDsqCreation ? NO : UNKNOWN;
}

function namedDsq(model: Model, event: TraceEvent, idHi: number, idLo: number): Dsq {
  if (isLocalOn(idHi)) return model.localDsq(model.cpu(idLo));
  if (isBuiltinId(idHi, idLo, DSQ_LOCAL)) {
    const cpu =
      event.dsq_cpu >= 0 ? event.dsq_cpu : event.rq >= 0 ? event.rq : event.task_cpu >= 0 ? event.task_cpu : event.cpu;
    return model.localDsq(model.cpu(cpu));
  }
  const sched = model.schedOf(event) ?? model.root;
  if (!isBuiltin(idHi)) {
    if (sched === undefined || sched.userDsqs.get(idHi, idLo) === undefined) settleOwner(model, sched, idHi, idLo);
    const known = sched === undefined ? ownedByOne(model, idHi, idLo) : findUserDsq(model, sched, idHi, idLo);
    if (known !== undefined) return known;
    const dsq = model.dsqNamed(sched, idHi, idLo, -1);
    dsq.destroyed = false;
    addUserDsq(model, dsq);
    return dsq;
  }
  if (isBuiltinId(idHi, idLo, DSQ_REJECT) || isBuiltinId(idHi, idLo, DSQ_RESCUE))
    return rqDsq(model, event, idHi, idLo);
  const instance = isBuiltinId(idHi, idLo, DSQ_GLOBAL) ? nodeOf(model, event) : Math.max(event.dsq_cpu, event.rq);
  if (instance < 0 && isBuiltinId(idHi, idLo, DSQ_BYPASS)) {
    // Which of them is not told, so none of them can be followed.
    for (const other of model.dsqs()) if (other.isBypass && other.sched === sched) other.forget();
  }
  const dsq = model.dsqNamed(sched, idHi, idLo, instance);
  if (isBuiltinId(idHi, idLo, DSQ_GLOBAL)) dsq.node = instance;
  else dsq.cpu = instance;
  return dsq;
}

/** The DSQ with that id when its owner is not told: that of the only scheduler there is, or the one without an owner. */
function ownedByOne(model: Model, idHi: number, idLo: number): Dsq | undefined {
  const only = model.scheds.length === 1 ? model.scheds[0] : undefined;
  return findUserDsq(model, only, idHi, idLo);
}

/** Events name a DSQ of that id with and without its owner: of several owners, none can be told from the others. */
function settleOwner(model: Model, sched: Sched | undefined, idHi: number, idLo: number): void {
  const orphan = model.orphanDsqs.get(idHi, idLo);
  if (model.scheds.length > 1) {
    orphan?.forget();
    if (sched === undefined) for (const owner of model.scheds) owner.userDsqs.get(idHi, idLo)?.forget();
  }
  if (sched === undefined || orphan === undefined) return;
  model.orphanDsqs.delete(idHi, idLo);
  orphan.sched = sched;
  addUserDsq(model, orphan);
}

/** Node of the GLOBAL DSQ that an event means: a CPU consumes that of its node, a task goes to that of its CPU. */
function nodeOf(model: Model, event: TraceEvent): number {
  if (event.node >= 0) return event.node;
  const cpu = event.rq >= 0 ? event.rq : event.task_cpu;
  return cpu >= 0 ? Math.max(0, model.cpu(cpu).node) : 0;
}

/** REJECT and RESCUE belong to run queues, not to schedulers. */
function rqDsq(model: Model, event: TraceEvent, idHi: number, idLo: number): Dsq {
  const cpu = event.dsq_cpu >= 0 ? event.dsq_cpu : event.rq >= 0 ? event.rq : event.task_cpu;
  const dsq = model.dsqNamed(undefined, idHi, idLo, cpu);
  if (dsq.sinceSeq >= 0) return dsq;
  dsq.sinceSeq = event.seq;
  dsq.cpu = cpu;
  if (model.rqDsqsKnown) dsq.unknown = 0;
  return dsq;
}

function newDsq(model: Model, event: TraceEvent, idHi: number, idLo: number): Dsq {
  if (idHi === BUILTIN_HI && idLo === DSQ_LOCAL) {
    // An insertion into a local DSQ is made with that DSQ's own rq, to which the task is assigned.
    const cpu = event.dsq_cpu >= 0 ? event.dsq_cpu : event.rq >= 0 ? event.rq : event.task_cpu;
    if (cpu >= 0) return model.localDsq(model.cpu(cpu));
  }
  const dsq = new Dsq(idHi, idLo);
  dsq.sinceSeq = event.seq;
  // REJECT and RESCUE exist from boot on, belong to run queues and are seen at their first use.
  if (dsq.isRqOwned) {
    if (model.rqDsqsKnown) dsq.unknown = 0;
    return dsq;
  }
  dsq.sched = model.schedOf(event);
  if (idLo === DSQ_BYPASS && idHi === BUILTIN_HI) dsq.cpu = event.dsq_cpu;
  if (dsq.isUser) addUserDsq(model, dsq);
  else if (event.type === 'consume') {
    // A CPU consumes the GLOBAL of its own node and its own BYPASS only.
    const rq = model.cpu(event.rq);
    if (idLo === DSQ_GLOBAL) dsq.node = rq.node;
    else if (idLo === DSQ_BYPASS) {
      dsq.cpu = rq.id;
      if (dsq.sched !== undefined) dsq.sched.bypassDsqs[rq.id] = dsq;
    }
    model.nameDsq(dsq);
  }
  return dsq;
}
