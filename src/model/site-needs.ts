// Which event types the model needs in order to predict an error or explain an exit: without them it cannot, and has not failed.
import type { RecordedSet } from '../trace/recorded.ts';
import type { EventType } from '../trace/vocabulary/index.ts';
import type { Sched } from './sched.ts';

/** Of a nested list, one suffices. */
type Needs = readonly (EventType | readonly EventType[])[];

const VERDICTS = ['find_dsq', 'dispatch'] as const;
const LOCAL_CHECKS = ['can_run_remote', 'dispatch'] as const;

const SITE_NEEDS: Readonly<Record<string, Needs>> = {
  'dispatch-disallowed-cpu': [LOCAL_CHECKS],
  'dispatch-migration-disabled': [LOCAL_CHECKS],
  'dispatch-invalid-cpu': [VERDICTS],
  'dsq-nonexistent': [VERDICTS, 'dsq_create', 'dsq_destroy'],
  'vtime-on-builtin-dsq': ['dispatch_enqueue'],
  'dsq-vtime-into-fifo': ['dsq_link', 'dsq_unlink'],
  'dsq-fifo-into-vtime': ['dsq_link', 'dsq_unlink'],
  'direct-dispatch-twice': ['insert', 'ops_enqueue', 'select_cpu'],
  'direct-dispatch-wrong-task': ['insert', 'ops_enqueue', 'select_cpu'],
  'dispatch-buffer-overflow': ['insert', 'flush', ['pick', 'balance']],
  'dispatch-buffer-underflow': ['dispatch_cancel', 'insert', 'flush'],
  'dsq-destroy-busy': ['dsq_destroy', 'dsq_link', 'dsq_unlink'],
  'runnable-stall': ['enqueue', 'dequeue', 'run', 'stop'],
  'enq-flags-invalid': ['insert'],
  'immed-on-nonlocal': ['insert'],
  'rescue-on-nonlocal': ['insert'],
  'dispatch-destroyed-dsq': ['dispatch_enqueue'],
  'move-to-local-invalid-dsq': ['move_to_local', 'dsq_create', 'dsq_destroy'],
  'reenq-limit': ['ops_enqueue', 'run'],
  'reenq-dsq-not-allowed': ['reenqueue'],
  'reenq-flags-invalid': ['reenqueue'],
  'kick-idle-flag-conflict': ['kick'],
  'peek-builtin-dsq': ['dsq_query'],
  'peek-nonexistent-dsq': ['dsq_query', 'dsq_create', 'dsq_destroy'],
  'select-cpu-invalid': ['cpu_invalid', 'select_cpu'],
  'kfunc-invalid-cpu': ['cpu_invalid'],
  'select-cpu-cross-task': ['select_cpu', 'ops_enqueue'],
  'kfunc-task-not-operated': ['select_cpu'],
  'init-task-failed': ['task_init'],
  'sub-dispatch-distant': ['sub_dispatch', 'sched_attach'],
  'sub-cap-not-cid-form': ['cap_grant', 'cap_revoke', 'sched_attach'],
  'sub-cap-not-direct-child': ['cap_grant', 'cap_revoke', 'sched_attach'],
  'sub-cap-invalid-caps': ['cap_grant', 'cap_revoke', 'sched_attach'],
  'sub-grant-invalid-cmask': ['cap_grant', 'sched_attach'],
  'sub-revoke-invalid-cmask': ['cap_revoke', 'sched_attach'],
  'sub-query-not-cid-form': ['cap_query', 'sched_attach'],
  'sub-query-invalid-caps': ['cap_query', 'sched_attach'],
  'sub-query-not-direct-child': ['cap_query', 'sched_attach'],
  'sub-query-too-early': ['cap_query', 'cid_map'],
  'sub-query-invalid-out': ['cap_query', 'sched_attach'],
  'sub-kill-not-direct-child': ['sub_kill', 'sched_attach'],
  'sub-max-depth': ['sched_attach'],
  'sub-parent-bypassing': ['sched_attach', 'bypass'],
  'sub-parent-disabled': ['sched_attach', 'sched_exit'],
  'sub-init-failed': ['ops_call'],
  'sub-attach-rejected': ['ops_call'],
  'sub-enable-failed': ['task_init', 'sched_attach'],
  'sub-claim-cgroup-init-failed': ['ops_call'],
  'sub-return-cgroup-init-failed': ['ops_call', 'sched_detach'],
  'sub-return-task-init-failed': ['task_init', 'sched_detach'],
  'sub-cgroup-offline': ['cgroup', 'sched_attach'],
  'sub-cgroup-not-online': ['cgroup', 'sched_attach'],
  'rescue-overload-eject': ['dsq_link'],
  'cid-invalid': ['kick', 'cid_map', 'find_dsq', 'cidperf'],
  'cid-override-cpu-count': ['cid_map'],
  'cid-override-shard-count': ['cid_map'],
  'cid-override-first': ['cid_map'],
  'cid-override-order': ['cid_map'],
  'cid-override-range': ['cid_map'],
  'cid-override-span': ['cid_map'],
  'cid-override-duplicate': ['cid_map'],
  unregistered: ['sched_detach'],
  'sysrq-reset': ['sched_detach'],
  'bpf-exit': ['bpf_exit'],
  'bpf-error': ['bpf_exit'],
  'hotplug-not-handled': ['cpu_online', 'cpu_offline'],
  'sub-kill-exit': ['sub_kill'],
};

/** Does a recording of these event types show what leads to the site? True when it is not known what was recorded. */
export function isShown(site: string, recorded: RecordedSet | undefined): boolean {
  if (recorded === undefined) return true;
  return (SITE_NEEDS[site] ?? []).every((need) =>
    typeof need === 'string' ? recorded.has(need) : need.some((type) => recorded.has(type)),
  );
}

/** Is known of the scheduler what decides whether it reaches the site? */
export function hasParameters(site: string, sched: Sched): boolean {
  if (site === 'dispatch-buffer-overflow') return sched.maxBatch > 0;
  return site !== 'runnable-stall' || sched.timeoutKnown;
}
