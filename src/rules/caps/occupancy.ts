// Rules about who occupies a CPU after a loss, and about kicks, preemption and slices.

import { capsRule } from '../common/caps-rule.ts';
import type { RuleSpec } from '../rule.ts';

export const OCCUPANCY_RULES: readonly RuleSpec[] = [
  capsRule({
    id: 'revoke-scan-runs',
    title: 'A loss that concerns inserts is followed by a scan of the local DSQ before the next pass.',
    fn: 'schedule_dsq_reenq, reenq_local',
    needs: ['cap_sync', 'reenqueue', 'pick', 'sched_attach', 'cap_grant', 'cap_revoke'],
    meaning:
      'A fold took enq or enq_immed from somebody, the root was not bypassing, and the next pass began without a scan.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'revoke-queue-purged',
    title: 'The scan leaves nobody on the local DSQ whose scheduler lost the CPU, and takes nobody else.',
    fn: 'reenq_local, scx_task_reenq_on_cap_revoke',
    needs: ['reenqueue', 'dsq_link', 'affinity', 'dsq_unlink', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning: 'After the scan a task without the capability was still queued, or one was taken that lacks nothing.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'revoke-evict-curr',
    title: 'The scan takes the slice of a running task whose scheduler lost the CPU.',
    fn: 'reenq_local',
    needs: [
      'reenqueue',
      ['update_curr', 'pick', 'stop'],
      'affinity',
      'sched_attach',
      'cap_grant',
      'cap_revoke',
      'cap_sync',
    ],
    meaning: 'The current task of a CPU kept a slice after a scan that found it without the capability.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'no-capless-run',
    title: 'Nothing runs on a CPU past the allowed bound after its scheduler lost it.',
    fn: 'reenq_local, do_pick_task_scx',
    needs: ['switch', ['cap_sync', 'cap_notify'], 'affinity', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'After a loss at most the pass of the fold may still switch to a task of the old holder, and a task that runs when that pass ends is gone with the next one. Here one started later, or stayed longer.',
    causes: ['a kernel bug', 'a re-grant that the recording misses'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'slice-extend-needs-base',
    title: 'A slice is extended only where the scheduler holds the base capability.',
    fn: 'scx_bpf_task_set_slice, apply_task_slice_oob',
    needs: ['set_slice', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning: 'A scheduler made the slice of a task longer on a CPU on which it holds nothing.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'keep-needs-base',
    title: 'A task is kept for lack of other work only where its scheduler holds the base capability.',
    fn: 'scx_task_can_stay_on_cpu',
    needs: ['pick', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning: 'A pick kept the current task, whose slice had run out, on a CPU that its scheduler has lost.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'refill-needs-base',
    title: 'A task without a slice gets a new one only where its scheduler holds the base capability.',
    fn: 'scx_task_can_stay_on_cpu',
    needs: ['pick', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning: 'A pick refilled the slice of a task on a CPU that its scheduler has lost.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'protected-honoured',
    title: 'The slice of a protected task is not taken, and nothing is queued in front of it.',
    fn: 'scx_set_task_slice',
    needs: [['set_slice', 'kick', 'pick']],
    meaning:
      'A kick or a scheduler changed the slice of a task whose rescue is protected, or it was overtaken on its DSQ.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'kick-needs-base',
    title: 'A kick has an effect only where the kicker holds the base capability.',
    fn: 'kick_one_cpu, kick_one_cpu_if_idle',
    needs: ['kick', ['scx_event', 'cap_sync'], 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A kick made a CPU reschedule on which the kicker holds nothing; or one was denied (SCX_EV_SUB_KICK_DENIED) although every kick under way held what it needs.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'preempt-needs-cap',
    title: 'A task of another subtree is preempted only with the preempt capability.',
    fn: 'kick_one_cpu, scx_resolve_local_dsq',
    needs: [['kick', 'dsq_link'], 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A preempting kick or insert of a scheduler took the slice of a task that belongs outside its subtree, on a CPU on which it lacks preempt.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'preempt-degrade',
    title: 'A preempting kick without the capability becomes a plain kick; a preempting insert is turned away.',
    fn: 'kick_one_cpu, scx_resolve_local_dsq',
    needs: [['kick', 'dsq_link'], 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A kick that may not preempt did not even make the CPU reschedule; or an insert that may not preempt was accepted.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'reenq-needs-base',
    title: 'A local re-enqueue runs only for a holder of the base capability, and only for tasks of its subtree.',
    fn: 'scx_bpf_dsq_reenq, reenq_local',
    needs: ['reenqueue', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning:
      'A re-enqueue that a sub-scheduler asked for ran on a CPU that it does not hold, or took tasks of somebody else.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
  capsRule({
    id: 'perf-needs-cap',
    title: 'A performance target is set exactly where the scheduler holds perf.',
    fn: 'scx_bpf_cidperf_set',
    needs: ['cidperf', 'sched_attach', 'cap_grant', 'cap_revoke', 'cap_sync'],
    meaning: 'scx_bpf_cidperf_set() took effect without the capability, or was refused in spite of it.',
    causes: ['a kernel bug'],
    avoid: 'Nothing that a scheduler can do: report it with the trace.',
  }),
];
