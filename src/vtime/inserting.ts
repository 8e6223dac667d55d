// Ordered inserts: what the key tells of the basis, and what it makes of the task's vtime.
import { difference } from '../trace/u64.ts';
import type { Advancing } from './advancing.ts';
import type { Basis } from './basis.ts';
import { type Bounding, BY_CAP, BY_CLAMP, BY_KEY, BY_REBASE } from './bounding.ts';
import { lagMax, lagMin } from './domain.ts';
import type { DriftWatch } from './drift.ts';
import { newInsertFact } from './fact-records.ts';
import {
  INSERT_BEHIND,
  INSERT_CAPPED,
  INSERT_CLAMPED,
  INSERT_REBASED,
  INSERT_UNCLAMPED,
  INSERT_UNKNOWN,
  type InsertFact,
} from './facts.ts';
import type { Mismatches } from './mismatch.ts';
import type { Placing } from './placing.ts';
import type { QueueInstance, SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';

/** An ordered insert as the trace shows it. */
export interface InsertRequest {
  readonly dsqHi: number;
  readonly dsqLo: number;
  readonly keyHi: number;
  readonly keyLo: number;
  /** Run queue that the task is on; -1 unknown. */
  readonly rq: number;
  /** Ordinals of the events between which the scheduler read the basis. */
  readonly since: number;
  readonly seq: number;
  readonly t: number;
}

export class Inserting {
  readonly #state: VtimeState;
  readonly #advancing: Advancing;
  readonly #drift: DriftWatch;
  readonly #bounding: Bounding;
  readonly #mismatches: Mismatches;
  readonly #placing: Placing;
  readonly #fact: InsertFact;

  constructor(parts: {
    readonly state: VtimeState;
    readonly advancing: Advancing;
    readonly drift: DriftWatch;
    readonly bounding: Bounding;
    readonly mismatches: Mismatches;
    readonly placing: Placing;
  }) {
    this.#state = parts.state;
    this.#advancing = parts.advancing;
    this.#drift = parts.drift;
    this.#bounding = parts.bounding;
    this.#mismatches = parts.mismatches;
    this.#placing = parts.placing;
    this.#fact = newInsertFact();
  }

  insert(sched: SchedVtime, task: VtimeTask, request: InsertRequest): void {
    const queue = sched.queue(request.dsqHi, request.dsqLo);
    if (queue === undefined) {
      this.#unknownQueue(sched, task, request);
      return;
    }
    const basis = this.#enter(sched, task, queue, request);
    const fact = this.#fact;
    fact.seq = request.seq;
    fact.t = request.t;
    fact.task = task;
    fact.sched = sched;
    fact.queue = queue;
    fact.basis = basis;
    fact.key.set(request.keyHi, request.keyLo);
    fact.before.copy(task.v);
    fact.beforeKnown = task.vKnown && task.slack === 0;
    fact.staleRead =
      task.opVKnown &&
      task.vKnown &&
      !task.opV.equals(task.v.hi, task.v.lo) &&
      task.opV.equals(request.keyHi, request.keyLo);
    fact.continuous = !task.slept;
    fact.fromElsewhere = task.reference !== undefined && task.reference !== basis;
    fact.freshBasis = basis !== undefined && !basis.touched;
    fact.driftMin = Number.NEGATIVE_INFINITY;
    fact.driftMax = Number.POSITIVE_INFINITY;
    fact.belowObserved = 0;
    fact.rebaseDeltaNs = task.rebasedSeq >= 0 ? task.rebaseDeltaNs : Number.NaN;
    fact.dsqHi = request.dsqHi;
    fact.dsqLo = request.dsqLo;
    if (basis !== undefined && task.vKnown) {
      fact.driftMin = this.#state.driftMin(task.v.hi, task.v.lo, basis);
      fact.driftMax = this.#state.driftMax(task.v.hi, task.v.lo, task.slack, basis);
    }
    if (basis !== undefined) fact.belowObserved = this.#belowObserved(sched, task, basis, request);
    this.#drift.inserted(sched, task, request.rq, request.seq, request.t);
    fact.kind = this.#kindOf(sched, task, fact);
    if (basis !== undefined) {
      this.#learn(sched, task, basis, fact, request);
      basis.touched = true;
    }
    for (const sink of this.#state.sinks.onInsert) sink(fact);
    if (fact.kind === INSERT_CLAMPED || fact.kind === INSERT_CAPPED || fact.kind === INSERT_REBASED)
      task.reference = basis;
    if (fact.kind === INSERT_CLAMPED || fact.kind === INSERT_REBASED) task.clearDrift();
    task.slept = false;
    task.rebaseAllowed = false;
    task.rebasedSeq = -1;
    this.#placing.ordered(sched, task, request.seq);
    task.asked.set(request.keyHi, request.keyLo);
    task.askedPending = true;
    const atOnce =
      sched.domain.vtimeCommit === 'auto'
        ? !this.#state.model.semantics.verdictCarriesSlice
        : sched.domain.vtimeCommit === 'kfunc';
    if (atOnce) this.committed(task, request.seq);
  }

  /** The key takes effect: it becomes the task's vtime. */
  committed(task: VtimeTask, seq: number): void {
    task.askedPending = false;
    if (task.sched?.domain.privateAccumulator !== true) task.setV(task.asked.hi, task.asked.lo, seq);
  }

  /** The task is in that queue from here on; returns the basis. */
  #enter(sched: SchedVtime, task: VtimeTask, queue: QueueInstance, request: InsertRequest): Basis | undefined {
    const { groups } = this.#state;
    task.queue = queue;
    if (queue.cgroup >= 0) task.cgroup = queue.cgroup;
    if (queue.llc >= 0) task.llc = queue.llc;
    if (queue.group >= 0 && groups.task(task) < 0) task.group = queue.group;
    const { rq } = request;
    task.basis = queue.fixed ?? this.#advancing.instance(queue.spec.basis, 'queue', sched, task, rq);
    task.queueSeq = request.seq;
    return task.basis;
  }

  #unknownQueue(sched: SchedVtime, task: VtimeTask, request: InsertRequest): void {
    task.queue = undefined;
    task.basis = undefined;
    const id = `0x${((BigInt(request.dsqHi >>> 0) << 32n) | BigInt(request.dsqLo >>> 0)).toString(16)}`;
    this.#mismatches.contradict(sched, {
      seq: request.seq,
      t: request.t,
      class: 'queue',
      message: `${task.task.label} is inserted by vtime on DSQ ${id}, which no queue of the description is (${sched.domain.queues.map((queue) => queue.name).join(', ')})`,
      task,
      basis: undefined,
      otherSeq: -1,
      otherNote: '',
      note: 'an ordered insert on a DSQ that the description does not know',
      hidden: [],
    });
  }

  #kindOf(sched: SchedVtime, task: VtimeTask, fact: InsertFact): number {
    const { domain } = sched;
    const { key } = fact;
    if (!task.vKnown || domain.privateAccumulator) return INSERT_UNKNOWN;
    // A floor that went below zero instead of ending there: the bug itself, no other scheduler.
    if (domain.lag?.floorZero === true && key.hi < 0) return INSERT_UNKNOWN;
    const ahead = difference(key.hi, key.lo, task.v.hi, task.v.lo);
    if (ahead >= 0 && ahead <= task.slack) return INSERT_UNCLAMPED;
    const { reset, translate } = domain;
    const moved =
      fact.fromElsewhere && (reset.has('domain_change') || translate.has('domain_change') || reset.has('group_change'));
    if (task.rebaseAllowed || moved) return INSERT_REBASED;
    if (ahead > task.slack) return ahead - task.slack > domain.keyOffsetMaxNs ? INSERT_CLAMPED : INSERT_UNKNOWN;
    return domain.cap?.action === 'clamp' ? INSERT_CAPPED : INSERT_BEHIND;
  }

  /** Narrows the basis by what the key shows of it. */
  #learn(sched: SchedVtime, task: VtimeTask, basis: Basis, fact: InsertFact, request: InsertRequest): void {
    const { domain } = sched;
    const { kind, key } = fact;
    if (domain.running.length + domain.stopping.length === 0) return;
    const { weight } = task.task;
    const { lag, cap, keyOffsetMaxNs } = domain;
    const { since, seq, t } = request;
    const { sighting } = this.#bounding;
    if (task.rebasedSeq >= 0 && task.vKnown && task.rebaseCause !== '' && domain.reset.has(task.rebaseCause)) {
      sighting.begin(BY_REBASE, task, task.v, task.rebaseSeq, task.rebasedSeq, t);
      sighting.atLeast(0);
      sighting.atMost(0);
      this.#bounding.see(sched, basis);
    }
    if (kind === INSERT_BEHIND && !fact.staleRead) {
      this.#behind(sched, task, basis, fact);
      return;
    }
    if (kind === INSERT_CAPPED && cap !== undefined) {
      sighting.begin(BY_CAP, task, key, since, seq, t);
      sighting.atLeast(-cap.ns);
      sighting.atMost(-cap.ns);
      this.#bounding.see(sched, basis);
      return;
    }
    // The key is never before basis - lag, whatever else happened; when it was clamped it is just that.
    const lagKnown = lag !== undefined && (lag.weight === 'none' || weight > 0);
    if (lagKnown) {
      const clamped = kind === INSERT_CLAMPED && !(lag.floorZero && key.isZero);
      sighting.begin(clamped ? BY_CLAMP : BY_KEY, task, key, since, seq, t);
      if (clamped) sighting.atLeast(lagMin(lag, weight) - keyOffsetMaxNs);
      sighting.atMost(lagMax(lag, weight));
      this.#bounding.see(sched, basis);
    }
    if (cap !== undefined && kind === INSERT_UNCLAMPED) {
      sighting.begin(BY_KEY, task, task.v, since, seq, t);
      sighting.atLeast(-cap.ns);
      this.#bounding.see(sched, basis);
    }
  }

  #behind(sched: SchedVtime, task: VtimeTask, basis: Basis, fact: InsertFact): void {
    this.#mismatches.contradict(sched, {
      seq: fact.seq,
      t: fact.t,
      class: 'key',
      message: `${task.task.label} is inserted with key ${fact.key.toBigInt()}, before its vtime ${task.v.toBigInt()}, and nothing that is described sets it back`,
      task,
      basis,
      otherSeq: task.observedSeq,
      otherNote: `its vtime is ${task.v.toBigInt()}`,
      note: 'the key is before the vtime',
      hidden: [],
    });
  }

  /** By how much the key lies before the low clamp of a basis whose value was recorded, ns. */
  #belowObserved(sched: SchedVtime, task: VtimeTask, basis: Basis, request: InsertRequest): number {
    const { lag } = sched.domain;
    const { weight } = task.task;
    if (!basis.recordedKnown || basis.recordedSeq > request.since || lag === undefined) return 0;
    if (lag.weight !== 'none' && weight === 0) return 0;
    const behind = difference(basis.recorded.hi, basis.recorded.lo, request.keyHi, request.keyLo);
    return Math.max(0, behind - lagMax(lag, weight));
  }
}
