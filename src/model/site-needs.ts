// Which event types the model needs in order to predict an error or explain an exit: without them it cannot, and has not failed.
import type { RecordedSet } from '../trace/recorded.ts';
import type { EventType } from '../trace/vocabulary/index.ts';
import type { Sched } from './sched.ts';

/** Of a nested list, one suffices. */
type Needs = readonly (EventType | readonly EventType[])[];

const VERDICTS = ['find_dsq', 'dispatch'] as const;
const LOCAL_CHECKS = ['can_run_remote', 'dispatch_to_local', 'dispatch'] as const;

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
