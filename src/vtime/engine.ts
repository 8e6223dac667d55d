// The vtime engine: takes the events that concern vtime, keeps tasks and bases, and tells the rules facts.
import { LOCAL_ON_HI } from '../kernel/dsq-id.ts';
import { DEQ_SLEEP, ENQ_HI_DSQ_PRIQ, TASK_QUEUED } from '../kernel/flags.ts';
import { OP_NONE } from '../model/cpu.ts';
import type { Model } from '../model/model.ts';
import type { Step } from '../model/step.ts';
import type { Task } from '../model/task.ts';
import type { TraceEvent } from '../trace/event.ts';
import { before, difference } from '../trace/u64.ts';
import type { EventType } from '../trace/vocabulary/index.ts';
import { Advancing } from './advancing.ts';
import { AutoLag } from './auto-lag.ts';
import type { Basis } from './basis.ts';
import { Bounding, BY_REBASE } from './bounding.ts';
import { Charging } from './charging.ts';
import { Choices } from './choices.ts';
import type { Domain } from './domain.ts';
import { DriftWatch } from './drift.ts';
import type { AdvanceFact, VtimeHandlers } from './facts.ts';
import { Inserting, type InsertRequest } from './inserting.ts';
import { Mismatches } from './mismatch.ts';
import { PendingUpdates } from './pending.ts';
import { Placing } from './placing.ts';
import { Records } from './records.ts';
import { type Sinks, VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';
import { Waits } from './waits.ts';

export type EngineHandler = (event: TraceEvent, step: Step) => void;

/** Rules that need the engine only for stall proofs do not need vtimes. */
export interface EngineOptions {
  readonly model: Model;
  readonly domain: Domain;
  readonly listeners: readonly VtimeHandlers[];
}

export class VtimeEngine {
  readonly state: VtimeState;
  readonly waits: Waits;
  readonly drift: DriftWatch;
  readonly autoLag: AutoLag;
  readonly handlers: { readonly [T in EventType]?: EngineHandler };
  readonly #charging: Charging;
  readonly #advancing: Advancing;
  readonly #inserting: Inserting;
  readonly #bounding: Bounding;
  readonly #placing: Placing;
  readonly #choices: Choices;
  readonly #records: Records;
  /** Somebody asked for the vtime of tasks, not only for proofs of waits. */
  readonly #vtimes: boolean;
  /** An ordered DSQ is in use, or a description was given: from here on vtimes are followed. */
  #active: boolean;
  /** Task whose start each CPU has executed last. */
  readonly #startedOn: (VtimeTask | undefined)[] = [];
  readonly #request: { -readonly [K in keyof InsertRequest]: InsertRequest[K] } = {
    dsqHi: 0,
    dsqLo: 0,
    keyHi: 0,
    keyLo: 0,
    rq: -1,
    since: -1,
    seq: -1,
    t: -1,
  };

  constructor({ model, domain, listeners }: EngineOptions) {
    const sinks = sinksOf(listeners);
    const pending = new PendingUpdates((update, basis, movedNs, fresh) => {
      const { task, sched } = update;
      if (task === undefined || sched === undefined) return;
      const largestBefore = basis.largestStep;
      basis.countStep(movedNs);
      if (sinks.onAdvance.length === 0 || sched.premise.broken) return;
      const { reference } = task;
      const fact: AdvanceFact = {
        seq: update.since,
        t: task.stopSeq === update.since ? task.stopTime : task.runTime,
        task,
        sched,
        basis,
        movedNs,
        largestBefore,
        reference,
        referenceGapNs: reference === undefined || reference === basis ? 0 : leadOf(reference, basis, movedNs),
        fresh,
        retagged: Math.max(task.groupSeq, state.groups.cpuSeq(task.chargeCpu)) > task.placedSeq,
      };
      for (const sink of sinks.onAdvance) sink(fact);
    });
    const state = new VtimeState(model, domain, pending, sinks);
    this.state = state;
    this.#placing = new Placing(state);
    this.#advancing = new Advancing(state);
    this.drift = new DriftWatch(state, this.#advancing);
    this.autoLag = new AutoLag(state, this.drift);
    const mismatches = new Mismatches(state);
    this.#bounding = new Bounding(state, this.drift, mismatches);
    this.#charging = new Charging(state, this.#advancing, this.drift, mismatches, this.#placing);
    this.#inserting = new Inserting({
      state,
      advancing: this.#advancing,
      drift: this.drift,
      bounding: this.#bounding,
      mismatches,
      placing: this.#placing,
      autoLag: this.autoLag,
    });
    this.#choices = new Choices(state);
    this.waits = new Waits(state, this.#choices);
    this.#records = new Records(state, this.drift, this.#bounding, mismatches);
    this.#vtimes = Object.values(sinks).some((list) => list.length > 0);
    this.#active = this.#vtimes && !domain.auto;
    this.handlers = this.#wire();
  }

  /** The trace is over. */
  end(): void {
    const { model, pending } = this.state;
    const { seq, now } = model;
    pending.settleAll(seq);
    this.waits.end(seq, now, (task) => task.sched?.exit === undefined);
  }

  #wire(): VtimeEngine['handlers'] {
    const { service } = this.state;
    const proofs: VtimeEngine['handlers'] = {
      consume: (event, step) => {
        service.consume(event, step);
        if (this.#active) this.#consume(event, step);
      },
      switch: (event, step) => {
        service.switch(event, step);
        if (this.#active) this.#moveOn(event);
      },
      dsq_unlink: (event, step) => {
        service.unlink(event, step);
        if (this.#active && step.wasOrdered) this.#unlink(event, step);
      },
      lost: (event) => this.#lost(event),
    };
    if (!this.#vtimes) return proofs;
    return {
      ...proofs,
      sched_attach: (_event, step) => {
        if (step.sched !== undefined) this.state.noteLoaded(step.sched);
      },
      sched_exit: (event, step) => this.#exit(event, step),
      bpf_exit: (event) => {
        if (this.#active) this.#records.bpfError(event);
      },
      task_init: (event, step) => this.#allowRebase(step.task, 'init_task', event),
      task_enable: (event, step) => this.#enable(event, step),
      task_disable: (_event, step) => {
        if (step.task !== undefined) this.state.task(step.task).forget();
      },
      affinity: (event, step) => {
        if (event.phase === 'begin' || step.task === undefined) return;
        this.state.task(step.task).maskSeq = event.seq;
        this.#allowRebase(step.task, 'set_cpumask', event);
      },
      cgroup_move: (event) => this.#cgroupMove(event),
      cell: (event) => this.#cell(event),
      vtime_now: (event) => {
        if (this.#active) this.#records.snap(event);
      },
      set_vtime: (event, step) => {
        if (this.#active && (!event.has('ret') || event.ret > 0) && step.task !== undefined)
          this.#setVtime(event, step.task);
      },
      run: (event, step) => {
        if (this.#active && step.task !== undefined) this.#run(event, step.task);
      },
      stop: (event, step) => {
        if (this.#active && step.task !== undefined) this.#stop(event, step.task);
      },
      dequeue: (event, step) => {
        if (this.#active && step.task !== undefined) this.#dequeue(event, step.task);
      },
      update_curr: (event, step) => {
        if (this.#active && step.task !== undefined) this.#updateCurr(event, step.task);
      },
      yield: (_event, step) => {
        if (this.#active && step.task !== undefined) this.state.task(step.task).yielded = true;
      },
      tick: (event) => {
        if (this.#active) this.#moveOn(event);
      },
      class_change: (event) => {
        if (this.#active) this.#moveOn(event);
      },
      ops_enqueue: (event, step) => {
        if (this.#active && step.task !== undefined) this.#opsEnqueue(event, step.task);
      },
      insert: (event, step) => {
        if (step.task !== undefined) this.#insert(event, step);
      },
      move: (event, step) => {
        if (this.#active && step.task !== undefined && event.step === 'core' && event.phase !== 'end')
          this.state.task(step.task).moved = true;
      },
      dsq_link: (event, step) => {
        if (step.task !== undefined) this.#link(event, step, step.task);
      },
    };
  }

  /** The CPU does something else now: callbacks that it was in have returned. */
  #moveOn(event: TraceEvent): void {
    this.#charging.force(event.cpu, event);
    this.#settle(event);
    this.drift.timePasses(event.seq, event.t);
  }

  #settle(event: TraceEvent): void {
    this.state.pending.settle(event.cpu, event.seq);
    const running = this.#startedOn[event.cpu];
    if (running === undefined) return;
    if (running.runSettled < 0) running.runSettled = event.t;
    this.#startedOn[event.cpu] = undefined;
  }

  #run(event: TraceEvent, core: Task): void {
    this.#moveOn(event);
    const task = this.state.task(core);
    if (event.has('vtime')) this.#show(event, task, event.vtime_hi, event.vtime_lo);
    else if (task.charging) this.#charging.settle(task, false, 0, 0, event);
    if (task.askedPending && !event.has('vtime')) this.#inserting.committed(task, event.seq);
    // A current task that is no longer runnable is set again after a property change: ops.running() is not called.
    if (event.has('scx_flags') && (event.scx_flags_lo & TASK_QUEUED) === 0) return;
    this.#charging.runBegins(event, task);
    this.#startedOn[event.cpu] = task;
  }

  #stop(event: TraceEvent, core: Task): void {
    this.drift.timePasses(event.seq, event.t);
    const task = this.state.task(core);
    if (Charging.isPutOnly(event, task)) {
      task.stopDone = true;
      this.#settle(event);
      return;
    }
    this.#settle(event);
    this.#charging.runEnds(event, task);
  }

  #dequeue(event: TraceEvent, core: Task): void {
    const task = this.state.task(core);
    const sleeps = !event.has('deq_flags') || (event.deq_flags_lo & DEQ_SLEEP) !== 0;
    if (task.runCpu < 0) return;
    if (sleeps) task.slept = true;
    this.drift.timePasses(event.seq, event.t);
    this.#settle(event);
    this.#charging.runEnds(event, task);
  }

  #updateCurr(event: TraceEvent, core: Task): void {
    const task = this.state.task(core);
    if (task.charging) {
      if (!event.has('vtime')) return;
      // Before ops.stopping() it still shows the old value.
      if (task.stopDone || !task.vKnown || !task.v.equals(event.vtime_hi, event.vtime_lo))
        this.#charging.settle(task, true, event.vtime_hi, event.vtime_lo, event);
      return;
    }
    this.drift.timePasses(event.seq, event.t);
  }

  #setVtime(event: TraceEvent, core: Task): void {
    const task = this.state.task(core);
    this.#show(event, task, event.vtime_hi, event.vtime_lo);
  }

  /** An event shows the task's vtime. */
  #show(event: TraceEvent, task: VtimeTask, hi: number, lo: number): void {
    if (task.charging) {
      this.#charging.settle(task, true, hi, lo, event);
      return;
    }
    if (task.askedPending && task.asked.equals(hi, lo)) {
      this.#inserting.committed(task, event.seq);
      return;
    }
    if (!task.vKnown) {
      task.setV(hi, lo, event.seq);
      return;
    }
    if (task.v.equals(hi, lo)) {
      task.slack = 0;
      return;
    }
    if (task.slack > 0) {
      const ahead = difference(hi, lo, task.v.hi, task.v.lo);
      if (ahead >= 0 && ahead <= task.slack) {
        task.setV(hi, lo, event.seq);
        return;
      }
    }
    this.#rebased(event, task, hi, lo);
  }

  /** The vtime was set outside of a charge. */
  #rebased(event: TraceEvent, task: VtimeTask, hi: number, lo: number): void {
    const { state } = this;
    const sched = state.schedOf(task);
    const cause = task.rebaseAllowed ? task.rebaseCause : '';
    const { domain } = sched;
    const keeps = cause !== '' && domain.translate.has(cause) && !domain.reset.has(cause);
    if (state.sinks.onRebase.length > 0 && !sched.premise.broken && task.basis !== undefined && !keeps) {
      const fact = {
        seq: event.seq,
        t: event.t,
        task,
        sched,
        cause,
        driftMin: state.driftMin(task.v.hi, task.v.lo, task.basis),
        driftMax: state.driftMax(task.v.hi, task.v.lo, task.slack, task.basis),
      };
      for (const sink of state.sinks.onRebase) sink(fact);
    }
    task.rebaseDeltaNs = difference(task.v.hi, task.v.lo, hi, lo);
    task.setV(hi, lo, event.seq);
    // Against which basis it was set shows at the next insert.
    task.reference = undefined;
    if (keeps) return;
    task.clearDrift();
    task.rebasedSeq = cause === '' ? -1 : event.seq;
    if (cause === 'enable') this.#enabledWith(event, task);
  }

  /** ops.enable() gave the task the value of the one basis that there is. */
  #enabledWith(event: TraceEvent, task: VtimeTask): void {
    const sched = this.state.schedOf(task);
    const { domain } = sched;
    const [spec] = domain.bases;
    if (!domain.reset.has('enable') || domain.bases.length !== 1 || spec?.scope !== 'global') return;
    const basis = sched.instance(spec, 0);
    task.basis ??= basis;
    task.reference = basis;
    task.rebasedSeq = -1;
    const { sighting } = this.#bounding;
    sighting.begin(
      BY_REBASE,
      task,
      task.v,
      task.enableBeginSeq >= 0 ? task.enableBeginSeq : event.seq,
      event.seq,
      event.t,
    );
    sighting.atLeast(0);
    sighting.atMost(0);
    this.#bounding.see(sched, basis);
  }

  #enable(event: TraceEvent, step: Step): void {
    if (step.task === undefined) return;
    const task = this.state.task(step.task);
    if (event.phase !== 'end') {
      const { borrowed } = task;
      task.forget();
      task.borrowed = borrowed;
      task.rebaseAllowed = true;
      task.rebaseCause = 'enable';
      task.rebaseSeq = event.seq;
      task.enableBeginSeq = event.seq;
      this.state.schedOf(task);
      if (event.phase === 'begin') {
        if (event.has('vtime')) task.setV(event.vtime_hi, event.vtime_lo, event.seq);
        return;
      }
    }
    const sched = this.state.schedOf(task);
    if (!event.has('vtime')) return;
    const same = task.vKnown && task.v.equals(event.vtime_hi, event.vtime_lo);
    if (!same) this.#show(event, task, event.vtime_hi, event.vtime_lo);
    // Set to the value that it had already.
    if (sched.domain.reset.has('enable') && task.reference === undefined) this.#enabledWith(event, task);
    task.rebaseAllowed = false;
  }

  #allowRebase(
    core: Task | undefined,
    cause: 'init_task' | 'set_cpumask' | 'cgroup_move' | 'group_change',
    event: TraceEvent,
  ): void {
    if (core === undefined) return;
    const { domain } = this.state;
    if (!domain.reset.has(cause) && !domain.translate.has(cause)) return;
    const task = this.state.task(core);
    task.rebaseAllowed = true;
    task.rebaseCause = cause;
    task.rebaseSeq = event.seq;
  }

  #cgroupMove(event: TraceEvent): void {
    const { groups, domain, model } = this.state;
    const core = model.findTask(event.pid);
    if (core === undefined) return;
    const task = this.state.task(core);
    task.cgroup = event.has('cgroup') ? Number(event.value('cgroup')) : -1;
    if (domain.taskGroups.kind === 'cgroup') {
      task.group = event.has('cgroup') ? groups.ofCgroup(BigInt(task.cgroup)) : -1;
      task.groupSeq = event.seq;
    }
    this.#allowRebase(core, 'cgroup_move', event);
  }

  /** A CPU or a task changes its group. */
  #cell(event: TraceEvent): void {
    const { state } = this;
    const { groups, model } = state;
    if (event.has('target')) {
      const before = groups.cpu(event.target);
      groups.setCpu(event.target, event.cell, event.seq);
      if (before === event.cell) return;
      for (const sched of state.allScheds()) this.#advancing.retag(sched, event.target, event.cell, event.seq);
    }
    const core = event.has('pid') ? model.findTask(event.pid) : undefined;
    if (core === undefined) return;
    const task = state.task(core);
    if (task.group === event.cell) return;
    const known = groups.task(task);
    task.group = event.cell;
    task.groupSeq = event.seq;
    if (known >= 0 && known !== event.cell) this.#allowRebase(core, 'group_change', event);
  }

  #opsEnqueue(event: TraceEvent, core: Task): void {
    this.#settle(event);
    const task = this.state.task(core);
    if (event.phase === 'end') {
      task.opSeq = -1;
      task.opVKnown = false;
      return;
    }
    this.drift.timePasses(event.seq, event.t);
    if (event.has('vtime')) this.#show(event, task, event.vtime_hi, event.vtime_lo);
    if (event.sticky_cpu >= 0) return;
    task.opSeq = event.seq;
    task.opTime = event.t;
    task.opV.copy(task.v);
    task.opVKnown = task.vKnown && task.slack === 0;
    task.viaShared = false;
  }

  /** Keys that were asked for with the kfunc, by CPU: not repeated when the verdict is accepted (before 7.3). */
  readonly #askedHi: number[] = [];
  readonly #askedLo: number[] = [];

  #insert(event: TraceEvent, step: Step): void {
    const { task: core } = step;
    if (core === undefined) return;
    if (event.step === 'kfunc') {
      if (event.phase === 'end' || !event.priq || !event.has('vtime')) return;
      this.#askedHi[event.cpu] = event.vtime_hi;
      this.#askedLo[event.cpu] = event.vtime_lo;
      return;
    }
    const flagged = (event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0 || event.priq;
    const ordered =
      flagged || (event.step === '' && event.has('vtime') && !event.has('enq_flags') && !event.has('priq'));
    if (!ordered) {
      if (this.#active) this.#fifoInsert(event, step, core);
      return;
    }
    this.#active = this.#vtimes;
    const shown = event.has('vtime');
    const keyHi = shown ? event.vtime_hi : this.#askedHi[event.cpu];
    const keyLo = shown ? event.vtime_lo : this.#askedLo[event.cpu];
    if (keyHi !== undefined && keyLo !== undefined) this.#ordered(event, step, core, keyHi, keyLo);
  }

  #ordered(event: TraceEvent, step: Step, core: Task, keyHi: number, keyLo: number): void {
    const task = this.state.task(core);
    const cpu = this.state.model.cpu(event.cpu);
    // In a hand-written trace nothing may lie between a stop and the insert that follows it.
    if (task.charging) this.#settleByKey(event, task, keyHi, keyLo);
    const sched = step.sched === undefined ? this.state.schedOf(task) : this.state.sched(step.sched);
    task.sched ??= sched;
    const request = this.#request;
    request.dsqHi = event.dsq_hi;
    request.dsqLo = event.dsq_lo;
    request.keyHi = keyHi;
    request.keyLo = keyLo;
    request.rq = core.taskCpu;
    request.since = cpu.op === OP_NONE ? event.seq : cpu.opSeq;
    request.seq = event.seq;
    request.t = event.t;
    this.#inserting.insert(sched, task, request);
  }

  /** The charge was not shown; a key that it explains is the vtime after it. */
  #settleByKey(event: TraceEvent, task: VtimeTask, keyHi: number, keyLo: number): void {
    this.#charging.settle(task, false, 0, 0, event);
    if (!task.vKnown) return;
    const ahead = difference(keyHi, keyLo, task.v.hi, task.v.lo);
    if (ahead >= 0 && ahead <= task.slack) task.setV(keyHi, keyLo, event.seq);
  }

  /** A direct dispatch, or a FIFO insert somewhere. */
  #fifoInsert(event: TraceEvent, step: Step, core: Task): void {
    const task = this.state.task(core);
    task.askedPending = false;
    const sched = step.sched === undefined ? this.state.schedOf(task) : this.state.sched(step.sched);
    task.sched ??= sched;
    if (event.dsq_hi === LOCAL_ON_HI) this.#placing.direct(sched, task, event.dsq_lo, event.seq);
    else task.directPending = true;
  }

  #link(event: TraceEvent, step: Step, core: Task): void {
    const { dsq } = step;
    if (dsq === undefined) return;
    const ordered = core.onPriq;
    if (ordered && !this.#active) this.#active = this.#vtimes;
    if (!this.#active) return;
    const task = this.state.task(core);
    if (dsq.isLocal) {
      if (task.directPending && !task.viaShared)
        this.#placing.direct(this.state.schedOf(task), task, dsq.cpu, event.seq);
      return;
    }
    task.viaShared = true;
    task.directPending = false;
    if (ordered) this.#choices.inUse(dsq);
    if (!ordered || !event.has('vtime')) return;
    if (task.askedPending && task.asked.equals(event.vtime_hi, event.vtime_lo))
      this.#inserting.committed(task, event.seq);
    else if (task.moved) task.setV(event.vtime_hi, event.vtime_lo, event.seq);
    // Requests were not recorded: the link is all there is.
    else if (!task.v.equals(event.vtime_hi, event.vtime_lo) || task.queueSeq < task.opSeq) {
      this.#ordered(event, step, core, event.vtime_hi, event.vtime_lo);
      this.#inserting.committed(task, event.seq);
    }
    task.moved = false;
  }

  #unlink(event: TraceEvent, step: Step): void {
    const { task, dsq } = step;
    if (task === undefined || dsq === undefined) return;
    this.waits.left(event, step);
    if (this.state.sinks.onTake.length === 0 || this.state.model.cpu(event.cpu).consume.taken !== task) return;
    const next = dsq.head;
    const wasHead = next === undefined || !goesBefore(next, task);
    this.#choices.taken(event, step, wasHead ? task : next);
  }

  /** A CPU looks at a queue: where nothing else tells, that is the queue of its group. */
  #consume(event: TraceEvent, step: Step): void {
    this.drift.timePasses(event.seq, event.t);
    const { dsq } = step;
    if (dsq?.isUser !== true || this.state.domain.cpuGroups.kind === 'none') return;
    const queue = this.state.sched(dsq.sched ?? this.state.model.root).queue(dsq.idHi, dsq.idLo);
    if (queue !== undefined && queue.group >= 0) this.state.groups.learnCpu(event.rq, queue.group);
  }

  #exit(event: TraceEvent, step: Step): void {
    const { sched } = step;
    if (sched === undefined) return;
    if (sched.exit?.claimSeq === event.seq) this.waits.end(event.seq, event.t, (task) => task.sched === sched);
    if (this.#active && event.step === 'message') this.#records.message(event, sched);
    else if (this.#active && event.step === '' && event.has('msg')) this.#records.message(event, sched);
  }

  #lost(event: TraceEvent): void {
    const { state } = this;
    state.service.lost(event);
    state.pending.clear();
    this.#charging.forget();
    this.drift.forget();
    this.#startedOn.length = 0;
    this.#askedHi.length = 0;
    this.#askedLo.length = 0;
    for (const task of state.tasks()) task.forget();
    for (const sched of state.allScheds()) for (const basis of sched.allBases()) basis.forgetHigh(event.seq);
  }
}

function sinksOf(listeners: readonly VtimeHandlers[]): Sinks {
  const sinks: Sinks = {
    onCharge: [],
    onInsert: [],
    onDrift: [],
    onAdvance: [],
    onRebase: [],
    onSnap: [],
    onMismatch: [],
    onTake: [],
    onErrorRecord: [],
    onWait: [],
  };
  for (const listener of listeners) {
    for (const [name, handler] of Object.entries(listener)) {
      const list = sinks[name as keyof Sinks] as unknown[];
      list.push(handler);
    }
  }
  return sinks;
}

/** By how much `a` was certainly ahead of `b` before `b` moved by `movedNs`, ns. */
function leadOf(a: Basis, b: Basis, movedNs: number): number {
  if (!a.loKnown || !b.hiKnown) return 0;
  return Math.max(0, difference(a.lo.hi, a.lo.lo, b.hi.hi, b.hi.lo) + movedNs);
}

/** On one DSQ: does `a` go before `b`, that is no longer on it? */
function goesBefore(a: Task, b: Task): boolean {
  if (before(a.vtime.hi, a.vtime.lo, b.vtime.hi, b.vtime.lo)) return true;
  return a.vtime.equals(b.vtime.hi, b.vtime.lo) && a.linkStamp < b.linkStamp;
}
