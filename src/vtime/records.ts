// Values of bases that the trace records itself: vtime_now events, and the numbers in the scheduler's own error message.
import { EXIT_KIND } from '../kernel/exit.ts';
import type { Sched } from '../model/sched.ts';
import type { TraceEvent } from '../trace/event.ts';
import { difference, highHalf, lowHalf, toSignedBigInt, U64 } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import { type Bounding, BY_RECORD } from './bounding.ts';
import type { DriftWatch } from './drift.ts';
import { formatDuration } from './durations.ts';
import { type ErrorRecord, parseErrorRecord } from './error-record.ts';
import type { Mismatches } from './mismatch.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';

/** An error that the scheduler raised itself, while it enqueued a task; its message comes later. */
interface Raised {
  readonly sched: SchedVtime;
  readonly task: VtimeTask | undefined;
  readonly seq: number;
  readonly t: number;
  readonly basis: Basis | undefined;
  /** Bounds of the basis at that moment; undefined: none. */
  readonly low: U64 | undefined;
  readonly high: U64 | undefined;
  readonly driftMin: number;
  readonly driftMax: number;
}

export class Records {
  readonly #state: VtimeState;
  readonly #drift: DriftWatch;
  readonly #bounding: Bounding;
  readonly #mismatches: Mismatches;
  readonly #toleranceNs: number;
  #raised: Raised | undefined;
  #told = false;

  constructor(state: VtimeState, drift: DriftWatch, bounding: Bounding, mismatches: Mismatches) {
    this.#state = state;
    this.#drift = drift;
    this.#bounding = bounding;
    this.#mismatches = mismatches;
    this.#toleranceNs = state.domain.limits.number('vtime-model-mismatch', 'race_tolerance');
  }

  /** A vtime_now event: the basis of a cell, a CPU, a DSQ, or the only one. */
  snap(event: TraceEvent): void {
    const sched = this.#state.sched(this.#state.model.root);
    const basis = this.#basisOf(event, sched);
    if (basis === undefined) return;
    const { basis_hi: hi, basis_lo: lo, seq, t } = event;
    if (basis.recordedKnown && !sched.premise.broken) {
      const deltaNs = difference(hi, lo, basis.recorded.hi, basis.recorded.lo);
      for (const sink of this.#state.sinks.onSnap)
        sink({ seq, t, sched, basis, previousSeq: basis.recordedSeq, deltaNs });
    }
    basis.recorded.set(hi, lo);
    basis.recordedKnown = true;
    basis.recordedSeq = seq;
    if (sched.domain.auto) return;
    const { sighting } = this.#bounding;
    sighting.begin(BY_RECORD, undefined, basis.recorded, seq, seq, t);
    sighting.atLeast(0);
    sighting.atMost(0);
    this.#bounding.see(sched, basis);
  }

  #basisOf(event: TraceEvent, sched: SchedVtime): Basis | undefined {
    const { bases } = sched.domain;
    if (event.has('dsq')) return sched.queue(event.dsq_hi, event.dsq_lo)?.fixed;
    if (event.has('target')) {
      const spec = bases.find((entry) => entry.scope === 'cpu');
      return spec === undefined ? undefined : sched.instance(spec, event.target);
    }
    if (event.has('cell')) {
      const spec = bases.find((entry) => entry.scope === 'group');
      return spec === undefined ? undefined : sched.instance(spec, event.cell);
    }
    const spec = bases.find((entry) => entry.scope === 'global');
    return spec === undefined ? undefined : sched.instance(spec, 0);
  }

  /** The BPF scheduler raises an error: while it enqueues a task, that is the task it is about. */
  bpfError(event: TraceEvent): void {
    if (event.exit_kind !== EXIT_KIND.ERROR_BPF || this.#raised !== undefined) return;
    const { model } = this.#state;
    const core = model.cpu(event.cpu).opTask;
    const task = core === undefined ? undefined : this.#state.task(core);
    const sched = task === undefined ? this.#state.sched(model.root) : this.#state.schedOf(task);
    this.#raised = this.#snapshot(sched, task, event);
  }

  /** The basis that an enqueue of the task compares with. */
  #basisAt(sched: SchedVtime, task: VtimeTask): Basis | undefined {
    return this.#drift.comparisonSet(sched, task, task.task.taskCpu)[0];
  }

  #snapshot(sched: SchedVtime, task: VtimeTask | undefined, event: TraceEvent): Raised {
    const basis = task === undefined ? undefined : this.#basisAt(sched, task);
    const high = new U64();
    const low = new U64();
    const since = task === undefined || task.opSeq < 0 ? event.seq : task.opSeq;
    const hasHigh = basis !== undefined && this.#state.pending.highOf(basis, high);
    const hasLow = basis?.lowAt(since, low) === true;
    const known = basis !== undefined && task?.vKnown === true;
    return {
      sched,
      task,
      seq: event.seq,
      t: event.t,
      basis,
      low: hasLow ? low : undefined,
      high: hasHigh ? high : undefined,
      driftMin: known ? this.#state.driftMin(task.v.hi, task.v.lo, basis) : Number.NEGATIVE_INFINITY,
      driftMax: known && hasLow ? difference(task.v.hi, task.v.lo, low.hi, low.lo) : Number.POSITIVE_INFINITY,
    };
  }

  /** The formatted exit message. */
  message(event: TraceEvent, owner: Sched): void {
    const record = parseErrorRecord(event.msg);
    if (record === undefined || this.#told) return;
    this.#told = true;
    const sched = this.#state.sched(owner);
    const raised =
      this.#raised?.task?.pid === record.pid
        ? this.#raised
        : this.#snapshot(sched, this.#state.findTask(record.pid), event);
    const diff = record.diff ?? (record.basis === undefined ? 0n : record.vtime - record.basis);
    this.#check(raised, record, event.msg);
    for (const sink of this.#state.sinks.onErrorRecord)
      sink({
        seq: raised.seq,
        t: raised.t,
        sched: raised.sched,
        task: raised.task,
        pid: record.pid,
        message: event.msg,
        vtime: record.vtime,
        basis: record.basis,
        diffNs: Number(BigInt.asIntN(64, diff)),
        driftMin: raised.driftMin,
        driftMax: raised.driftMax,
        capNs: raised.sched.domain.cap?.action === 'error' ? raised.sched.domain.cap.ns : -1,
        record: raised.task?.firstHidden(),
      });
  }

  /** The scheduler's own numbers against the description. */
  #check(raised: Raised, record: ErrorRecord, message: string): void {
    const { sched, task, basis, low, high } = raised;
    const { cap } = sched.domain;
    const place = { seq: raised.seq, t: raised.t, task, basis, otherSeq: -1, otherNote: '', hidden: [], note: message };
    if (cap?.action !== 'error') {
      this.#mismatches.contradict(sched, {
        ...place,
        class: 'cap',
        message: `the scheduler ends with an error because a vtime is too far ahead; the description has no such limit ("cap")`,
      });
      return;
    }
    if (record.basis === undefined) return;
    const diff = BigInt.asIntN(64, record.vtime - record.basis);
    if (diff <= BigInt(cap.ns)) {
      this.#mismatches.contradict(sched, {
        ...place,
        class: 'cap',
        message: `the scheduler raises its error at ${formatDuration(Number(diff))}; the limit of the description is ${formatDuration(cap.ns)}`,
      });
      return;
    }
    const [hi, lo] = [highHalf(record.basis), lowHalf(record.basis)];
    const below = low === undefined ? 0 : difference(low.hi, low.lo, hi, lo);
    const above = high === undefined ? 0 : difference(hi, lo, high.hi, high.lo);
    if (Math.max(below, above) <= this.#toleranceNs) return;
    const bound = below > 0 ? low : high;
    this.#mismatches.contradict(sched, {
      ...place,
      class: 'basis',
      message: `the scheduler's error gives basis ${basis?.label ?? '?'} as ${record.basis}; by the description it is at ${below > 0 ? 'least' : 'most'} ${toSignedBigInt(bound?.hi ?? 0, bound?.lo ?? 0)}`,
    });
  }
}
