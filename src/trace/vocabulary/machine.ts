// Event types of the machine: hotplug and idle.
import { eventTypes } from './spec.ts';

export const MACHINE_EVENTS = eventTypes({
  cpu_online: {
    doc: 'A CPU comes up: it becomes active, the scheduler is told, its run queue goes online.',
    fn: 'sched_cpu_activate, scx_rq_activate, rq_online_scx',
    required: ['target'],
    optional: ['step', 'rq_flags'],
    steps: ['active', 'notify', 'rq'],
  },
  cpu_offline: {
    doc: 'A CPU goes down: it stops being active, its run queue goes offline, the scheduler is told.',
    fn: 'sched_cpu_deactivate, rq_offline_scx, scx_rq_deactivate',
    required: ['target'],
    optional: ['step', 'rq_flags'],
    steps: ['inactive', 'rq', 'notify'],
  },
  idle: {
    doc: 'A CPU enters or leaves idle, or somebody claims an idle CPU.',
    fn: '__scx_update_idle, scx_idle_test_and_clear_cpu',
    required: ['target'],
    optional: ['step', 'idle', 'notify', 'ret'],
    steps: ['update', 'claim'],
  },
});
