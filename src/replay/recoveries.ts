// What the core recovered from silently, counted: dropped verdicts by reason, and the situations that its counters name.
import { type DropReason, describeDrop } from '../model/drop.ts';
import type { Step } from '../model/step.ts';
import type { TraceEvent } from '../trace/event.ts';
import { KIND } from '../trace/vocabulary/index.ts';

export interface Recovery {
  readonly id: string;
  /** When it happens, and what the core does. */
  readonly meaning: string;
  /** Where a trace shows it; '' nowhere. */
  readonly seen: string;
}

/** Every situation in which the core goes on without an error although it did not do what was asked for. */
export const RECOVERIES: readonly Recovery[] = [
  {
    id: 'drop-not-queued',
    meaning: 'a verdict names a task that the scheduler does not have (any more); it is dropped',
    seen: 'flush, find_dsq',
  },
  {
    id: 'drop-stale-qseq',
    meaning: 'the task was dequeued and enqueued again since the insert; the verdict is dropped',
    seen: 'flush, find_dsq',
  },
  {
    id: 'drop-lost-token',
    meaning: 'a dequeue won while locks were changed; the verdict is dropped',
    seen: 'dispatch_to_local, dsq_link',
  },
  {
    id: 'drop-not-owned',
    meaning: 'the task belongs to another scheduler; the verdict is dropped',
    seen: 'scx_event SCX_EV_INSERT_NOT_OWNED',
  },
  {
    id: 'drop-deferred-ddsp',
    meaning: 'the task of a deferred direct dispatch was dequeued; the verdict is dropped',
    seen: 'dequeue',
  },
  {
    id: 'offline-to-global',
    meaning: 'the target CPU is offline; the task goes to the global DSQ',
    seen: 'scx_event SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE',
  },
  {
    id: 'select-cpu-fallback',
    meaning: 'the core put the task on another CPU than was chosen',
    seen: 'scx_event SCX_EV_SELECT_CPU_FALLBACK',
  },
  {
    id: 'exiting-to-local',
    meaning: 'an exiting task goes to the local DSQ without ops.enqueue()',
    seen: 'scx_event SCX_EV_ENQ_SKIP_EXITING',
  },
  {
    id: 'migdis-to-local',
    meaning: 'a migration-disabled task goes to the local DSQ without ops.enqueue()',
    seen: 'scx_event SCX_EV_ENQ_SKIP_MIGRATION_DISABLED',
  },
  {
    id: 'offline-rq-to-local',
    meaning: 'the run queue is offline; the task goes to its local DSQ without ops.enqueue()',
    seen: '',
  },
  {
    id: 'no-enqueue-to-global',
    meaning: 'the scheduler has no ops.enqueue(); the task goes to the global DSQ',
    seen: '',
  },
  {
    id: 'bypass-enqueue',
    meaning: 'the scheduler bypasses; the core enqueues and selects CPUs by itself',
    seen: 'scx_event SCX_EV_BYPASS_DISPATCH',
  },
  {
    id: 'keep-last',
    meaning: 'there is nothing else to run: the previous task goes on with a new slice',
    seen: 'scx_event SCX_EV_DISPATCH_KEEP_LAST',
  },
  {
    id: 'slice-refill',
    meaning: 'a slice of 0 is refilled with the default',
    seen: 'scx_event SCX_EV_REFILL_SLICE_DFL',
  },
  { id: 'slice-floor', meaning: 'a task without a slice was inserted with slice 0; it gets 1 ns', seen: 'dsq_link' },
  {
    id: 'consume-skip',
    meaning: 'a task on a shared DSQ may not run on the consuming CPU; it is skipped',
    seen: 'can_run_remote',
  },
  {
    id: 'dispatch-loop-break',
    meaning: '32 rounds of ops.dispatch() brought nothing for this CPU; it kicks itself and goes on',
    seen: '',
  },
  {
    id: 'kick-suppressed',
    meaning: 'a kick is ignored: the caller bypasses, or the target is offline, busy or runs a higher class',
    seen: '',
  },
  { id: 'reenq-ignored', meaning: 'a re-enqueue is ignored while the scheduler bypasses', seen: '' },
  { id: 'move-aborting', meaning: 'the scheduler is being ended: moves fail, shared DSQs are not consumed', seen: '' },
  {
    id: 'slice-denied',
    meaning: 'a slice was not changed: it is protected, or the scheduler lacks the capability',
    seen: 'scx_event SCX_EV_SLICE_DENIED',
  },
];

const BY_COUNTER: ReadonlyMap<string, string> = new Map([
  ['SCX_EV_INSERT_NOT_OWNED', 'drop-not-owned'],
  ['SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE', 'offline-to-global'],
  ['SCX_EV_SELECT_CPU_FALLBACK', 'select-cpu-fallback'],
  ['SCX_EV_ENQ_SKIP_EXITING', 'exiting-to-local'],
  ['SCX_EV_ENQ_SKIP_MIGRATION_DISABLED', 'migdis-to-local'],
  ['SCX_EV_BYPASS_DISPATCH', 'bypass-enqueue'],
  ['SCX_EV_DISPATCH_KEEP_LAST', 'keep-last'],
  ['SCX_EV_REFILL_SLICE_DFL', 'slice-refill'],
  ['SCX_EV_ENQ_SLICE_DFL', 'slice-refill'],
  ['SCX_EV_SLICE_DENIED', 'slice-denied'],
]);

const BY_REASON: Readonly<Record<DropReason, string>> = {
  'never-given': 'drop-not-queued',
  'taken-back': 'drop-not-queued',
  'given-again': 'drop-stale-qseq',
  'token-lost': 'drop-lost-token',
  'deferred-cancelled': 'drop-deferred-ddsp',
  unknown: 'drop-not-queued',
};

/** Drops of each kind that are described in words. */
const EXAMPLES = 3;

export interface DropExample {
  readonly text: string;
  readonly t: number;
  /** Place of its event in the input: it needs no second look at the trace. */
  readonly cpu: number;
  readonly position: number;
}

export interface DropCount {
  count: number;
  /** The first of them in words, with their events. */
  readonly examples: DropExample[];
}

export class Recoveries {
  readonly counts = new Map<string, number>();
  /** Dropped verdicts by instance (index) and recovery. */
  readonly drops = new Map<number, Map<string, DropCount>>();

  observe(event: TraceEvent, step: Step): void {
    if (event.kind === KIND.scx_event) {
      const id = BY_COUNTER.get(event.name);
      if (id !== undefined) this.#add(id, Number(event.value('delta')));
    } else if (event.kind === KIND.can_run_remote && event.phase === 'end' && !event.enforce && event.ret === 0)
      this.#add('consume-skip', 1);
    for (const drop of step.drops) {
      const id = BY_REASON[drop.reason];
      this.#add(id, 1);
      const sched = drop.sched?.index ?? -1;
      const perSched = this.drops.get(sched) ?? new Map<string, DropCount>();
      this.drops.set(sched, perSched);
      const entry = perSched.get(id) ?? { count: 0, examples: [] };
      perSched.set(id, entry);
      entry.count++;
      if (entry.examples.length < EXAMPLES) {
        const { t, cpu, position } = event;
        entry.examples.push({ text: describeDrop(drop, t), t, cpu, position });
      }
    }
  }

  #add(id: string, n: number): void {
    this.counts.set(id, (this.counts.get(id) ?? 0) + n);
  }
}
