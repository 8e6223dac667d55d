// Watches how far tasks run ahead of the bases that their order depends on, and which runs never reach one of these.
import { difference, type U64 } from '../trace/u64.ts';
import type { Advancing } from './advancing.ts';
import type { Basis } from './basis.ts';
import type { DriftFact } from './facts.ts';
import { criticalDrift } from './forecast.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import { HiddenRecord, UNKNOWN_CHARGE, type VtimeTask } from './task-state.ts';
import type { WeightGate } from './weight-gate.ts';

/** Competitors count while they ran or waited within this time, ns. */
const RECENT_NS = 1e9;

export class DriftWatch {
  readonly #state: VtimeState;
  readonly #advancing: Advancing;
  readonly #minHidden: number;
  readonly #warnSlices: number;
  readonly #mode: string;
  readonly #onlyEnqueue: boolean;
  readonly #retagGrace: boolean;
  /** Tasks whose run under way will not reach a basis. */
  readonly #running: VtimeTask[] = [];
  readonly #set: Basis[] = [];
  /** Runs that were compared with the bases that they should reach, and inserts with those that they are held against. */
  runsCompared = 0;
  insertsCompared = 0;

  constructor(state: VtimeState, advancing: Advancing) {
    this.#state = state;
    this.#advancing = advancing;
    const { limits } = state.domain;
    this.#minHidden = limits.number('vtime-hidden-runtime', 'min_hidden');
    this.#warnSlices = limits.number('vtime-drift', 'warn_slices');
    this.#mode = limits.text('vtime-drift', 'drift');
    this.#onlyEnqueue = limits.text('vtime-hidden-runtime', 'set') === 'enqueue';
    this.#retagGrace = limits.number('vtime-hidden-runtime', 'retag_grace') > 0;
  }

  /** Excess that is reported for a basis, ns. */
  warnNs(basis: Basis): number {
    const { domain } = this.#state;
    const slices = this.#warnSlices > 0 ? this.#warnSlices : domain.followsAt(basis.spec) === 'running' ? 2 : 1;
    return slices * domain.sliceNs;
  }

  /** The bases that the order of the task depends on; the one of its queue first. Empty: not known. */
  comparisonSet(sched: SchedVtime, task: VtimeTask, cpu: number): readonly Basis[] {
    const set = this.#set;
    set.length = 0;
    const { domain } = sched;
    const { queue } = task;
    if (queue !== undefined && (task.queueSeq > task.maskSeq || domain.queues.length === 1)) {
      if (task.basis !== undefined) set.push(task.basis);
      for (const spec of queue.spec.drift) {
        if (spec === queue.spec.basis) continue;
        const owner = queue.cpu >= 0 ? queue.cpu : cpu;
        this.#push(this.#advancing.instance(spec, 'cpu', sched, task, owner));
      }
      return set;
    }
    return this.#guess(sched, task, cpu);
  }

  /** Before its first ordered insert: the queue that the task would be put in. */
  #guess(sched: SchedVtime, task: VtimeTask, cpu: number): readonly Basis[] {
    const { domain } = sched;
    const perCpu = domain.queues.find((spec) => spec.basis.scope === 'cpu');
    const shared = domain.queues.find((spec) => spec.basis.scope !== 'cpu');
    const pinned = perCpu === undefined || shared === undefined ? 0 : this.#state.groups.pinned(task);
    const spec = pinned === 1 || shared === undefined ? perCpu : pinned === 0 ? shared : undefined;
    if (spec === undefined) return this.#set;
    for (const basis of [spec.basis, ...spec.drift.filter((entry) => entry !== spec.basis)])
      this.#push(this.#advancing.instance(basis, pinned === 1 ? 'cpu' : 'task', sched, task, cpu));
    return this.#set;
  }

  #push(basis: Basis | undefined): void {
    if (basis !== undefined && !this.#set.includes(basis)) this.#set.push(basis);
  }

  /** Runs under way may still have something to tell: `timePasses` is to be called. */
  get isWatching(): boolean {
    return this.#running.length > 0;
  }

  /** A run begins; the updates of its start are under way. */
  runBegins(sched: SchedVtime, task: VtimeTask, cpu: number): void {
    if (this.#mode === 'off' || !this.#hasListeners()) return;
    for (const basis of this.comparisonSet(sched, task, cpu)) {
      if (!this.#isHidden(sched, task, basis, cpu)) continue;
      if (!this.#running.includes(task)) this.#running.push(task);
      return;
    }
  }

  #isHidden(sched: SchedVtime, task: VtimeTask, basis: Basis, cpu: number): boolean {
    if (task.ignoredBy.includes(basis)) return true;
    return task.wasAppliedTo(basis) === 0 && this.#advancing.wouldReach(basis, sched, task, cpu) === 0;
  }

  /** Time goes on: runs under way may have hidden enough to be told. Called at events that may show it. */
  timePasses(seq: number, t: number): void {
    const running = this.#running;
    for (let i = running.length - 1; i >= 0; i--) {
      const task = running[i];
      if (task === undefined) continue;
      if (task.runCpu < 0) {
        running.splice(i, 1);
        continue;
      }
      if (t - task.runTime < this.#minHidden) continue;
      running.splice(i, 1);
      this.#tellRunning(task, seq, t);
    }
  }

  #tellRunning(task: VtimeTask, seq: number, t: number): void {
    const { sched, runCpu: cpu } = task;
    if (sched === undefined || !task.vKnown || task.task.weight === 0) return;
    const elapsed = t - task.runTime;
    const charge = Math.floor((Math.max(elapsed, 0) * sched.domain.charge.num) / task.task.weight);
    for (const basis of [...this.comparisonSet(sched, task, cpu)]) {
      if (!this.#counts(task, basis) || !this.#isHidden(sched, task, basis, cpu) || this.#isRetag(task, cpu)) continue;
      const record = this.#record(task, basis);
      this.#noteFirst(record, task.runSeq, task.runTime, -1);
      record.observed ||= task.ignoredBy.includes(basis);
      const fact = this.#fact(sched, task, basis, cpu, task.v, 0, seq, t);
      fact.where = 'running';
      fact.hidden = true;
      fact.record = record;
      fact.hiddenNs = record.runtimeNs + elapsed;
      fact.driftMin += charge;
      fact.driftMax += charge;
      this.#excess(fact, charge);
      this.#emit(fact);
    }
  }

  /** A run ended and its charge is known: v is the vtime after it. The updates of the end are under way. */
  runEnded(sched: SchedVtime, task: VtimeTask, cpu: number, runtimeNs: number, seq: number, t: number): void {
    if (this.#mode === 'off' || !this.#hasListeners()) return;
    const set = this.comparisonSet(sched, task, cpu);
    if (set.length === 0) return;
    if (runtimeNs >= 0) this.runsCompared++;
    let hiddenFrom = 0;
    for (const basis of set) if (task.ignoredBy.includes(basis) || task.wasAppliedTo(basis) === 0) hiddenFrom++;
    if (hiddenFrom === 0) {
      if (task.hidden.length > 0) this.#forgive(task, set);
      return;
    }
    if (runtimeNs < 0) return;
    for (const basis of [...set]) {
      const observed = task.ignoredBy.includes(basis);
      if (!observed && task.wasAppliedTo(basis) !== 0) continue;
      if (!this.#counts(task, basis) || this.#isRetag(task, cpu)) continue;
      const record = this.#record(task, basis);
      if (record.lastRunSeq !== task.chargedRunSeq || task.chargedRunSeq < 0) {
        record.runtimeNs += runtimeNs;
        record.runs++;
        record.lastRunSeq = task.chargedRunSeq;
      }
      record.observed ||= observed;
      this.#noteFirst(record, task.chargedRunSeq, task.chargedRunTime, seq);
      const fact = this.#fact(sched, task, basis, cpu, task.v, task.slack, seq, t);
      fact.where = 'stop';
      fact.hidden = true;
      fact.hiddenFromAll = hiddenFrom === set.length;
      fact.record = record;
      fact.hiddenNs = record.runtimeNs;
      this.#excess(fact, task.lastChargeNs);
      this.#grow(record, fact);
      if (fact.driftMax <= 0) this.#drop(task, record);
      else this.#emit(fact);
    }
  }

  /** An ordered insert: is the task ahead of what it is compared with, though all its runs count? */
  inserted(sched: SchedVtime, task: VtimeTask, cpu: number, seq: number, t: number): void {
    if (this.#mode !== 'bound' || !task.vKnown) return;
    for (const basis of this.comparisonSet(sched, task, cpu)) {
      if (!basis.hiKnown) continue;
      this.insertsCompared++;
      const limit = this.warnNs(basis);
      if (difference(task.v.hi, task.v.lo, basis.hi.hi, basis.hi.lo) <= limit) continue;
      const fact = this.#fact(sched, task, basis, cpu, task.v, task.slack, seq, t);
      const record = task.hiddenFrom(basis);
      fact.where = 'insert';
      fact.hidden = false;
      fact.record = record;
      fact.hiddenNs = record?.runtimeNs ?? 0;
      this.#excess(fact, task.lastChargeNs);
      if (fact.excessMin > limit) this.#emit(fact);
    }
  }

  /** What others were clamped to shows that the task's runs do not move the basis. */
  observedHidden(sched: SchedVtime, task: VtimeTask, basis: Basis, seq: number, t: number): void {
    if (basis.observations.broken) return;
    if (!task.ignoredBy.includes(basis)) {
      task.ignoredBy.push(basis);
      basis.ignores++;
    }
    const record = this.#record(task, basis);
    record.observed = true;
    this.#noteFirst(record, task.runSeq, task.runTime, -1);
    const fact = this.#fact(sched, task, basis, task.runCpu, task.v, task.slack, seq, t);
    fact.where = 'observed';
    fact.hidden = true;
    fact.hiddenFromAll = true;
    fact.record = record;
    fact.hiddenNs = record.runtimeNs;
    fact.proofSeq = seq;
    this.#excess(fact, task.lastChargeNs);
    this.#emit(fact);
  }

  /** A run begins that should move the basis and, by what was seen of others, does not. */
  expectHidden(sched: SchedVtime, task: VtimeTask, basis: Basis, gate: WeightGate, seq: number, t: number): void {
    const like = gate.ignoredLike(task.task.weight);
    if (like === undefined || !(this.#state.driftMin(task.v.hi, task.v.lo, basis) > 0)) return;
    const fact = this.#fact(sched, task, basis, task.runCpu, task.v, task.slack, seq, t);
    fact.where = 'running';
    fact.hidden = true;
    fact.hiddenFromAll = true;
    fact.alike = like;
    fact.expectation = gate.premise;
    this.#excess(fact, 0);
    this.#emit(fact);
  }

  /** Drift at which a stall of the watchdog timeout follows, ns; infinite while nobody competes. */
  critical(sched: SchedVtime, task: VtimeTask, t: number): number {
    let weights = 0;
    for (const other of this.#state.tasks()) {
      if (other === task || other.basis !== task.basis || !other.task.alive || other.sched !== sched) continue;
      if (other.runCpu >= 0 || other.task.dsq?.isUser === true || t - other.task.runTime < RECENT_NS)
        weights += other.task.weight;
    }
    const cpus = this.#state.model.cpus.filter((cpu) => cpu.online !== 0).length;
    return criticalDrift(this.#state.timeoutNs(sched.sched), cpus, weights);
  }

  forget(): void {
    this.#running.length = 0;
  }

  #hasListeners(): boolean {
    return this.#state.sinks.onDrift.length > 0;
  }

  #counts(task: VtimeTask, basis: Basis): boolean {
    return !this.#onlyEnqueue || basis === task.basis || (task.basis === undefined && basis === this.#set[0]);
  }

  /** The CPU or the task changed its group since it was placed: one charge may be dropped legally. */
  #isRetag(task: VtimeTask, cpu: number): boolean {
    return (
      this.#retagGrace &&
      task.placedSeq >= 0 &&
      Math.max(this.#state.groups.cpuSeq(cpu), task.groupSeq) > task.placedSeq
    );
  }

  #record(task: VtimeTask, basis: Basis): HiddenRecord {
    const known = task.hiddenFrom(basis);
    if (known !== undefined) return known;
    const record = new HiddenRecord(basis);
    task.hidden.push(record);
    return record;
  }

  #noteFirst(record: HiddenRecord, runSeq: number, runTime: number, stopSeq: number): void {
    if (record.firstRunSeq < 0) {
      record.firstRunSeq = runSeq;
      record.firstRunTime = runTime;
    }
    if (record.firstStopSeq < 0) record.firstStopSeq = stopSeq;
  }

  /** Where the drift is over, the runtime that made it counts no longer. */
  #forgive(task: VtimeTask, set: readonly Basis[]): void {
    for (const record of [...task.hidden]) {
      if (!set.includes(record.basis)) continue;
      // A basis that follows at running was level with the task when the run began.
      const wasLevel =
        task.wasAppliedTo(record.basis) === 1 && this.#state.domain.followsAt(record.basis.spec) === 'running';
      if (wasLevel || this.#state.driftMax(task.v.hi, task.v.lo, task.slack, record.basis) <= 0)
        this.#drop(task, record);
    }
  }

  #drop(task: VtimeTask, record: HiddenRecord): void {
    task.hidden = task.hidden.filter((entry) => entry !== record);
  }

  #fact(
    sched: SchedVtime,
    task: VtimeTask,
    basis: Basis,
    cpu: number,
    v: U64,
    slack: number,
    seq: number,
    t: number,
  ): DriftFact {
    const state = this.#state;
    return {
      seq,
      t,
      task,
      sched,
      basis,
      isEnqueueBasis: basis === task.basis || (task.basis === undefined && basis === this.#set[0]),
      where: 'stop',
      hidden: false,
      hiddenFromAll: false,
      record: undefined,
      hiddenNs: 0,
      driftMin: task.vKnown ? state.driftMin(v.hi, v.lo, basis) : Number.NEGATIVE_INFINITY,
      driftMax: task.vKnown ? state.driftMax(v.hi, v.lo, slack, basis) : Number.POSITIVE_INFINITY,
      excessMin: 0,
      excessMax: 0,
      rate: Number.NaN,
      cpu,
      proofSeq: -1,
      alike: undefined,
      expectation: undefined,
    };
  }

  /** Excess over what is healthy after a run with that last charge. */
  #excess(fact: DriftFact, lastCharge: number): void {
    const { domain } = fact.sched;
    if (this.#mode === 'rate') {
      fact.excessMin = fact.hiddenNs;
      fact.excessMax = fact.hiddenNs;
      return;
    }
    const allowed = (domain.followsAt(fact.basis.spec) === 'running' ? lastCharge : 0) + domain.keyOffsetMaxNs;
    fact.excessMin = fact.driftMin - allowed;
    fact.excessMax = allowed === UNKNOWN_CHARGE ? Number.POSITIVE_INFINITY : fact.driftMax - allowed;
  }

  #grow(record: HiddenRecord, fact: DriftFact): void {
    const excess = fact.excessMin;
    if (!Number.isFinite(excess)) return;
    if (record.growing === 0 || excess < record.lastExcess) {
      record.growing = 1;
      record.growingSince = fact.t;
      record.growingFrom = excess;
    } else {
      record.growing++;
      if (fact.t > record.growingSince) fact.rate = (excess - record.growingFrom) / (fact.t - record.growingSince);
    }
    record.lastExcess = excess;
  }

  #emit(fact: DriftFact): void {
    // Once it ends, the scheduler no longer decides.
    if (fact.sched.sched?.exit !== undefined) return;
    // After a contradiction only what was observed is worth telling; without a description there is nothing else.
    const observed = fact.record?.observed === true || fact.sched.domain.auto;
    if (observed ? fact.basis.observations.broken : fact.sched.premise.broken) return;
    for (const sink of this.#state.sinks.onDrift) sink(fact);
  }
}
