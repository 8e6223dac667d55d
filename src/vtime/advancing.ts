// Carries out the advance lines of a description: predicates, the instance meant, the update.
import { type Tri, UNKNOWN } from '../model/sched.ts';
import { difference, type U64 } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import {
  type AdvanceLine,
  type BasisSpec,
  PRED_BELOW,
  PRED_BORROWED,
  PRED_CHARGE_IS_CPU,
  PRED_LLC_AWARE,
  PRED_PINNED,
  PRED_TASK_IS_CPU,
  PRED_WEIGHT,
  type Predicate,
} from './domain.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';

/** Runtime of the run that ended, for clocks that sum up. */
export interface Runtime {
  readonly min: number;
  readonly max: number;
}

export class Advancing {
  readonly #state: VtimeState;

  constructor(state: VtimeState) {
    this.#state = state;
  }

  /**
   * Puts the updates of the lines under way: by a callback for `task` on run queue `cpu`, executed by `executing`, that was
   * entered at the event `since`, with the vtime in [v, v + slack].
   */
  run(
    lines: readonly AdvanceLine[],
    sched: SchedVtime,
    task: VtimeTask,
    cpu: number,
    executing: number,
    since: number,
    v: U64,
    slack: number,
    vKnown: boolean,
    runtime: Runtime | undefined,
  ): void {
    for (const line of lines) {
      let certain = this.holds(line.when, task, cpu, v, line, sched);
      if (certain === 0) continue;
      const basis = this.instance(line.basis, line.of, sched, task, cpu);
      if (basis === undefined) task.appliedUnknown = true;
      else {
        if (task.ignoredBy.length > 0 && task.ignoredBy.includes(basis)) {
          if (vKnown && slack === 0 && line.mode === 'max' && basis === task.basis) task.noteMove(basis, v, since);
          continue;
        }
        task.noteApplied(basis, certain);
      }
      if (line.mode === 'sum' ? runtime === undefined : !vKnown) {
        // Something was added or stored, nobody knows what.
        this.#unbound(basis, line.basis, sched, since);
        continue;
      }
      if (line.mode === 'fraction') certain = UNKNOWN;
      const update = this.#state.pending.add(executing);
      update.sched = sched;
      update.task = task;
      update.basis = basis;
      update.spec = line.basis;
      update.mode = line.mode;
      update.x.copy(v);
      update.slack = slack;
      update.least = runtime?.min ?? 0;
      update.most = runtime?.max ?? 0;
      update.certain = certain;
      update.since = since;
    }
  }

  /** A CPU changes its group and carries a basis along. */
  retag(sched: SchedVtime, cpu: number, group: number, seq: number): void {
    for (const line of sched.domain.retag) {
      const { from } = line;
      if (from === undefined) continue;
      const source = from.scope === 'cpu' ? sched.instance(from, cpu) : undefined;
      const target = sched.groupInstance(line.basis, group, this.#state.groups.llc(cpu));
      if (source === undefined || target === undefined) continue;
      if (source.hiKnown) target.raiseHigh(source.hi.hi, source.hi.lo, seq);
      else target.forgetHigh(seq);
      if (source.loKnown) target.raiseLow(source.lo.hi, source.lo.lo, seq);
    }
  }

  /** Would a stopping of the task on that CPU, as things stand, reach the basis? For runs that are under way. */
  wouldReach(basis: Basis, sched: SchedVtime, task: VtimeTask, cpu: number): Tri {
    let best: Tri = 0;
    for (const line of sched.domain.stopping) {
      if (line.basis !== basis.spec) continue;
      const target = this.instance(line.basis, line.of, sched, task, cpu);
      if (target !== undefined && target !== basis) continue;
      const certain = target === undefined ? UNKNOWN : this.holds(line.when, task, cpu, task.v, line, sched);
      if (certain === 1) return 1;
      if (certain === UNKNOWN) best = UNKNOWN;
    }
    return best;
  }

  /** Do all predicates hold? */
  holds(when: readonly Predicate[], task: VtimeTask, cpu: number, v: U64, line: AdvanceLine, sched: SchedVtime): Tri {
    let result: Tri = 1;
    for (const predicate of when) {
      const value = this.#test(predicate, task, cpu, v, line, sched);
      const seen = value === UNKNOWN ? UNKNOWN : predicate.negated ? ((1 - value) as Tri) : value;
      if (seen === 0) return 0;
      if (seen === UNKNOWN) result = UNKNOWN;
    }
    return result;
  }

  /** The instance of a basis that a line or a comparison means; undefined when it cannot be told. */
  instance(spec: BasisSpec, of: AdvanceLine['of'], sched: SchedVtime, task: VtimeTask, cpu: number): Basis | undefined {
    const { groups } = this.#state;
    switch (spec.scope) {
      case 'global':
        return sched.instance(spec, 0);
      case 'queue':
        return task.basis;
      case 'cpu': {
        const number = of === 'cpu' ? cpu : (task.queue?.cpu ?? -1);
        return number < 0 ? undefined : sched.instance(spec, number);
      }
      case 'llc': {
        const llc = of === 'queue' && (task.queue?.llc ?? -1) >= 0 ? (task.queue?.llc ?? -1) : groups.llc(cpu);
        return llc < 0 ? undefined : sched.instance(spec, llc);
      }
      case 'node': {
        const node = groups.node(cpu);
        return node < 0 ? undefined : sched.instance(spec, node);
      }
      case 'cgroup':
        return task.cgroup < 0 ? undefined : sched.instance(spec, task.cgroup);
      case 'group':
      case 'group+llc':
        return sched.groupInstance(
          spec,
          this.#groupOf(of, task, cpu),
          of === 'cpu' ? groups.llc(cpu) : this.#llcOf(task, cpu),
        );
    }
  }

  #groupOf(of: AdvanceLine['of'], task: VtimeTask, cpu: number): number {
    const { groups } = this.#state;
    if (of === 'cpu') return groups.cpu(cpu);
    if (of === 'charge') return task.chargeGroup;
    if (of === 'queue' && task.queue !== undefined && task.queue.group >= 0) return task.queue.group;
    return groups.task(task);
  }

  /** The LLC that the task belongs to: that of its queue, else the one it runs on. */
  #llcOf(task: VtimeTask, cpu: number): number {
    const own = task.queue?.llc ?? -1;
    return own >= 0 ? own : this.#state.groups.llc(cpu);
  }

  #test(predicate: Predicate, task: VtimeTask, cpu: number, v: U64, line: AdvanceLine, sched: SchedVtime): Tri {
    const { groups } = this.#state;
    switch (predicate.kind) {
      case PRED_BORROWED:
        return task.borrowed;
      case PRED_PINNED:
        return groups.pinned(task);
      case PRED_CHARGE_IS_CPU:
        return sameGroup(task.chargeGroup, groups.cpu(cpu));
      case PRED_TASK_IS_CPU:
        return sameGroup(groups.task(task), groups.cpu(cpu));
      case PRED_LLC_AWARE:
        return sched.domain.llcAware ? 1 : 0;
      case PRED_WEIGHT:
        return task.task.weight === 0 ? UNKNOWN : task.task.weight >= predicate.value ? 1 : 0;
      case PRED_BELOW: {
        const basis = this.instance(line.basis, line.of, sched, task, cpu);
        if (basis === undefined || !basis.loKnown || !basis.hiKnown || !task.vKnown) return UNKNOWN;
        const least = difference(v.hi, v.lo, basis.hi.hi, basis.hi.lo);
        const most = difference(v.hi, v.lo, basis.lo.hi, basis.lo.lo);
        if (most <= 0 || least >= predicate.value) return 0;
        return least > 0 && most < predicate.value ? 1 : UNKNOWN;
      }
      default:
        return UNKNOWN;
    }
  }

  #unbound(basis: Basis | undefined, spec: BasisSpec, sched: SchedVtime, seq: number): void {
    if (basis !== undefined) {
      basis.forgetHigh(seq);
      return;
    }
    sched.noteStray(spec);
    for (const instance of sched.instances(spec)) instance.forgetHigh(seq);
  }
}

function sameGroup(a: number, b: number): Tri {
  return a < 0 || b < 0 ? UNKNOWN : a === b ? 1 : 0;
}
