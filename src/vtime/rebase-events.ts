// Events that let a scheduler set a vtime anew or carry it over to another basis: enabling, affinity, cgroups, groups of CPUs.
import type { Step } from '../model/step.ts';
import type { Task } from '../model/task.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Advancing } from './advancing.ts';
import type { ShownVtimes } from './shown-vtimes.ts';
import type { VtimeState } from './state.ts';

export class RebaseEvents {
  readonly #state: VtimeState;
  readonly #advancing: Advancing;
  readonly #shown: ShownVtimes;

  constructor(state: VtimeState, advancing: Advancing, shown: ShownVtimes) {
    this.#state = state;
    this.#advancing = advancing;
    this.#shown = shown;
  }

  init(event: TraceEvent, core: Task): void {
    this.#allow(core, 'init_task', event);
  }

  enable(event: TraceEvent, core: Task): void {
    const state = this.#state;
    const task = state.task(core);
    if (event.phase !== 'end') {
      const { borrowed } = task;
      task.forget();
      task.borrowed = borrowed;
      task.rebaseCause = 'enable';
      task.rebaseSeq = event.seq;
      task.enableBeginSeq = event.seq;
      state.schedOf(task);
      if (event.phase === 'begin') {
        if (event.has('vtime')) task.setV(event.vtime_hi, event.vtime_lo, event.seq);
        return;
      }
    }
    const sched = state.schedOf(task);
    if (!event.has('vtime')) return;
    const same = task.vKnown && task.v.equals(event.vtime_hi, event.vtime_lo);
    if (!same) this.#shown.show(event, task, event.vtime_hi, event.vtime_lo);
    // Set to the value that it had already.
    if (sched.domain.reset.has('enable')) {
      task.lastChargeNs = 0;
      if (task.reference === undefined) this.#shown.enabledWith(event, task);
    }
    task.rebaseAllowed = false;
  }

  affinity(event: TraceEvent, core: Task): void {
    if (event.phase === 'begin') return;
    this.#state.task(core).maskSeq = event.seq;
    this.#allow(core, 'set_cpumask', event);
  }

  cgroupMove(event: TraceEvent): void {
    const { groups, domain, model } = this.#state;
    const core = model.findTask(event.pid);
    if (core === undefined) return;
    const task = this.#state.task(core);
    task.cgroup = event.has('cgroup') ? Number(event.value('cgroup')) : -1;
    if (domain.taskGroups.kind === 'cgroup') {
      task.group = event.has('cgroup') ? groups.ofCgroup(BigInt(task.cgroup)) : -1;
      task.groupSeq = event.seq;
    }
    this.#allow(core, 'cgroup_move', event);
  }

  /** A CPU or a task changes its group. */
  cell(event: TraceEvent): void {
    const state = this.#state;
    const { groups, model } = state;
    if (event.has('target')) {
      const before = groups.cpu(event.target);
      groups.setCpu(event.target, event.cell, event.seq);
      if (before === event.cell) return;
      for (const sched of state.allScheds()) this.#advancing.retag(sched, event.target, event.cell, event.seq);
    }
    const core = event.has('pid') ? model.findTask(event.pid) : undefined;
    if (core === undefined) return;
    const task = state.task(core);
    if (task.group === event.cell) return;
    const known = groups.task(task);
    task.group = event.cell;
    task.groupSeq = event.seq;
    if (known >= 0 && known !== event.cell) this.#allow(core, 'group_change', event);
  }

  /** A CPU looks at a queue: where nothing else tells, that is the queue of its group. */
  consume(event: TraceEvent, step: Step): void {
    const state = this.#state;
    const { dsq } = step;
    if (dsq?.isUser !== true || state.domain.cpuGroups.kind === 'none') return;
    const queue = state.sched(dsq.sched ?? state.model.root).queue(dsq.idHi, dsq.idLo);
    if (queue !== undefined && queue.group >= 0) state.groups.learnCpu(event.rq, queue.group);
  }

  #allow(core: Task, cause: 'init_task' | 'set_cpumask' | 'cgroup_move' | 'group_change', event: TraceEvent): void {
    const { domain } = this.#state;
    if (!domain.reset.has(cause) && !domain.translate.has(cause)) return;
    const task = this.#state.task(core);
    task.rebaseAllowed = true;
    task.rebaseCause = cause;
    task.rebaseSeq = event.seq;
  }
}
