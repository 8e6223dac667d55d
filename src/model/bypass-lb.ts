// The load balancer of bypass mode (scx_bypass_lb_timerfn): what one pass had to move, compared with what it moved.
import { BYPASS_LB_DFL_INTV_US, SLICE_BYPASS_DFL_US } from '../kernel/limits.ts';
import type { CpuMask } from '../trace/cpu-mask.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Cpu } from './cpu.ts';
import type { Dsq } from './dsq.ts';
import type { Model } from './model.ts';
import { NO, type Sched, YES } from './sched.ts';
import { MISPREDICTED, PREDICTED, UNDECIDED } from './step.ts';
import type { Task } from './task.ts';

/** SCX_BYPASS_LB_DONOR_PCT and SCX_BYPASS_LB_MIN_DELTA_DIV. */
const DONOR_PCT = 125;
const MIN_DELTA_DIV = 4;

/** Lengths that an unlocked read of a DSQ can have returned. */
interface Range {
  lo: number;
  hi: number;
}

/** A task that the balancer left where it was while it took one behind it. */
interface Skipped {
  readonly task: Task;
  /** Its run queue is not that of the donor. */
  readonly foreign: boolean;
  /** It certainly was not migration-disabled. */
  readonly movable: boolean;
  readonly mask: CpuMask | undefined;
}

interface Move {
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

/** What the model makes of one record of the balancer. */
export interface LbVerdict {
  readonly outcome: number;
  /** Why the record does not follow, or which unlocked read explains a difference; '' exact. */
  readonly reason: string;
}

/** One pass of the balancer on the CPU whose timer fired; `nr` values are lengths of bypass DSQs. */
export class LbPass {
  active = false;
  startSeq = -1;
  readonly #initial = new Map<Dsq, Range>();
  readonly #before = new Map<Dsq, Range>();
  #after = new Map<Dsq, Range>();
  readonly #moves: Move[] = [];
  #cursor: Task | undefined;
  #cursorDsq: Dsq | undefined;

  /** The timer fires: the first node is next. */
  begin(model: Model, event: TraceEvent): void {
    this.active = true;
    this.startSeq = event.seq;
    this.#beginNode(model);
  }

  end(): void {
    this.active = false;
  }

  /** A bypass DSQ is about to change, on any CPU. `nr` is its length before, -1 unknown. */
  noteUnlink(own: boolean, dsq: Dsq, task: Task, nr: number): void {
    if (!own) {
      this.#widen(dsq, nr, nr - 1);
      return;
    }
    if (this.#moves.length === 0) for (const [key, range] of this.#initial) this.#before.set(key, { ...range });
    const skipped = this.#walkTo(dsq, task);
    this.#moves.push({
      task,
      donor: dsq,
      donorNr: nr,
      skipped: skipped ?? [],
      followed: skipped !== undefined,
      foreign: task.taskCpu >= 0 && task.taskCpu !== dsq.cpu,
      donee: undefined,
      doneeNr: -1,
      mask: task.maskKnown ? task.cpus.clone() : undefined,
    });
    this.#cursor = task.dsqPrev;
    this.#cursorDsq = dsq;
    this.#after.clear();
  }

  noteLink(own: boolean, dsq: Dsq, task: Task, nr: number): void {
    if (!own) {
      this.#widen(dsq, nr, nr + 1);
      return;
    }
    const move = this.#moves.at(-1);
    if (move?.task === task) {
      move.donee = dsq;
      move.doneeNr = nr + 1;
    }
    this.#after.clear();
  }

  /** The record of one node: does it follow from the DSQs? Then the next node begins. */
  judge(model: Model, event: TraceEvent): LbVerdict {
    const cpus = cpusOf(model, event.node, event.nr_cpus);
    const owner = this.#moves[0]?.donor.sched;
    const candidates =
      owner !== undefined ? [owner] : model.scheds.filter((sched) => !sched.gone && sched.bypassDsqs.length > 0);
    let best: LbVerdict = { outcome: UNDECIDED, reason: 'the bypass DSQs of this node are not known' };
    let found = false;
    if (cpus === undefined)
      best = { outcome: MISPREDICTED, reason: `the node does not have ${event.nr_cpus} online CPUs` };
    for (const sched of cpus === undefined ? [] : candidates) {
      const verdict = this.#judgeFor(model, event, sched, cpus ?? []);
      if (!found || rank(verdict.outcome) > rank(best.outcome)) best = verdict;
      found = true;
    }
    this.#beginNode(model);
    return best;
  }

  #beginNode(model: Model): void {
    this.#moves.length = 0;
    this.#before.clear();
    this.#after.clear();
    this.#initial.clear();
    this.#cursor = undefined;
    this.#cursorDsq = undefined;
    for (const sched of model.scheds) {
      if (sched.gone) continue;
      for (const dsq of sched.bypassDsqs)
        if (dsq !== undefined && dsq.nr >= 0) this.#initial.set(dsq, readable(model, dsq));
    }
  }

  /** Another CPU changes the length: the balancer may read either. */
  #widen(dsq: Dsq, before: number, after: number): void {
    if (before < 0) return;
    for (const ranges of this.#moves.length === 0 ? [this.#initial, this.#after] : [this.#after]) {
      const range = ranges.get(dsq);
      if (range === undefined) ranges.set(dsq, { lo: Math.min(before, after), hi: Math.max(before, after) });
      else {
        range.lo = Math.min(range.lo, after);
        range.hi = Math.max(range.hi, after);
      }
    }
  }

  /** Tasks between the one moved last and this one; undefined when the place is lost. */
  #walkTo(dsq: Dsq, task: Task): Skipped[] | undefined {
    const skipped: Skipped[] = [];
    const same = this.#cursorDsq === dsq;
    if (same && this.#cursor !== undefined && this.#cursor.dsq !== dsq) return undefined;
    let candidate = same && this.#cursor !== undefined ? this.#cursor.dsqNext : dsq.head;
    for (; candidate !== undefined; candidate = candidate.dsqNext) {
      if (candidate === task) return skipped;
      skipped.push({
        task: candidate,
        foreign: candidate.taskCpu !== dsq.cpu,
        movable: candidate.migrationDisabled === 0,
        mask: candidate.maskKnown ? candidate.cpus.clone() : undefined,
      });
    }
    return undefined;
  }

  #judgeFor(model: Model, event: TraceEvent, sched: Sched, cpus: readonly Cpu[]): LbVerdict {
    const reads = new Reads();
    const moves = this.#moves;
    const before = cpus.map((cpu) => this.#rangeBefore(sched.bypassDsqs[cpu.id]));
    const after = cpus.map((cpu) => this.#rangeAfter(model, sched.bypassDsqs[cpu.id]));
    if (cpus.length === 0 || before.includes(undefined) || after.includes(undefined))
      return { outcome: UNDECIDED, reason: 'the length of a bypass DSQ is not known' };
    const fail = (reason: string): LbVerdict => ({ outcome: MISPREDICTED, reason });
    const lengths = summary(before as Range[]);
    if (!reads.within(event.nr_tasks, lengths.sum)) return fail(`the bypass DSQs held ${show(lengths.sum)} tasks`);
    if (!reads.within(event.before_min, lengths.min)) return fail(`the shortest bypass DSQ held ${show(lengths.min)}`);
    if (!reads.within(event.before_max, lengths.max)) return fail(`the longest bypass DSQ held ${show(lengths.max)}`);
    if (event.nr_balanced !== moves.length) return fail(`${moves.length} tasks were moved`);
    const walk = new Walk(model, event, sched, cpus, before as Range[], moves);
    const problem = walk.check();
    if (problem !== '') return fail(problem);
    if (walk.uncertain) reads.uncertain = true;
    const left = summary(after as Range[]);
    if (!reads.within(event.after_min, left.min))
      return fail(`the shortest bypass DSQ holds ${show(left.min)} afterwards`);
    if (!reads.within(event.after_max, left.max))
      return fail(`the longest bypass DSQ holds ${show(left.max)} afterwards`);
    return {
      outcome: PREDICTED,
      reason: reads.uncertain ? 'lengths were read without a lock while other CPUs changed them' : '',
    };
  }

  #rangeBefore(dsq: Dsq | undefined): Range | undefined {
    if (dsq === undefined) return undefined;
    return (this.#moves.length === 0 ? this.#initial : this.#before).get(dsq);
  }

  #rangeAfter(model: Model, dsq: Dsq | undefined): Range | undefined {
    if (dsq === undefined || dsq.nr < 0) return undefined;
    const now = readable(model, dsq);
    const range = this.#after.get(dsq);
    return range === undefined ? now : { lo: Math.min(range.lo, now.lo), hi: Math.max(range.hi, now.hi) };
  }
}

/** Whether values that were read without a lock could be read so. */
class Reads {
  uncertain = false;

  within(value: number, range: Range): boolean {
    if (value < range.lo || value > range.hi) return false;
    if (range.lo !== range.hi) this.uncertain = true;
    return true;
  }
}

/** bypass_lb_node() and bypass_lb_cpu(): who gives, who takes, and where the walk stops. */
class Walk {
  uncertain = false;
  readonly #moves: readonly Move[];
  readonly #cpus: readonly Cpu[];
  readonly #sched: Sched;
  readonly #model: Model;
  readonly #target: number;
  readonly #donorTarget: number;
  readonly #threshold: number;
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
    if (range.lo <= this.#donorTarget || delta < this.#threshold || dsq?.isComplete !== true) return '';
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
    if (first.donorNr - this.#donorTarget < this.#threshold) {
      // The test was made before the lock was taken.
      if (first.donorNr + this.#cpus.length - this.#donorTarget < this.#threshold)
        return `DSQ ${first.donor.name} gave tasks with ${first.donorNr}, ${this.#donorTarget + this.#threshold} are needed`;
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

/** Least surplus of a donor, in tasks. */
export function lbThreshold(model: Pick<Model, 'header'>): number {
  const param = (name: string, fallback: number): number => {
    const text = model.header.params.get(name);
    const value = text === undefined ? Number.NaN : Number(text);
    return Number.isFinite(value) && value >= 0 ? value : fallback;
  };
  const interval = param('bypass_lb_intv_us', BYPASS_LB_DFL_INTV_US);
  const slice = Math.max(1, param('slice_bypass_us', SLICE_BYPASS_DFL_US));
  return Math.ceil(Math.floor(interval / MIN_DELTA_DIV) / slice);
}

/**
 * The `nr` online CPUs of a node; undefined when it does not have so many, empty when they cannot be told. A CPU that goes
 * down leaves cpu_online_mask later than its run queue goes offline, one that comes up is in it earlier.
 */
function cpusOf(model: Model, node: number, nr: number): Cpu[] | undefined {
  const all = model.cpus.filter(
    (cpu) => (cpu.node < 0 || node < 0 || cpu.node === node) && model.isPossibleCpu(cpu.id) !== NO,
  );
  const up = all.filter((cpu) => cpu.isRqOnline === YES);
  if (nr === up.length) return up;
  if (nr === all.length) return all;
  return nr < up.length || nr > all.length ? undefined : [];
}

/** Lengths that an unlocked read can return now: a change whose CPU has done nothing since may not have been stored yet. */
function readable(model: Model, dsq: Dsq): Range {
  const { nr } = dsq;
  const changer = dsq.changedBy < 0 ? undefined : model.cpus[dsq.changedBy];
  if (changer === undefined || changer.lastSeq !== dsq.changedSeq || dsq.nrBefore < 0) return { lo: nr, hi: nr };
  return { lo: Math.min(nr, dsq.nrBefore), hi: Math.max(nr, dsq.nrBefore) };
}

function summary(ranges: readonly Range[]): { sum: Range; min: Range; max: Range } {
  const lows = ranges.map((range) => range.lo);
  const highs = ranges.map((range) => range.hi);
  const add = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
  return {
    sum: { lo: add(lows), hi: add(highs) },
    min: { lo: Math.min(...lows), hi: Math.min(...highs) },
    max: { lo: Math.max(...lows), hi: Math.max(...highs) },
  };
}

function show(range: Range): string {
  return range.lo === range.hi ? String(range.lo) : `${range.lo} to ${range.hi}`;
}

function rank(outcome: number): number {
  return outcome === PREDICTED ? 2 : outcome === UNDECIDED ? 1 : 0;
}
