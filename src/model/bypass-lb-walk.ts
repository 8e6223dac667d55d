// The walk of the load balancer of bypass mode: who had to give which tasks to whom, compared with the moves seen.
import { SLICE_BYPASS_DFL_US } from '../kernel/limits.ts';
import type { CpuMask } from '../trace/cpu-mask.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Cpu } from './cpu.ts';
import type { Dsq } from './dsq.ts';
import type { Model } from './model.ts';
import { type Sched, YES } from './sched.ts';
import type { Task } from './task.ts';

/** SCX_BYPASS_LB_DONOR_PCT and SCX_BYPASS_LB_MIN_DELTA_DIV. */
const DONOR_PCT = 125;
const MIN_DELTA_DIV = 4;

/** Lengths that an unlocked read of a DSQ can have returned. */
export interface Range {
  lo: number;
  hi: number;
}

/** A task that the balancer left where it was while it took one behind it. */
export interface Skipped {
  readonly task: Task;
  /** Its run queue is not that of the donor. */
  readonly foreign: boolean;
  /** It certainly was not migration-disabled. */
  readonly movable: boolean;
  readonly mask: CpuMask | undefined;
}

export interface Move {
  readonly task: Task;
  readonly donor: Dsq;
  /** Tasks on the donor before it. */
  readonly donorNr: number;
  readonly skipped: readonly Skipped[];
  readonly foreign: boolean;
  /** The walk could be followed from the task moved before. */
  readonly followed: boolean;
  donee: Dsq | undefined;
  /** Tasks on the donee after it. */
  doneeNr: number;
  readonly mask: CpuMask | undefined;
}

/** bypass_lb_node() and bypass_lb_cpu(): who gives, who takes, and where the walk stops. */
export class Walk {
  uncertain = false;
  readonly #moves: readonly Move[];
  readonly #cpus: readonly Cpu[];
  readonly #sched: Sched;
  readonly #model: Model;
  readonly #target: number;
  readonly #donorTarget: number;
  readonly #threshold: Range;
  /** Donees: by CPU, YES, NO, or UNKNOWN where the read decides. */
  readonly #donees = new Map<number, boolean | undefined>();
  readonly #before: readonly Range[];

  constructor(
    model: Model,
    event: TraceEvent,
    sched: Sched,
    cpus: readonly Cpu[],
    before: readonly Range[],
    moves: readonly Move[],
  ) {
    this.#model = model;
    this.#sched = sched;
    this.#cpus = cpus;
    this.#before = before;
    this.#moves = moves;
    const nrCpus = Math.max(1, event.nr_cpus);
    this.#target = Math.ceil(event.nr_tasks / nrCpus);
    this.#donorTarget = Math.ceil((this.#target * DONOR_PCT) / 100);
    this.#threshold = lbThreshold(model);
    for (const [i, cpu] of cpus.entries()) {
      const range = before[i] ?? { lo: 0, hi: 0 };
      this.#donees.set(cpu.id, range.hi < this.#target ? true : range.lo >= this.#target ? false : undefined);
    }
  }

  /** '' when the moves are those that had to be made, otherwise what is wrong. */
  check(): string {
    let index = 0;
    for (const [i, cpu] of this.#cpus.entries()) {
      const dsq = this.#sched.bypassDsqs[cpu.id];
      const first = index;
      while (index < this.#moves.length && this.#moves[index]?.donor === dsq) index++;
      const problem =
        first === index
          ? this.#checkIdleDonor(cpu, this.#before[i] ?? { lo: 0, hi: 0 }, dsq)
          : this.#checkDonor(cpu, this.#moves.slice(first, index));
      if (problem !== '') return problem;
    }
    const rest = this.#moves[index];
    return rest === undefined ? '' : `${rest.task.label} was moved from DSQ ${rest.donor.name} out of turn`;
  }

  /** A CPU that gave nothing must have had nothing to give. */
  #checkIdleDonor(cpu: Cpu, range: Range, dsq: Dsq | undefined): string {
    if (this.#donees.get(cpu.id) !== false || !this.#hasDonee()) return '';
    const delta = range.lo - this.#donorTarget;
    if (range.lo <= this.#donorTarget || delta < this.#threshold.hi || dsq?.isComplete !== true) return '';
    // It was locked and walked: nobody on it could be moved.
    for (let task = dsq.head; task !== undefined; task = task.dsqNext) {
      if (
        this.#mustMove(task.taskCpu !== dsq.cpu, task.migrationDisabled === 0, task.maskKnown ? task.cpus : undefined)
      )
        return `${task.label} could have been moved from DSQ ${dsq.name}`;
    }
    return '';
  }

  #checkDonor(cpu: Cpu, moves: readonly Move[]): string {
    const first = moves[0];
    if (first === undefined) return '';
    if (this.#donees.get(cpu.id) === true)
      return `DSQ ${first.donor.name} gave tasks though it is below the target of ${this.#target}`;
    const { lo: threshold } = this.#threshold;
    if (first.donorNr - this.#donorTarget < threshold) {
      // The test was made before the lock was taken.
      if (first.donorNr + this.#cpus.length - this.#donorTarget < threshold)
        return `DSQ ${first.donor.name} gave tasks with ${first.donorNr}, ${this.#donorTarget + threshold} are needed`;
      this.uncertain = true;
    }
    for (const move of moves) {
      const problem = this.#checkMove(move);
      if (problem !== '') return problem;
    }
    return '';
  }

  #checkMove(move: Move): string {
    const { task, donor, donee } = move;
    if (move.donorNr >= 0 && move.donorNr <= this.#donorTarget)
      return `${task.label} was moved from DSQ ${donor.name}, which was down to ${move.donorNr}`;
    if (donee === undefined) return `${task.label} was taken off DSQ ${donor.name} and put nowhere`;
    if (move.foreign && this.#model.semantics.lbSkipsForeign)
      return `${task.label} was moved though its run queue is that of CPU ${task.taskCpu}`;
    const state = this.#donees.get(donee.cpu);
    if (state === false) return `${task.label} was moved to DSQ ${donee.name}, which had its share`;
    if (state === undefined) this.uncertain = true;
    if (move.mask?.has(donee.cpu) === false)
      return `${task.label} was moved to CPU ${donee.cpu}, which its mask does not contain`;
    if (!move.followed) this.uncertain = true;
    for (const skipped of move.skipped) {
      if (this.#mustMove(skipped.foreign, skipped.movable, skipped.mask))
        return `${skipped.task.label} was passed over on DSQ ${donor.name}`;
    }
    if (move.doneeNr >= this.#target) this.#donees.set(donee.cpu, false);
    return '';
  }

  /** Would the walk certainly have moved a task like that? */
  #mustMove(foreign: boolean, movable: boolean, mask: CpuMask | undefined): boolean {
    if ((foreign && this.#model.semantics.lbSkipsForeign) || !movable || mask === undefined) return false;
    let certain = false;
    for (const cpu of this.#cpus) {
      if (!mask.has(cpu.id) || this.#donees.get(cpu.id) === false) continue;
      // Any of the donees may be chosen, and the choice may fall on one that is not online.
      if (this.#donees.get(cpu.id) === undefined || cpu.isRqOnline !== YES) return false;
      certain = true;
    }
    return certain;
  }

  #hasDonee(): boolean {
    for (const state of this.#donees.values()) if (state === true) return true;
    return false;
  }
}

/** Least surplus of a donor, in tasks: anything where the header does not tell the interval, or tells an old one. */
export function lbThreshold(model: Pick<Model, 'header' | 'lbIntervalChanged'>): Range {
  const param = (name: string): number => Number(model.header.params.get(name) ?? Number.NaN);
  const interval = param('bypass_lb_intv_us');
  if (!(interval >= 0)) return { lo: 0, hi: Number.POSITIVE_INFINITY };
  const slice = param('slice_bypass_us');
  const threshold = Math.ceil(
    Math.floor(interval / MIN_DELTA_DIV) / Math.max(1, slice >= 0 ? slice : SLICE_BYPASS_DFL_US),
  );
  return { lo: model.lbIntervalChanged ? 0 : threshold, hi: threshold };
}
