// What the parts of the engine share: the model, the description, tasks, schedulers, updates under way, listeners.
import { WATCHDOG_MAX_TIMEOUT_MS } from '../kernel/limits.ts';
import type { Model } from '../model/model.ts';
import { type Sched, UNKNOWN } from '../model/sched.ts';
import { watchdogTimeoutNs } from '../model/stall.ts';
import type { Task } from '../model/task.ts';
import { difference, U64 } from '../trace/u64.ts';
import { advanceTeller } from './advance-facts.ts';
import type { Basis } from './basis.ts';
import type { Domain } from './domain.ts';
import { Groups } from './groups.ts';
import { PendingUpdates } from './pending.ts';
import { SchedVtime } from './sched-vtime.ts';
import { Service } from './service.ts';
import type { Sinks } from './sinks.ts';
import { VtimeTask } from './task-state.ts';

const PAGE_BITS = 10;

export class VtimeState {
  readonly model: Model;
  readonly domain: Domain;
  readonly groups: Groups;
  readonly service: Service;
  readonly pending: PendingUpdates;
  readonly sinks: Sinks;
  readonly #scheds: (SchedVtime | undefined)[] = [];
  #nobody: SchedVtime | undefined;
  readonly #pages: (VtimeTask | undefined)[][] = [];
  /** The same tasks, for those who ask about all of them. */
  readonly #tasks: VtimeTask[] = [];
  /** Instances whose loading the trace shows. */
  readonly #loaded = new Set<Sched>();

  constructor(model: Model, domain: Domain, sinks: Sinks) {
    this.model = model;
    this.domain = domain;
    this.sinks = sinks;
    this.groups = new Groups(domain, model);
    this.pending = new PendingUpdates(advanceTeller(sinks, (cpu) => this.groups.cpuSeq(cpu)));
    this.service = new Service(model);
  }

  /** State of a task; a pid that begins a new life begins anew here, too. */
  task(task: Task): VtimeTask {
    const { pid } = task;
    let page = this.#pages[pid >> PAGE_BITS];
    if (page === undefined) {
      page = new Array<VtimeTask | undefined>(1 << PAGE_BITS).fill(undefined);
      this.#pages[pid >> PAGE_BITS] = page;
    }
    const slot = pid & ((1 << PAGE_BITS) - 1);
    const known = page[slot];
    if (known !== undefined && known.task === task) return known;
    const fresh = new VtimeTask(task);
    if (this.#loaded.size === 0 && this.model.startsMidRun) fresh.borrowed = UNKNOWN;
    page[slot] = fresh;
    if (known === undefined) this.#tasks.push(fresh);
    else this.#tasks[this.#tasks.indexOf(known)] = fresh;
    return fresh;
  }

  findTask(pid: number): VtimeTask | undefined {
    return this.#pages[pid >> PAGE_BITS]?.[pid & ((1 << PAGE_BITS) - 1)];
  }

  tasks(): readonly VtimeTask[] {
    return this.#tasks;
  }

  noteLoaded(sched: Sched): void {
    this.#loaded.add(sched);
    this.groups.loaded = true;
  }

  /** Vtime state of an instance; undefined: of whatever runs when the trace names none. */
  sched(sched: Sched | undefined): SchedVtime {
    if (sched === undefined) {
      this.#nobody ??= this.#newSched(undefined);
      return this.#nobody;
    }
    const known = this.#scheds[sched.index];
    if (known !== undefined) return known;
    const fresh = this.#newSched(sched);
    this.#scheds[sched.index] = fresh;
    return fresh;
  }

  *allScheds(): Generator<SchedVtime> {
    for (const sched of this.#scheds) if (sched !== undefined) yield sched;
    if (this.#nobody !== undefined) yield this.#nobody;
  }

  /** The scheduler whose vtime the task carries, after its owner may have changed. */
  schedOf(task: VtimeTask): SchedVtime {
    const owner = task.task.sched ?? this.model.root;
    if (task.sched !== undefined && task.sched.sched === owner) return task.sched;
    const sched = this.sched(owner);
    if (task.sched !== undefined) task.forget();
    task.sched = sched;
    return sched;
  }

  /** Watchdog timeout of a scheduler, ns: as the trace shows it, else as described; by another's description, the longest. */
  timeoutNs(sched: Sched | undefined): number {
    const shown = watchdogTimeoutNs(this.model, sched);
    if (shown > 0) return shown;
    return this.sched(sched ?? this.model.root).premise.broken
      ? WATCHDOG_MAX_TIMEOUT_MS * 1_000_000
      : this.domain.watchdogNs;
  }

  /** Does the trace show the watchdog timeout of the scheduler? */
  showsTimeout(sched: Sched | undefined): boolean {
    return watchdogTimeoutNs(this.model, sched) > 0;
  }

  /** Lower bound of `v - basis`, ns; -Infinity where unknown. */
  driftMin(hi: number, lo: number, basis: Basis): number {
    return this.pending.highOf(basis, scratch) ? difference(hi, lo, scratch.hi, scratch.lo) : Number.NEGATIVE_INFINITY;
  }

  /** Upper bound of `v - basis`, ns, for v in [v, v + slack]; Infinity where unknown. */
  driftMax(hi: number, lo: number, slack: number, basis: Basis): number {
    return basis.loKnown ? difference(hi, lo, basis.lo.hi, basis.lo.lo) + slack : Number.POSITIVE_INFINITY;
  }

  #newSched(sched: Sched | undefined): SchedVtime {
    const loaded = sched === undefined ? false : this.#loaded.has(sched);
    return new SchedVtime(sched, this.domain, loaded, this.model.header.cgroups.keys());
  }
}

/** Scratch value: no use overlaps another. */
const scratch = new U64();
