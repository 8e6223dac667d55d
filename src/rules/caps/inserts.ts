// Rules about insertions on local DSQs: who is let in, who is turned away, and what becomes of them.

import { capsRule } from '../common/caps-rule.ts';
import type { RuleSpec } from '../rule.ts';

export const INSERT_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'insert-needs-cap',
    title: 'No insertion on a local DSQ is accepted without the capability.',
    fn: 'scx_resolve_local_dsq',
    needs: ['dsq_link', 'affinity', 'scx_event', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A task went to the local DSQ of a CPU on which its placer lacks enq (or enq_immed for an IMMED insert), and none of the exemptions holds: CPU offline, migration disabled or pending, rescue, restore of the running task.',
    causes: ['a kernel bug in the check', 'a fold that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'reject-justified',
    title: 'An insertion is turned away only for a capability that is really missing.',
    fn: 'scx_resolve_local_dsq',
    needs: ['dsq_link', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A task was put on the REJECT or RESCUE DSQ although its placer held everything, or an exemption applied; or the missing capabilities or the cid that were noted are wrong.',
    causes: ['a kernel bug in the check', 'a fold that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'divert-strips',
    title: 'A diverted insertion loses IMMED, PREEMPT and HEAD.',
    fn: 'scx_resolve_local_dsq',
    needs: ['dsq_link'],
    meaning: 'A task on the REJECT or RESCUE DSQ still carries flags that only make sense on a local DSQ.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'forced-admit-justified',
    title: 'An insertion is forced in only when capabilities are missing and it cannot be refused.',
    fn: 'scx_resolve_local_dsq',
    needs: ['dsq_link', 'scx_event', 'affinity', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'SCX_EV_SUB_FORCED_ADMIT was counted although nothing was missing, or the CPU was online, the task not migration-disabled and no migration pending.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'reject-leads-to-reenq',
    title: 'A task that was turned away comes back to its owner before anything else happens to it.',
    fn: 'scx_reenq_reject, scx_task_reenq_on_cap_revoke',
    needs: ['dsq_link', 'ops_enqueue', 'dsq_unlink', 'reenqueue', 'ops_dequeue'],
    meaning:
      'A task from a REJECT DSQ (or taken by a scan after a loss) ran, was queued elsewhere, went to another scheduler, or was not drained, before its owner got it with the reason CAP.',
    causes: ['a kernel bug', 'an ops_enqueue that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'reenq-reason-exclusive',
    title: 'A re-enqueue has exactly one reason, and the reason CAP names what the check found.',
    fn: 'scx_do_enqueue_task',
    needs: ['ops_enqueue', 'dsq_link', 'dsq_unlink', 'reenqueue'],
    meaning:
      'SCX_ENQ_REENQ and the reason in p->scx.flags contradict each other, or reason CAP comes with capabilities or a cid that no rejection or scan found missing.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'reenq-count',
    title: 'A task is not re-enqueued more than 256 times without running.',
    fn: 'scx_do_enqueue_task',
    needs: ['ops_enqueue'],
    meaning: 'A task was re-enqueued beyond the limit, and its scheduler was not ended for it.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'reject-no-bpf-target',
    title: 'No insert names the REJECT, RESCUE or BYPASS DSQ with success.',
    fn: 'find_dsq_for_dispatch',
    needs: ['find_dsq'],
    meaning: "A verdict that names one of the core's own DSQs was resolved to it.",
    causes: ['a kernel bug'],
    avoid: 'Insert to LOCAL, LOCAL_ON, GLOBAL or own DSQs only.',
  }),
  capsRule({
    id: 'root-never-rejected',
    title: 'What the root scheduler places is never turned away.',
    fn: 'scx_resolve_local_dsq',
    needs: ['dsq_link'],
    meaning: 'A task placed by the root scheduler went to a REJECT or RESCUE DSQ.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'need-of-kernel-insert',
    title: 'A scheduler that holds enq_immed alone gets no insertions that the core makes without IMMED.',
    severity: 'info',
    fn: 'scx_consume_dispatch_q, scx_resolve_local_dsq',
    needs: ['dsq_link', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A task from a global or bypass DSQ was turned away because its placer holds only enq_immed there. Such tasks go round until the re-enqueue limit ends their scheduler.',
    causes: [
      'the scheduler leaves tasks on the global DSQ of a node whose CPUs it holds with enq_immed only',
      'it hosts tasks of a bypassing child there',
    ],
    avoid: 'Grant enq, not only enq_immed, on CPUs that shall run tasks from global or bypass DSQs.',
  }),
];
