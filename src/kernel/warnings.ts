// Lines of the kernel log that are no exits: warnings, companions of exits, life-cycle notices of sched_ext.
import type { Release } from './release.ts';

export interface KernelNotice {
  readonly id: string;
  /** printf format of the text behind `sched_ext: `. */
  readonly format: string;
  /** Kernel function that prints it, where it is known. */
  readonly fn?: string;
  readonly since: Release;
  readonly until?: Release;
  /** `bug`: the kernel's state is inconsistent; `warning`: the scheduler does something doubtful; `notice`: ordinary. */
  readonly level: 'bug' | 'warning' | 'notice';
  readonly meaning: string;
  readonly causes: readonly string[];
  readonly avoid: string;
}

export const KERNEL_NOTICES: readonly KernelNotice[] = [
  {
    id: 'zero-slice',
    format: '%s[%d] has zero slice in %s()',
    fn: 'do_pick_task_scx',
    since: '6.12',
    level: 'warning',
    meaning:
      'a task with no slice left was picked from the local DSQ outside bypass; it gets the default slice. Printed once per instance, so later cases are silent',
    causes: [
      'the scheduler wrote 0 to p->scx.slice, or called scx_bpf_task_set_slice(p, 0), while the task was queued',
      'on kernels before 7.3 an insert with slice 0 keeps what the task had left',
    ],
    avoid: 'Give a slice with the insert, and take time away only from the running task.',
  },
  {
    id: 'invalid-task-state',
    format: 'Invalid task state transition 0x%x -> 0x%x for %s[%d]',
    fn: 'scx_set_task_state',
    since: '6.12',
    level: 'bug',
    meaning: 'the life cycle of a task in sched_ext took a step that does not exist',
    causes: ['a defect of the kernel: a scheduler cannot set this state'],
    avoid: 'Report it with the lines before it; check whether the kernel carries patches to sched_ext.',
  },
  {
    id: 'invalid-ops-state',
    format: '%s[%d] has invalid ops state 0x%lx in direct_dispatch()',
    fn: 'direct_dispatch',
    since: '6.12',
    level: 'bug',
    meaning:
      'a task that was dispatched directly to the local DSQ of another CPU was neither outside the scheduler nor being enqueued',
    causes: ['a defect of the kernel: ownership of the task changed under the run-queue lock'],
    avoid: 'Report it with the lines before it.',
  },
  {
    id: 'duplicate-disabling',
    format: 'duplicate disabling instance?',
    since: '6.12',
    level: 'bug',
    meaning: 'an instance was asked to be disabled while it was being disabled already',
    causes: ['a defect of the kernel in the disable path'],
    avoid: 'Report it with the lines before it.',
  },
  {
    id: 'error-without-ops',
    format: 'ops error detected without ops (%s)',
    since: '6.12',
    level: 'bug',
    meaning: 'an error was raised while no scheduler was loaded',
    causes: ['a defect of the kernel in the disable path'],
    avoid: 'Report it with the lines before it.',
  },
  {
    id: 'soft-lockup-disabling',
    format: 'Soft lockup - CPU %d stuck for %us, disabling BPF scheduler',
    fn: 'scx_softlockup',
    since: '6.13',
    level: 'warning',
    meaning: 'the soft-lockup detector found a stuck CPU, and the scheduler is ended for it (see soft-lockup)',
    causes: ['a CPU did not get to run its watchdog thread for about the soft-lockup threshold'],
    avoid: 'See soft-lockup.',
  },
  {
    id: 'hard-lockup-disabling',
    format: 'Hard lockup - CPU %d, disabling BPF scheduler',
    fn: 'scx_hardlockup',
    since: '6.19',
    level: 'warning',
    meaning: 'the hard-lockup detector found a stuck CPU, and the scheduler is ended for it (see hard-lockup)',
    causes: ['a CPU ran with interrupts off for longer than the hard-lockup threshold'],
    avoid: 'See hard-lockup.',
  },
  {
    id: 'isolcpus',
    format: 'Not compatible with "isolcpus=" domain isolation',
    since: '6.12',
    level: 'warning',
    meaning: 'the load was refused with EINVAL: CPUs are taken out of the scheduling domains by a boot parameter',
    causes: ['the kernel was booted with isolcpus= and the domain flag (which is the default of isolcpus=)'],
    avoid: 'Boot without isolcpus=, or partition CPUs with cpusets instead.',
  },
  {
    id: 'unassociated-program',
    format: 'Unassociated program %s (id %d)',
    since: '7.1',
    level: 'warning',
    meaning:
      'a BPF program that belongs to no scheduler called a kfunc while the root supports sub-schedulers; the call had no effect',
    causes: [
      'a tracing or syscall program of the loader calls scx_bpf_ kfuncs and is not associated with the struct_ops',
    ],
    avoid: 'Associate the program with the struct_ops map of its scheduler when it is loaded.',
  },
  {
    id: 'watchdog-below-rescue',
    format: '%s: watchdog timeout %ums <= rescue overload threshold %ums',
    since: '7.3',
    level: 'notice',
    meaning:
      'the watchdog timeout of the scheduler is not longer than the time after which a parked rescue ejects a sub-scheduler, so a stranded task would end as a stall first. Without sub-schedulers it means nothing',
    causes: [
      'ops.timeout_ms is shorter than the overload threshold that follows from the rescue settings (4096 ms by default)',
    ],
    avoid: 'With sub-schedulers, raise ops.timeout_ms or set ops.rescue_bandwidth_ppt and ops.rescue_quantum_us.',
  },
  {
    id: 'scheduler-enabled',
    format: 'BPF scheduler "%s" enabled',
    fn: 'scx_root_enable_workfn',
    since: '6.12',
    level: 'notice',
    meaning: 'a root scheduler was loaded and runs',
    causes: ['a loader attached it'],
    avoid: 'Nothing to avoid.',
  },
  {
    id: 'scheduler-enabled-partial',
    format: 'BPF scheduler "%s" enabled (partial)',
    fn: 'scx_root_enable_workfn',
    since: '6.12',
    level: 'notice',
    meaning: 'a root scheduler was loaded with SCX_OPS_SWITCH_PARTIAL: only tasks of policy SCHED_EXT are under it',
    causes: ['a loader attached it'],
    avoid: 'Nothing to avoid.',
  },
  {
    id: 'sub-scheduler-enabled',
    format: 'BPF sub-scheduler "%s" enabled',
    fn: 'scx_sub_enable_workfn',
    since: '7.1',
    level: 'notice',
    meaning: 'a sub-scheduler was attached to a cgroup and runs',
    causes: ['a loader attached it'],
    avoid: 'Nothing to avoid.',
  },
  {
    id: 'scheduler-disabled',
    format: 'BPF scheduler "%s" disabled (%s)',
    fn: 'scx_log_sched_disable',
    since: '6.12',
    level: 'notice',
    meaning:
      'a root scheduler was unloaded; the reason stands in parentheses, the message of an error in the next line',
    causes: ['see the reason'],
    avoid: 'See the reason.',
  },
  {
    id: 'sub-scheduler-disabled',
    format: 'BPF sub-scheduler "%s" disabled (%s)',
    fn: 'scx_log_sched_disable',
    since: '7.1',
    level: 'notice',
    meaning: 'a sub-scheduler was unloaded; the reason stands in parentheses, the message of an error in the next line',
    causes: ['see the reason'],
    avoid: 'See the reason.',
  },
];
