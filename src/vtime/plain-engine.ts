// Follows vtimes where nobody described how the scheduler keeps them: one basis for each ordered DSQ, moved by the starts of runs.
// Only what the sound rules of that case ask for, in one short path an event.
import { OP_NONE } from '../model/cpu.ts';
import type { Step } from '../model/step.ts';
import type { Task } from '../model/task.ts';
import { SLOT, type TraceEvent } from '../trace/event.ts';
import { difference } from '../trace/u64.ts';
import { Advancing } from './advancing.ts';
import { AutoLag } from './auto-lag.ts';
import { Bounding } from './bounding.ts';
import { Choices } from './choices.ts';
import { DriftWatch } from './drift.ts';
import type { EngineOptions, EventHandlers, VtimeEngine } from './engine.ts';
import { isOrderedInsert, isPutOnly, isUnqueued } from './event-kinds.ts';
import { newChargeFact, newInsertFact } from './fact-records.ts';
import { INSERT_BEHIND, INSERT_CLAMPED, INSERT_REBASED, INSERT_UNCLAMPED, INSERT_UNKNOWN } from './facts.ts';
import { Mismatches } from './mismatch.ts';
import { Records } from './records.ts';
import type { SchedVtime } from './sched-vtime.ts';
import { hasListeners, sinksOf } from './sinks.ts';
import { VtimeState } from './state.ts';
import { UNKNOWN_CHARGE, type VtimeTask } from './task-state.ts';
import { Waits } from './waits.ts';

const { ret: RET, vtime: VTIME, msg: MSG } = SLOT;

export class PlainEngine implements VtimeEngine {
  readonly state: VtimeState;
  readonly waits: Waits;
  readonly drift: DriftWatch;
  readonly handlers: EventHandlers;
  readonly #advancing: Advancing;
  readonly #lag: AutoLag;
  readonly #records: Records;
  /** An ordered DSQ is in use: from here on vtimes are followed. */
  #active = false;
  /** Tasks whose charge is under way, by the CPU that executes it. */
  readonly #charging: (VtimeTask | undefined)[] = [];
  /** Keys that were asked for with the kfunc, by CPU: not repeated when the verdict is accepted (before 7.3). */
  readonly #askedHi: number[] = [];
  readonly #askedLo: number[] = [];
  /** The key takes effect at the kfunc already. */
  readonly #commitsAtOnce: boolean;
  readonly #charge = newChargeFact();
  readonly #insertion = newInsertFact();

  constructor({ model, domain, listeners }: EngineOptions) {
    const sinks = sinksOf(listeners);
    const state = new VtimeState(model, domain, sinks);
    this.state = state;
    this.#advancing = new Advancing(state);
    this.drift = new DriftWatch(state, this.#advancing);
    this.#lag = new AutoLag(state, this.drift);
    this.waits = new Waits(state, new Choices(state));
    const mismatches = new Mismatches(state);
    this.#records = new Records(state, this.drift, new Bounding(state, this.drift, mismatches), mismatches);
    this.#commitsAtOnce = !model.semantics.verdictCarriesSlice;
    this.handlers = hasListeners(sinks) ? { ...this.#proofs(), ...this.#vtimes() } : this.#proofs();
  }

  /** Clamped keys that agreed with what had been learnt: each would have shown runs that do not move the basis. */
  get runsCompared(): number {
    return this.#lag.confirmed;
  }

  get driftsCompared(): number {
    return this.#lag.confirmed;
  }

  end(): void {
    const { model, pending } = this.state;
    pending.settleAll(model.seq);
    this.waits.end(model.seq, model.now, (task) => task.sched?.exit === undefined);
  }

  /** What proofs of waits stand on. */
  #proofs(): EventHandlers {
    const { service } = this.state;
    const { drift } = this;
    return {
      consume: (event, step) => {
        service.consume(event, step);
        if (drift.isWatching) drift.timePasses(event.seq, event.t);
      },
      switch: (event, step) => {
        service.switch(event, step);
        if (this.#active) this.#moveOn(event);
      },
      dsq_unlink: (event, step) => {
        service.unlink(event, step);
        if (this.#active && step.wasOrdered) this.waits.left(event, step);
      },
      lost: (event) => this.#lost(event),
    };
  }

  #vtimes(): EventHandlers {
    const { state } = this;
    return {
      sched_exit: (event, step) => this.#exit(event, step),
      bpf_exit: (event) => {
        if (this.#active) this.#records.bpfError(event);
      },
      task_enable: (event, step) => {
        if (step.task !== undefined) this.#enable(event, step.task);
      },
      task_disable: (_event, step) => {
        if (step.task !== undefined) state.task(step.task).forget();
      },
      affinity: (event, step) => {
        if (this.#active && event.phase !== 'begin' && step.task !== undefined) this.#detach(state.task(step.task));
      },
      cgroup_move: (event) => {
        const core = this.#active ? state.model.findTask(event.pid) : undefined;
        if (core !== undefined) this.#detach(state.task(core));
      },
      vtime_now: (event) => {
        if (this.#active) this.#records.snap(event);
      },
      set_vtime: (event, step) => {
        if (this.#active && (!event.hasSlot(RET) || event.ret > 0) && step.task !== undefined)
          this.#show(event, state.task(step.task), event.vtime_hi, event.vtime_lo);
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
      update_curr: (event) => {
        if (this.#active) this.#updateCurr(event);
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
        if (step.task !== undefined) this.#insert(event, step, step.task);
      },
      move: (event, step) => {
        if (this.#active && step.task !== undefined && event.step === 'core' && event.phase !== 'end')
          state.task(step.task).moved = true;
      },
      dsq_link: (event, step) => {
        if (step.task !== undefined) this.#link(event, step, step.task);
      },
    };
  }

  /** The CPU does something else now: callbacks that it was in have returned. */
  #moveOn(event: TraceEvent): void {
    const { cpu } = event;
    const charging = this.#charging[cpu];
    if (charging !== undefined) {
      this.#charging[cpu] = undefined;
      if (charging.charging) this.#settle(charging, false, 0, 0, event);
    }
    this.state.pending.settle(cpu, event.seq);
    if (this.drift.isWatching) this.drift.timePasses(event.seq, event.t);
  }

  #run(event: TraceEvent, core: Task): void {
    this.#moveOn(event);
    const { state } = this;
    const task = state.task(core);
    if (event.hasSlot(VTIME)) this.#show(event, task, event.vtime_hi, event.vtime_lo);
    else {
      if (task.charging) this.#settle(task, false, 0, 0, event);
      if (task.askedPending) this.#committed(task, event.seq);
    }
    // A current task that is no longer runnable is set again after a property change: ops.running() is not called.
    if (isUnqueued(event)) return;
    const sched = state.schedOf(task);
    task.runCpu = event.rq;
    task.runSeq = event.seq;
    task.runTime = event.t;
    task.beginApplied();
    const line = state.domain.running[0];
    if (task.ignoredBy.length > 0 || !task.vKnown || line === undefined) {
      const { running } = state.domain;
      this.#advancing.run(running, sched, task, event.rq, event.cpu, event.seq, task.v, 0, task.vKnown, undefined);
      this.drift.runBegins(sched, task, event.rq);
      return;
    }
    const { basis } = task;
    if (basis === undefined) task.appliedUnknown = true;
    else {
      task.noteApplied(basis, 1);
      if (basis.ignores > 0) {
        const gate = this.#lag.gateOf(basis);
        if (gate !== undefined) this.drift.expectHidden(sched, task, basis, gate, event.seq, event.t);
      }
    }
    const update = state.pending.add(event.cpu);
    update.sched = sched;
    update.task = task;
    update.basis = basis;
    update.spec = line.basis;
    update.x.copy(task.v);
    update.certain = 1;
    update.since = event.seq;
  }

  #stop(event: TraceEvent, core: Task): void {
    if (this.drift.isWatching) this.drift.timePasses(event.seq, event.t);
    const task = this.state.task(core);
    this.state.pending.settle(event.cpu, event.seq);
    if (isPutOnly(event, task)) task.stopDone = true;
    else this.#runEnds(event, task);
  }

  #dequeue(event: TraceEvent, core: Task): void {
    const task = this.state.task(core);
    if (task.runCpu < 0) return;
    if (this.drift.isWatching) this.drift.timePasses(event.seq, event.t);
    this.state.pending.settle(event.cpu, event.seq);
    this.#runEnds(event, task);
  }

  /** ops.stopping() is about to be called. */
  #runEnds(event: TraceEvent, task: VtimeTask): void {
    const seen = task.runCpu >= 0;
    task.charging = true;
    task.chargeCpu = event.rq;
    task.stopSeq = event.seq;
    task.stopTime = event.t;
    task.stopDone = false;
    task.chargedRunSeq = seen ? task.runSeq : -1;
    task.chargedRunTime = seen ? task.runTime : -1;
    if (!seen) task.beginApplied();
    task.runCpu = -1;
    this.#charging[event.cpu] = task;
  }

  /** Shows the result of the charge that its CPU executes, if it does; the commonest of events. */
  #updateCurr(event: TraceEvent): void {
    const task = this.#charging[event.cpu];
    if (task === undefined || !task.charging || task.task.pid !== event.pid) {
      if (this.drift.isWatching) this.drift.timePasses(event.seq, event.t);
      return;
    }
    if (!event.hasSlot(VTIME)) return;
    const { vtime_hi: hi, vtime_lo: lo } = event;
    // Before ops.stopping() it still shows the old value.
    if (task.stopDone || !task.vKnown || !task.v.equals(hi, lo)) this.#settle(task, true, hi, lo, event);
  }

  /** The vtime after the charge was seen, or never will be. */
  #settle(task: VtimeTask, observed: boolean, hi: number, lo: number, event: TraceEvent): void {
    const { state } = this;
    const sched = state.schedOf(task);
    task.charging = false;
    if (this.#charging[event.cpu] === task) this.#charging[event.cpu] = undefined;
    const runtimeNs = task.chargedRunTime < 0 ? -1 : task.stopTime - task.chargedRunTime;
    const fact = this.#charge;
    fact.deltaNs = Number.NaN;
    fact.beforeKnown = task.vKnown;
    fact.before.copy(task.v);
    if (observed) {
      if (task.vKnown) fact.deltaNs = difference(hi, lo, task.v.hi, task.v.lo);
      fact.after.set(hi, lo);
      task.setV(hi, lo, event.seq);
    } else if (runtimeNs < 0) task.forgetV();
    task.lastChargeNs = Number.isNaN(fact.deltaNs) ? UNKNOWN_CHARGE : Math.max(0, fact.deltaNs);
    if (runtimeNs >= 0) task.lastRuntimeNs = runtimeNs;
    const { onCharge } = state.sinks;
    if (onCharge.length > 0) {
      fact.seq = task.stopSeq;
      fact.t = task.stopTime;
      fact.task = task;
      fact.sched = sched;
      fact.cpu = task.chargeCpu;
      fact.borrowed = 0;
      fact.runSeq = task.chargedRunSeq;
      fact.runtimeNs = runtimeNs;
      fact.observed = observed;
      fact.isPure = !task.rebaseAllowed;
      for (let i = 0; i < onCharge.length; i++) onCharge[i]?.(fact);
    }
    if (task.ignoredBy.length > 0)
      this.drift.runEnded(sched, task, task.chargeCpu, runtimeNs, task.stopSeq, task.stopTime);
  }

  /** An event shows the task's vtime. */
  #show(event: TraceEvent, task: VtimeTask, hi: number, lo: number): void {
    if (task.charging) this.#settle(task, true, hi, lo, event);
    else if (task.askedPending && task.asked.equals(hi, lo)) this.#committed(task, event.seq);
    else if (!task.vKnown) task.setV(hi, lo, event.seq);
    else if (!task.v.equals(hi, lo)) this.#rebased(event, task, hi, lo);
  }

  /** The vtime was set outside of a charge. */
  #rebased(event: TraceEvent, task: VtimeTask, hi: number, lo: number): void {
    const { state } = this;
    const sched = state.schedOf(task);
    const { onRebase } = state.sinks;
    const { basis } = task;
    if (onRebase.length > 0 && basis !== undefined) {
      const fact = {
        seq: event.seq,
        t: event.t,
        task,
        sched,
        cause: task.rebaseAllowed ? task.rebaseCause : '',
        driftMin: state.driftMin(task.v.hi, task.v.lo, basis),
        driftMax: state.driftMax(task.v.hi, task.v.lo, 0, basis),
      };
      for (const sink of onRebase) sink(fact);
    }
    task.setV(hi, lo, event.seq);
    task.clearDrift();
    this.#detach(task);
  }

  /** Its next run may be one of another queue than the one that it was on, unless there is but one. */
  #detach(task: VtimeTask): void {
    if (task.queue === undefined || task.sched === undefined || task.sched.queueCount < 2) return;
    task.queue = undefined;
    task.basis = undefined;
    task.movedBasis = undefined;
  }

  #enable(event: TraceEvent, core: Task): void {
    const task = this.state.task(core);
    if (event.phase !== 'end') {
      task.forget();
      task.rebaseCause = 'enable';
      this.state.schedOf(task);
      if (event.phase === 'begin') {
        if (event.hasSlot(VTIME)) task.setV(event.vtime_hi, event.vtime_lo, event.seq);
        return;
      }
    }
    this.state.schedOf(task);
    if (!event.hasSlot(VTIME)) return;
    if (!task.vKnown || !task.v.equals(event.vtime_hi, event.vtime_lo))
      this.#show(event, task, event.vtime_hi, event.vtime_lo);
    task.rebaseAllowed = false;
  }

  #opsEnqueue(event: TraceEvent, core: Task): void {
    const { state } = this;
    state.pending.settle(event.cpu, event.seq);
    const task = state.task(core);
    if (event.phase === 'end') {
      task.opSeq = -1;
      return;
    }
    if (this.drift.isWatching) this.drift.timePasses(event.seq, event.t);
    if (event.hasSlot(VTIME)) this.#show(event, task, event.vtime_hi, event.vtime_lo);
    if (event.sticky_cpu < 0) task.opSeq = event.seq;
  }

  #insert(event: TraceEvent, step: Step, core: Task): void {
    if (event.step === 'kfunc') {
      if (event.phase === 'end' || !event.priq || !event.hasSlot(VTIME)) return;
      this.#askedHi[event.cpu] = event.vtime_hi;
      this.#askedLo[event.cpu] = event.vtime_lo;
      return;
    }
    if (!isOrderedInsert(event)) {
      if (this.#active) this.#fifoInsert(step, core);
      return;
    }
    this.#active = true;
    const shown = event.hasSlot(VTIME);
    const keyHi = shown ? event.vtime_hi : this.#askedHi[event.cpu];
    const keyLo = shown ? event.vtime_lo : this.#askedLo[event.cpu];
    if (keyHi !== undefined && keyLo !== undefined) this.#ordered(event, step, core, keyHi, keyLo);
  }

  #fifoInsert(step: Step, core: Task): void {
    const task = this.state.task(core);
    task.askedPending = false;
    task.sched ??= step.sched === undefined ? this.state.schedOf(task) : this.state.sched(step.sched);
    this.#detach(task);
  }

  #ordered(event: TraceEvent, step: Step, core: Task, keyHi: number, keyLo: number): void {
    const { state } = this;
    const task = state.task(core);
    // In a hand-written trace nothing may lie between a stop and the insert that follows it.
    if (task.charging) {
      this.#settle(task, false, 0, 0, event);
      if (task.vKnown && task.v.equals(keyHi, keyLo)) task.observedSeq = event.seq;
    }
    const sched = step.sched === undefined ? state.schedOf(task) : state.sched(step.sched);
    task.sched ??= sched;
    const queue = sched.queue(event.dsq_hi, event.dsq_lo);
    if (queue === undefined) return;
    task.queue = queue;
    task.basis = queue.fixed;
    task.queueSeq = event.seq;
    this.#compare(event, sched, task, keyHi, keyLo);
    task.rebaseAllowed = false;
    task.placedSeq = event.seq;
    task.asked.set(keyHi, keyLo);
    task.askedPending = true;
    if (this.#commitsAtOnce) this.#committed(task, event.seq);
  }

  /** The key of an ordered insert against the vtime and the basis, before it becomes the vtime. */
  #compare(event: TraceEvent, sched: SchedVtime, task: VtimeTask, keyHi: number, keyLo: number): void {
    const { state } = this;
    const { basis, queue } = task;
    if (queue === undefined) return;
    const fact = this.#insertion;
    fact.seq = event.seq;
    fact.t = event.t;
    fact.task = task;
    fact.sched = sched;
    fact.queue = queue;
    fact.basis = basis;
    fact.key.set(keyHi, keyLo);
    fact.before.copy(task.v);
    fact.beforeKnown = task.vKnown;
    fact.dsqHi = event.dsq_hi;
    fact.dsqLo = event.dsq_lo;
    fact.driftMin = Number.NEGATIVE_INFINITY;
    fact.driftMax = Number.POSITIVE_INFINITY;
    fact.kind = INSERT_UNKNOWN;
    if (task.vKnown) {
      if (basis !== undefined) {
        if (basis.hiKnown) {
          fact.driftMin = state.driftMin(task.v.hi, task.v.lo, basis);
          this.drift.inserted(sched, task, task.task.taskCpu, event.seq, event.t);
        }
        fact.driftMax = state.driftMax(task.v.hi, task.v.lo, 0, basis);
      }
      const ahead = difference(keyHi, keyLo, task.v.hi, task.v.lo);
      if (ahead === 0) fact.kind = INSERT_UNCLAMPED;
      else if (task.rebaseAllowed) fact.kind = INSERT_REBASED;
      else fact.kind = ahead > 0 ? INSERT_CLAMPED : INSERT_BEHIND;
      if (fact.kind === INSERT_CLAMPED && basis !== undefined) {
        const cpu = state.model.cpu(event.cpu);
        this.#lag.clamped(sched, task, basis, fact, cpu.op === OP_NONE ? event.seq : cpu.opSeq);
      }
    }
    const { onInsert } = state.sinks;
    for (let i = 0; i < onInsert.length; i++) onInsert[i]?.(fact);
    if (fact.kind === INSERT_CLAMPED || fact.kind === INSERT_REBASED) task.clearDrift();
  }

  /** The key takes effect: it becomes the task's vtime. */
  #committed(task: VtimeTask, seq: number): void {
    task.askedPending = false;
    task.setV(task.asked.hi, task.asked.lo, seq);
  }

  #link(event: TraceEvent, step: Step, core: Task): void {
    const { dsq } = step;
    if (dsq === undefined || dsq.isLocal || !core.onPriq) return;
    this.#active = true;
    if (!event.hasSlot(VTIME)) return;
    const task = this.state.task(core);
    const { vtime_hi: hi, vtime_lo: lo } = event;
    if (task.askedPending && task.asked.equals(hi, lo)) this.#committed(task, event.seq);
    else if (task.moved) {
      task.setV(hi, lo, event.seq);
      this.#detach(task);
    }
    // Requests were not recorded: the link is all there is.
    else if (!task.v.equals(hi, lo) || task.queueSeq < task.opSeq) {
      this.#ordered(event, step, core, hi, lo);
      this.#committed(task, event.seq);
    }
    task.moved = false;
  }

  #exit(event: TraceEvent, step: Step): void {
    const { sched } = step;
    if (sched === undefined) return;
    if (sched.exit?.claimSeq === event.seq) this.waits.end(event.seq, event.t, (task) => task.sched === sched);
    if (!this.#active) return;
    if (event.step === 'message' || (event.step === '' && event.hasSlot(MSG))) this.#records.message(event, sched);
  }

  #lost(event: TraceEvent): void {
    const { state } = this;
    state.service.lost(event);
    state.pending.clear();
    this.#charging.length = 0;
    this.#askedHi.length = 0;
    this.#askedLo.length = 0;
    this.drift.forget();
    for (const task of state.tasks()) task.forget();
    for (const sched of state.allScheds()) for (const basis of sched.allBases()) basis.forgetHigh(event.seq);
  }
}
