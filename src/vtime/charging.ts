// Runs and their charges: when a run began and ended, what it cost, which bases it moved.
import type { TraceEvent } from '../trace/event.ts';
import { difference, U64 } from '../trace/u64.ts';
import type { Advancing } from './advancing.ts';
import type { DriftWatch } from './drift.ts';
import { newChargeFact } from './fact-records.ts';
import type { ChargeFact } from './facts.ts';
import type { Mismatches } from './mismatch.ts';
import type { Placing } from './placing.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import { UNKNOWN_CHARGE, type VtimeTask } from './task-state.ts';

/** What a stopping callback can be late behind the event that announces it, where nothing else bounds it, ns. */
const CALLBACK_NS = 1e6;

export class Charging {
  readonly #state: VtimeState;
  readonly #advancing: Advancing;
  readonly #drift: DriftWatch;
  readonly #mismatches: Mismatches;
  readonly #placing: Placing;
  /** Tasks whose charge is under way, by the CPU that executes it. */
  readonly #charging: (VtimeTask | undefined)[] = [];
  readonly #runtime = { min: 0, max: 0 };
  readonly #after = new U64();
  readonly #fact: ChargeFact;

  constructor(state: VtimeState, advancing: Advancing, drift: DriftWatch, mismatches: Mismatches, placing: Placing) {
    this.#state = state;
    this.#advancing = advancing;
    this.#drift = drift;
    this.#mismatches = mismatches;
    this.#placing = placing;
    this.#fact = newChargeFact();
  }

  /** ops.running() is about to be called for the task on run queue `event.rq`. Its vtime has been noted. */
  runBegins(event: TraceEvent, task: VtimeTask): void {
    const sched = this.#state.schedOf(task);
    const cpu = event.rq;
    task.runCpu = cpu;
    task.runSeq = event.seq;
    task.runTime = event.t;
    task.runSettled = -1;
    task.yielded = false;
    task.beginApplied();
    // Nothing showed the task being put on a local DSQ.
    if (task.directPending) this.#placing.direct(sched, task, cpu, event.seq);
    const { running } = sched.domain;
    if (running.length > 0)
      this.#advancing.run(running, sched, task, cpu, event.cpu, event.seq, task.v, task.slack, task.vKnown, undefined);
    this.#drift.runBegins(sched, task, cpu);
  }

  /** The running task is dequeued or put back: ops.stopping() is about to be called. */
  runEnds(event: TraceEvent, task: VtimeTask): void {
    task.charging = true;
    task.chargeCpu = event.rq;
    task.stopSeq = event.seq;
    task.stopTime = event.t;
    task.stopDone = false;
    task.chargedRunSeq = task.runCpu >= 0 ? task.runSeq : -1;
    task.chargedRunTime = task.runCpu >= 0 ? task.runTime : -1;
    task.chargedRunSettled = task.runCpu >= 0 ? task.runSettled : -1;
    if (task.runCpu < 0) task.beginApplied();
    task.runCpu = -1;
    this.#charging[event.cpu] = task;
  }

  /** CPU `cpu` has moved on: a charge that nothing showed is what the description says. */
  force(cpu: number, event: TraceEvent): void {
    const task = this.#charging[cpu];
    if (task === undefined) return;
    this.#charging[cpu] = undefined;
    if (task.charging) this.settle(task, false, 0, 0, event);
  }

  forget(): void {
    this.#charging.length = 0;
  }

  /** The vtime after the charge was seen (or never will be): compares it, moves the bases, watches the drift. */
  settle(task: VtimeTask, observed: boolean, hi: number, lo: number, event: TraceEvent): void {
    const state = this.#state;
    const before = task.sched;
    const sched = state.schedOf(task);
    // Handed over meanwhile: it was the charge of the scheduler before, and no basis of this one's follows it.
    const isOwn = before === undefined || before === sched;
    const fact = this.#fact;
    task.charging = false;
    const inCallback = this.#charging[event.cpu] === task;
    if (inCallback) this.#charging[event.cpu] = undefined;
    this.#measure(fact, sched, task, event, observed, inCallback);
    fact.task = task;
    fact.sched = sched;
    fact.seq = task.stopSeq;
    fact.t = task.stopTime;
    fact.cpu = task.chargeCpu;
    fact.runSeq = task.chargedRunSeq;
    fact.observed = observed;
    fact.before.copy(task.v);
    fact.beforeKnown = task.vKnown && task.slack === 0;
    fact.isPure = !task.rebaseAllowed;
    if (observed) {
      this.#after.set(hi, lo);
      fact.after.set(hi, lo);
      fact.deltaNs = fact.beforeKnown ? difference(hi, lo, task.v.hi, task.v.lo) : Number.NaN;
      task.setV(hi, lo, event.seq);
    } else {
      fact.deltaNs = Number.NaN;
      if (fact.modelMin < 0) task.forgetV();
      else if (task.vKnown) {
        task.v.add(fact.modelMin);
        task.slack += fact.modelMax - fact.modelMin;
      }
    }
    const described = fact.modelMax < 0 ? UNKNOWN_CHARGE : fact.modelMax;
    if (Number.isNaN(fact.deltaNs)) task.lastChargeNs = described;
    else task.lastChargeNs = Math.max(0, fact.deltaNs, fact.isPure ? 0 : described);
    if (fact.runtimeNs >= 0) {
      task.lastRuntimeNs = fact.runtimeNs;
    }
    const { stopping } = sched.domain;
    if (stopping.length > 0 && isOwn) {
      const runtime = fact.runtimeNs < 0 ? undefined : this.#runtime;
      this.#advancing.run(
        stopping,
        sched,
        task,
        task.chargeCpu,
        event.cpu,
        task.stopSeq,
        task.v,
        task.slack,
        task.vKnown,
        runtime,
      );
      if (!inCallback || !observed) state.pending.settle(event.cpu, event.seq);
    }
    fact.borrowed = task.borrowed;
    task.borrowed = 0;
    fact.fit = this.#mismatches.charge(fact);
    for (const sink of state.sinks.onCharge) sink(fact);
    this.#drift.runEnded(sched, task, task.chargeCpu, fact.runtimeNs, task.stopSeq, task.stopTime);
  }

  /** Runtime and charge by the description. */
  #measure(
    fact: ChargeFact,
    sched: SchedVtime,
    task: VtimeTask,
    event: TraceEvent,
    observed: boolean,
    inCallback: boolean,
  ): void {
    const { charge, sliceNs } = sched.domain;
    const { task: core } = task;
    const runtime = this.#runtime;
    fact.runtimeNs = task.chargedRunTime < 0 ? -1 : task.stopTime - task.chargedRunTime;
    fact.runtimeMin = -1;
    fact.runtimeMax = -1;
    fact.modelMin = -1;
    fact.modelMax = -1;
    const { weight } = core;
    const { slice } = core;
    fact.sliceLeftNs = core.sliceKnown && slice.hi === 0 ? slice.lo >>> 0 : -1;
    const sliceUsed = fact.sliceLeftNs < 0 ? -1 : Math.max(-1, sliceNs - fact.sliceLeftNs);
    if (fact.runtimeNs < 0) return;
    // The callbacks run after the events that announce them, and before what their CPU does next.
    const begun = task.chargedRunSettled >= 0 ? task.chargedRunSettled : task.chargedRunTime;
    // Inside the callback the event that shows the result bounds it, however late that is.
    const isNear = observed && (inCallback || event.t - task.stopTime <= CALLBACK_NS);
    const shown = isNear ? event.t : task.stopTime;
    fact.runtimeMin = Math.max(0, task.stopTime - begun);
    fact.runtimeMax = Math.max(fact.runtimeMin, shown - task.chargedRunTime);
    if (charge.source === 'slice') {
      fact.runtimeMin = sliceUsed;
      fact.runtimeMax = sliceUsed;
    }
    if (task.yielded && charge.yieldSlice) {
      fact.runtimeMin = Math.max(fact.runtimeMin, sliceNs);
      fact.runtimeMax = Math.max(fact.runtimeMax, sliceNs);
    }
    if (fact.runtimeMin >= 0) {
      fact.runtimeMin = Math.max(fact.runtimeMin, charge.minNs);
      fact.runtimeMax = Math.max(fact.runtimeMax, charge.minNs);
    }
    runtime.min = Math.max(0, fact.runtimeMin);
    runtime.max = Math.max(0, fact.runtimeMax);
    if (charge.source === 'none') {
      fact.modelMin = 0;
      fact.modelMax = 0;
    } else if (weight > 0 && fact.runtimeMin >= 0) {
      fact.modelMin = charge.capacity ? 0 : Math.floor((fact.runtimeMin * charge.num) / weight);
      fact.modelMax = Math.floor((fact.runtimeMax * charge.num) / weight);
    }
  }
}
