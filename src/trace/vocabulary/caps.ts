// Event types of sub-schedulers: capabilities, delegation, rescue.
import { eventTypes } from './spec.ts';

export const CAPS_EVENTS = eventTypes({
  cid_map: {
    doc: 'The cid of a CPU (`target`), or the announcement of an override.',
    fn: 'scx_bpf_cid_override',
    required: [],
    optional: ['target', 'cid'],
  },
  cap_grant: {
    doc: 'Capabilities on a set of cids are granted to a child scheduler.',
    fn: 'scx_bpf_sub_grant',
    required: ['cgroup'],
    optional: ['phase', 'sched', 'caps', 'cids', 'denied', 'ret'],
  },
  cap_revoke: {
    doc: 'Capabilities on a set of cids are revoked from a child scheduler.',
    fn: 'scx_bpf_sub_revoke',
    required: ['cgroup'],
    optional: ['phase', 'sched', 'caps', 'cids'],
  },
  cap_sync: {
    doc: 'A change of capabilities is queued for a CPU, or folded in there.',
    fn: 'queue_sync_ecaps, scx_process_sync_ecaps',
    required: [],
    optional: ['step', 'sched', 'cid', 'level', 'rq', 'prev', 'pending'],
    steps: ['queue', 'fold'],
  },
  cap_notify: {
    doc: 'A scheduler is told of a change of its capabilities.',
    fn: 'ops.sub_caps_updated, ops.sub_ecaps_updated',
    required: [],
    optional: ['sched', 'cids', 'op', 'cid', 'caps'],
  },
  sub_kill: {
    doc: 'A parent kills a child scheduler.',
    fn: 'scx_bpf_sub_kill_bstr',
    required: ['cgroup'],
    optional: ['sched', 'ret'],
  },
  sub_dispatch: {
    doc: 'A parent lets a child scheduler dispatch.',
    fn: 'scx_bpf_sub_dispatch',
    required: ['cgroup'],
    optional: ['phase', 'sched', 'ret'],
  },
  rehome: {
    doc: 'A task moves to another scheduler of the tree.',
    fn: 'scx_rehome_task',
    required: ['pid', 'sched'],
    optional: [],
  },
  fail_parent: {
    doc: 'The parent of a failing scheduler is ended with it.',
    fn: 'scx_fail_parent',
    required: ['sched'],
    optional: [],
  },
  rescue: {
    doc: 'The rescue of a task that its scheduler cannot place.',
    fn: 'scx_rescue_end, scx_rescue_timerfn, scx_rescue_keep',
    required: ['step'],
    optional: ['rq', 'pid', 'ret'],
    steps: ['end', 'timer', 'keep'],
  },
});
