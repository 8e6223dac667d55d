// Error and exit sites of the core: which check raises which message, by release. Rules and model refer to them by id.
import { EXIT_KIND } from './exit.ts';
import { isAtLeast, type Release } from './release.ts';

/**
 * How far a trace can show the cause: `P` predictable from it; `M` it depends on state that is only partly visible;
 * `C` decided by configuration or by arguments of calls that are rarely recorded; `T` recognised by its text only.
 */
export type Observability = 'P' | 'M' | 'C' | 'T';

export interface ErrorSite {
  /** Kebab-case id, also the id of the rule about it. */
  readonly id: string;
  /** printf format of the message; '' when the exit has none. */
  readonly format: string;
  /** Older texts: valid up to and including a release, oldest first. */
  readonly older?: readonly { readonly until: Release; readonly format: string }[];
  readonly fn: string;
  readonly kind: number;
  readonly since: Release;
  readonly until?: Release;
  readonly observability: Observability;
  /** When the kernel raises it, in one sentence. */
  readonly meaning: string;
}

type Extra = Partial<Pick<ErrorSite, 'older' | 'kind' | 'until'>>;

function site(
  observability: Observability,
  since: Release,
  id: string,
  format: string,
  fn: string,
  meaning: string,
  extra: Extra = {},
): ErrorSite {
  return { id, format, fn, since, observability, meaning, kind: EXIT_KIND.ERROR, ...extra };
}

const SCHEDULING: readonly ErrorSite[] = [
  site(
    'P',
    '6.12',
    'dispatch-disallowed-cpu',
    'SCX_DSQ_LOCAL[_ON] target CPU %d not allowed for %s[%d]',
    'task_can_run_on_remote_rq',
    'a task was dispatched to the local DSQ of a CPU that its affinity does not allow',
    {
      older: [{ until: '6.13', format: 'SCX_DSQ_LOCAL[_ON] verdict target cpu %d not allowed for %s[%d]' }],
    },
  ),
  site(
    'M',
    '6.14',
    'dispatch-migration-disabled',
    'SCX_DSQ_LOCAL[_ON] cannot move migration disabled %s[%d] from CPU %d to %d',
    'task_can_run_on_remote_rq',
    'a migration-disabled task was dispatched to the local DSQ of another CPU',
  ),
  site(
    'P',
    '6.12',
    'dsq-nonexistent',
    'non-existent DSQ 0x%llx',
    'find_dsq_for_dispatch',
    'a task was dispatched to a DSQ that does not exist',
    {
      older: [{ until: '7.0', format: 'non-existent DSQ 0x%llx for %s[%d]' }],
    },
  ),
  site(
    'P',
    '6.12',
    'dispatch-invalid-cpu',
    'invalid CPU %d in SCX_DSQ_LOCAL_ON dispatch verdict',
    'find_dsq_for_dispatch',
    'a task was dispatched to the local DSQ of a CPU that is not possible',
  ),
  site(
    'P',
    '6.12',
    'select-cpu-invalid',
    'invalid CPU %d from ops.select_cpu()',
    'select_task_rq_scx',
    'ops.select_cpu() returned a CPU that is not possible',
  ),
  site(
    'C',
    '6.12',
    'kfunc-invalid-cpu',
    'invalid CPU %d',
    'scx_cpu_valid',
    'a kfunc was given a CPU that is not possible',
  ),
  site(
    'M',
    '6.12',
    'dispatch-destroyed-dsq',
    'attempting to dispatch to a destroyed dsq',
    'scx_dispatch_enqueue',
    'a DSQ was destroyed between the look-up and the insertion',
  ),
  site(
    'P',
    '6.12',
    'vtime-on-builtin-dsq',
    'cannot use vtime ordering for built-in DSQs',
    'scx_dispatch_enqueue',
    'a vtime insertion went to a built-in DSQ',
  ),
  site(
    'P',
    '6.12',
    'dsq-vtime-into-fifo',
    'DSQ ID 0x%016llx already had FIFO-enqueued tasks',
    'scx_dispatch_enqueue',
    'a vtime insertion went to a DSQ that holds FIFO tasks',
  ),
  site(
    'P',
    '6.12',
    'dsq-fifo-into-vtime',
    'DSQ ID 0x%016llx already had PRIQ-enqueued tasks',
    'scx_dispatch_enqueue',
    'a FIFO insertion went to a DSQ that holds vtime-ordered tasks',
  ),
  site(
    'P',
    '6.12',
    'direct-dispatch-twice',
    '%s[%d] already direct-dispatched',
    'mark_direct_dispatch',
    'a second insert was made within one ops.select_cpu() or ops.enqueue()',
  ),
  site(
    'P',
    '6.12',
    'direct-dispatch-wrong-task',
    'scheduling for %s[%d] but trying to direct-dispatch %s[%d]',
    'mark_direct_dispatch',
    'ops.select_cpu() or ops.enqueue() inserted another task than its own',
  ),
  site(
    'P',
    '6.12',
    'dispatch-buffer-overflow',
    'dispatch buffer overflow',
    'scx_dsq_insert_commit',
    'ops.dispatch() inserted more tasks than the dispatch buffer holds',
  ),
  site(
    'P',
    '6.12',
    'dispatch-buffer-underflow',
    'dispatch buffer underflow',
    'scx_bpf_dispatch_cancel',
    'scx_bpf_dispatch_cancel() was called with an empty dispatch buffer',
  ),
  site(
    'P',
    '6.12',
    'insert-null-task',
    'called with NULL task',
    'scx_dsq_insert_preamble',
    'an insert was made without a task',
  ),
  site(
    'P',
    '6.12',
    'enq-flags-invalid',
    'invalid enq_flags 0x%llx',
    'scx_vet_enq_flags',
    'an insert or move carried enqueue flags that are internal to the kernel',
  ),
  site(
    'P',
    '7.1',
    'immed-on-nonlocal',
    'SCX_ENQ_IMMED on a non-local DSQ 0x%llx',
    'scx_vet_enq_flags',
    'SCX_ENQ_IMMED was given for a DSQ that is not local',
  ),
  site(
    'P',
    '7.3',
    'rescue-on-nonlocal',
    'SCX_ENQ_RESCUE on a non-local DSQ 0x%llx',
    'scx_vet_enq_flags',
    'SCX_ENQ_RESCUE was given for a DSQ that is not local',
  ),
  site(
    'C',
    '7.1',
    'insert-vtime-legacy-kfunc',
    '__scx_bpf_dsq_insert_vtime() must be used',
    'scx_bpf_dsq_insert_vtime',
    'the old vtime kfunc was used while a sub-scheduler is attached',
  ),
  site(
    'P',
    '6.12',
    'move-to-local-invalid-dsq',
    'invalid DSQ ID 0x%016llx',
    'scx_bpf_dsq_move_to_local',
    'scx_bpf_dsq_move_to_local() named a DSQ that is no user DSQ of the scheduler',
  ),
  site(
    'P',
    '7.1',
    'dsq-move-foreign-task',
    'scx_bpf_dsq_move[_vtime]() on %s[%d] but the task belongs to a different scheduler',
    'scx_dsq_move',
    'a task of another scheduler was moved',
  ),
  site(
    'P',
    '7.3',
    'reenq-limit',
    '%s[%d] reenqueued %u times without running',
    'scx_do_enqueue_task',
    'a task was re-enqueued more than 256 times without running',
    { kind: EXIT_KIND.ERROR_REENQ },
  ),
  site(
    'P',
    '7.1',
    'reenq-dsq-not-allowed',
    'DSQ 0x%llx not allowed for reenq',
    'schedule_dsq_reenq',
    'a re-enqueue was asked for a DSQ that does not allow it',
  ),
  site(
    'P',
    '7.1',
    'reenq-flags-invalid',
    'invalid SCX_REENQ flags 0x%llx',
    'scx_bpf_dsq_reenq',
    'a re-enqueue carried unknown flags',
  ),
  site(
    'P',
    '6.12',
    'runnable-stall',
    '%s[%d] failed to run for %u.%03us',
    'check_rq_for_timeouts',
    'a runnable task did not run within the watchdog timeout',
    { kind: EXIT_KIND.ERROR_STALL },
  ),
  site(
    'T',
    '6.12',
    'watchdog-stall',
    'watchdog failed to check in for %u.%03us',
    'scx_tick',
    'the watchdog itself did not get to run',
    { kind: EXIT_KIND.ERROR_STALL },
  ),
  site(
    'P',
    '6.12',
    'dsq-destroy-busy',
    'attempting to destroy in-use dsq 0x%016llx (nr=%u)',
    'destroy_dsq',
    'a DSQ was destroyed while tasks were on it',
  ),
  site(
    'P',
    '6.12',
    'kick-idle-flag-conflict',
    'PREEMPT/WAIT cannot be used with SCX_KICK_IDLE',
    'scx_kick_cpu',
    'a kick combined IDLE with PREEMPT or WAIT',
  ),
  site(
    'T',
    '7.3',
    'kick-from-nmi',
    'scx_bpf_kick_cpu() called from NMI',
    'scx_kick_cpu',
    'a CPU was kicked from NMI context',
  ),
  site(
    'C',
    '6.19',
    'peek-builtin-dsq',
    'peek disallowed on builtin DSQ 0x%llx',
    'scx_bpf_dsq_peek',
    'scx_bpf_dsq_peek() named a built-in DSQ',
  ),
  site(
    'C',
    '6.19',
    'peek-nonexistent-dsq',
    'peek on non-existent DSQ 0x%llx',
    'scx_bpf_dsq_peek',
    'scx_bpf_dsq_peek() named a DSQ that does not exist',
  ),
  site(
    'C',
    '6.12',
    'cpuperf-target-invalid',
    'Invalid cpuperf target %u for CPU %d',
    'scx_cpuperf_set',
    'a cpuperf target above 1024 was set',
  ),
  site(
    'C',
    '6.17',
    'cpuperf-cross-cpu',
    'Invalid target CPU %d',
    'scx_cpuperf_set',
    'cpuperf was set for another CPU than the one whose rq is locked',
  ),
  site(
    'C',
    '6.18',
    'locked-rq-missing',
    'accessing rq without holding rq lock',
    'scx_bpf_locked_rq',
    'scx_bpf_locked_rq() was called outside a callback that holds an rq lock',
  ),
  site(
    'C',
    '7.2',
    'tid-lookup-not-enabled',
    'scx_bpf_tid_to_task() called without SCX_OPS_TID_TO_TASK',
    'scx_bpf_tid_to_task',
    'scx_bpf_tid_to_task() was called although the root scheduler did not enable it',
  ),
];

const SYSTEM: readonly ErrorSite[] = [
  site(
    'P',
    '6.12',
    'hotplug-not-handled',
    'cpu %d going %s, exiting scheduler',
    'handle_hotplug',
    'a CPU came or went and the scheduler does not implement cpu_online / cpu_offline',
    { kind: EXIT_KIND.UNREG_KERN },
  ),
  site(
    'C',
    '6.12',
    'hotplug-seq-mismatch',
    'expected hotplug seq %llu did not match actual %llu',
    'check_hotplug_seq',
    'CPUs changed between the opening and the loading of the scheduler',
    { kind: EXIT_KIND.UNREG_KERN },
  ),
  site(
    'T',
    '6.13',
    'soft-lockup',
    'soft lockup - CPU %d stuck for %us',
    'scx_softlockup',
    'the soft-lockup detector found a stuck CPU',
    {
      older: [{ until: '6.18', format: 'soft lockup - CPU#%d stuck for %us' }],
    },
  ),
  site(
    'T',
    '6.19',
    'hard-lockup',
    'hard lockup - CPU %d',
    'scx_hardlockup',
    'the hard-lockup detector found a stuck CPU',
  ),
  site('T', '6.17', 'rcu-stall', 'RCU CPU stall on CPUs (%*pbl)', 'scx_rcu_cpu_stall', 'the RCU stall detector fired', {
    older: [{ until: '7.2', format: 'RCU CPU stall detected!' }],
  }),
  site('T', '6.12', 'sysrq-reset', '', 'sysrq_handle_sched_ext_reset', 'SysRq-S ended the scheduler', {
    kind: EXIT_KIND.SYSRQ,
  }),
  site('T', '6.12', 'unregistered', '', 'bpf_scx_unreg', 'user space unloaded the scheduler', {
    kind: EXIT_KIND.UNREG,
  }),
  site('P', '7.1', 'parent-exiting', '', 'scx_propagate_exit_irq_workfn', 'an ancestor of the scheduler exited', {
    kind: EXIT_KIND.PARENT,
  }),
  site('T', '6.12', 'bpf-exit', '', 'scx_bpf_exit_bstr', 'the BPF scheduler asked to be ended', {
    kind: EXIT_KIND.UNREG_BPF,
  }),
  site('T', '6.12', 'bpf-error', '', 'scx_bpf_error_bstr', 'the BPF scheduler raised an error of its own', {
    kind: EXIT_KIND.ERROR_BPF,
  }),
  site(
    'C',
    '6.12',
    'bstr-bad-data',
    'invalid data=%p and data__sz=%u',
    '__bstr_format',
    'a formatting kfunc was given bad arguments',
  ),
  site(
    'T',
    '6.12',
    'bstr-read-failed',
    'failed to read data fields (%d)',
    '__bstr_format',
    'the arguments of a formatting kfunc could not be read',
  ),
  site(
    'T',
    '6.12',
    'bstr-prepare-failed',
    'format preparation failed (%d)',
    '__bstr_format',
    'the format string of a formatting kfunc is bad',
  ),
  site('T', '6.12', 'bstr-format-failed', '("%s", %p, %u) failed to format', '__bstr_format', 'formatting failed'),
  site(
    'T',
    '7.3',
    'exit-message-failed',
    'exit message formatting failed (%d)',
    'scx_exit_bstr',
    'the text of an exit could not be formatted',
  ),
  site(
    'C',
    '6.12',
    'dump-outside-dump-op',
    'scx_bpf_dump() must only be called from ops.dump() and friends',
    'scx_bpf_dump_bstr',
    'scx_bpf_dump() was called outside ops.dump()',
  ),
];

const LOADING: readonly ErrorSite[] = [
  site(
    'C',
    '6.12',
    'enq-last-without-enqueue',
    'SCX_OPS_ENQ_LAST requires ops.enqueue() to be implemented',
    'scx_validate_ops',
    'SCX_OPS_ENQ_LAST is set and ops.enqueue() is missing',
  ),
  site(
    'C',
    '6.17',
    'per-node-idle-without-builtin',
    'SCX_OPS_BUILTIN_IDLE_PER_NODE requires CPU idle selection enabled',
    'scx_validate_ops',
    'per-node idle masks were asked for while the built-in idle tracking is off',
  ),
  site(
    'C',
    '7.2',
    'tid-flag-needs-root',
    'SCX_OPS_TID_TO_TASK requires root scheduler to enable it',
    'scx_validate_ops',
    'a sub-scheduler set SCX_OPS_TID_TO_TASK and the root did not',
  ),
  site(
    'C',
    '7.2',
    'sub-needs-cid-form',
    'sub-sched requires cid-form struct_ops',
    'scx_validate_ops',
    'a cpu-form scheduler was attached as a sub-scheduler',
  ),
  site(
    'C',
    '7.2',
    'sub-ops-need-cid-form',
    'sub_attach/sub_detach requires cid-form struct_ops',
    'scx_validate_ops',
    'a cpu-form scheduler implements sub_attach or sub_detach',
  ),
  site(
    'C',
    '7.3',
    'init-cids-failed',
    'ops.init_cids() failed (%d)',
    'scx_root_enable_workfn',
    'ops.init_cids() returned an error',
  ),
  site('C', '6.12', 'init-failed', 'ops.init() failed (%d)', 'scx_root_enable_workfn', 'ops.init() returned an error'),
  site(
    'C',
    '6.12',
    'init-task-failed',
    'ops.init_task() failed (%d) for %s[%d]',
    'scx_root_enable_workfn',
    'ops.init_task() returned an error while the scheduler was loaded',
  ),
  site(
    'C',
    '6.12',
    'cgroup-init-failed',
    'ops.cgroup_init() failed (%d)',
    'scx_cgroup_init',
    'ops.cgroup_init() returned an error while the scheduler was loaded',
  ),
  site(
    'T',
    '6.12',
    'enable-failed',
    'scx_root_enable() failed (%d)',
    'scx_root_enable_workfn',
    'a step of the loading failed',
    {
      older: [
        { until: '6.14', format: 'scx_ops_enable() failed (%d)' },
        { until: '7.0', format: 'scx_enable() failed (%d)' },
      ],
    },
  ),
  site(
    'C',
    '6.12',
    'invalid-errno',
    'ops.%s() returned an invalid errno %d',
    'scx_ops_sanitize_err',
    'a callback returned a value that is no error number',
  ),
  site(
    'C',
    '7.1',
    'disallow-nonroot',
    'non-root ops.init_task() set task->scx.disallow for %s[%d]',
    '__scx_init_task',
    'a sub-scheduler set disallow',
  ),
  site(
    'C',
    '6.12',
    'disallow-in-fork',
    'ops.init_task() set task->scx.disallow for %s[%d] during fork',
    '__scx_init_task',
    'disallow was set for a forked task',
  ),
  site(
    'C',
    '7.2',
    'disallow-after-enable',
    'ops.init_task() set task->scx.disallow for %s[%d] outside the enable path',
    '__scx_init_task',
    'disallow was set when the scheduler was already enabled',
  ),
  site(
    'P',
    '7.3',
    'sub-parent-bypassing',
    'parent bypassing (%d)',
    'scx_link_sched',
    'a sub-scheduler was attached while its parent bypasses',
  ),
  site(
    'C',
    '7.1',
    'sub-hash-insert-failed',
    'failed to insert into scx_sched_hash (%d)',
    'scx_link_sched',
    'a sub-scheduler could not be registered, for example because the cgroup has one',
  ),
  site(
    'P',
    '7.1',
    'sub-parent-disabled',
    'parent disabled (%d)',
    'scx_link_sched',
    'a sub-scheduler was attached to a parent that is exiting',
  ),
  site(
    'C',
    '6.12',
    'kfunc-task-not-operated',
    'called on a task not being operated on',
    'scx_kf_arg_task_ok',
    'a kfunc was given a task that is no argument of the running callback',
  ),
];

const IDLE: readonly ErrorSite[] = [
  site(
    'C',
    '6.17',
    'idle-per-node-disabled',
    'per-node idle tracking is disabled',
    'validate_node',
    'a per-node idle kfunc was used without SCX_OPS_BUILTIN_IDLE_PER_NODE',
  ),
  site(
    'C',
    '6.17',
    'idle-invalid-node',
    'invalid node %d',
    'validate_node',
    'an idle kfunc was given a node that does not exist',
  ),
  site(
    'C',
    '6.17',
    'idle-unavailable-node',
    'unavailable node %d',
    'validate_node',
    'an idle kfunc was given a node that is not possible',
  ),
  site(
    'C',
    '6.12',
    'builtin-idle-disabled',
    'built-in idle tracking is disabled',
    'check_builtin_idle_enabled',
    'an idle kfunc was used although ops.update_idle() replaces the built-in tracking',
  ),
  site(
    'P',
    '7.1',
    'select-cpu-cross-task',
    'select_cpu kfunc called cross-task on %s[%d]',
    'select_cpu_from_kfunc',
    'a select_cpu kfunc was called for a task of another rq',
  ),
  site(
    'C',
    '7.1',
    'select-cpu-and-legacy-kfunc',
    '__scx_bpf_select_cpu_and() must be used',
    'scx_bpf_select_cpu_and',
    'the old kfunc was used while a sub-scheduler is attached',
  ),
  site(
    'C',
    '6.17',
    'idle-cpumask-while-per-node',
    'SCX_OPS_BUILTIN_IDLE_PER_NODE enabled',
    'scx_bpf_get_idle_cpumask',
    'scx_bpf_get_idle_cpumask() was used with per-node idle masks',
  ),
  site(
    'C',
    '6.17',
    'idle-smtmask-while-per-node',
    'SCX_OPS_BUILTIN_IDLE_PER_NODE enabled',
    'scx_bpf_get_idle_smtmask',
    'scx_bpf_get_idle_smtmask() was used with per-node idle masks',
  ),
  site(
    'C',
    '6.17',
    'pick-idle-while-per-node',
    'per-node idle tracking is enabled',
    'scx_bpf_pick_idle_cpu',
    'scx_bpf_pick_idle_cpu() was used with per-node idle masks',
  ),
  site(
    'C',
    '6.17',
    'pick-any-while-per-node',
    'per-node idle tracking is enabled',
    'scx_bpf_pick_any_cpu',
    'scx_bpf_pick_any_cpu() was used with per-node idle masks',
  ),
];

const GONE: readonly ErrorSite[] = [
  site(
    'C',
    '6.12',
    'kfunc-context-mask',
    'kfunc with mask 0x%x called from an operation only allowing 0x%x',
    'scx_kf_allowed',
    'a kfunc was called from a callback that does not allow it',
    { until: '7.0' },
  ),
  site(
    'C',
    '6.12',
    'cpu-release-nested',
    'cpu_release kfunc called from a nested operation',
    'scx_kf_allowed',
    'a kfunc was called from a nested callback',
    { until: '7.0' },
  ),
  site(
    'C',
    '6.12',
    'dispatch-nested',
    'dispatch kfunc called from a nested operation',
    'scx_kf_allowed',
    'a kfunc was called from a nested callback',
    { until: '7.0' },
  ),
  site(
    'P',
    '7.1',
    'reenq-local-repeat',
    'SCX_ENQ_REENQ on SCX_DSQ_LOCAL repeated %u times',
    'reenq_local',
    'one local re-enqueue pass went round more than 256 times',
    { until: '7.2' },
  ),
];

export const ERROR_SITES: readonly ErrorSite[] = [...SCHEDULING, ...SYSTEM, ...LOADING, ...IDLE, ...GONE];

const BY_ID: ReadonlyMap<string, ErrorSite> = new Map(ERROR_SITES.map((entry) => [entry.id, entry]));

export function errorSite(id: string): ErrorSite {
  const entry = BY_ID.get(id);
  if (entry === undefined) throw new RangeError(`unknown error site ${id}`);
  return entry;
}

/** The format that a release uses at a site. */
export function formatAt(entry: ErrorSite, release: Release): string {
  return entry.older?.find((old) => isAtLeast(old.until, release))?.format ?? entry.format;
}
