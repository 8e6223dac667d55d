// Rules about the tree: dispatching through it, attaching and detaching, exits, kills, owners of tasks.

import { capsRule } from '../common/caps-rule.ts';
import type { RuleSpec } from '../rule.ts';

export const TREE_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'sub-dispatch-direct',
    title: 'A sub-scheduler dispatches only inside scx_bpf_sub_dispatch() of its own parent.',
    fn: 'scx_bpf_sub_dispatch',
    needs: ['sub_dispatch', ['flush', 'consume', 'ops_call']],
    meaning: 'ops.dispatch() of a sub-scheduler ran although its parent had not asked it to on that CPU.',
    causes: ['a kernel bug', 'a sub_dispatch() that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'sub-dispatch-needs-base',
    title: 'A sub-scheduler is dispatched only on CPUs on which it holds the base capability.',
    fn: 'scx_bpf_sub_dispatch',
    needs: ['sub_dispatch', ['flush', 'consume', 'ops_call'], 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning: 'ops.dispatch() of a sub-scheduler ran on a CPU that it had lost, or never had.',
    causes: ['a kernel bug', 'a fold that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'tree-shape',
    title: 'The hierarchy is a tree of at most four levels that follows the cgroups.',
    since: '7.1',
    fn: 'scx_sub_enable_workfn, scx_link_sched',
    needs: ['sched_attach'],
    meaning:
      "A scheduler has a level that does not follow from its parent's, an id lower than an older one, a cgroup that is taken or does not lie below its parent's, or it is enabled too deep.",
    causes: ['a kernel bug', 'an attach or detach that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'attach-order',
    title: 'Attaching and detaching follow their order.',
    since: '7.1',
    fn: 'scx_sub_enable_workfn, scx_sub_disable',
    needs: ['sched_detach'],
    meaning:
      "The order is: link, init, the parent's sub_attach, bypass on, tasks move, bypass off, enabled; and at the end: children first, unlink, the parent's sub_detach, exit. Here something came too early or twice.",
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'task-owner',
    title: 'Every callback for a task goes to the scheduler that owns it.',
    since: '7.1',
    fn: 'scx_task_sched, scx_rehome_task',
    needs: [['ops_enqueue', 'ops_call'], 'task_enable', 'rehome'],
    meaning: 'A scheduler was called for a task of another one, or a task changed hands without an event that does so.',
    causes: ['a kernel bug', 'a move between cgroups that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'exit-propagation',
    title: 'An exit takes everything below with it, and nothing else.',
    since: '7.1',
    fn: 'scx_claim_exit, scx_propagate_exit_irq_workfn',
    needs: ['sched_exit'],
    meaning:
      'A scheduler exited with PARENT and nobody above it exited; or one left the tree before those below it had exited.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'kill-effects',
    title: 'A successful kill ends the child, and only the child.',
    fn: 'scx_bpf_sub_kill_bstr',
    needs: [['sub_kill', 'sched_exit']],
    meaning:
      'scx_bpf_sub_kill() returned 0 and no exit of the child was claimed, or the claim is not the one of a kill.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'dead-silence',
    title: 'A scheduler that has left the tree gets no tasks and no capabilities.',
    fn: 'scx_unlink_sched',
    needs: ['sched_detach', ['ops_enqueue', 'cap_grant', 'ops_call']],
    meaning: 'A task was enqueued by a scheduler after it had been unlinked, or a grant or revoke to it took effect.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
];

export const IDLE_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'idle-holder',
    title: 'ops.update_idle() goes only to holders of the base capability that are not bypassing.',
    fn: 'scx_idle_notify',
    needs: ['ops_call', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A scheduler was told of the idle state of a CPU that it, or a scheduler above it, does not hold, or while it was bypassing.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'idle-complete',
    title: 'Every holder is told of every transition, once, parents before children.',
    fn: 'scx_idle_notify',
    needs: ['idle', 'ops_call', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning: 'A CPU went idle or busy and a holder was not told, was told out of order, or without cause.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'idle-renotify',
    title: 'Who gains a CPU, or leaves bypass, is told that it is idle.',
    fn: 'scx_idle_notify',
    needs: ['idle', 'ops_call', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'The repetition that a scheduler is owed did not come with the next idle event of the CPU, or came unasked.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'idle-alternate',
    title: 'Idle notifications of one CPU alternate.',
    fn: 'scx_idle_notify',
    needs: ['ops_call'],
    meaning: 'A continuous holder was told the same idle state twice although no repetition was owed.',
    causes: ['a kernel bug', 'a notification that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
];

export const BYPASS_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'bypass-depth',
    title: 'The bypass depth of every scheduler is what the toggles above and on it lead to.',
    since: '7.1',
    fn: 'scx_bypass',
    needs: ['bypass'],
    meaning: 'A depth was seen that the toggles so far do not lead to, or bypass was left without having been entered.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'bypass-silent',
    title: 'A bypassing scheduler is not asked to schedule.',
    since: '7.1',
    fn: 'scx_bypass',
    needs: ['bypass', 'ops_call'],
    meaning:
      'select_cid, enqueue, dispatch, update_idle, tick or sub_ecaps_updated was called while the scheduler was bypassing on that CPU.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'bypass-route',
    title: 'Tasks of a bypassing scheduler wait with the nearest ancestor that is not bypassing.',
    since: '7.1',
    fn: 'bypass_enq_target_dsq',
    needs: ['bypass', 'dsq_link'],
    meaning: 'A task was put on the bypass DSQ of another scheduler than its host.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
];

export const RESCUE_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'rescue-single',
    title: 'At most one task is rescued on a CPU at a time.',
    fn: 'scx_rescue_admit',
    needs: [['rescue', 'dsq_link'], 'scx_event'],
    meaning: 'A second task was admitted as a rescue while another one was being rescued on the same CPU.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'rescue-admission',
    title: 'A rescue is admitted only when the CPU has saved up a quantum.',
    fn: 'scx_rescue_try_admit',
    needs: ['rescue', 'sched_attach'],
    meaning: 'A task was rescued although the budget of the CPU cannot have reached the quantum since the last rescue.',
    causes: ['a kernel bug in the accounting'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'rescue-bounded',
    title: 'A rescue ends when its slice is served.',
    fn: 'scx_rescue_charge',
    needs: ['switch', 'update_curr', 'slice_end', 'scx_event'],
    meaning: 'A task was charged repeatedly after its rescue slice had been used up, and went on being rescued.',
    causes: ['a kernel bug in the accounting'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'rescue-escalation',
    title: 'Only the task that is being rescued is ever protected.',
    fn: 'scx_rescue_timerfn',
    needs: [['rescue', 'dsq_link', 'ops_enqueue']],
    meaning: 'A task carries the PROTECTED flag that is not being rescued on its CPU.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'rescue-eject',
    title: 'Only a sub-scheduler is ejected for its use of rescues, and only after a long wait of others.',
    fn: 'scx_rescue_check_overload',
    needs: ['sched_exit', 'dsq_link'],
    meaning: 'The root was ejected for rescue overload, or nobody had waited as long as the threshold says.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
];
