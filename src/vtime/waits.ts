// Waits on ordered DSQs that last: their proof, and how much longer they would have been.

import type { Dsq } from '../model/dsq.ts';
import { NO } from '../model/sched.ts';
import type { Step } from '../model/step.ts';
import type { Task } from '../model/task.ts';
import type { TraceEvent } from '../trace/event.ts';
import { difference } from '../trace/u64.ts';
import type { Choices } from './choices.ts';
import { onlineCpus } from './cpu-time.ts';
import { type Competitor, waitTime } from './forecast.ts';
import type { Premise } from './premise.ts';
import { type LeftQueue, type ProofOptions, proveWait } from './stall-proof.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';
import type { WaitFact, WaitProof } from './wait-fact.ts';

/** A wait of which nobody has asked for the proof yet. */
class Wait implements WaitFact {
  readonly task: Task;
  readonly seq: number;
  readonly t: number;
  readonly timeoutNs: number;
  readonly premise: Premise;
  readonly #waits: Waits;
  readonly #left: LeftQueue | undefined;
  #proof: WaitProof | undefined;

  constructor(waits: Waits, task: Task, seq: number, t: number, timeoutNs: number, left: LeftQueue | undefined) {
    this.#waits = waits;
    this.task = task;
    this.seq = seq;
    this.t = t;
    this.timeoutNs = timeoutNs;
    this.premise = waits.premiseOf(task);
    this.#left = left;
  }

  get isDescribed(): boolean {
    return this.#waits.isDescribed(this.task, this.#left?.dsq);
  }

  get open(): boolean {
    return this.#left === undefined;
  }

  get waitedNs(): number {
    return this.#left === undefined ? this.proof.waitedNs : this.t - this.#left.since;
  }

  get proof(): WaitProof {
    this.#proof ??= this.#waits.prove(this.task, this.t, this.#left);
    return this.#proof;
  }

  get forecastNs(): number {
    return this.#waits.forecast(this.task, this.proof, this.proof.cpus.length);
  }

  get justifiedNs(): number {
    return this.#waits.justified(this.task, this.proof.since, this.proof.cpus.length);
  }

  get designedNs(): number {
    const { proof } = this;
    return this.#waits.behind(this.task, this.#waits.sliceCost(this.task), proof.since, proof.cpus.length);
  }

  get justifiedAtLeastNs(): number {
    return this.#left === undefined ? 0 : this.#waits.justified(this.task, this.#left.since, 0);
  }
}

export class Waits {
  readonly #state: VtimeState;
  readonly #options: ProofOptions;
  readonly #minShare: number;

  constructor(state: VtimeState, choices: Choices) {
    this.#state = state;
    const { limits } = state.domain;
    this.#minShare = limits.number('vtime-starvation', 'min_wait');
    this.#options = {
      minDecisions: limits.number('vtime-starvation', 'min_decisions'),
      idleTolerance: limits.number('vtime-starvation', 'idle_tolerance'),
      competing: (dsq, cpu) => choices.competing(dsq, cpu),
    };
  }

  /** The description of the scheduler that the task belongs to. */
  premiseOf(task: Task): Premise {
    return this.#state.sched(task.sched ?? this.#state.model.root).premise;
  }

  /** Does the verdict on a wait stand on the description: on its timeout, or on the queues that it lets compete? */
  isDescribed(task: Task, left: Dsq | undefined): boolean {
    if (!this.#state.showsTimeout(task.sched)) return true;
    const dsq = left ?? task.dsq;
    return dsq != null && onlineCpus(this.#state.model).some((cpu) => this.#options.competing(dsq, cpu).length > 0);
  }

  /** Why a waiting task does not run, as of now. */
  prove(task: Task, now: number, left?: LeftQueue): WaitProof {
    return proveWait(this.#state.service, task, now, this.#options, left);
  }

  /** A task leaves an ordered DSQ. */
  left(event: TraceEvent, step: Step): void {
    const { task, dsq, wasOrdered } = step;
    if (!wasOrdered || task === undefined || dsq === undefined || task.linkTime < 0) return;
    const timeoutNs = this.#state.timeoutNs(task.sched);
    if (event.t - task.linkTime < timeoutNs * this.#minShare || this.#state.sinks.onWait.length === 0) return;
    const left = { dsq, ordered: true, since: task.linkTime, sinceSeq: step.linkSeqBefore };
    this.#tell(new Wait(this, task, event.seq, event.t, timeoutNs, left));
  }

  /** A scheduler ends, or the trace: who still waits on an ordered DSQ? */
  end(seq: number, t: number, of: (task: Task) => boolean): void {
    if (this.#state.sinks.onWait.length === 0) return;
    for (const task of this.#state.model.tasks()) {
      if (!task.alive || task.waiting === NO || !task.onPriq || !of(task)) continue;
      this.#tell(new Wait(this, task, seq, t, this.#state.timeoutNs(task.sched), undefined));
    }
  }

  #tell(wait: WaitFact): void {
    for (const sink of this.#state.sinks.onWait) sink(wait);
  }

  /** CPU time that competitors are ahead with of a task that waits, over `cpus` CPUs (0: all), ns. */
  forecast(task: Task, { since, sinceSeq }: Pick<WaitProof, 'since' | 'sinceSeq'>, cpus: number): number {
    return waitTime(this.#ordered(this.#state.task(task), since, sinceSeq), cpus || this.#allCpus());
  }

  /** The same, had the task been no further ahead of each than a single charge puts it. */
  justified(task: Task, since: number, cpus: number): number {
    const { lastChargeNs } = this.#state.task(task);
    const { keyOffsetMaxNs } = this.#state.domain;
    return this.behind(task, Math.max(lastChargeNs, this.sliceCost(task)) + keyOffsetMaxNs, since, cpus);
  }

  /** The same, had the task been ahead of each competitor by `behindNs`. */
  behind(task: Task, behindNs: number, since: number, cpus: number): number {
    let weights = 0;
    for (const { weight } of this.#competitors(this.#state.task(task), since)) weights += weight;
    if (weights === 0) return 0;
    return waitTime([{ behindNs, weight: weights }], cpus || this.#allCpus());
  }

  #allCpus(): number {
    return onlineCpus(this.#state.model).length;
  }

  /**
   * Those whose vtime says where they are in the order: they are in it now, or were put into it during the wait. That of others,
   * who are dispatched directly, may be older than any clock; they will be clamped once they are ordered again.
   */
  *#ordered(task: VtimeTask, since: number, sinceSeq: number): Generator<Competitor> {
    for (const competitor of this.#competitors(task, since)) {
      const { other } = competitor;
      if (other.task.onPriq || other.queueSeq > sinceSeq) yield competitor;
    }
  }

  /** Tasks that share the task's basis and ran or waited during the wait. */
  *#competitors(task: VtimeTask, since: number): Generator<Competitor & { readonly other: VtimeTask }> {
    const { vtime } = task.task;
    for (const other of this.#state.tasks()) {
      if (other === task || !other.task.alive || other.task.weight === 0 || !other.vKnown) continue;
      if (other.sched !== task.sched || !competes(task, other)) continue;
      const active = other.runCpu >= 0 || other.task.onPriq || other.task.runTime >= since;
      if (!active) continue;
      yield { other, behindNs: difference(vtime.hi, vtime.lo, other.v.hi, other.v.lo), weight: other.task.weight };
    }
  }

  /** What one slice costs a task of that weight, ns of vtime: being that much ahead is by design. */
  sliceCost(task: Task): number {
    const { sliceNs, charge } = this.#state.domain;
    return Math.floor((sliceNs * charge.num) / (task.weight || 100));
  }
}

/** Are the two served by the order of one clock? Where the description tells nothing of their queues: on one DSQ, now. */
function competes(task: VtimeTask, other: VtimeTask): boolean {
  if (task.basis !== undefined) return other.basis === task.basis;
  if (task.queue !== undefined) return other.queue === task.queue;
  return other.task.onPriq && other.task.dsq === task.task.dsq;
}
