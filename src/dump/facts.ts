// What follows from a dump without judging it: who waits where and for how long, which CPUs are idle, what time is long.

import { DSQ_BYPASS, DSQ_GLOBAL, DSQ_LOCAL, DSQ_REJECT, DSQ_RESCUE, formatDsqId } from '../kernel/dsq-id.ts';
import { EXIT_KIND } from '../kernel/exit.ts';
import { OPSS_DISPATCHING, OPSS_NONE, OPSS_QUEUED, OPSS_QUEUEING, RQ_ONLINE } from '../kernel/flags.ts';
import { WATCHDOG_MAX_TIMEOUT_MS } from '../kernel/limits.ts';
import { isAtLeast, type Release } from '../kernel/release.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import { highHalf, lowHalf } from '../trace/u64.ts';
import type { Dump, DumpCpu, DumpTask, SchedRef } from './dump.ts';

/** SCX_SLICE_INF: never expires. */
export const SLICE_INF = 2n ** 64n - 1n;

/**
 * Where a waiting task is. `held`: the BPF scheduler has it and has not decided; `none`: on no queue and in no hands, which
 * is so for moments while a verdict is under way.
 */
export type Place =
  | 'held'
  | 'enqueueing'
  | 'dispatching'
  | 'in-transfer'
  | 'none'
  | 'local'
  | 'global'
  | 'bypass'
  | 'reject'
  | 'rescue'
  | 'user-dsq'
  | 'unknown';

export interface WaitingTask {
  readonly task: DumpTask;
  readonly cpu: DumpCpu;
  /** Time since it became runnable, ms; undefined when the dump does not say it. */
  readonly waitMs: number | undefined;
  readonly place: Place;
  /** Time beyond which a wait certainly exceeds the watchdog timeout, ms. */
  readonly overMs: number;
  /** Half of the timeout, or what is known to be at most that much above it: short waits are below. */
  readonly longMs: number;
}

/** What a CPU did when its part of the dump was taken. */
export type CpuActivity = 'idle' | 'ext' | 'higher' | 'fair' | 'not-listed' | 'unknown';

/** The watchdog timeout, as far as it is known. */
export interface TimeoutFacts {
  readonly source: 'option' | 'trace' | 'message' | 'limit';
  /** The timeout itself, ms, when it is known exactly. */
  readonly exactMs: number | undefined;
  readonly overMs: number;
  readonly longMs: number;
}

export interface FactOptions {
  /** Watchdog timeout as the user or a trace gives it, ms. */
  readonly timeoutMs?: number | undefined;
  readonly timeoutSource?: 'option' | 'trace';
  /** Releases that the dump can be of. */
  readonly releases: readonly Release[];
}

export class DumpFacts {
  readonly dump: Dump;
  readonly releases: readonly Release[];
  readonly timeout: TimeoutFacts;
  /** Tasks that wait, in the order of the dump. */
  readonly waiting: readonly WaitingTask[];
  /** CPUs that some task of the dump may use, or that are listed. */
  readonly cpus: CpuMask;
  readonly #byNumber: ReadonlyMap<number, DumpCpu>;
  readonly #waitingOf: ReadonlyMap<DumpTask, WaitingTask>;

  constructor(dump: Dump, options: FactOptions) {
    this.dump = dump;
    this.releases = options.releases;
    this.timeout = timeoutOf(dump, options);
    this.#byNumber = new Map(dump.cpus.map((cpu) => [cpu.cpu, cpu]));
    this.cpus = new CpuMask();
    for (const cpu of dump.cpus) {
      if (cpu.cpu >= 0) this.cpus.add(cpu.cpu);
      for (const task of cpu.tasks) if (task.cpus !== undefined) this.cpus.addAll(task.cpus);
    }
    this.waiting = dump.cpus.flatMap((cpu) =>
      cpu.tasks.filter((task) => task.current === false).map((task) => this.#waiting(task, cpu)),
    );
    this.#waitingOf = new Map(this.waiting.map((entry) => [entry.task, entry]));
  }

  /** What is known of a task that waits; undefined for others. */
  waitOf(task: DumpTask): WaitingTask | undefined {
    return this.#waitingOf.get(task);
  }

  /** All releases that the dump can be of are `since` or later. */
  isSince(since: Release): boolean {
    return this.releases.every((release) => isAtLeast(release, since));
  }

  /** All of them are before it. */
  isBefore(first: Release): boolean {
    return this.releases.every((release) => !isAtLeast(release, first));
  }

  cpu(number: number): DumpCpu | undefined {
    return this.#byNumber.get(number);
  }

  /** Number that scx_state has for a task under the scheduler; undefined when the release is not clear. */
  get enabledState(): number | undefined {
    if (this.isSince('7.1')) return 4;
    return this.isBefore('7.1') ? 3 : undefined;
  }

  /**
   * What a CPU did. Dumps leave out CPUs that are idle and hold no task, so one that is missing in a complete list was idle,
   * or offline.
   */
  activity(number: number): CpuActivity {
    const cpu = this.cpu(number);
    if (cpu === undefined) return this.listComplete && this.cpus.has(number) ? 'not-listed' : 'unknown';
    switch (cpu.currClass) {
      case 'idle_sched_class':
        return 'idle';
      case 'ext_sched_class':
        return 'ext';
      case 'fair_sched_class':
        return 'fair';
      case 'rt_sched_class':
      case 'dl_sched_class':
      case 'stop_sched_class':
        return 'higher';
    }
    // Without kernel symbols classes are addresses; the idle task is known by its name and number.
    if (cpu.curr?.pid === 0 && cpu.curr.comm.startsWith('swapper/')) return 'idle';
    return cpu.tasks.some((task) => task.current === true) ? 'ext' : 'unknown';
  }

  /** The list of CPUs has its end. */
  get listComplete(): boolean {
    return this.dump.truncated === undefined && !this.dump.headless && (this.dump.cpusComplete || this.dump.closed);
  }

  /** CPUs that a task may run on; undefined when the dump does not say it. A migration-disabled task stays where it is. */
  allowed({ task, cpu }: Pick<WaitingTask, 'task' | 'cpu'>): CpuMask | undefined {
    if (task.cpus === undefined || task.cpus.isEmpty) return undefined;
    if ((task.noMig ?? 0) > 0) return cpu.cpu >= 0 ? CpuMask.of(cpu.cpu) : undefined;
    return task.cpus;
  }

  /** The run queue is known to be offline. */
  isOffline(cpu: DumpCpu): boolean {
    return cpu.flags !== undefined && (cpu.flags & RQ_ONLINE) === 0;
  }

  /** Waiting tasks by DSQ and the scheduler that owns it: ids are per scheduler. */
  byDsq(places: readonly Place[]): ReadonlyMap<string, readonly WaitingTask[]> {
    const groups = new Map<string, WaitingTask[]>();
    const owners = new Set(
      this.waiting.flatMap(({ task }) => (task.owner === undefined ? [] : [schedName(task.owner)])),
    );
    for (const entry of this.waiting) {
      const { dsq, owner } = entry.task;
      if (!places.includes(entry.place) || dsq === undefined || dsq === null) continue;
      const key = `${dsqName(dsq)}${owner === undefined || owners.size < 2 ? '' : ` of ${schedName(owner)}`}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [entry]);
      else group.push(entry);
    }
    return groups;
  }

  #waiting(task: DumpTask, cpu: DumpCpu): WaitingTask {
    const delta = task.runnableDelta;
    // The timeout that the user names is that of the dumped scheduler; others have their own.
    const other = task.own === false;
    return {
      task,
      cpu,
      waitMs: delta === undefined ? undefined : Math.max(0, -delta),
      place: placeOf(task),
      overMs: other ? WATCHDOG_MAX_TIMEOUT_MS : this.timeout.overMs,
      longMs: other ? WATCHDOG_MAX_TIMEOUT_MS / 2 : this.timeout.longMs,
    };
  }
}

/** `hog-1[1792]` */
export function taskName(task: Pick<DumpTask, 'comm' | 'pid'>): string {
  return `${task.comm ?? '?'}[${task.pid ?? '?'}]`;
}

export function dsqName(id: bigint): string {
  return formatDsqId(highHalf(id), lowHalf(id));
}

/** `root`, `sub1-28` */
export function schedName(sched: SchedRef): string {
  return sched.level === 0 ? 'root' : `sub${sched.level}-${sched.cgroup ?? '?'}`;
}

/** ms as seconds, for people. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}

const BUILTIN: ReadonlyMap<number, Place> = new Map([
  [DSQ_GLOBAL, 'global'],
  [DSQ_LOCAL, 'local'],
  [DSQ_BYPASS, 'bypass'],
  [DSQ_REJECT, 'reject'],
  [DSQ_RESCUE, 'rescue'],
]);

function placeOf(task: DumpTask): Place {
  if (task.opsState === undefined || task.dsq === undefined) return 'unknown';
  switch (task.opsState) {
    case OPSS_QUEUED:
      return task.dsq === null ? 'held' : 'dispatching';
    case OPSS_QUEUEING:
      return 'enqueueing';
    case OPSS_DISPATCHING:
      return 'dispatching';
    case OPSS_NONE:
      break;
    default:
      return 'unknown';
  }
  if (task.dsq !== null)
    return task.dsq >> 63n === 0n ? 'user-dsq' : (BUILTIN.get(Number(task.dsq & 0xffffffffn)) ?? 'unknown');
  if (task.holdingCpu === undefined) return 'unknown';
  return task.holdingCpu >= 0 ? 'in-transfer' : 'none';
}

/** `NAME[PID] failed to run for 1.712s`: the task, and how long it had waited, ms. */
export function stallOf(message: string): { readonly name: string; readonly waitMs: number } | undefined {
  const match = /^([\s\S]*\[-?\d+\]) failed to run for (\d+)\.(\d{3})s$/.exec(message);
  if (match === null) return undefined;
  return { name: match[1] ?? '', waitMs: Number(match[2]) * 1000 + Number(match[3]) };
}

/**
 * The watchdog looks at least every half timeout: what it finds has waited for more than the timeout and, unless the work
 * itself came late, for less than one and a half. Without any knowledge the largest timeout that a load accepts counts.
 */
function timeoutOf(dump: Dump, { timeoutMs, timeoutSource }: FactOptions): TimeoutFacts {
  if (timeoutMs !== undefined) {
    return { source: timeoutSource ?? 'option', exactMs: timeoutMs, overMs: timeoutMs, longMs: timeoutMs / 2 };
  }
  const stalled = dump.trigger?.kind === 'exit' && dump.trigger.exitKind === EXIT_KIND.ERROR_STALL;
  const stall = stalled && dump.message !== undefined ? stallOf(dump.message) : undefined;
  // The timeout that it exceeded is that of its own scheduler, which another one may have been blamed for.
  const foreign = dump.cpus.some((cpu) =>
    cpu.tasks.some((task) => task.own === false && taskName(task) === stall?.name),
  );
  if (stall !== undefined && !foreign && stall.waitMs < WATCHDOG_MAX_TIMEOUT_MS) {
    // The named task is over the timeout, and so is every other of the scheduler that has waited as long.
    return { source: 'message', exactMs: undefined, overMs: stall.waitMs - 1, longMs: stall.waitMs / 3 };
  }
  const overMs = WATCHDOG_MAX_TIMEOUT_MS;
  return { source: 'limit', exactMs: undefined, overMs, longMs: overMs / 2 };
}
