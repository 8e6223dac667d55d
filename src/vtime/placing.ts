// Where the scheduler puts a task: groups noted at the placement, direct dispatch, borrowed CPUs.
import { UNKNOWN } from '../model/sched.ts';
import type { SchedVtime } from './sched-vtime.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';

export class Placing {
  readonly #state: VtimeState;

  constructor(state: VtimeState) {
    this.#state = state;
  }

  /** Inserted by vtime on a queue: the group that the scheduler notes for the charge. */
  ordered(sched: SchedVtime, task: VtimeTask, seq: number): void {
    const { queue } = task;
    task.placedSeq = seq;
    task.directPending = false;
    this.#noteGroup(sched, task, queue?.cpu ?? -1);
  }

  /** Directly dispatched to the local DSQ of `cpu`. */
  direct(sched: SchedVtime, task: VtimeTask, cpu: number, seq: number): void {
    task.directPending = false;
    task.placedSeq = seq;
    this.#noteGroup(sched, task, cpu);
    if (sched.domain.cpuGroups.kind === 'none') return;
    const { groups } = this.#state;
    const own = groups.task(task);
    const other = groups.cpu(cpu);
    // The mark stays until the task stops, whatever happens to the placement that set it.
    if (own >= 0 && own === other) return;
    const pinned = groups.pinned(task);
    if (pinned === 1) return;
    task.borrowed = pinned === 0 && own >= 0 && other >= 0 ? 1 : UNKNOWN;
  }

  #noteGroup(sched: SchedVtime, task: VtimeTask, cpu: number): void {
    const { groups } = this.#state;
    const { chargeGroup } = sched.domain;
    if (chargeGroup.normal === chargeGroup.pinned) {
      task.chargeGroup = chargeGroup.normal === 'task' ? groups.task(task) : cpu < 0 ? -1 : groups.cpu(cpu);
      return;
    }
    const pinned = groups.pinned(task);
    if (pinned === UNKNOWN) {
      const asTask = groups.task(task);
      const asCpu = cpu < 0 ? -1 : groups.cpu(cpu);
      task.chargeGroup = asTask === asCpu ? asTask : -1;
      return;
    }
    const source = pinned === 1 ? chargeGroup.pinned : chargeGroup.normal;
    task.chargeGroup = source === 'task' ? groups.task(task) : cpu < 0 ? -1 : groups.cpu(cpu);
  }
}
