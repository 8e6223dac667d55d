// Rules about errors of sub-schedulers that the core raises and the model predicts.
import { EXIT_KIND } from '../../kernel/exit.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { type EventType, KIND } from '../../trace/vocabulary/index.ts';
import { kernelErrorRule } from '../common/kernel-error-rule.ts';
import type { RuleSpec } from '../rule.ts';

const isBegin = (event: TraceEvent): boolean => event.phase !== 'end';
const isEnd = (event: TraceEvent): boolean => event.phase !== 'begin';
const isLink = (event: TraceEvent): boolean => event.step === 'link' && event.level > 0;
/** The callback has returned 0 or an error number; anything else ends the scheduler with another message. */
const hasReturned =
  (op: string) =>
  (event: TraceEvent): boolean =>
    event.op === op && isEnd(event) && event.has('ret') && event.ret <= 0;
const isKfuncQuery = (event: TraceEvent): boolean => event.step !== 'sysfs' && event.phase !== 'end';
const isOverride = (event: TraceEvent): boolean => event.step === 'override' && event.has('cpu_to_cid');

/** The mask of cids that a kfunc is given. */
function invalidMask(
  id: string,
  title: string,
  fn: string,
  type: EventType,
  isCall: (event: TraceEvent) => boolean,
): RuleSpec {
  return kernelErrorRule({
    id,
    title,
    fn,
    since: '7.3',
    needs: [type, 'sched_attach'],
    checkedAt: [type],
    isCheck: (event) => isCall(event) && event.has('base') && event.has('nr_cids'),
    meaning:
      'The window of the mask reaches beyond the cids that exist, or its memory is smaller than the window needs.',
    causes: ['the mask was not initialised with cmask_init()', 'alloc_words was overwritten'],
    avoid: 'Initialise masks with cmask_init(mask, 0, scx_bpf_nr_cids()).',
  });
}

/** A kfunc of a cid-form hierarchy, called by a scheduler that counts in CPUs. */
function notCidForm(
  id: string,
  title: string,
  fn: string,
  types: readonly EventType[],
  isCall: (event: TraceEvent) => boolean,
  call: string,
): RuleSpec {
  return kernelErrorRule({
    id,
    title,
    fn,
    since: '7.3',
    needs: [types, 'sched_attach'],
    checkedAt: types,
    isCheck: isCall,
    meaning: `A scheduler that counts in CPUs called ${call}.`,
    causes: ['the struct_ops was defined with SCX_OPS_DEFINE instead of SCX_OPS_CID_DEFINE'],
    avoid: 'Use cid-form struct_ops.',
  });
}

const DELEGATION_ERRORS: readonly RuleSpec[] = [
  kernelErrorRule({
    id: 'sub-dispatch-distant',
    title: 'scx_bpf_sub_dispatch() names a child of the caller.',
    fn: 'scx_bpf_sub_dispatch',
    since: '7.1',
    needs: ['sub_dispatch', 'sched_attach'],
    checkedAt: ['sub_dispatch'],
    isCheck: isBegin,
    meaning:
      'A scheduler asked one to dispatch that is not its own child. The kernel ejects the caller with everything below it.',
    causes: ['a grandchild was named', 'the cgroup id of another hierarchy level was kept'],
    avoid: 'Keep the ids that ops.sub_attach() brings, and forget them in ops.sub_detach().',
  }),
  kernelErrorRule({
    id: 'sub-cap-not-direct-child',
    title: 'Capabilities are granted to and revoked from children of the caller only.',
    fn: 'sub_cap_preamble',
    since: '7.3',
    needs: [['cap_grant', 'cap_revoke'], 'sched_attach'],
    checkedAt: ['cap_grant', 'cap_revoke'],
    isCheck: isBegin,
    meaning:
      'A grant or revoke named a scheduler that is not a child of the caller. The kernel ejects the caller with everything below it.',
    causes: ['a grandchild was named: it gets its capabilities from its own parent', 'a stale cgroup id'],
    avoid: 'Delegate level by level; keep the ids that ops.sub_attach() brings.',
  }),
  kernelErrorRule({
    id: 'sub-cap-invalid-caps',
    title: 'Grants and revokes name capabilities that exist.',
    fn: 'sub_cap_preamble',
    since: '7.3',
    needs: [['cap_grant', 'cap_revoke'], 'sched_attach'],
    checkedAt: ['cap_grant', 'cap_revoke'],
    isCheck: isBegin,
    meaning: 'A capability bit beyond perf (0x8) was named. The kernel ejects the caller with everything below it.',
    causes: ['a mask of cids was passed as capabilities', 'the program was built for a newer kernel'],
    avoid: 'Use the SCX_CAP_* constants, and test with bpf_core_enum_value_exists() for newer ones.',
  }),
  notCidForm(
    'sub-cap-not-cid-form',
    'Capabilities are delegated in cid-form hierarchies only.',
    'sub_cap_preamble',
    ['cap_grant', 'cap_revoke'],
    isBegin,
    'a capability kfunc',
  ),
  invalidMask(
    'sub-grant-invalid-cmask',
    'The cid mask of a grant fits into the cid space and into its own memory.',
    'scx_bpf_sub_grant',
    'cap_grant',
    isBegin,
  ),
  invalidMask(
    'sub-revoke-invalid-cmask',
    'The cid mask of a revoke fits into the cid space and into its own memory.',
    'scx_bpf_sub_revoke',
    'cap_revoke',
    isBegin,
  ),
  notCidForm(
    'sub-query-not-cid-form',
    'Capabilities are queried in cid-form hierarchies only.',
    'scx_bpf_sub_caps',
    ['cap_query'],
    isKfuncQuery,
    'scx_bpf_sub_caps()',
  ),
  kernelErrorRule({
    id: 'sub-query-invalid-caps',
    title: 'Queries name capabilities that exist.',
    fn: 'scx_bpf_sub_caps',
    since: '7.3',
    needs: ['cap_query', 'sched_attach'],
    checkedAt: ['cap_query'],
    isCheck: isKfuncQuery,
    meaning: 'A capability bit beyond perf (0x8) was asked for. The kernel ejects the caller with everything below it.',
    causes: ['a mask of cids was passed as capabilities'],
    avoid: 'Use the SCX_CAP_* constants.',
  }),
  kernelErrorRule({
    id: 'sub-query-not-direct-child',
    title: 'A scheduler queries its own capabilities or those of its children.',
    fn: 'scx_bpf_sub_caps',
    since: '7.3',
    needs: ['cap_query', 'sched_attach'],
    checkedAt: ['cap_query'],
    isCheck: isKfuncQuery,
    meaning:
      'scx_bpf_sub_caps() named a scheduler that is not a child of the caller. The kernel ejects the caller with everything below it.',
    causes: ['a grandchild was named', 'a stale cgroup id'],
    avoid: 'Keep the ids that ops.sub_attach() brings, and forget them in ops.sub_detach().',
  }),
  kernelErrorRule({
    id: 'sub-query-too-early',
    title: 'Capabilities are queried after they exist.',
    fn: 'scx_bpf_sub_caps',
    since: '7.3',
    needs: ['cap_query', 'sched_attach'],
    checkedAt: ['cap_query'],
    isCheck: isKfuncQuery,
    meaning:
      'scx_bpf_sub_caps() was called before the storage of the capabilities was made, for the root: in ops.init_cids().',
    causes: ['a query in ops.init_cids()'],
    avoid: 'Query in ops.init() or later.',
  }),
  invalidMask(
    'sub-query-invalid-out',
    'The mask that a query fills fits into the cid space and into its own memory.',
    'scx_bpf_sub_caps',
    'cap_query',
    isKfuncQuery,
  ),
  kernelErrorRule({
    id: 'sub-kill-not-direct-child',
    title: 'A scheduler kills only its own children.',
    fn: 'scx_bpf_sub_kill_bstr',
    since: '7.3',
    needs: ['sub_kill', 'sched_attach'],
    checkedAt: ['sub_kill'],
    meaning:
      'scx_bpf_sub_kill() named a scheduler that is not a child of the caller. The kernel ejects the caller with everything below it.',
    causes: ['a grandchild was named', 'a stale cgroup id'],
    avoid: 'Kill the child that it belongs to, or let the child do it.',
  }),
];

const LIFECYCLE_ERRORS: readonly RuleSpec[] = [
  kernelErrorRule({
    id: 'sub-max-depth',
    title: 'No scheduler is attached deeper than level 3.',
    fn: 'scx_sub_enable_workfn',
    since: '7.1',
    needs: ['sched_attach'],
    checkedAt: ['sched_attach'],
    isCheck: isLink,
    meaning: 'A fourth level of sub-schedulers was attached. The new one is ejected.',
    causes: ['a cgroup below three others that already have schedulers'],
    avoid: 'Attach at most three levels below the root scheduler.',
  }),
  kernelErrorRule({
    id: 'sub-parent-bypassing',
    title: 'A scheduler is not attached below one that bypasses.',
    fn: 'scx_link_sched',
    since: '7.3',
    needs: ['sched_attach', 'bypass'],
    checkedAt: ['sched_attach'],
    isCheck: isLink,
    meaning: 'The parent was bypassing when the new scheduler was to be linked. The new one is ejected.',
    causes: ['the parent is being enabled or disabled', 'a suspend is under way'],
    avoid: 'Attach again later.',
  }),
  kernelErrorRule({
    id: 'sub-parent-disabled',
    title: 'A scheduler is not attached below one that exits.',
    fn: 'scx_link_sched',
    since: '7.1',
    needs: ['sched_attach', 'sched_exit'],
    checkedAt: ['sched_attach'],
    isCheck: isLink,
    meaning: 'The parent was exiting when the new scheduler was to be linked. The new one is ejected.',
    causes: ['the parent failed meanwhile'],
    avoid: 'Look at why the parent ended; attach again when it is back.',
  }),
  kernelErrorRule({
    id: 'sub-init-failed',
    title: 'ops.init() of a sub-scheduler succeeds.',
    fn: 'scx_sub_enable_workfn',
    since: '7.1',
    needs: ['ops_call'],
    checkedAt: ['ops_call'],
    isCheck: hasReturned('init'),
    meaning: 'ops.init() of a new sub-scheduler returned an error, which is in the message. The new one is ejected.',
    causes: ['a DSQ could not be created', 'a map could not be filled'],
    avoid: 'Check what ops.init() does.',
  }),
  kernelErrorRule({
    id: 'sub-attach-rejected',
    title: 'The parent accepts the new scheduler.',
    fn: 'scx_sub_enable_workfn',
    since: '7.1',
    needs: ['ops_call'],
    checkedAt: ['ops_call'],
    isCheck: hasReturned('sub_attach'),
    meaning: 'ops.sub_attach() of the parent returned an error, which is in the message. The new scheduler is ejected.',
    causes: ['the parent has no cids left to give', 'the parent has as many children as it can manage'],
    avoid: 'Ask the parent: the error number is its own.',
  }),
  kernelErrorRule({
    id: 'sub-enable-failed',
    title: 'Attaching a sub-scheduler takes over all its tasks.',
    fn: 'scx_sub_enable_workfn',
    since: '7.1',
    needs: ['task_init', 'sched_attach'],
    checkedAt: ['sched_attach'],
    isCheck: (event) => event.step === 'sub_enable' && event.phase === 'end',
    meaning:
      'A step of the attaching failed that has no message of its own, such as ops.init_task() of the new scheduler.',
    causes: ['ops.init_task() returned an error', 'memory'],
    avoid: 'Handle failed allocations in ops.init_task().',
  }),
  kernelErrorRule({
    id: 'sub-claim-cgroup-init-failed',
    title: 'ops.cgroup_init() of a new sub-scheduler succeeds for the cgroups that it takes over.',
    fn: 'scx_cgroup_claim_subtree',
    since: '7.3',
    needs: ['ops_call'],
    checkedAt: ['ops_call'],
    isCheck: (event) => event.op === 'cgroup_init' && isEnd(event) && event.has('ret'),
    meaning: 'ops.cgroup_init() returned an error while the new scheduler took over its cgroups. It is ejected.',
    causes: ['memory for a cgroup could not be had'],
    avoid: 'Handle failed allocations in ops.cgroup_init().',
  }),
  kernelErrorRule({
    id: 'sub-return-cgroup-init-failed',
    title: 'ops.cgroup_init() of a parent succeeds for cgroups that come back from a child.',
    fn: 'scx_cgroup_return_subtree',
    since: '7.3',
    needs: ['ops_call', 'sched_detach'],
    checkedAt: ['ops_call'],
    isCheck: (event) => event.op === 'cgroup_init' && isEnd(event) && event.has('ret'),
    meaning: 'ops.cgroup_init() of the parent returned an error while a child was disabled. The parent is ejected.',
    causes: ['memory for a cgroup could not be had'],
    avoid: 'Handle failed allocations in ops.cgroup_init().',
  }),
  kernelErrorRule({
    id: 'sub-return-task-init-failed',
    title: 'ops.init_task() of a parent succeeds for tasks that come back from a child.',
    fn: 'scx_fail_parent',
    since: '7.1',
    needs: ['task_init', 'sched_detach'],
    checkedAt: ['sched_detach'],
    isCheck: (event) => event.step === 'sub_disable' && event.phase === 'end',
    meaning: 'ops.init_task() of the parent returned an error while a child was disabled. The parent is ejected.',
    causes: ['memory for a task could not be had'],
    avoid: 'Handle failed allocations in ops.init_task().',
  }),
  kernelErrorRule({
    id: 'sub-cgroup-offline',
    title: 'The cgroup of a scheduler stays.',
    fn: 'scx_cgroup_lifetime_notify',
    since: '7.1',
    needs: ['cgroup', 'sched_attach'],
    checkedAt: ['cgroup'],
    meaning: 'The cgroup that a sub-scheduler is attached to was removed, which ends the scheduler.',
    causes: ['the cgroup was removed before the scheduler was unloaded'],
    avoid: 'Unload the scheduler first.',
  }),
  kernelErrorRule({
    id: 'sub-cgroup-not-online',
    title: 'The cgroup stays while its scheduler is being attached.',
    fn: 'scx_sub_enable_workfn',
    since: '7.1',
    needs: ['cgroup', 'sched_attach'],
    checkedAt: ['cgroup'],
    meaning: 'The cgroup was removed while its scheduler was being attached. The new one is ejected.',
    causes: ['the cgroup was removed meanwhile'],
    avoid: 'Keep the cgroup until the scheduler is unloaded.',
  }),
  kernelErrorRule({
    id: 'rescue-overload-eject',
    title: 'No scheduler lives on rescues.',
    fn: 'scx_rescue_check_overload',
    since: '7.3',
    needs: ['sched_exit', 'dsq_link'],
    checkedAt: ['sched_exit'],
    isCheck: (event) => event.exit_kind === EXIT_KIND.ERROR_RESCUE && event.step === 'error',
    meaning:
      'A task waited to be rescued longer than the threshold, and this scheduler had used the most rescue time on that CPU. It is ejected so that others are served.',
    causes: [
      'tasks whose affinity leaves them only CPUs that the scheduler does not hold',
      'every insert carries SCX_ENQ_RESCUE',
    ],
    avoid: 'Use SCX_ENQ_RESCUE for tasks that have no other CPU; ask the parent for the CPUs that the tasks need.',
  }),
];

const CID_ERRORS: readonly RuleSpec[] = [
  [
    'cid-override-cpu-count',
    'An override of the cid layout has one entry for each CPU id.',
    'the number of entries is not that of the CPU ids',
  ],
  [
    'cid-override-shard-count',
    'An override of the cid layout has between one shard and one per cid.',
    'there is no shard, or there are more shards than cids',
  ],
  ['cid-override-first', 'The first shard of an override begins at cid 0.', 'the first shard begins elsewhere'],
  [
    'cid-override-order',
    'The shards of an override are in ascending order.',
    'a shard does not begin after the one before it',
  ],
  ['cid-override-range', 'The shards of an override begin inside the cid space.', 'a shard begins beyond the last cid'],
  ['cid-override-span', 'No shard of an override has more than 512 cids.', 'a shard is too large'],
  ['cid-override-duplicate', 'An override gives every CPU a cid of its own.', 'two CPUs have the same cid'],
].map(([id = '', title = '', cause = '']) =>
  kernelErrorRule({
    id,
    title,
    fn: 'scx_bpf_cid_override',
    since: '7.3',
    needs: ['cid_map'],
    checkedAt: ['cid_map'],
    isCheck: isOverride,
    meaning: `scx_bpf_cid_override() was called with arguments in which ${cause}. The layout stays as it was, and the scheduler is ejected.`,
    causes: ['the table was built for another machine, or before CPUs were hidden'],
    avoid: 'Build the tables from scx_bpf_nr_cpu_ids() and scx_bpf_nr_cids() in ops.init_cids().',
  }),
);

const CID_INVALID: RuleSpec = kernelErrorRule({
  id: 'cid-invalid',
  title: 'Schedulers name cids that exist.',
  fn: 'cid_valid',
  since: '7.3',
  needs: [['kick', 'cid_map', 'find_dsq', 'cidperf']],
  checkedAt: ['kick', 'cid_map', 'find_dsq:call', 'cidperf'],
  isCheck: (event) =>
    event.step === 'cid' || isOverride(event) || event.kind === KIND.cidperf || event.kind === KIND.find_dsq,
  meaning: 'A kfunc, a verdict or an override named a cid outside the cid space. The kernel ejects the scheduler.',
  causes: ['a CPU number was used as a cid', 'a negative error was not checked'],
  avoid: 'Check cids against scx_bpf_nr_cids(); convert with scx_bpf_cpu_to_cid().',
});

export const CAPS_ERROR_RULES: readonly RuleSpec[] = [
  ...DELEGATION_ERRORS,
  ...LIFECYCLE_ERRORS,
  ...CID_ERRORS,
  CID_INVALID,
];
