// Kicks of CPUs: what was asked for on which CPU, what is carried out, and what is denied for lack of capabilities.
import { CAP_BASE, CAP_PREEMPT } from '../../kernel/caps.ts';
import { KICK_PREEMPT } from '../../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import { raise } from '../errors.ts';
import type { Model } from '../model.ts';
import { NO, type Tri, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { absentOf, hasAll } from './cell.ts';
import type { KickRequest } from './cpu-caps.ts';
import { preemptNeed } from './insert.ts';
import { observeEcaps } from './sync.ts';

const { cid: CID, ecaps: ECAPS, resched: RESCHED } = SLOT;

export function kick(model: Model, event: TraceEvent, step: Step): void {
  const { caps } = model;
  const cpu = caps.cpu(event.cpu);
  switch (event.step) {
    case 'request':
    case '':
      if (event.target >= 0) requested(model, event, step);
      break;
    case 'cid':
      namedCid(model, event, step);
      break;
    case 'irq':
      // Whatever was asked for before is carried out now.
      cpu.delivering = cpu.kicks;
      cpu.kicks = [];
      cpu.deliveringKnown = cpu.kicksKnown;
      cpu.kicksKnown = true;
      break;
    case 'deliver':
      delivered(model, event, step);
      break;
    default:
  }
}

function requested(model: Model, event: TraceEvent, step: Step): void {
  const sched = model.schedOf(event);
  if (sched === undefined) return;
  const { caps } = model;
  const cpu = caps.cpu(event.cpu);
  if (sched.isRoot) ringDoorbell(model, event, step, cpu.doorbell);
  cpu.doorbell = -1;
  // A queued sync, or a kick by cid, asks for this kick at once; anything later is asked for by somebody else.
  const { priorSeq } = model.cpu(event.cpu);
  if (cpu.queuedCid >= 0 && cpu.queuedSeq === priorSeq && sched.isRoot) caps.learnCid(cpu.queuedCid, event.target);
  cpu.queuedCid = -1;
  if (cpu.kickedCid >= 0 && cpu.kickedSeq === priorSeq) caps.learnCid(cpu.kickedCid, event.target);
  cpu.kickedCid = -1;
  if (sched.isBypassing(event.cpu) === YES) return;
  const known = cpu.kicks.find((entry) => entry.sched === sched && entry.target === event.target);
  if (known !== undefined) known.flags |= event.kick_flags_lo;
  else cpu.kicks.push({ sched, target: event.target, flags: event.kick_flags_lo, seq: event.seq });
}

/** The first sync on an empty list rings the CPU that it is for. */
function ringDoorbell(model: Model, event: TraceEvent, step: Step, doorbell: number): void {
  if (doorbell < 0) return;
  if (event.target === doorbell) step.checks.pass('sync-doorbell', undefined, doorbell);
  else
    step.checks.fail(
      'sync-doorbell',
      `a sync was queued for CPU ${doorbell}, and CPU ${event.target} is kicked`,
      model.root,
      doorbell,
    );
}

/** scx_bpf_kick_cid(): a cid outside the cid space is an error of the caller. */
function namedCid(model: Model, event: TraceEvent, step: Step): void {
  if (!event.hasSlot(CID)) return;
  const { caps } = model;
  const cpu = caps.cpu(event.cpu);
  cpu.kickedCid = caps.cpuOf(event.cid) < 0 ? event.cid : -1;
  cpu.kickedSeq = event.seq;
  const caller = model.schedOf(event) ?? caps.callerOn(event.cpu);
  step.sched = caller;
  const { nrCids } = caps;
  if (nrCids < 0 || (event.cid >= 0 && event.cid < nrCids)) return;
  cpu.kickedCid = -1;
  raise(model, step, 'cid-invalid', {
    sched: caller,
    args: [event.cid],
    certain: caller !== undefined,
    text: `cid ${event.cid} is kicked, there are ${nrCids}`,
  });
}

/** One kick is carried out, where that is recorded. */
function delivered(model: Model, event: TraceEvent, step: Step): void {
  const sched = model.schedOf(event);
  if (sched === undefined || event.target < 0) return;
  const { caps } = model;
  const { checks } = step;
  step.sched = sched;
  const { target } = event;
  const who = `a kick of CPU ${target} by ${sched.label}`;
  if (event.hasSlot(ECAPS)) observeEcaps(model, event, step, sched, target, event.ecaps_lo, false);
  const cell = caps.of(sched).ecaps(target);
  const base: Tri = sched.isRoot ? YES : hasAll(cell, CAP_BASE);
  if (event.resched) {
    if (base === NO)
      checks.fail('kick-needs-base', `${who} makes it reschedule without the base capability`, sched, target);
    else if (base === YES) checks.pass('kick-needs-base', sched, target);
    else checks.open('kick-needs-base', 'the effective set is not known', sched, target);
  } else if (base === NO) checks.pass('kick-needs-base', sched, target);
  if ((event.kick_flags_lo & KICK_PREEMPT) === 0 && !event.zeroed) return;
  const curr = model.cpu(target).curr;
  if (event.zeroed && curr?.isProtected === true)
    checks.fail(
      'protected-honoured',
      `${who} takes the slice of ${curr.label}, which is protected`,
      sched,
      target,
    ).task = curr;
  const foreign = preemptNeed(model, sched, target);
  const lacks = sched.level > 0 && (absentOf(cell) & CAP_PREEMPT) !== 0;
  const holds = sched.isRoot || (cell & CAP_PREEMPT) !== 0;
  if (event.zeroed) {
    if (foreign === YES && lacks)
      checks.fail(
        'preempt-needs-cap',
        `${who} takes the slice of ${curr?.label ?? 'a task'} of another subtree without the preempt capability`,
        sched,
        target,
      ).task = curr;
    else if (foreign === NO || holds) checks.pass('preempt-needs-cap', sched, target);
    else checks.open('preempt-needs-cap', 'the effective set or the current task is not known', sched, target);
  } else if (foreign === YES && lacks && base === YES) {
    // Degraded to a plain kick.
    if (event.hasSlot(RESCHED) && !event.resched)
      checks.fail(
        'preempt-degrade',
        `${who} may not preempt, and does not even make the CPU reschedule`,
        sched,
        target,
      );
    else checks.pass('preempt-degrade', sched, target);
  }
}

/** SCX_EV_SUB_KICK_DENIED, SCX_EV_SUB_PREEMPT_DENIED: some kick that is being carried out lacked the capability. */
export function denied(model: Model, event: TraceEvent, step: Step, preempt: boolean): void {
  const cpu = model.caps.cpu(event.cpu);
  const lacking = (entry: KickRequest, certain: boolean): boolean => {
    const { sched, target, flags } = entry;
    if (sched.isRoot) return false;
    const base = hasAll(model.caps.of(sched).ecaps(target), CAP_BASE);
    if (!preempt) return certain ? base === NO : base !== YES;
    if ((flags & KICK_PREEMPT) === 0) return false;
    const holds = hasAll(model.caps.of(sched).ecaps(target), CAP_PREEMPT);
    const foreign = preemptNeed(model, sched, target);
    return certain ? holds === NO && foreign === YES && base !== NO : holds !== YES && foreign !== NO;
  };
  const aspect = preempt ? 'preempt-degrade' : 'kick-needs-base';
  const found = cpu.delivering.find((entry) => lacking(entry, true));
  if (found !== undefined) {
    step.checks.pass(aspect, found.sched, found.target);
    step.checks.deed(
      preempt ? 'preempt-denied' : 'kick-denied',
      found.sched,
      undefined,
      found.target,
      preempt ? CAP_PREEMPT : CAP_BASE,
    );
    cpu.delivering = cpu.delivering.filter((entry) => entry !== found);
  } else if (!cpu.deliveringKnown || cpu.delivering.some((entry) => lacking(entry, false)))
    step.checks.open(aspect, 'it is not known which kick was denied');
  else
    step.checks.fail(
      aspect,
      `a kick is denied on CPU ${event.cpu}, and every kick under way holds what it needs`,
      undefined,
      event.cpu,
    );
}
