// What differs between kernel releases, as data: the model asks here and never compares version numbers itself.
import { isAtLeast, type KernelVersion } from './release.ts';

/** Bits of enq_flags that were renumbered in 6.19 (enum scx_enq_flags). */
export interface EnqFlagBits {
  readonly head: number;
  readonly cpuSelected: number;
  readonly migrated: number;
  readonly initial: number;
  readonly migrating: number;
}

export interface Semantics {
  readonly version: KernelVersion;
  readonly enqFlags: EnqFlagBits;
  /** Numbers of the task states in p->scx.flags, and the mask of their field. */
  readonly taskStates: Readonly<Record<'none' | 'init' | 'ready' | 'enabled', number>>;
  readonly taskStateMask: number;
  /** task_can_run_on_remote_rq(): order and fatality of the tests. `mask-first`: migration-disabled is refused silently. */
  readonly localCheck: 'mask-first' | 'migration-first';
  /** A local verdict for the CPU that the task is on already is not checked (6.14+). */
  readonly sameCpuExempt: boolean;
  /** The enforced check runs under the lock of the task's rq (7.2+). */
  readonly checkUnderRqLock: boolean;
  /** Migration-disabled tasks skip ops.enqueue() unless SCX_OPS_ENQ_MIGRATION_DISABLED (6.14+). */
  readonly migrationDisabledToLocal: boolean;
  /** ops.dequeue() follows custody (7.1+); before, it is called only for tasks in the BPF scheduler's hands. */
  readonly custody: boolean;
  /** A remote move releases custody on arrival (7.3, 7.2.13+). */
  readonly remoteMoveDequeue: boolean;
  /** Slice and vtime travel in the verdict and are written at the insertion (7.3); before, by the kfunc itself. */
  readonly verdictCarriesSlice: boolean;
  /** A direct-dispatch verdict survives shortcuts and dequeues (6.13 .. 6.19). */
  readonly staleVerdictSurvives: boolean;
  /** Where tasks of a bypassing scheduler wait. */
  readonly bypassQueue: 'global' | 'per-cpu' | 'per-sched';
  /** Default slice in bypass, ns, when the parameter is not known. */
  readonly bypassSliceNs: number;
  /** CPU selection while bypassing: the previous CPU (7.3), or the built-in idle policy. */
  readonly bypassSelect: 'previous' | 'idle-policy';
  readonly bypassLoadBalancer: boolean;
  /** The balancer leaves tasks alone that belong to another run queue (7.1+). */
  readonly lbSkipsForeign: boolean;
  /** ops.dispatch() runs inside the pick (6.19+) or in a balance step before put_prev. */
  readonly dispatchInPick: boolean;
  /** SCX_ENQ_IMMED, dsq_reenq, re-enqueue reasons (7.1+). */
  readonly immed: boolean;
  /** Limit of re-enqueues: per task since it last ran (7.3), per local re-enqueue run (7.1, 7.2), none. */
  readonly reenqLimit: 'per-task' | 'per-run' | 'none';
  /** Several scheduler instances (7.1+), enqueue side and capabilities (7.3). */
  readonly subSchedulers: 'none' | 'dispatch' | 'full';
  /** A stall blames the owner of the DSQ that the task is on (7.1+). */
  readonly stallBlamesDsqOwner: boolean;
  /** The exit names a CPU (7.2+). */
  readonly exitCpu: boolean;
  /** Tasks waiting on a run queue that goes offline are moved to the local DSQ (7.3, 7.2.13+, 6.12.117+). */
  readonly offlineDrainsToLocal: boolean;
  /** Leaving the ext class resets slice and vtime (7.2+). */
  readonly disableResetsSlice: boolean;
}

const NEW_FLAGS: EnqFlagBits = {
  head: 0x10000,
  cpuSelected: 0x100000,
  migrated: 0x40000,
  initial: 0x80000,
  migrating: 0x10,
};
const OLD_FLAGS: EnqFlagBits = { head: 0x10, cpuSelected: 0x400, migrated: 0x40, initial: 0x80, migrating: 0x100 };

/** Semantics of a kernel version, fixes that went into stable trees included. */
export function semanticsOf(version: KernelVersion): Semantics {
  const { release, point } = version;
  const since = (first: Parameters<typeof isAtLeast>[1]): boolean => isAtLeast(release, first);
  const stable = (series: string, from: number): boolean => release === series && point >= from;
  return {
    version,
    enqFlags: since('6.19') ? NEW_FLAGS : OLD_FLAGS,
    taskStates: since('7.1') ? { none: 0, init: 2, ready: 3, enabled: 4 } : { none: 0, init: 1, ready: 2, enabled: 3 },
    taskStateMask: since('7.1') ? 7 : 3,
    localCheck: since('6.14') || stable('6.12', 94) ? 'migration-first' : 'mask-first',
    sameCpuExempt: since('6.14') || stable('6.12', 94),
    checkUnderRqLock: since('7.2'),
    migrationDisabledToLocal: since('6.14'),
    custody: since('7.1'),
    remoteMoveDequeue: since('7.3') || stable('7.2', 13),
    verdictCarriesSlice: since('7.3'),
    staleVerdictSurvives: since('6.13') && !since('7.0'),
    bypassQueue: since('7.1') ? 'per-sched' : since('6.19') ? 'per-cpu' : 'global',
    bypassSliceNs: since('6.19') ? 5_000_000 : 20_000_000,
    bypassSelect: since('7.3') ? 'previous' : 'idle-policy',
    bypassLoadBalancer: since('6.19'),
    lbSkipsForeign: since('7.1'),
    dispatchInPick: since('6.19'),
    immed: since('7.1'),
    reenqLimit: since('7.3') ? 'per-task' : since('7.1') ? 'per-run' : 'none',
    subSchedulers: since('7.3') ? 'full' : since('7.1') ? 'dispatch' : 'none',
    stallBlamesDsqOwner: since('7.1'),
    exitCpu: since('7.2'),
    offlineDrainsToLocal: since('7.3') || stable('7.2', 13) || stable('6.12', 117),
    disableResetsSlice: since('7.2'),
  };
}
