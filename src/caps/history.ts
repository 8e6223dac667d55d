// Collects, while a replay goes on, who was delegated and held which CPUs when, and what the core did for lack of it.
import type { CidLayout } from '../kernel/cid-layout.ts';
import type { DeedKind } from '../model/caps/check.ts';
import type { Model } from '../model/model.ts';
import type { Sched } from '../model/sched.ts';
import type { Step } from '../model/step.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import type { TraceEvent } from '../trace/event.ts';
import { EVENT_TYPES, type EventType, KIND } from '../trace/vocabulary/index.ts';

/** Sets of one scheduler on one cid from an event on: cells of the model, or GONE. */
export interface HeldChange {
  readonly t: number;
  readonly seq: number;
  readonly sched: Sched;
  readonly cid: number;
  readonly literal: number;
  readonly effective: number;
}

/** Not attached, or no longer. */
export const GONE = -1;

export interface DelegationRecord {
  readonly t: number;
  readonly kind: 'grant' | 'revoke' | 'kill';
  readonly caller: Sched | undefined;
  readonly target: Sched | undefined;
  readonly caps: number;
  readonly cids: CpuMask;
  ret: number | undefined;
  denied: CpuMask | undefined;
}

export interface DeedRecord {
  readonly t: number;
  readonly kind: DeedKind;
  readonly sched: Sched | undefined;
  readonly cid: number;
  readonly cpu: number;
  readonly pid: number;
  readonly comm: string;
  readonly missing: number;
}

/** Times of one instance, ns since the time base; -1: not in the trace. */
export interface LifeRecord {
  linked: number;
  enabled: number;
  unlinked: number;
}

/** Any set of any scheduler may change. */
const ALL = 1;
/** Sets on the run queue of the event may change, or become known. */
const ONE = 2;

const SCOPE = new Uint8Array(EVENT_TYPES.length);
for (const type of ['cap_grant', 'cap_revoke', 'cap_query', 'sched_attach', 'sched_detach', 'lost'] as const)
  SCOPE[KIND[type]] = ALL;
for (const type of [
  'cap_sync',
  'cap_notify',
  'pick',
  'flush',
  'sub_dispatch',
  'reject',
  'dsq_link',
  'kick',
  'cpu_online',
  'cpu_offline',
] as const satisfies readonly EventType[])
  SCOPE[KIND[type]] = ONE;

export class CapsHistory {
  readonly changes: HeldChange[] = [];
  readonly calls: DelegationRecord[] = [];
  readonly deeds: DeedRecord[] = [];
  /** The model that is observed; undefined before the first event. */
  model: Model | undefined;
  /** The layout last seen, and whether it was published in the trace. */
  layout: CidLayout | undefined;
  layoutShown = false;
  readonly #lives: LifeRecord[] = [];
  /** Last sets by scheduler and cid, effective and literal in one number. */
  readonly #last: number[][] = [];
  /** Calls under way, by CPU; a callback in one can make another. */
  readonly #open = new Map<number, DelegationRecord[]>();

  life(sched: Sched): LifeRecord {
    let life = this.#lives[sched.index];
    if (life === undefined) {
      life = { linked: -1, enabled: -1, unlinked: -1 };
      this.#lives[sched.index] = life;
    }
    return life;
  }

  /** Takes an event that the model has taken. */
  observe(event: TraceEvent, step: Step, model: Model): void {
    this.model = model;
    const { checks } = step;
    for (let i = 0; i < checks.deeds; i++) {
      const deed = checks.deedAt(i);
      if (deed === undefined) continue;
      this.deeds.push({
        t: event.t,
        kind: deed.kind,
        sched: deed.sched,
        cid: model.caps.cidOf(deed.cpu),
        cpu: deed.cpu,
        pid: deed.task?.pid ?? -1,
        comm: deed.task?.comm ?? '',
        missing: deed.missing,
      });
    }
    const scope = SCOPE[event.kind];
    if (scope === ALL) this.#lookAtAll(event, step, model);
    else if (scope === ONE && model.caps.active) this.#lookAtOne(event, step, model);
    if (event.kind === KIND.sub_kill && event.phase !== 'begin') this.#noteKill(event, step, model);
  }

  #lookAtAll(event: TraceEvent, step: Step, model: Model): void {
    if (event.kind === KIND.cap_grant || event.kind === KIND.cap_revoke) this.#noteCall(event, step, model);
    if (event.kind === KIND.sched_attach || event.kind === KIND.sched_detach) this.#noteLife(event, step);
    const { nrCids, layout } = model.caps;
    if (layout !== undefined) {
      this.layout = layout;
      this.layoutShown = model.caps.layoutShown;
    }
    for (const sched of model.scheds)
      if (sched.level > 0) for (let cid = 0; cid < nrCids; cid++) this.#compare(event, model, sched, cid);
  }

  #lookAtOne(event: TraceEvent, step: Step, model: Model): void {
    if (event.kind === KIND.cap_sync && event.step === 'queue') {
      if (step.sched !== undefined && event.cid >= 0) this.#compare(event, model, step.sched, event.cid);
      return;
    }
    const cpu = event.kind === KIND.cpu_online || event.kind === KIND.cpu_offline ? event.target : (step.rq?.id ?? -1);
    const cid = cpu < 0 ? -1 : model.caps.cidOf(cpu);
    if (cid < 0) return;
    for (const sched of model.scheds) if (sched.level > 0 && sched.linked) this.#compare(event, model, sched, cid);
  }

  #compare(event: TraceEvent, model: Model, sched: Sched, cid: number): void {
    let last = this.#last[sched.index];
    if (last === undefined) {
      last = [];
      this.#last[sched.index] = last;
    }
    const cpu = model.caps.cpuOf(cid);
    const own = model.caps.of(sched);
    const literal = sched.linked ? own.cid(cid).literal : GONE;
    const effective = !sched.linked ? GONE : cpu < 0 ? 0 : own.cpu(cpu).effective;
    const both = sched.linked ? (effective << 8) | literal : GONE;
    if ((last[cid] ?? GONE) === both) return;
    last[cid] = both;
    this.changes.push({ t: event.t, seq: event.seq, sched, cid, literal, effective });
  }

  #noteLife(event: TraceEvent, { sched }: Step): void {
    if (sched === undefined) return;
    const life = this.life(sched);
    if (event.step === 'link' && sched.linked) life.linked = event.t;
    else if ((event.step === 'sub_enable' || event.step === 'root_enable') && event.phase !== 'begin')
      life.enabled = event.t;
    else if (event.step === 'unlink') life.unlinked = event.t;
  }

  #noteCall(event: TraceEvent, step: Step, model: Model): void {
    if (event.phase === 'end') {
      const call = this.#open.get(event.cpu)?.pop();
      if (call !== undefined) finish(call, event);
      return;
    }
    const call: DelegationRecord = {
      t: event.t,
      kind: event.kind === KIND.cap_grant ? 'grant' : 'revoke',
      caller: model.schedOf(event) ?? model.caps.callerOn(event.cpu) ?? step.sched?.parent,
      target: step.sched,
      caps: event.caps_lo,
      cids: event.cids.clone(),
      ret: undefined,
      denied: undefined,
    };
    this.calls.push(call);
    if (event.phase !== 'begin') {
      finish(call, event);
      return;
    }
    const open = this.#open.get(event.cpu);
    if (open === undefined) this.#open.set(event.cpu, [call]);
    else open.push(call);
  }

  #noteKill(event: TraceEvent, step: Step, model: Model): void {
    const target = step.sched;
    this.calls.push({
      t: event.t,
      kind: 'kill',
      caller: model.schedOf(event) ?? target?.parent,
      target,
      caps: 0,
      cids: new CpuMask(),
      ret: event.has('ret') ? event.ret : undefined,
      denied: undefined,
    });
  }
}

function finish(call: DelegationRecord, event: TraceEvent): void {
  if (event.has('ret')) call.ret = event.ret;
  if (event.has('denied_cids')) call.denied = event.denied_cids.clone();
}
