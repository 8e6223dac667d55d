// The load balancer of bypass mode (scx_bypass_lb_timerfn): what one pass had to move, compared with what it moved.
import type { TraceEvent } from '../trace/event.ts';
import { type Move, type Range, type Skipped, Walk } from './bypass-lb-walk.ts';
import type { Cpu } from './cpu.ts';
import type { Dsq } from './dsq.ts';
import type { Model } from './model.ts';
import { NO, type Sched, YES } from './sched.ts';
import { jiffiesLagNs } from './stall.ts';
import { MISPREDICTED, PREDICTED, UNDECIDED } from './step.ts';
import type { Task } from './task.ts';

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
    const cpus = event.has('node') ? cpusOf(model, event.node, event.nr_cpus) : [];
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
    if (!model.followsDsqs) return { outcome: UNDECIDED, reason: 'what happens on the DSQs is not recorded' };
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

/** The timer fires, and is armed again when the pass is over: does it keep to the interval that the header tells? */
export function noteLbTimer(model: Model, event: TraceEvent): void {
  const armed = model.lbArmed;
  model.lbArmed = event.t;
  const interval = Number(model.header.params.get('bypass_lb_intv_us') ?? Number.NaN) * 1000;
  // Several hosts have a timer each.
  if (armed < 0 || model.scheds.filter((sched) => !sched.gone && sched.linked).length > 1) return;
  const jiffy = model.hz > 0 ? 1e9 / model.hz : 1e7;
  if (event.t - armed < interval - jiffiesLagNs(model) - jiffy) model.lbIntervalChanged = true;
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
