// Rules about literal capabilities: who may hold, grant, revoke and see them.

import { capsRule } from '../common/caps-rule.ts';
import type { RuleSpec } from '../rule.ts';

export const CONFIGURATION_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'cap-child-subset',
    title: 'A child never holds a capability that its parent does not hold.',
    fn: 'scx_bpf_sub_grant, scx_bpf_sub_revoke',
    needs: [['cap_grant', 'cap_query']],
    meaning:
      'The literal set of a scheduler on a cid is not contained in that of its parent. The whole isolation of the hierarchy rests on this: a grant only passes on what the granting parent holds, and a revoke takes it from everybody below.',
    causes: [
      'a kernel bug in the grant or in the walk of a revoke',
      'a recording that misses a grant to the parent or a revoke',
    ],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'cap-root-full',
    title: 'The root scheduler holds every capability on every cid.',
    fn: 'scx_root_enable_workfn',
    needs: ['cap_query'],
    meaning: 'A query or the sysfs file of the root scheduler shows a cid without one of the capabilities.',
    causes: ['a kernel bug: nothing ever takes a capability from the root'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'cap-valid-bits',
    title: 'Only capability bits that exist appear, and effective sets are closed under implication.',
    fn: 'sub_cap_preamble, scx_process_sync_ecaps',
    needs: [['cap_grant', 'cap_revoke', 'flush', 'cap_sync', 'cap_notify', 'reject', 'kick']],
    meaning:
      'A call with unknown bits took effect, or an effective set was seen that no literal set can lead to: it must be none, enq_immed, enq_immed|enq or enq_immed|enq|preempt, each with or without perf.',
    causes: ['a kernel bug', 'a damaged recording'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'cap-initial-empty',
    title: 'A new scheduler holds nothing until its parent grants something.',
    fn: 'scx_alloc_and_add_sched',
    needs: ['sched_attach', ['cap_query', 'flush', 'reject', 'kick']],
    meaning:
      'A capability was seen, literal or in effect, before the first grant (or the first fold) that could have made it.',
    causes: ['a kernel bug: state of an earlier instance was left over', 'a recording that begins too late'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'cap-writer',
    title: 'Literal capabilities change only by grants of the parent and by revokes from above.',
    fn: 'scx_bpf_sub_grant, scx_bpf_sub_revoke',
    needs: ['cap_query', ['cap_grant', 'cap_revoke']],
    meaning: 'A snapshot or a query shows a capability that no grant gave, or misses one that no revoke took.',
    causes: ['a kernel bug', 'a grant or revoke that the recording misses'],
    avoid: 'Check that no records were lost; otherwise report it with the trace.',
  }),
  capsRule({
    id: 'grant-literal-only',
    title: 'A grant passes on only what the granting parent holds literally.',
    fn: 'scx_bpf_sub_grant',
    needs: ['cap_grant'],
    meaning:
      'A grant was accepted on a cid on which the parent lacks one of the capabilities, or has it by implication only (enq implied by preempt, enq_immed implied by enq).',
    causes: ['a kernel bug', 'a revoke of the grandparent that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'grant-all-or-nothing',
    title: 'A grant gives all its capabilities on a cid, or none.',
    fn: 'scx_bpf_sub_grant',
    needs: ['cap_grant', 'cap_query'],
    meaning: 'A cid on which a grant was refused shows part of its capabilities afterwards.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'grant-retval',
    title: 'A grant returns -EPERM exactly when it refused a cid, and marks exactly the refused ones.',
    fn: 'scx_bpf_sub_grant',
    needs: ['cap_grant'],
    meaning:
      'Return value and denied_out contradict each other: 0 with refused cids, or -EPERM without any. Schedulers decide by them what they may pass on.',
    causes: ['a kernel bug', 'the program wrote the denied mask while the call was under way'],
    avoid: 'Do not touch the masks from another CPU during the call.',
  }),
  capsRule({
    id: 'grant-no-oversight',
    title: 'A grant is not refused on a cid on which the parent holds everything.',
    fn: 'scx_bpf_sub_grant',
    needs: ['cap_grant'],
    meaning: 'A cid was refused although the parent held all capabilities asked for throughout the call.',
    causes: ['a kernel bug', 'a revoke that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'revoke-subtree',
    title: 'A revoke takes the capabilities from the child and from everybody below it.',
    fn: 'scx_bpf_sub_revoke',
    needs: ['cap_revoke', 'cap_query'],
    meaning: 'After a revoke had returned, a scheduler of the subtree was still shown to hold one of the capabilities.',
    causes: ['a kernel bug in the walk of the subtree'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'revoke-scope',
    title: 'A revoke changes nothing but its capabilities, on its cids, in the subtree of the child.',
    fn: 'scx_bpf_sub_revoke',
    needs: ['cap_revoke', 'cap_query'],
    meaning: 'A capability that the revoke did not name, or a cid that it did not name, is gone after it.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'query-literal',
    title: 'A capability query shows the literal set, not what is implied.',
    fn: 'scx_bpf_sub_caps',
    needs: ['cap_query'],
    meaning: 'The answer differs from the literal set in every state between the beginning and the end of the call.',
    causes: ['a kernel bug', 'a grant or revoke that the recording misses'],
    avoid: 'Use sub_ecaps_updated() to learn what is in effect; the query is about what can be passed on.',
  }),
  capsRule({
    id: 'cap-relation-args',
    title: 'Grants, revokes, kills and dispatches of a child take effect only when its own parent calls.',
    fn: 'sub_cap_preamble, scx_bpf_sub_kill_bstr, scx_bpf_sub_dispatch',
    needs: [['cap_grant', 'cap_revoke', 'sub_kill', 'sub_dispatch']],
    meaning: 'A call took effect for a scheduler that is not linked, or that is no child of the caller.',
    causes: ['a kernel bug', 'an attach or detach that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
];
