// Probes of sub-schedulers: grants, revokes, folds, rescue.
import { type Probe, probe } from './probe.ts';

const SID = 'sid=sch->id sid=sch';
const CIDS = {
  base: 'base=cmask__arena->base',
  count: 'ncids=cmask__arena->nr_cids',
  words: 'w0=+16(cmask__arena):x64 w1=+24(cmask__arena):x64 w2=+32(cmask__arena):x64 w3=+40(cmask__arena):x64',
};

export const CAPS_PROBES: readonly Probe[] = [
  probe(
    'ecaps_queue',
    1,
    'queue_sync_ecaps',
    'cap_sync',
    { sched: SID, cid: 'cid=cid', level: 'level=sch->level' },
    { step: 'queue' },
  ),
  probe(
    'ecaps_sync',
    1,
    'scx_process_sync_ecaps',
    'cap_sync',
    { rq: 'cpu=rq->cpu', prev: 'prev=prev->pid', pending: 'pend=rq->scx.ecaps_to_sync.first' },
    { step: 'fold', filter: 'pend != 0' },
  ),
  probe(
    'reenq_on_revoke_r',
    1,
    'scx_task_reenq_on_cap_revoke%return',
    'reenqueue',
    { rq: 'cpu=rq->cpu', pid: 'pid=p->pid', ret: 'ret=$retval:u8', missing_caps: 'miss=p->scx.reenq_reason_caps' },
    { step: 'cap_revoke' },
  ),
  probe('rehome_task', 1, 'scx_rehome_task', 'rehome', { sched: 'sid=to->id sid=to', pid: 'pid=p->pid' }),
  probe('fail_parent', 1, 'scx_fail_parent', 'fail_parent', { sched: SID }),
  probe('rescue_end', 1, 'scx_rescue_end', 'rescue', { rq: 'cpu=rq->cpu' }, { step: 'end' }),
  probe('rescue_timer', 1, 'scx_rescue_timerfn', 'rescue', {}, { step: 'timer' }),
  probe(
    'rescue_keep_r',
    1,
    'scx_rescue_keep%return',
    'rescue',
    { rq: 'cpu=rq->cpu', pid: 'pid=p->pid', ret: 'ret=$retval:u8' },
    { step: 'keep' },
  ),
  probe(
    'k_sub_grant',
    1,
    'scx_bpf_sub_grant',
    'cap_grant',
    { cgroup: 'cgid=cgroup_id', caps: 'caps=caps:x64', cids: CIDS, denied: 'denp=denied_out__arena__nullable' },
    { phase: 'begin' },
  ),
  probe(
    'k_sub_grant_r',
    1,
    'scx_bpf_sub_grant%return',
    'cap_grant',
    { cgroup: 'cgid=cgroup_id', caps: 'caps=caps:x64', ret: 'ret=$retval:s32' },
    { phase: 'end' },
  ),
  probe(
    'k_sub_revoke',
    1,
    'scx_bpf_sub_revoke',
    'cap_revoke',
    { cgroup: 'cgid=cgroup_id', caps: 'caps=caps:x64', cids: CIDS },
    { phase: 'begin' },
  ),
  probe('k_sub_revoke_r', 1, 'scx_bpf_sub_revoke%return', 'cap_revoke', { cgroup: 'cgid=cgroup_id' }, { phase: 'end' }),
  probe('k_sub_kill_r', 1, 'scx_bpf_sub_kill_bstr%return', 'sub_kill', {
    cgroup: 'cgid=cgroup_id',
    ret: 'ret=$retval:s32',
  }),
  probe('k_sub_dispatch', 1, 'scx_bpf_sub_dispatch', 'sub_dispatch', { cgroup: 'cgid=cgroup_id' }, { phase: 'begin' }),
  probe(
    'k_sub_dispatch_r',
    1,
    'scx_bpf_sub_dispatch%return',
    'sub_dispatch',
    { cgroup: 'cgid=cgroup_id', ret: 'ret=$retval:u8' },
    { phase: 'end' },
  ),
  probe('k_cid_override', 1, 'scx_bpf_cid_override', 'cid_map', {}, { step: 'override' }),
];
