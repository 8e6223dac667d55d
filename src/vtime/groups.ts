// Groups (cells, layers, domains) of tasks and CPUs, and what follows from them: pinned, LLC, node.
import type { Model } from '../model/model.ts';
import { NO, type Tri, UNKNOWN, YES } from '../model/sched.ts';
import type { TraceHeader } from '../trace/header.ts';
import type { Domain } from './domain.ts';
import type { VtimeTask } from './task-state.ts';

export class Groups {
  readonly #domain: Domain;
  readonly #model: Model;
  readonly #cpuGroup: number[] = [];
  readonly #cpuSeq: number[] = [];
  readonly #llc: number[] = [];
  readonly #taskPaths: ReadonlyMap<number, string>;
  /** The loading of the scheduler was seen: what nobody changed has its initial group. */
  loaded = false;

  constructor(domain: Domain, model: Model) {
    this.#domain = domain;
    this.#model = model;
    for (const info of model.header.cpus) if (info.llc !== undefined) this.#llc[info.cpu] = [...info.llc][0] ?? -1;
    this.#taskPaths = cgroupPaths(model.header);
    const { cpuGroups } = domain;
    if (cpuGroups.kind === 'cpus')
      for (const { cpus, group } of cpuGroups.groups) for (const cpu of cpus) this.#cpuGroup[cpu] = group;
  }

  /** Group of a CPU; -1 unknown. */
  cpu(cpu: number): number {
    const group = this.#cpuGroup[cpu];
    if (group !== undefined) return group;
    return this.#initial(this.#domain.cpuGroups.kind);
  }

  /** Ordinal of the last change of a CPU's group; -1 none was seen. */
  cpuSeq(cpu: number): number {
    return this.#cpuSeq[cpu] ?? -1;
  }

  setCpu(cpu: number, group: number, seq: number): void {
    this.#cpuGroup[cpu] = group;
    this.#cpuSeq[cpu] = seq;
  }

  /** A CPU was seen consuming the queue of a group; where events tell the groups, they know better. */
  learnCpu(cpu: number, group: number): void {
    if (this.#cpuGroup[cpu] === undefined) this.#cpuGroup[cpu] = group;
  }

  /** Group of a task; -1 unknown. */
  task(task: VtimeTask): number {
    if (task.group >= 0) return task.group;
    const { taskGroups } = this.#domain;
    if (taskGroups.kind === 'tasks') {
      const { pid, comm } = task.task;
      task.group =
        taskGroups.groups.get(String(pid)) ?? taskGroups.groups.get(comm) ?? prefixGroup(taskGroups.groups, comm);
    } else if (taskGroups.kind === 'cgroup') {
      const path = this.#taskPaths.get(task.pid);
      task.group = path === undefined ? -1 : nearestGroup(taskGroups.groups, path);
    }
    return task.group >= 0 ? task.group : this.#initial(taskGroups.kind);
  }

  /** Group of a cgroup by its id, where the description maps paths; -1 unknown. */
  ofCgroup(id: bigint): number {
    const { taskGroups } = this.#domain;
    const path = this.#model.header.cgroups.get(id);
    return taskGroups.kind === 'cgroup' && path !== undefined ? nearestGroup(taskGroups.groups, path) : -1;
  }

  /** LLC of a CPU: the lowest CPU that shares it; -1 unknown. */
  llc(cpu: number): number {
    return this.#llc[cpu] ?? -1;
  }

  node(cpu: number): number {
    return this.#model.cpus[cpu]?.node ?? -1;
  }

  /** May the task not use its whole group? Its last queue tells best; before the first, its mask. */
  pinned(task: VtimeTask): Tri {
    const { queue } = task;
    if (queue !== undefined && task.queueSeq > task.maskSeq && this.#hasCpuQueues()) return queue.cpu >= 0 ? YES : NO;
    const { task: core } = task;
    if (!core.maskKnown) return UNKNOWN;
    const hasGroups = this.#domain.cpuGroups.kind !== 'none';
    const own = hasGroups ? this.task(task) : -1;
    if (hasGroups && own < 0) return UNKNOWN;
    let all: Tri = YES;
    let unsure = false;
    for (const { id } of this.#model.cpus) {
      if (this.#model.isPossibleCpu(id) === 0) continue;
      const allowed = core.allows(id);
      if (allowed === 1) continue;
      all = NO;
      const group = hasGroups ? this.cpu(id) : own;
      if (allowed === 0 && group === own) return YES;
      if (allowed < 0 || group < 0) unsure = true;
    }
    if (unsure) return UNKNOWN;
    // It has its group but not every CPU: CPUs to borrow may be missing.
    return all === YES || !hasGroups ? NO : UNKNOWN;
  }

  #hasCpuQueues(): boolean {
    return this.#domain.queues.some((queue) => queue.basis.scope === 'cpu');
  }

  #initial(kind: string): number {
    return kind === 'event' && this.loaded ? this.#domain.initialGroup : -1;
  }
}

function cgroupPaths(header: TraceHeader): ReadonlyMap<number, string> {
  return new Map(header.tasks.flatMap((task) => (task.cgroup === undefined ? [] : [[task.pid, task.cgroup] as const])));
}

/** The group of the nearest ancestor of a cgroup that has one; -1 none. */
function nearestGroup(groups: ReadonlyMap<string, number>, path: string): number {
  for (let at = path; ; at = at.slice(0, at.lastIndexOf('/'))) {
    const group = groups.get(at === '' ? '/' : at);
    if (group !== undefined) return group;
    if (at === '' || at === '/') return -1;
  }
}

/** `hog-*` stands for every name that begins so. */
function prefixGroup(groups: ReadonlyMap<string, number>, comm: string): number {
  for (const [pattern, group] of groups)
    if (pattern.endsWith('*') && comm.startsWith(pattern.slice(0, -1))) return group;
  return -1;
}
