// Follows vtimes by a description of how the scheduler keeps them: which event goes to which part.
import type { Step } from '../model/step.ts';
import type { TraceEvent } from '../trace/event.ts';
import { Advancing } from './advancing.ts';
import { Bounding } from './bounding.ts';
import { Charging } from './charging.ts';
import { Choices } from './choices.ts';
import { DriftWatch } from './drift.ts';
import type { EngineOptions, EventHandlers, VtimeEngine } from './engine.ts';
import { InsertEvents } from './insert-events.ts';
import { Inserting } from './inserting.ts';
import { Mismatches } from './mismatch.ts';
import { Placing } from './placing.ts';
import { RebaseEvents } from './rebase-events.ts';
import { Records } from './records.ts';
import { RunEvents } from './run-events.ts';
import { ShownVtimes } from './shown-vtimes.ts';
import { hasListeners, sinksOf } from './sinks.ts';
import { VtimeState } from './state.ts';
import { Waits } from './waits.ts';

export class DescribedEngine implements VtimeEngine {
  readonly state: VtimeState;
  readonly waits: Waits;
  readonly drift: DriftWatch;
  readonly handlers: EventHandlers;
  readonly #charging: Charging;
  readonly #choices: Choices;
  readonly #records: Records;
  readonly #shown: ShownVtimes;
  readonly #runs: RunEvents;
  readonly #inserts: InsertEvents;
  readonly #rebases: RebaseEvents;

  constructor({ model, domain, listeners }: EngineOptions) {
    const sinks = sinksOf(listeners);
    const state = new VtimeState(model, domain, sinks);
    const placing = new Placing(state);
    const advancing = new Advancing(state);
    const drift = new DriftWatch(state, advancing);
    const mismatches = new Mismatches(state);
    const bounding = new Bounding(state, drift, mismatches);
    const charging = new Charging(state, advancing, drift, mismatches, placing);
    const inserting = new Inserting({ state, advancing, drift, bounding, mismatches, placing });
    const shown = new ShownVtimes(state, charging, inserting, bounding);
    const choices = new Choices(state);
    const runs = new RunEvents({ state, charging, drift, shown, inserting });
    this.state = state;
    this.drift = drift;
    this.waits = new Waits(state, choices);
    this.#charging = charging;
    this.#choices = choices;
    this.#records = new Records(state, drift, bounding, mismatches);
    this.#shown = shown;
    this.#runs = runs;
    this.#inserts = new InsertEvents({ state, charging, inserting, placing, choices, drift, shown, runs });
    this.#rebases = new RebaseEvents(state, advancing, shown);
    this.handlers = hasListeners(sinks) ? this.#wire() : this.#wireProofs();
  }

  get runsCompared(): number {
    return this.drift.runsCompared;
  }

  get driftsCompared(): number {
    return this.drift.runsCompared + this.drift.insertsCompared;
  }

  end(): void {
    const { model, pending } = this.state;
    pending.settleAll(model.seq);
    this.waits.end(model.seq, model.now, (task) => task.sched?.exit === undefined);
  }

  /** Nobody asks for vtimes, only for proofs of waits. */
  #wireProofs(): EventHandlers {
    const { service } = this.state;
    return {
      consume: (event, step) => service.consume(event, step),
      switch: (event, step) => service.switch(event, step),
      dsq_unlink: (event, step) => service.unlink(event, step),
      lost: (event) => service.lost(event),
    };
  }

  #wire(): EventHandlers {
    const { state, drift } = this;
    const { service } = state;
    const runs = this.#runs;
    const inserts = this.#inserts;
    const rebases = this.#rebases;
    const moveOn = (event: TraceEvent): void => runs.moveOn(event);
    return {
      consume: (event, step) => {
        service.consume(event, step);
        drift.timePasses(event.seq, event.t);
        rebases.consume(event, step);
      },
      switch: (event, step) => {
        service.switch(event, step);
        runs.moveOn(event);
      },
      tick: moveOn,
      class_change: moveOn,
      dsq_unlink: (event, step) => {
        service.unlink(event, step);
        if (!step.wasOrdered) return;
        this.waits.left(event, step);
        this.#choices.left(event, step);
      },
      lost: (event) => this.#lost(event),
      sched_attach: (_event, step) => {
        if (step.sched !== undefined) state.noteLoaded(step.sched);
      },
      sched_exit: (event, step) => this.#exit(event, step),
      bpf_exit: (event) => this.#records.bpfError(event),
      vtime_now: (event) => this.#records.snap(event),
      task_init: (event, step) => {
        if (step.task !== undefined) rebases.init(event, step.task);
      },
      task_enable: (event, step) => {
        if (step.task !== undefined) rebases.enable(event, step.task);
      },
      task_disable: (_event, step) => {
        if (step.task !== undefined) state.task(step.task).forget();
      },
      affinity: (event, step) => {
        if (step.task !== undefined) rebases.affinity(event, step.task);
      },
      cgroup_move: (event) => rebases.cgroupMove(event),
      cell: (event) => rebases.cell(event),
      set_vtime: (event, step) => {
        if ((!event.has('ret') || event.ret > 0) && step.task !== undefined)
          this.#shown.show(event, state.task(step.task), event.vtime_hi, event.vtime_lo);
      },
      run: (event, step) => {
        if (step.task !== undefined) runs.run(event, step.task);
      },
      stop: (event, step) => {
        if (step.task !== undefined) runs.stop(event, step.task);
      },
      dequeue: (event, step) => {
        if (step.task !== undefined) runs.dequeue(event, step.task);
      },
      update_curr: (event, step) => {
        if (step.task !== undefined) runs.updateCurr(event, step.task);
      },
      yield: (_event, step) => {
        if (step.task !== undefined) state.task(step.task).yielded = true;
      },
      ops_enqueue: (event, step) => {
        if (step.task !== undefined) inserts.opsEnqueue(event, step.task);
      },
      insert: (event, step) => {
        if (step.task !== undefined) inserts.insert(event, step, step.task);
      },
      move: (event, step) => {
        if (step.task !== undefined && event.step === 'core' && event.phase !== 'end')
          state.task(step.task).moved = true;
      },
      dsq_link: (event, step) => {
        if (step.task !== undefined) inserts.link(event, step, step.task);
      },
    };
  }

  #exit(event: TraceEvent, step: Step): void {
    const { sched } = step;
    if (sched === undefined) return;
    if (sched.exit?.claimSeq === event.seq) this.waits.end(event.seq, event.t, (task) => task.sched === sched);
    if (event.step === 'message' || (event.step === '' && event.has('msg'))) this.#records.message(event, sched);
  }

  #lost(event: TraceEvent): void {
    const { state } = this;
    state.service.lost(event);
    state.pending.clear();
    this.#charging.forget();
    this.drift.forget();
    this.#runs.forget();
    this.#inserts.forget();
    for (const task of state.tasks()) task.forget();
    for (const sched of state.allScheds()) for (const basis of sched.allBases()) basis.forgetHigh(event.seq);
  }
}
