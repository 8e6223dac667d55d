// Events of an insert: ops.enqueue() around it, the request, the verdict, and the task arriving on a DSQ.
import { LOCAL_ON_HI } from '../kernel/dsq-id.ts';
import { OP_NONE } from '../model/cpu.ts';
import type { Step } from '../model/step.ts';
import type { Task } from '../model/task.ts';
import type { TraceEvent } from '../trace/event.ts';
import { difference } from '../trace/u64.ts';
import type { Charging } from './charging.ts';
import type { Choices } from './choices.ts';
import type { DriftWatch } from './drift.ts';
import { isOrderedInsert } from './event-kinds.ts';
import type { Inserting, InsertRequest } from './inserting.ts';
import type { Placing } from './placing.ts';
import type { RunEvents } from './run-events.ts';
import type { ShownVtimes } from './shown-vtimes.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';

export interface InsertParts {
  readonly state: VtimeState;
  readonly charging: Charging;
  readonly inserting: Inserting;
  readonly placing: Placing;
  readonly choices: Choices;
  readonly drift: DriftWatch;
  readonly shown: ShownVtimes;
  readonly runs: RunEvents;
}

export class InsertEvents {
  readonly #parts: InsertParts;
  /** Keys that were asked for with the kfunc, by CPU: not repeated when the verdict is accepted (before 7.3). */
  readonly #askedHi: number[] = [];
  readonly #askedLo: number[] = [];
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

  constructor(parts: InsertParts) {
    this.#parts = parts;
  }

  opsEnqueue(event: TraceEvent, core: Task): void {
    const { state, runs, drift, shown } = this.#parts;
    runs.settle(event);
    const task = state.task(core);
    if (event.phase === 'end') {
      task.opSeq = -1;
      task.opVKnown = false;
      return;
    }
    drift.timePasses(event.seq, event.t);
    if (event.has('vtime')) shown.show(event, task, event.vtime_hi, event.vtime_lo);
    if (event.sticky_cpu >= 0) return;
    task.opSeq = event.seq;
    task.opV.copy(task.v);
    task.opVKnown = task.vKnown && task.slack === 0;
    task.viaShared = false;
  }

  insert(event: TraceEvent, step: Step, core: Task): void {
    if (event.step === 'kfunc') {
      if (event.phase === 'end' || !event.priq || !event.has('vtime')) return;
      this.#askedHi[event.cpu] = event.vtime_hi;
      this.#askedLo[event.cpu] = event.vtime_lo;
      return;
    }
    if (!isOrderedInsert(event)) {
      this.#fifo(event, step, core);
      return;
    }
    const shown = event.has('vtime');
    const keyHi = shown ? event.vtime_hi : this.#askedHi[event.cpu];
    const keyLo = shown ? event.vtime_lo : this.#askedLo[event.cpu];
    if (keyHi !== undefined && keyLo !== undefined) this.#ordered(event, step, core, keyHi, keyLo);
  }

  #ordered(event: TraceEvent, step: Step, core: Task, keyHi: number, keyLo: number): void {
    const { state, inserting } = this.#parts;
    const task = state.task(core);
    const cpu = state.model.cpu(event.cpu);
    // In a hand-written trace nothing may lie between a stop and the insert that follows it.
    if (task.charging) this.#settleByKey(event, task, keyHi, keyLo);
    const sched = step.sched === undefined ? state.schedOf(task) : state.sched(step.sched);
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
    inserting.insert(sched, task, request);
  }

  /** The charge was not shown; a key that it explains is the vtime after it. */
  #settleByKey(event: TraceEvent, task: VtimeTask, keyHi: number, keyLo: number): void {
    this.#parts.charging.settle(task, false, 0, 0, event);
    if (!task.vKnown) return;
    const ahead = difference(keyHi, keyLo, task.v.hi, task.v.lo);
    if (ahead >= 0 && ahead <= task.slack) task.setV(keyHi, keyLo, event.seq);
  }

  /** A direct dispatch, or a FIFO insert somewhere. */
  #fifo(event: TraceEvent, step: Step, core: Task): void {
    const { state, placing } = this.#parts;
    const task = state.task(core);
    task.askedPending = false;
    const sched = step.sched === undefined ? state.schedOf(task) : state.sched(step.sched);
    task.sched ??= sched;
    if (event.dsq_hi === LOCAL_ON_HI) placing.direct(sched, task, event.dsq_lo, event.seq);
    else task.directPending = true;
  }

  link(event: TraceEvent, step: Step, core: Task): void {
    const { state, placing, choices, inserting } = this.#parts;
    const { dsq } = step;
    if (dsq === undefined) return;
    const task = state.task(core);
    if (dsq.isLocal) {
      if (task.directPending && !task.viaShared) placing.direct(state.schedOf(task), task, dsq.cpu, event.seq);
      return;
    }
    task.viaShared = true;
    task.directPending = false;
    if (!core.onPriq) return;
    choices.inUse(dsq);
    if (!event.has('vtime')) return;
    if (task.askedPending && task.asked.equals(event.vtime_hi, event.vtime_lo)) inserting.committed(task, event.seq);
    else if (task.moved) task.setV(event.vtime_hi, event.vtime_lo, event.seq);
    // Requests were not recorded: the link is all there is.
    else if (!task.v.equals(event.vtime_hi, event.vtime_lo) || task.queueSeq < task.opSeq) {
      this.#ordered(event, step, core, event.vtime_hi, event.vtime_lo);
      inserting.committed(task, event.seq);
    }
    task.moved = false;
  }

  forget(): void {
    this.#askedHi.length = 0;
    this.#askedLo.length = 0;
  }
}
