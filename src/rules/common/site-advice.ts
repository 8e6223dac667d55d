// What usually leads to each error site without a rule module, and how to avoid it: what the table of sites does not hold.
import type { SiteAdvice } from './message-rule.ts';

const NOTHING_WRONG = 'Nothing to avoid: this is how a scheduler is unloaded.';

const SCHEDULING: Readonly<Record<string, SiteAdvice>> = {
  'select-cpu-invalid': {
    causes: [
      'ops.select_cpu() returns the negative result of scx_bpf_pick_idle_cpu() or another search when nothing was found',
      'the CPU comes out of a map or a calculation and was not checked',
    ],
    avoid:
      'Return prev_cpu when no better CPU is found. A CPU outside the mask of the task is no error (the core picks another), one that cannot exist is.',
  },
  'kfunc-invalid-cpu': {
    causes: [
      'a negative error code was used as a CPU number',
      'an index was not checked against scx_bpf_nr_cpu_ids()',
      'a cid was used where a CPU is expected',
    ],
    avoid: 'Check CPU numbers before they reach a kfunc; in a cid-form scheduler use the kfuncs that take cids.',
  },
  'dispatch-destroyed-dsq': {
    causes: ['scx_bpf_destroy_dsq() on one CPU while another CPU carries out a verdict for that DSQ'],
    avoid:
      'Stop naming a DSQ before it is destroyed and let verdicts that are under way come to an end first, or keep DSQs until ops.exit(): the core destroys those that are left.',
  },
  'dispatch-buffer-underflow': {
    causes: [
      'scx_bpf_dispatch_cancel() without an insert before it in the same ops.dispatch()',
      'the insert that is to be cancelled was flushed meanwhile: scx_bpf_dsq_move_to_local() carries out everything in the buffer',
    ],
    avoid:
      'Cancel only what was inserted since the last flush; scx_bpf_dispatch_nr_slots() tells how much is in the buffer.',
  },
  'insert-null-task': {
    causes: ['the result of bpf_task_from_pid() or of a map look-up was passed on without a test'],
    avoid: 'Test the pointer; a task can be gone by the time its turn comes.',
  },
  'enq-flags-invalid': {
    causes: [
      'the enq_flags of ops.enqueue() were combined with other values, and bits 56 to 63 got set',
      'flags of a newer kernel, or values of another enum, were used',
    ],
    avoid:
      'Pass on the enq_flags that ops.enqueue() got, and add only SCX_ENQ_ flags that the kernel exports (bits 0 to 55).',
  },
  'immed-on-nonlocal': {
    causes: ['SCX_ENQ_IMMED was given for the global DSQ or a DSQ of the scheduler'],
    avoid: 'Use SCX_ENQ_IMMED only with SCX_DSQ_LOCAL and SCX_DSQ_LOCAL_ON: it is about running at once on that CPU.',
  },
  'rescue-on-nonlocal': {
    causes: ['SCX_ENQ_RESCUE was given for the global DSQ or a DSQ of the scheduler'],
    avoid:
      'Use SCX_ENQ_RESCUE only with SCX_DSQ_LOCAL and SCX_DSQ_LOCAL_ON: it is about a CPU on which capabilities are missing.',
  },
  'insert-vtime-legacy-kfunc': {
    causes: ['the scheduler was built for kernels before 6.19, and a sub-scheduler is attached somewhere'],
    avoid:
      'Use the insert-vtime wrapper of current headers, which calls __scx_bpf_dsq_insert_vtime() where the kernel has it.',
  },
  'move-to-local-invalid-dsq': {
    causes: [
      'the DSQ was not created, or was destroyed',
      'a built-in DSQ was named: the core consumes the global DSQ by itself',
    ],
    avoid: 'Name only DSQs that scx_bpf_create_dsq() made; look at its result.',
  },
  'dsq-move-foreign-task': {
    causes: ['the task changed to another scheduler while it was iterated over'],
    avoid:
      'Move only tasks of the scheduler that owns the DSQ; around the attaching of sub-schedulers tasks change hands.',
  },
  'reenq-limit': {
    causes: [
      'ops.enqueue() answers every re-enqueue with the same placement, which is refused again: a busy CPU with SCX_ENQ_IMMED, a CPU without the capability',
      'ops.enqueue() itself asks for a re-enqueue of the DSQ that it inserts to',
    ],
    avoid:
      'Look at SCX_ENQ_REENQ and at the reason in p->scx.flags and place the task somewhere else, at the latest on a DSQ that waits. A counter per task makes the loop visible long before the 257th time.',
  },
  'reenq-dsq-not-allowed': {
    causes: ['scx_bpf_dsq_reenq() named the global DSQ or another built-in DSQ than a local one'],
    avoid: 'Re-enqueue local DSQs and DSQs of the scheduler only.',
  },
  'reenq-flags-invalid': {
    causes: ['scx_bpf_dsq_reenq() got other flags than SCX_REENQ_ANY, for example one that is internal to the kernel'],
    avoid: 'Pass 0 or SCX_REENQ_ANY.',
  },
  'watchdog-stall': {
    causes: [
      'the workqueue of the watchdog was starved, for example because kworkers are ext tasks that the scheduler does not run',
      'the machine stood still: a virtual machine that was paused, a long time with interrupts off',
    ],
    avoid: 'Give kernel threads, above all per-CPU kworkers, a way past the scheduler (dispatch them locally).',
  },
  'dsq-destroy-busy': {
    causes: [
      'tasks were still on the DSQ, for example those of a group that is being removed',
      'a task was inserted between the last look at the DSQ and its destruction',
    ],
    avoid: 'Drain the DSQ first (consume it, or move its tasks) and make sure that nothing inserts to it any more.',
  },
  'kick-idle-flag-conflict': {
    causes: ['SCX_KICK_IDLE was combined with SCX_KICK_PREEMPT or SCX_KICK_WAIT'],
    avoid: 'Kick an idle CPU with SCX_KICK_IDLE alone: there is nothing to preempt and nothing to wait for.',
  },
  'kick-from-nmi': {
    causes: ['a perf or other tracing program that runs in NMI context kicks a CPU'],
    avoid: 'Kick from ops callbacks, timers or workqueues; an NMI can leave a note for them.',
  },
  'peek-builtin-dsq': {
    causes: ['scx_bpf_dsq_peek() named a local, global or other built-in DSQ'],
    avoid: 'Peek only into DSQs that the scheduler created.',
  },
  'peek-nonexistent-dsq': {
    causes: ['the DSQ was not created, or was destroyed', 'a wrong id was computed'],
    avoid:
      'Peek only into DSQs that exist; scx_bpf_dsq_nr_queued() returns an error for others instead of ending the scheduler.',
  },
  'cpuperf-target-invalid': {
    causes: ['a utilisation was scaled beyond SCX_CPUPERF_ONE (1024)'],
    avoid: 'Clamp the target to SCX_CPUPERF_ONE.',
  },
  'cpuperf-cross-cpu': {
    causes: [
      'scx_bpf_cpuperf_set() was called for another CPU inside a callback that holds the run-queue lock of its own CPU',
    ],
    avoid:
      'Inside ops.enqueue(), ops.running() and the like set only the CPU that the callback is about; set others from a timer or a syscall program.',
  },
  'locked-rq-missing': {
    causes: [
      'scx_bpf_locked_rq() was called in a callback that holds no run-queue lock, such as ops.select_cpu() or ops.init()',
    ],
    avoid:
      'Call it only where the core holds a run-queue lock; elsewhere use scx_bpf_cpu_curr() for the task that runs.',
  },
  'tid-lookup-not-enabled': {
    causes: ['the root scheduler does not set SCX_OPS_TID_TO_TASK, which the table of ids is made for'],
    avoid: 'Set SCX_OPS_TID_TO_TASK in ops.flags of the root. The root is ended even when a sub-scheduler asks.',
  },
  'reenq-local-repeat': {
    causes: ['tasks that were taken back from a local DSQ were put on the same one again, 256 times in one run'],
    avoid: 'Put re-enqueued tasks somewhere else: on a DSQ that waits, or on another CPU.',
  },
  'kfunc-task-not-operated': {
    causes: [
      'scx_bpf_task_cgroup() was called for another task than the one that the callback is about',
      'since 7.1: a select_cpu kfunc was called inside ops.select_cpu() for another task',
    ],
    avoid: 'Call these kfuncs only with the task that is an argument of the running callback.',
  },
};

const SYSTEM: Readonly<Record<string, SiteAdvice>> = {
  'hotplug-not-handled': {
    causes: ['a CPU went on- or offline while the scheduler was loaded'],
    avoid:
      'Implement ops.cpu_online() and ops.cpu_offline(), or let the loader restart on the exit code RESTART | HOTPLUG.',
  },
  'hotplug-seq-mismatch': {
    causes: ['a CPU went on- or offline after user space had read the topology (ops.hotplug_seq) and before the load'],
    avoid: 'Open and load again: the exit code RESTART | HOTPLUG asks for it. Many loaders do so by themselves.',
  },
  'soft-lockup': {
    causes: [
      'a CPU did not get to its watchdog thread: a loop in a callback, or a lock of the scheduler that many CPUs fight for',
      'a dispatch storm: ops.dispatch() that works without end',
    ],
    avoid:
      'Bound the loops of ops.dispatch() and of iterations, keep critical sections short. Ending the scheduler is what the kernel tries first; when the lockup stays, it was something else.',
  },
  'hard-lockup': {
    causes: [
      'a CPU ran with interrupts off for longer than the threshold: a callback that does not end, or a run-queue or DSQ lock that is fought for',
    ],
    avoid: 'As for soft-lockup: callbacks run with interrupts off, so nothing in them may take long.',
  },
  'rcu-stall': {
    causes: [
      'a CPU did not pass a quiescent state: it runs one task without end, or a callback does not return',
      'the thread of the grace periods (rcu_preempt) is an ext task that the scheduler does not run',
    ],
    avoid: 'Give kernel threads a way past the scheduler, and slices an end where other tasks wait.',
  },
  'sysrq-reset': {
    causes: ['SysRq-S was pressed, or S was written to /proc/sysrq-trigger'],
    avoid: 'Nothing to avoid: somebody asked for the default scheduler.',
  },
  unregistered: { causes: ['the loader ended, or detached the scheduler'], avoid: NOTHING_WRONG },
  'parent-exiting': {
    causes: ['a scheduler above this one ended; its own exit says why'],
    avoid: 'Look at the exit of the ancestor: sub-schedulers always end with it.',
  },
  'bpf-exit': {
    causes: ['the scheduler called scx_bpf_exit() with a code of its own'],
    avoid: 'Nothing to avoid: the scheduler decided to leave, its message and code say why.',
  },
  'bpf-error': {
    causes: ['the scheduler called scx_bpf_error(): its own check failed'],
    avoid: 'Look at the check in the scheduler; the vtime rules find the usual one (vtime too far ahead) long before.',
  },
  'bstr-bad-data': {
    causes: [
      'scx_bpf_error(), scx_bpf_exit() or scx_bpf_dump() was called with more than 12 arguments',
      'the kfunc was called by hand with a size that is no multiple of 8',
    ],
    avoid: 'Use the macros of the headers, with at most 12 arguments.',
  },
  'bstr-read-failed': {
    causes: ['the array of arguments of a formatting kfunc lies where the kernel cannot read it'],
    avoid: 'Use the macros of the headers, which build the array on the stack.',
  },
  'bstr-prepare-failed': {
    causes: [
      'the format string has a conversion that BPF formatting does not know, or more conversions than arguments',
    ],
    avoid: 'Keep to the conversions of bpf_trace_printk(); compare their number with the arguments.',
  },
  'bstr-format-failed': {
    causes: ['a %s argument could not be read, or the text did not fit'],
    avoid: 'Pass strings that are in readable memory, and shorter texts.',
  },
  'exit-message-failed': {
    causes: [
      'the text that the scheduler gave to scx_bpf_error() or scx_bpf_exit() could not be formatted; the exit itself stands',
    ],
    avoid:
      'Correct format and arguments of the call; the kind of the exit and the backtrace still show which call it was.',
  },
  'dump-outside-dump-op': {
    causes: [
      'scx_bpf_dump() was called outside ops.dump(), ops.dump_cpu() and ops.dump_task(), or from another CPU than the one that dumps',
    ],
    avoid: 'Call scx_bpf_dump() only in these callbacks; use bpf_printk() elsewhere.',
  },
};

const LOADING: Readonly<Record<string, SiteAdvice>> = {
  'enq-last-without-enqueue': {
    causes: ['SCX_OPS_ENQ_LAST asks for a call of ops.enqueue() that does not exist'],
    avoid: 'Implement ops.enqueue() or clear SCX_OPS_ENQ_LAST.',
  },
  'per-node-idle-without-builtin': {
    causes: [
      'ops.update_idle() is implemented, which turns the built-in idle tracking off, without SCX_OPS_KEEP_BUILTIN_IDLE',
    ],
    avoid: 'Set SCX_OPS_KEEP_BUILTIN_IDLE as well, or clear SCX_OPS_BUILTIN_IDLE_PER_NODE.',
  },
  'tid-flag-needs-root': {
    causes: ['a sub-scheduler sets SCX_OPS_TID_TO_TASK under a root that does not'],
    avoid: 'Set the flag in the root, or do without it.',
  },
  'sub-needs-cid-form': {
    causes: ['a scheduler with the cpu-form struct_ops was attached to a cgroup'],
    avoid: 'Use the cid-form struct_ops (sched_ext_ops_cid) for sub-schedulers.',
  },
  'sub-ops-need-cid-form': {
    causes: ['a cpu-form scheduler implements ops.sub_attach() or ops.sub_detach()'],
    avoid: 'Use the cid-form struct_ops for schedulers that take sub-schedulers.',
  },
  'init-cids-failed': {
    causes: ['ops.init_cids() returned an error number, which the message shows'],
    avoid: 'Return 0. A failed scx_bpf_cid_override() raises an error of its own and is not to be returned.',
  },
  'init-failed': {
    causes: [
      'ops.init() returned an error number, which the message shows: often that of scx_bpf_create_dsq() or of an allocation',
    ],
    avoid: 'Check what ops.init() does: creation of DSQs (EEXIST: the id is taken), maps, arenas, CPU counts.',
  },
  'init-task-failed': {
    causes: ['allocation of per-task storage failed', 'ops.init_task() refuses the task'],
    avoid: 'Handle failed allocations; return 0 for tasks that need nothing.',
  },
  'cgroup-init-failed': {
    causes: ['ops.cgroup_init() returned an error number for a cgroup that existed at the load'],
    avoid: 'Size the maps for all cgroups of the machine; return 0 for those that need nothing.',
  },
  'enable-failed': {
    causes: [
      'a step of the load failed and no more specific error came before it: out of memory, no permission, CPUs that changed, a signal',
    ],
    avoid: 'The number in parentheses names the error; the kernel log often says more.',
  },
  'invalid-errno': {
    causes: [
      'a callback returned a positive value, for example a count or a boolean',
      'it returned a value below -4095, for example a 64-bit error cut to 32 bits',
    ],
    avoid: 'Return 0 or a negative error number.',
  },
  'disallow-nonroot': {
    causes: ['ops.init_task() of a sub-scheduler sets p->scx.disallow'],
    avoid: 'Only the root may refuse tasks, and only while it is loaded.',
  },
  'disallow-in-fork': {
    causes: ['ops.init_task() sets p->scx.disallow for a task that is being forked'],
    avoid: 'Set disallow only when args->fork is false: at the load.',
  },
  'disallow-after-enable': {
    causes: [
      'ops.init_task() sets p->scx.disallow after the load, for example for a task that comes back from a sub-scheduler',
    ],
    avoid: 'Set disallow only while the scheduler is loaded.',
  },
  'sub-parent-bypassing': {
    causes: [
      'the parent was in bypass mode at that moment: it is being loaded or unloaded, or the machine is suspended',
    ],
    avoid: 'Attach again when the parent runs.',
  },
  'sub-hash-insert-failed': {
    causes: ['the cgroup has a sub-scheduler already (EEXIST)', 'no memory (ENOMEM)'],
    avoid: 'Detach the other one first.',
  },
  'sub-parent-disabled': {
    causes: ['the parent was ending while the sub-scheduler was attached'],
    avoid: 'Look at the exit of the parent.',
  },
};

const IDLE: Readonly<Record<string, SiteAdvice>> = {
  'idle-per-node-disabled': {
    causes: ['a *_node idle kfunc was called without SCX_OPS_BUILTIN_IDLE_PER_NODE in ops.flags'],
    avoid: 'Set the flag, or use the kfuncs without a node.',
  },
  'idle-invalid-node': {
    causes: ['a node below -1, or one that is not below scx_bpf_nr_node_ids(), was passed'],
    avoid: 'Check the node, or pass NUMA_NO_NODE (-1).',
  },
  'idle-unavailable-node': {
    causes: ['a node number that this machine leaves out was passed: node numbers need not be without gaps'],
    avoid: 'Take nodes from scx_bpf_cpu_node() instead of counting them.',
  },
  'builtin-idle-disabled': {
    causes: ['ops.update_idle() is implemented without SCX_OPS_KEEP_BUILTIN_IDLE, and an idle kfunc was called'],
    avoid: 'Set SCX_OPS_KEEP_BUILTIN_IDLE, or look for idle CPUs in masks of your own.',
  },
  'select-cpu-cross-task': {
    causes: [
      'a select_cpu kfunc was called in a callback that holds a run-queue lock, for a task of another run queue',
    ],
    avoid: 'In such callbacks call it only for the task that the callback is about.',
  },
  'select-cpu-and-legacy-kfunc': {
    causes: ['the scheduler was built for kernels before 6.19, and a sub-scheduler is attached somewhere'],
    avoid:
      'Use the select-cpu-and wrapper of current headers, which calls __scx_bpf_select_cpu_and() where the kernel has it.',
  },
  'idle-cpumask-while-per-node': {
    causes: ['scx_bpf_get_idle_cpumask() was called although the idle masks are kept per node'],
    avoid: 'Use scx_bpf_get_idle_cpumask_node().',
  },
  'idle-smtmask-while-per-node': {
    causes: ['scx_bpf_get_idle_smtmask() was called although the idle masks are kept per node'],
    avoid: 'Use scx_bpf_get_idle_smtmask_node().',
  },
  'pick-idle-while-per-node': {
    causes: ['scx_bpf_pick_idle_cpu() was called although the idle masks are kept per node'],
    avoid: 'Use scx_bpf_pick_idle_cpu_node().',
  },
  'pick-any-while-per-node': {
    causes: ['scx_bpf_pick_any_cpu() was called although the idle masks are kept per node'],
    avoid: 'Use scx_bpf_pick_any_cpu_node().',
  },
};

const GONE: Readonly<Record<string, SiteAdvice>> = {
  'kfunc-context-mask': {
    causes: [
      'a kfunc was called in a callback that does not allow it, such as scx_bpf_dsq_move_to_local() in ops.enqueue()',
    ],
    avoid: 'Call the kfunc where it is allowed. From 7.1 on the verifier refuses such a program at the load.',
  },
  'cpu-release-nested': {
    causes: ['scx_bpf_reenqueue_local() was called in a callback that runs inside ops.cpu_release()'],
    avoid: 'Call it in ops.cpu_release() itself.',
  },
  'dispatch-nested': {
    causes: [
      'a kfunc of ops.dispatch() was called in a callback that runs inside it, such as ops.enqueue() of a task being moved',
    ],
    avoid: 'Call dispatch kfuncs in ops.dispatch() itself.',
  },
};

const SUB: Readonly<Record<string, SiteAdvice>> = {
  'sub-cap-invalid-caps': {
    causes: ['a bit beyond PERF (0x8) was set in a mask of capabilities'],
    avoid: 'Combine only the four capabilities: ENQ_IMMED 0x1, ENQ 0x2, PREEMPT 0x4, PERF 0x8.',
  },
  'sub-cap-not-direct-child': {
    causes: ['a scheduler managed the capabilities of a grandchild, or of itself'],
    avoid: 'Grant to direct children only; they pass capabilities on to theirs.',
  },
  'sub-cap-not-cid-form': {
    causes: ['a cpu-form root called a capability kfunc'],
    avoid: 'Use the cid-form struct_ops for schedulers that manage sub-schedulers.',
  },
  'sub-grant-invalid-cmask': {
    causes: ['base and length of the mask do not fit the cids of the machine, or the mask lies outside the arena'],
    avoid: 'Build masks with the helpers of the headers, within 0 to scx_bpf_nr_cids().',
  },
  'sub-grant-invalid-denied': {
    causes: ['the mask for the refused cids was not set up, or lies outside the arena'],
    avoid: 'Set it up as the mask of the request, or pass NULL.',
  },
  'sub-query-too-early': {
    causes: [
      'scx_bpf_sub_caps() was called in ops.init_cids() of the root, or for a sub-scheduler that is still being set up',
    ],
    avoid: 'Ask from ops.init() on.',
  },
  'sub-query-invalid-out': {
    causes: ['the mask for the result was not set up, or lies outside the arena'],
    avoid: 'Set the mask up with base and length before the call.',
  },
  'rescue-overload-eject': {
    causes: [
      'a sub-scheduler dispatches its tasks to CPUs on which it holds no capability, with SCX_ENQ_RESCUE, faster than the rescue bandwidth allows',
      'tasks of it are pinned to CPUs that its parent did not grant',
    ],
    avoid:
      'Grant the sub-scheduler the CPUs that its tasks are pinned to, dispatch elsewhere, or give rescue more bandwidth (ops.rescue_bandwidth_ppt of the root).',
  },
  'sub-dispatch-distant': {
    causes: ['scx_bpf_sub_dispatch() named the cgroup of a grandchild'],
    avoid: 'Dispatch direct children; they dispatch theirs.',
  },
  'sub-dispatch-recursion': {
    causes: ['one dispatch program serves two instances, and the one calls the other'],
    avoid: 'Load the program once for each instance.',
  },
  'sub-caps-updated-recursion': {
    causes: ['one sub_caps_updated program serves two instances, and the one grants to the other'],
    avoid: 'Load the program once for each instance.',
  },
  'sub-max-depth': {
    causes: ['schedulers were nested more than four levels deep, the root included'],
    avoid: 'Attach higher up in the tree of cgroups.',
  },
  'sub-init-failed': {
    causes: ['ops.init() of the sub-scheduler returned an error number, which the message shows'],
    avoid: 'Check what ops.init() does: creation of DSQs, maps, arenas.',
  },
  'sub-attach-rejected': {
    causes: ['ops.sub_attach() of the parent returned an error number: it has no CPU to give, or too many children'],
    avoid: 'Look at what the parent demands of its children.',
  },
  'sub-cgroup-not-online': {
    causes: ['the cgroup was removed while the sub-scheduler was being enabled'],
    avoid: 'Keep the cgroup until the scheduler is loaded.',
  },
  'sub-enable-failed': {
    causes: [
      'a step of the load failed and no more specific error came before it: no memory, ops.init_task() of a task',
    ],
    avoid: 'The number in parentheses names the error; the kernel log often says more.',
  },
  'sub-claim-cgroup-init-failed': {
    causes: ['the cgroup callback of the new sub-scheduler returned an error number for a cgroup in its subtree'],
    avoid: 'Size the maps for all cgroups of the subtree.',
  },
  'sub-return-cgroup-init-failed': {
    causes: [
      'the cgroup callback of the parent returned an error number while it took cgroups back from a child that ended',
    ],
    avoid: 'Make taking back always possible: keep room for the cgroups and tasks of all children.',
  },
  'sub-return-task-init-failed': {
    causes: ['ops.init_task() of the parent returned an error number while it took tasks back from a child that ended'],
    avoid: 'Make taking back always possible: keep room for the cgroups and tasks of all children.',
  },
  'sub-cgroup-offline': {
    causes: ['the cgroup of the sub-scheduler was removed'],
    avoid: 'Nothing to avoid: with the cgroup the scheduler goes.',
  },
  'sub-kill-exit': {
    causes: ['the parent called scx_bpf_sub_kill(); the message is its own'],
    avoid: 'Look at what the parent demands of its children.',
  },
  'cid-invalid': {
    causes: [
      'a CPU number was used where a cid is expected, on a machine where they differ',
      'a negative error code was used as a cid',
    ],
    avoid: 'Translate with scx_bpf_cpu_to_cid(), and check the result against scx_bpf_nr_cids().',
  },
  'cid-override-duplicate': {
    causes: ['two CPUs have the same cid in the mapping given to scx_bpf_cid_override()'],
    avoid: 'Give every possible CPU a cid of its own, 0 to the number of possible CPUs minus 1.',
  },
  'cid-override-cpu-count': {
    causes: ['the array was sized by the number of online or possible CPUs'],
    avoid: 'Size cpu_to_cid by scx_bpf_nr_cpu_ids().',
  },
  'cid-override-shard-count': {
    causes: ['no shard, or more shards than cids'],
    avoid: 'Pass at least one and at most as many shards as there are possible CPUs.',
  },
  'cid-override-alloc': { causes: ['no memory for the new tables'], avoid: 'Load again.' },
  'cid-override-first': { causes: ['shard_start[0] is not 0'], avoid: 'Begin the first shard at cid 0.' },
  'cid-override-order': {
    causes: ['the beginnings of the shards are not in ascending order'],
    avoid: 'Sort shard_start, and leave no shard empty.',
  },
  'cid-override-range': {
    causes: ['a shard begins at or behind the number of possible CPUs'],
    avoid: 'Begin all shards below the number of possible CPUs.',
  },
  'cid-override-span': {
    causes: ['a shard is wider than 512 cids'],
    avoid: 'Split it.',
  },
  'cmask-shard-overflow': {
    causes: ['a defect of the kernel: its own scratch mask is too small'],
    avoid: 'Report it.',
  },
};

/** Advice by site, those of sub-schedulers and cids included. */
export const SITE_ADVICE: Readonly<Record<string, SiteAdvice>> = {
  ...SCHEDULING,
  ...SYSTEM,
  ...LOADING,
  ...IDLE,
  ...GONE,
  ...SUB,
};
