// Idle notifications: which schedulers must be told that a CPU goes idle or leaves idle, and which are owed a repetition.
import { CAP_BASE } from '../../kernel/caps.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import type { Model } from '../model.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Step } from '../step.ts';
import { hasAll } from './cell.ts';
import type { CpuCaps } from './cpu-caps.ts';
import { isPlaced } from './tree.ts';

const { idle: IDLE, notify: NOTIFY } = SLOT;

export const OP_UPDATE_IDLE = 'update_idle';

/** __scx_update_idle() of a CPU: who is told follows from the tree, the effective sets, and what is owed. */
export function idleEvent(model: Model, event: TraceEvent, step: Step): void {
  if (event.step === 'claim' || event.target < 0) return;
  const cpu = model.caps.cpu(event.target);
  step.rq = model.cpu(event.target);
  model.caps.idleShown = true;
  settleOwed(model, step, cpu);
  if (!event.hasSlot(IDLE) || !event.hasSlot(NOTIFY)) {
    forgetIdle(model, cpu);
    return;
  }
  const { notify } = event;
  cpu.idle = event.idle ? YES : NO;
  cpu.idleSeq = event.seq;
  cpu.owedIdle = event.idle;
  cpu.owedNotify = notify;
  const gates: Tri =
    cpu.gateSub === YES || cpu.gateRoot === YES ? YES : cpu.gateSub === NO && cpu.gateRoot === NO ? NO : UNKNOWN;
  cpu.owed = [];
  cpu.owedOpen = false;
  if (!notify && !(event.idle && gates !== NO)) return;
  if (!notify && gates === UNKNOWN) cpu.owedOpen = true;
  const rootForced = cpu.gateRoot;
  cpu.gateSub = NO;
  cpu.gateRoot = NO;
  // Who is not placed in the tree is told, too.
  for (const sched of model.scheds) if (!sched.gone && !isPlaced(sched)) cpu.owedOpen = true;
  if (model.root === undefined) cpu.owedOpen = true;
  else visit(model, cpu, model.root, rootForced, notify);
}

/** Which way it went, or whether it is a repetition, is not in the recording: anybody may have been told. */
function forgetIdle(model: Model, cpu: CpuCaps): void {
  cpu.idle = UNKNOWN;
  cpu.idleSeq = -1;
  cpu.owed = [];
  cpu.owedOpen = true;
  cpu.gateSub = UNKNOWN;
  cpu.gateRoot = UNKNOWN;
  for (const sched of model.scheds) {
    const on = model.caps.of(sched).cpu(cpu.id);
    on.idleTold = UNKNOWN;
    if (sched.level > 0) on.marker = UNKNOWN;
  }
}

/** Pre-order walk: a scheduler without the base capability is passed over together with everything below it. */
function visit(model: Model, cpu: CpuCaps, sched: Sched, rootForced: Tri, notify: boolean): void {
  const own = model.caps.of(sched);
  const on = own.cpu(cpu.id);
  const base: Tri = sched.isRoot ? YES : hasAll(on.effective, CAP_BASE);
  if (base === NO) return;
  const forced: Tri = sched.isRoot ? rootForced : on.marker;
  if (sched.level > 0 && base === YES) on.marker = NO;
  const told: Tri = notify ? YES : forced;
  const op = own.hasOp(OP_UPDATE_IDLE);
  const bypassing = sched.isBypassing(cpu.id);
  if (told !== NO && op !== NO && bypassing !== YES) {
    const certain = base === YES && told === YES && op === YES && bypassing === NO && !cpu.owedOpen;
    cpu.owed.push({ sched, forced: forced === YES && !notify, certain });
  }
  for (const child of sched.children) if (child.linked) visit(model, cpu, child, rootForced, notify);
}

/** ops.update_idle() of a scheduler. */
export function idleTold(model: Model, event: TraceEvent, step: Step, sched: Sched, rq: number): void {
  const { caps } = model;
  const { checks } = step;
  caps.idleOpsShown = true;
  if (rq < 0) {
    // It may be any CPU that somebody owes this to.
    for (const cpu of caps.cpus()) {
      cpu.owed = cpu.owed.filter((entry) => entry.sched !== sched);
      caps.of(sched).cpu(cpu.id).idleTold = UNKNOWN;
    }
    return;
  }
  const cpu = caps.cpu(rq);
  const on = caps.of(sched).cpu(rq);
  const what = `ops.update_idle(${event.idle ? 'idle' : 'busy'}) of ${sched.label}`;
  if (!holdsAlong(model, step, sched, rq, what)) {
    cpu.owed = cpu.owed.filter((entry) => entry.sched !== sched);
    return;
  }
  const at = cpu.owed.findIndex((entry) => entry.sched === sched);
  const shown = model.header.recorded?.has('idle') ?? caps.idleShown;
  const renotified = at >= 0 && cpu.owed[at]?.forced === true;
  if (at >= 0) {
    const skipped = cpu.owed.slice(0, at).find((entry) => entry.certain);
    if (skipped !== undefined)
      checks.fail(
        skipped.forced ? 'idle-renotify' : 'idle-complete',
        `${what} on CPU ${rq} comes before that of ${skipped.sched.label}`,
        sched,
        rq,
      );
    else checks.pass(renotified ? 'idle-renotify' : 'idle-complete', sched, rq);
    cpu.owed.splice(at, 1);
    if (event.idle !== cpu.owedIdle)
      checks.fail('idle-complete', `${what} on CPU ${rq}, which is ${cpu.owedIdle ? 'idle' : 'busy'}`, sched, rq);
  } else if (shown && cpu.idleSeq >= 0 && !cpu.owedOpen) {
    // Nothing called for it: neither a transition nor a repetition that is owed.
    checks.fail(
      cpu.owedNotify ? 'idle-complete' : 'idle-renotify',
      `${what} on CPU ${rq} is called without cause`,
      sched,
      rq,
    );
  }
  checkAlternation(
    step,
    on,
    event.idle,
    renotified || on.marker !== NO || (sched.isRoot && cpu.gateRoot !== NO),
    sched,
    rq,
    what,
  );
  on.idleTold = event.idle ? YES : NO;
  on.marker = NO;
  if (!shown && sched.isRoot) cpu.gateRoot = NO;
}

/** Told twice the same, when no repetition was owed. */
function checkAlternation(
  step: Step,
  on: { readonly idleTold: Tri },
  idle: boolean,
  mayRepeat: boolean,
  sched: Sched,
  rq: number,
  what: string,
): void {
  if (on.idleTold === UNKNOWN) {
    step.checks.open('idle-alternate', 'what was told before is not known', sched, rq);
    return;
  }
  if ((on.idleTold === YES) !== idle) step.checks.pass('idle-alternate', sched, rq);
  else if (!(idle && mayRepeat)) step.checks.fail('idle-alternate', `${what} on CPU ${rq} twice in a row`, sched, rq);
}

/** Only holders of the base capability are told, and only while everybody above holds it. */
function holdsAlong(model: Model, step: Step, sched: Sched, rq: number, what: string): boolean {
  const { checks } = step;
  for (let at: Sched | undefined = sched; at !== undefined && at.level > 0; at = at.parent) {
    const base = hasAll(model.caps.of(at).ecaps(rq), CAP_BASE);
    if (base === NO) {
      checks.fail('idle-holder', `${what} on CPU ${rq}, where ${at.label} has no base capability`, sched, rq);
      return false;
    }
    if (base === UNKNOWN) {
      checks.open('idle-holder', 'the effective set is not known', sched, rq);
      return true;
    }
  }
  if (sched.isBypassing(rq) === YES) {
    checks.fail('idle-holder', `${what} on CPU ${rq} while it is bypassing`, sched, rq);
    return false;
  }
  checks.pass('idle-holder', sched, rq);
  return true;
}

/** Who had to be told of the last transition and was not. */
export function settleOwed(model: Model, step: Step, cpu: CpuCaps): void {
  const recorded = model.header.recorded?.has('ops_call') ?? model.caps.idleOpsShown;
  if (recorded && !cpu.owedOpen) {
    for (const { sched, forced, certain } of cpu.owed) {
      if (!certain) continue;
      const check = step.checks.fail(
        forced ? 'idle-renotify' : 'idle-complete',
        `${sched.label} was not told that CPU ${cpu.id} is ${cpu.owedIdle ? 'idle' : 'busy'}`,
        sched,
        cpu.id,
      );
      check.began = cpu.idleSeq;
    }
  }
  cpu.owed = [];
}
