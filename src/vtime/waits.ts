// Waits on ordered DSQs that last: their proof, and how much longer they would have been.
import { NO } from '../model/sched.ts';
import type { Step } from '../model/step.ts';
import type { Task } from '../model/task.ts';
import type { TraceEvent } from '../trace/event.ts';
import { difference } from '../trace/u64.ts';
import type { Choices } from './choices.ts';
import { onlineCpus } from './cpu-time.ts';
import { type Competitor, waitTime } from './forecast.ts';
import { type LeftQueue, type ProofOptions, proveWait } from './stall-proof.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';
import type { WaitProof } from './wait-fact.ts';

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
    this.#tell(task, event.seq, event.t, false, timeoutNs, this.prove(task, event.t, left));
  }

  /** A scheduler ends, or the trace: who still waits on an ordered DSQ? */
  end(seq: number, t: number, of: (task: Task) => boolean): void {
    if (this.#state.sinks.onWait.length === 0) return;
    for (const task of this.#state.model.tasks()) {
      if (!task.alive || task.waiting === NO || !task.onPriq || !of(task)) continue;
      const timeoutNs = this.#state.timeoutNs(task.sched);
      this.#tell(task, seq, t, true, timeoutNs, this.prove(task, t));
    }
  }

  #tell(task: Task, seq: number, t: number, open: boolean, timeoutNs: number, proof: WaitProof): void {
    const own = this.#state.task(task);
    const cpus = proof.cpus.length > 0 ? proof.cpus.length : onlineCpus(this.#state.model).length;
    const competitors = [...this.#competitors(own, proof)];
    const charge = this.#singleCharge(own);
    const fact = {
      task,
      seq,
      t,
      open,
      timeoutNs,
      proof,
      forecastNs: waitTime(competitors, cpus),
      justifiedNs: waitTime(
        competitors.map(({ weight }) => ({ behindNs: charge, weight })),
        cpus,
      ),
    };
    for (const sink of this.#state.sinks.onWait) sink(fact);
  }

  /** Tasks that share the task's basis and ran or waited during the wait. */
  *#competitors(task: VtimeTask, proof: WaitProof): Generator<Competitor> {
    const { vtime } = task.task;
    for (const other of this.#state.tasks()) {
      if (other === task || !other.task.alive || other.task.weight === 0 || !other.vKnown) continue;
      const sameQueue = task.basis === undefined ? other.queue === task.queue : other.basis === task.basis;
      if (!sameQueue || other.sched !== task.sched) continue;
      const active = other.runCpu >= 0 || other.task.onPriq || other.task.runTime >= proof.since;
      if (active) yield { behindNs: difference(vtime.hi, vtime.lo, other.v.hi, other.v.lo), weight: other.task.weight };
    }
  }

  /** What one slice costs a task of that weight: being that much ahead is by design. */
  #singleCharge(task: VtimeTask): number {
    const { domain } = this.#state;
    const weight = task.task.weight || 100;
    return (
      Math.max(task.lastChargeNs, Math.floor((domain.sliceNs * domain.charge.num) / weight)) + domain.keyOffsetMaxNs
    );
  }
}
