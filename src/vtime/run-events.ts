// Events of a run: its begin, its end, and those that show that a CPU has moved on.

import { DEQ_SLEEP } from '../kernel/flags.ts';
import type { Task } from '../model/task.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Charging } from './charging.ts';
import type { DriftWatch } from './drift.ts';
import { isPutOnly, isUnqueued } from './event-kinds.ts';
import type { Inserting } from './inserting.ts';
import type { ShownVtimes } from './shown-vtimes.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';

export class RunEvents {
  readonly #state: VtimeState;
  readonly #charging: Charging;
  readonly #drift: DriftWatch;
  readonly #shown: ShownVtimes;
  readonly #inserting: Inserting;
  /** Task whose start each CPU has executed last. */
  readonly #startedOn: (VtimeTask | undefined)[] = [];

  constructor(parts: {
    readonly state: VtimeState;
    readonly charging: Charging;
    readonly drift: DriftWatch;
    readonly shown: ShownVtimes;
    readonly inserting: Inserting;
  }) {
    this.#state = parts.state;
    this.#charging = parts.charging;
    this.#drift = parts.drift;
    this.#shown = parts.shown;
    this.#inserting = parts.inserting;
  }

  /** The CPU does something else now: callbacks that it was in have returned. */
  moveOn(event: TraceEvent): void {
    this.#charging.force(event.cpu, event);
    this.settle(event);
    this.#drift.timePasses(event.seq, event.t);
  }

  /** The callback at the start of a run on this CPU has returned, and with it its updates. */
  settle(event: TraceEvent): void {
    this.#state.pending.settle(event.cpu, event.seq);
    const running = this.#startedOn[event.cpu];
    if (running === undefined) return;
    if (running.runSettled < 0) running.runSettled = event.t;
    this.#startedOn[event.cpu] = undefined;
  }

  run(event: TraceEvent, core: Task): void {
    this.moveOn(event);
    const task = this.#state.task(core);
    if (event.has('vtime')) this.#shown.show(event, task, event.vtime_hi, event.vtime_lo);
    else if (task.charging) this.#charging.settle(task, false, 0, 0, event);
    if (task.askedPending && !event.has('vtime')) this.#inserting.committed(task, event.seq);
    // A current task that is no longer runnable is set again after a property change.
    if (isUnqueued(event)) return;
    this.#charging.runBegins(event, task);
    this.#startedOn[event.cpu] = task;
  }

  stop(event: TraceEvent, core: Task): void {
    this.#drift.timePasses(event.seq, event.t);
    const task = this.#state.task(core);
    this.settle(event);
    if (isPutOnly(event, task)) task.stopDone = true;
    else this.#charging.runEnds(event, task);
  }

  dequeue(event: TraceEvent, core: Task): void {
    const task = this.#state.task(core);
    const sleeps = !event.has('deq_flags') || (event.deq_flags_lo & DEQ_SLEEP) !== 0;
    if (task.runCpu < 0) return;
    if (sleeps) task.slept = true;
    this.#drift.timePasses(event.seq, event.t);
    this.settle(event);
    this.#charging.runEnds(event, task);
  }

  updateCurr(event: TraceEvent, core: Task): void {
    const task = this.#state.task(core);
    if (!task.charging) {
      this.#drift.timePasses(event.seq, event.t);
      return;
    }
    if (!event.has('vtime')) return;
    // Before ops.stopping() it still shows the old value.
    if (task.stopDone || !task.vKnown || !task.v.equals(event.vtime_hi, event.vtime_lo))
      this.#charging.settle(task, true, event.vtime_hi, event.vtime_lo, event);
  }

  forget(): void {
    this.#startedOn.length = 0;
  }
}
