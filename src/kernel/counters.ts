// The event counters (SCX_EV_*): in which releases they exist, when they count, and what a count says.
import type { Release } from './release.ts';

export interface EventCounter {
  readonly name: string;
  readonly since: Release;
  readonly until?: Release;
  /** When the kernel adds to it. */
  readonly raised: string;
  /** What a count tells about the scheduler. */
  readonly tells: string;
  /**
   * What a count other than 0 is: `normal` in the life of a healthy scheduler; `doubtful`: the core overrode a decision of
   * the scheduler, or refused one.
   */
  readonly count: 'normal' | 'doubtful';
  /** The value is a time in ns. */
  readonly ns?: true;
}

/** In the order in which 7.3 prints them; those of other releases stand where they stood. */
export const EVENT_COUNTERS: readonly EventCounter[] = [
  {
    name: 'SCX_EV_SELECT_CPU_FALLBACK',
    since: '6.15',
    raised: 'a task was enqueued on another CPU than the one that was selected for it',
    tells: 'ops.select_cpu() chose a CPU that the task may not use or that is offline, or the task was moved meanwhile',
    count: 'normal',
  },
  {
    name: 'SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE',
    since: '6.15',
    raised: 'a task was dispatched to the local DSQ of a CPU that is not online; it went to the global DSQ',
    tells: 'the scheduler does not follow hotplug: it still dispatches to CPUs that are gone',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_DISPATCH_KEEP_LAST',
    since: '6.15',
    raised: 'a CPU kept its task because there was nothing else to run',
    tells:
      'ordinary on CPUs with one task; while tasks wait elsewhere it means that the scheduler did not hand them out',
    count: 'normal',
  },
  {
    name: 'SCX_EV_ENQ_SKIP_EXITING',
    since: '6.15',
    raised: 'an exiting task went to the local DSQ without ops.enqueue()',
    tells: 'ordinary unless the scheduler sets SCX_OPS_ENQ_EXITING',
    count: 'normal',
  },
  {
    name: 'SCX_EV_ENQ_SKIP_MIGRATION_DISABLED',
    since: '6.15',
    raised: 'a migration-disabled task went to the local DSQ without ops.enqueue()',
    tells: 'ordinary unless the scheduler sets SCX_OPS_ENQ_MIGRATION_DISABLED',
    count: 'normal',
  },
  {
    name: 'SCX_EV_REENQ_IMMED',
    since: '7.1',
    raised: 'a task that had to run at once was taken back from a local DSQ, because the CPU was not free',
    tells: 'SCX_ENQ_IMMED was used for CPUs that were busy',
    count: 'normal',
  },
  {
    name: 'SCX_EV_REENQ_REPEAT',
    since: '7.3',
    raised: 'a task was re-enqueued for at least the second time since it last ran',
    tells: 'the scheduler repeats a placement that cannot be honoured; the 257th re-enqueue of one task ends it',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_REENQ_LOCAL_REPEAT',
    since: '7.1',
    until: '7.2',
    raised: 'a re-enqueue of a local DSQ went round again',
    tells: 'the scheduler puts re-enqueued tasks back where they were taken from; more than 256 rounds end it',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_REFILL_SLICE_DFL',
    since: '6.16',
    raised: 'a task got the default slice from the core',
    tells: 'ordinary for shortcuts, for tasks that keep their CPU and without ops.select_cpu()',
    count: 'normal',
  },
  {
    name: 'SCX_EV_ENQ_SLICE_DFL',
    since: '6.15',
    until: '6.15',
    raised: 'a task got the default slice from the core at an enqueue',
    tells: 'ordinary; later releases call it SCX_EV_REFILL_SLICE_DFL',
    count: 'normal',
  },
  {
    name: 'SCX_EV_SLICE_CLAMPED',
    since: '7.3',
    raised:
      'a slice set from outside the run queue of the task was too long to be stored (2^43 - 1 ns) and was shortened',
    tells: 'use SCX_SLICE_INF for slices without end',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_SLICE_DENIED',
    since: '7.3',
    raised: 'a change of a slice was refused',
    tells: 'the task is protected by a rescue, or the sub-scheduler holds no capability to extend slices on that CPU',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_BYPASS_DURATION',
    since: '6.15',
    raised: 'bypass mode ended',
    tells: 'time spent in bypass; 0 while the first period still lasts',
    count: 'normal',
    ns: true,
  },
  {
    name: 'SCX_EV_BYPASS_DISPATCH',
    since: '6.15',
    raised: 'a task was enqueued, or a CPU was selected, in bypass mode',
    tells: 'ordinary around load, unload and suspend',
    count: 'normal',
  },
  {
    name: 'SCX_EV_BYPASS_ACTIVATE',
    since: '6.15',
    raised: 'bypass mode began',
    tells: 'once at the load; more often when the machine was suspended or sub-schedulers came and went',
    count: 'normal',
  },
  {
    name: 'SCX_EV_INSERT_NOT_OWNED',
    since: '7.1',
    raised: 'an insert named a task of another scheduler, and was dropped',
    tells: 'ordinary only for moments around the attaching of a sub-scheduler',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_SUB_BYPASS_DISPATCH',
    since: '7.1',
    raised: 'a task of a sub-scheduler in bypass was run by its host',
    tells: 'ordinary while a sub-scheduler is attached or leaves',
    count: 'normal',
  },
  {
    name: 'SCX_EV_SUB_FORCED_ADMIT',
    since: '7.3',
    raised: 'a task was put on a local DSQ without the capability for it, because it could not go anywhere else',
    tells: 'ordinary for migration-disabled tasks and around hotplug',
    count: 'normal',
  },
  {
    name: 'SCX_EV_SUB_PREEMPT_DENIED',
    since: '7.3',
    raised: 'a preempting kick was carried out without the preemption',
    tells: 'the sub-scheduler holds no capability to preempt the task of another one on that CPU',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_SUB_KICK_DENIED',
    since: '7.3',
    raised: 'a kick was not carried out',
    tells: 'the sub-scheduler holds no capability on that CPU',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_SUB_REENQ_DENIED',
    since: '7.3',
    raised: 'a request to re-enqueue a local DSQ was dropped',
    tells: 'the sub-scheduler holds no capability on that CPU',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_SUB_CIDPERF_DENIED',
    since: '7.3',
    raised: 'setting the performance level of a cid was refused',
    tells: 'the sub-scheduler holds no capability for it on that CPU',
    count: 'doubtful',
  },
  {
    name: 'SCX_EV_SUB_RESCUE',
    since: '7.3',
    raised: 'an insert went to the rescue DSQ',
    tells: 'the sub-scheduler dispatches to CPUs on which it holds no capability, and asks for rescue',
    count: 'normal',
  },
];

const BY_NAME: ReadonlyMap<string, EventCounter> = new Map(EVENT_COUNTERS.map((counter) => [counter.name, counter]));

/** Undefined for a counter that this program does not know. */
export function eventCounter(name: string): EventCounter | undefined {
  return BY_NAME.get(name);
}
