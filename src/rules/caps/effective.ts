// Rules about effective capabilities: how they follow from literal ones, and how their holders are told.

import { capsRule } from '../common/caps-rule.ts';
import type { RuleSpec } from '../rule.ts';

const SHOWN = [['flush', 'pick', 'cap_sync', 'cap_notify', 'reject', 'kick']] as const;

export const EFFECTIVE_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'ecaps-is-closure',
    title: 'A fold makes the effective set the closure of the literal one.',
    fn: 'scx_process_sync_ecaps',
    needs: ['cap_sync', ...SHOWN, 'sched_attach', 'cap_grant', 'cap_revoke'],
    meaning:
      'After a fold the effective set of a scheduler on the CPU is not what its literal set implies at any moment of the fold.',
    causes: ['a kernel bug', 'a grant or revoke that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'ecaps-writers',
    title: 'Effective capabilities change only by folds and hotplug of their CPU.',
    fn: 'scx_process_sync_ecaps, scx_offline_ecaps',
    needs: ['cap_sync', ...SHOWN, 'sched_attach', 'cap_grant', 'cap_revoke'],
    meaning:
      'Two observations of an effective set differ, and the CPU neither folded nor went off- or online in between.',
    causes: ['a kernel bug', 'lost records of that CPU'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'ecaps-pending',
    title: 'A change of capabilities is in effect after the next dispatching pass of its CPU.',
    fn: 'queue_sync_ecaps, scx_process_sync_ecaps',
    needs: ['cap_sync', 'pick', 'sched_attach', 'cap_grant', 'cap_revoke'],
    meaning:
      'A pass of the CPU dispatched without folding a change that had been queued before it began. From a revoke on, the old holder may use the CPU until that pass, not longer.',
    causes: ['a kernel bug', 'core scheduling, where a sibling dispatches for the CPU'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'fold-latency',
    title: 'A change of capabilities does not wait for a second dispatching pass.',
    severity: 'warning',
    fn: 'queue_sync_ecaps, scx_process_sync_ecaps',
    needs: ['cap_sync', 'pick', 'sched_attach', 'cap_grant', 'cap_revoke'],
    meaning: 'Several passes of a CPU dispatched while a change of capabilities was waiting for it.',
    causes: ['see ecaps-pending'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'ecaps-offline-zero',
    title: 'Nothing is in effect on a CPU between its going offline and the first fold after its return.',
    fn: 'scx_offline_ecaps, scx_online_ecaps',
    needs: ['cpu_offline', ...SHOWN, 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A sub-scheduler was seen with an effective capability on a CPU that had been offline and has not folded since.',
    causes: ['a kernel bug in hotplug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'ecaps-hierarchy',
    title: 'With nothing pending, a child has no more in effect than its parent.',
    fn: 'scx_process_sync_ecaps',
    needs: ['cap_sync', ...SHOWN, 'sched_attach', 'cap_grant', 'cap_revoke'],
    meaning:
      'The effective set of a child exceeds that of its parent on a CPU for which no change of either is waiting or under way.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'ecaps-report-chain',
    title: 'Each report of effective capabilities goes on where the last one ended.',
    fn: 'ops.sub_ecaps_updated',
    needs: ['cap_notify'],
    meaning:
      'The `before` of a report is not the `after` of the last one for the same cid (or none at the beginning), a report tells of no change, or of a set that cannot be in effect.',
    causes: ['a kernel bug', 'a report that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'ecaps-report-eventual',
    title: 'A fold that changes the effective set reports it.',
    fn: 'scx_process_sync_ecaps',
    needs: ['cap_notify', 'cap_sync'],
    meaning:
      'A scheduler that implements sub_ecaps_updated() and was not bypassing was not told of a change. It goes on with a wrong picture of its CPUs.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'ecaps-report-context',
    title:
      'Effective capabilities are reported to sub-schedulers only, during a dispatch of that CPU, never in bypass.',
    fn: 'scx_process_sync_ecaps',
    needs: ['cap_notify'],
    meaning:
      'sub_ecaps_updated() was called for the root scheduler, for a bypassing scheduler, or for another CPU than the one that dispatches.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
];

export const NOTIFICATION_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'caps-notify-exact',
    title: 'A notification contains exactly what changed since the last one.',
    fn: 'ops.sub_caps_updated',
    needs: ['cap_notify', ['cap_grant', 'cap_revoke']],
    meaning:
      'The cids or the capabilities of a notification are not the union of the changes of that shard since the last one.',
    causes: ['a kernel bug in the coalescing', 'a grant or revoke that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'caps-notify-eventual',
    title: 'Every change is notified once, at the latest when the call that made it ends.',
    fn: 'ops.sub_caps_updated',
    needs: ['cap_notify', ['cap_grant', 'cap_revoke']],
    meaning:
      'A call ended, or a scheduler was enabled, and a change had not been delivered although nobody else was delivering; or one change was delivered twice.',
    causes: ['a kernel bug in the coalescing'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'caps-notify-serial',
    title: 'A scheduler is told of one shard on one CPU at a time.',
    fn: 'ops.sub_caps_updated',
    needs: ['cap_notify'],
    meaning:
      'Two notifications of the same scheduler and shard overlap. Programs rely on not having to lock against themselves.',
    causes: ['a kernel bug in the coalescing'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'caps-notify-shard',
    title: 'The mask of a notification is one shard of the cid layout.',
    fn: 'ops.sub_caps_updated',
    needs: ['cap_notify'],
    meaning: 'Base or length of the mask are not those of a shard, or it names cids outside.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'caps-notify-live',
    title: 'Only live sub-schedulers are notified.',
    fn: 'ops.sub_caps_updated',
    needs: ['cap_notify', 'sched_attach', 'bypass', 'sched_exit'],
    meaning:
      'A notification was delivered before the callbacks of the scheduler were enabled, after its exit had been claimed, or to the root.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'unbypass-replay',
    title: 'What happened during bypass is reported when it ends.',
    fn: 'scx_unbypass_replay_ecaps',
    needs: ['bypass', 'cap_notify', 'cap_sync'],
    meaning:
      'A scheduler left bypass with an effective set that it had not been told of, and the next fold did not tell it.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
];
