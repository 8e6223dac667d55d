// Keeps books on a trace for people: drift of every task over time, what it was charged where, what never reached a basis.
import { type Tri, UNKNOWN } from '../model/sched.ts';
import type { Basis } from './basis.ts';
import type { VtimeEngine } from './engine.ts';
import type { AdvanceFact, ChargeFact, DriftFact, InsertFact, VtimeHandlers } from './facts.ts';
import { timeToLimit } from './forecast.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeTask } from './task-state.ts';

/** Samples kept per task and basis before neighbours are merged. */
const KEPT = 512;

/** A series of bounds over time that thins itself out; of each stretch the largest certain value stays. */
export class Series {
  readonly times: number[] = [];
  readonly mins: number[] = [];
  readonly maxs: number[] = [];
  #stride = 1;
  #filled = 0;

  add(t: number, min: number, max: number): void {
    const last = this.times.length - 1;
    if (last >= 0 && this.#filled < this.#stride) {
      this.#filled++;
      if (min > (this.mins[last] ?? min)) this.#put(last, t, min, max);
      return;
    }
    this.#filled = 1;
    this.#put(last + 1, t, min, max);
    if (this.times.length >= KEPT) this.#halve();
  }

  #put(at: number, t: number, min: number, max: number): void {
    this.times[at] = t;
    this.mins[at] = min;
    this.maxs[at] = max;
  }

  #halve(): void {
    const n = this.times.length >> 1;
    for (let i = 0; i < n; i++) {
      const a = 2 * i;
      const from = (this.mins[a + 1] ?? 0) > (this.mins[a] ?? 0) ? a + 1 : a;
      this.#put(i, this.times[from] ?? 0, this.mins[from] ?? 0, this.maxs[from] ?? 0);
    }
    this.times.length = n;
    this.mins.length = n;
    this.maxs.length = n;
    this.#stride *= 2;
    this.#filled = this.#stride;
  }
}

export class DriftAccount {
  readonly basis: Basis;
  readonly series = new Series();
  largest = Number.NEGATIVE_INFINITY;
  hiddenNs = 0;
  hiddenRuns = 0;
  firstHidden = -1;
  rate = Number.NaN;
  toErrorNs = Number.POSITIVE_INFINITY;
  toStallNs = Number.POSITIVE_INFINITY;

  constructor(basis: Basis) {
    this.basis = basis;
  }
}

export interface ChargeAccount {
  readonly group: number;
  readonly borrowed: Tri;
  readonly pinned: Tri;
  runs: number;
  runtimeNs: number;
  chargeNs: number;
}

export class TaskAccount {
  readonly task: VtimeTask;
  readonly drifts: DriftAccount[] = [];
  readonly charges: ChargeAccount[] = [];

  constructor(task: VtimeTask) {
    this.task = task;
  }

  drift(basis: Basis): DriftAccount {
    const known = this.drifts.find((account) => account.basis === basis);
    if (known !== undefined) return known;
    const fresh = new DriftAccount(basis);
    this.drifts.push(fresh);
    return fresh;
  }

  charge(group: number, borrowed: Tri, pinned: Tri): ChargeAccount {
    const known = this.charges.find(
      (account) => account.group === group && account.borrowed === borrowed && account.pinned === pinned,
    );
    if (known !== undefined) return known;
    const fresh = { group, borrowed, pinned, runs: 0, runtimeNs: 0, chargeNs: 0 };
    this.charges.push(fresh);
    return fresh;
  }
}

export interface BasisAccount {
  updates: number;
  largestStepNs: number;
}

export interface SchedAccount {
  readonly tasks: Map<VtimeTask, TaskAccount>;
  readonly bases: Map<Basis, BasisAccount>;
}

/** Listens to the engine; `engine` is set once there is one. */
export class Ledger {
  engine: VtimeEngine | undefined;
  readonly scheds = new Map<SchedVtime, SchedAccount>();
  readonly handlers: VtimeHandlers = {
    onCharge: (fact) => this.#charge(fact),
    onInsert: (fact) => this.#insert(fact),
    onDrift: (fact) => this.#drift(fact),
    onAdvance: (fact) => this.#advance(fact),
  };

  #charge(fact: ChargeFact): void {
    const { engine } = this;
    const { task, sched, cpu } = fact;
    if (engine === undefined || sched.sched?.exit !== undefined) return;
    const { groups } = engine.state;
    const account = this.#task(sched, task);
    if (fact.runtimeNs >= 0) {
      const { kind } = sched.domain.cpuGroups;
      const charge = account.charge(
        kind === 'none' ? -1 : groups.cpu(cpu),
        kind === 'none' ? 0 : fact.borrowed,
        groups.pinned(task),
      );
      charge.runs++;
      charge.runtimeNs += fact.runtimeNs;
      charge.chargeNs += Number.isNaN(fact.deltaNs) ? Math.max(0, fact.modelMax) : fact.deltaNs;
    }
    if (!task.vKnown) return;
    for (const basis of engine.drift.comparisonSet(sched, task, cpu)) {
      const min = engine.state.driftMin(task.v.hi, task.v.lo, basis);
      const max = engine.state.driftMax(task.v.hi, task.v.lo, task.slack, basis);
      this.#sample(account.drift(basis), fact.t, min, max);
    }
  }

  #insert(fact: InsertFact): void {
    const { basis, sched, task } = fact;
    if (basis === undefined || !fact.beforeKnown || sched.sched?.exit !== undefined) return;
    this.#sample(this.#task(sched, task).drift(basis), fact.t, fact.driftMin, fact.driftMax);
  }

  #drift(fact: DriftFact): void {
    const { engine } = this;
    const { task, sched, basis } = fact;
    if (engine === undefined || !fact.hidden) return;
    const account = this.#task(sched, task).drift(basis);
    if (account.firstHidden < 0 && fact.record !== undefined) account.firstHidden = fact.record.firstRunTime;
    if (fact.where !== 'stop') return;
    account.hiddenNs += task.lastRuntimeNs;
    account.hiddenRuns++;
    account.rate = fact.rate;
    if (!(fact.rate > 0) || !Number.isFinite(fact.driftMin)) return;
    const { cap } = sched.domain;
    if (cap !== undefined) account.toErrorNs = timeToLimit(cap.ns, fact.driftMin, fact.rate);
    account.toStallNs = timeToLimit(engine.drift.critical(sched, task, fact.t), fact.driftMin, fact.rate);
  }

  #advance(fact: AdvanceFact): void {
    const { bases } = this.#sched(fact.sched);
    const account = bases.get(fact.basis) ?? { updates: 0, largestStepNs: 0 };
    account.updates++;
    account.largestStepNs = Math.max(account.largestStepNs, fact.movedNs);
    bases.set(fact.basis, account);
  }

  #sample(account: DriftAccount, t: number, min: number, max: number): void {
    if (!Number.isFinite(min) && !Number.isFinite(max)) return;
    account.series.add(t, min, max);
    if (min > account.largest) account.largest = min;
  }

  #task(sched: SchedVtime, task: VtimeTask): TaskAccount {
    const { tasks } = this.#sched(sched);
    const known = tasks.get(task);
    if (known !== undefined) return known;
    const fresh = new TaskAccount(task);
    tasks.set(task, fresh);
    return fresh;
  }

  #sched(sched: SchedVtime): SchedAccount {
    const known = this.scheds.get(sched);
    if (known !== undefined) return known;
    const fresh = { tasks: new Map<VtimeTask, TaskAccount>(), bases: new Map<Basis, BasisAccount>() };
    this.scheds.set(sched, fresh);
    return fresh;
  }
}

/** Yes, no, or null. */
export function triValue(value: Tri): boolean | null {
  return value === UNKNOWN ? null : value === 1;
}
