// The state document: the model at one moment as plain data. Its shape is a contract; null always means "not known".
import type { ExactNumber } from '../findings/result.ts';

export const STATE_SCHEMA = 'scx-check/state@1';

/** Certainly nothing, as opposed to null: not known. */
export type None = 'none';

/** An event by its ordinal in the trace, with its time (ns of the trace's clock). */
export interface Moment {
  readonly event: number;
  readonly ts: ExactNumber;
}

/** A task by pid, with its name where that is known. */
export interface TaskRef {
  readonly pid: number;
  readonly comm: string | null;
}

/** What is known of a task itself. Every value can be followed from event to event. */
export type TaskFacts = {
  readonly pid: number;
  readonly comm: string | null;
  /** The trace has not shown its death. */
  readonly alive: boolean;
  readonly class: 'ext' | 'other' | null;
  /** Scheduler instance that owns it. */
  readonly sched: ExactNumber | null;
  /** Life-cycle state in sched_ext. */
  readonly state: string | null;
  /** Effective affinity as a cpulist; `cpus_bits`: only the first so many CPUs of it were recorded, null all. */
  readonly cpus: string | null;
  readonly cpus_bits: number | null;
  readonly migration_disabled: number | null;
  /** The core owes it a move off a CPU that its mask no longer allows. */
  readonly migration_pending: boolean | null;
  /** CPU that it executes on. */
  readonly on_cpu: number | None | null;
  /** Run queue that it is assigned to. */
  readonly task_cpu: number | null;
  /** When it was last set to run. */
  readonly ran: Moment | null;
  /** Runnable and not running; `waiting_since` is the kernel's p->scx.runnable_at, the basis of the watchdog. */
  readonly waiting: boolean | null;
  readonly waiting_since: Moment | null;
  /** DSQ that it is on, the scheduler that the DSQ belongs to, and the event that put it there. */
  readonly dsq: string | None | null;
  readonly dsq_sched: ExactNumber | null;
  readonly linked: Moment | null;
  /** It is ordered by vtime on its DSQ. */
  readonly by_vtime: boolean | null;
  /** p->scx.slice as last recorded, ns. */
  readonly slice: ExactNumber | 'inf' | null;
  /** p->scx.dsq_vtime as last recorded. */
  readonly vtime: ExactNumber | null;
  readonly weight: number | null;
  /** Names of the bits of p->scx.flags as last recorded. */
  readonly flags: string | null;
  /** p->scx.ops_state: who has it between ops.enqueue() and a DSQ, and in which round. */
  readonly ops_state: string | null;
  readonly qseq: ExactNumber | null;
  /** The BPF scheduler took it at this event and owes a decision. */
  readonly custody: Moment | None | null;
  /** The core owes the scheduler an ops.dequeue() for it (IN_CUSTODY, 7.1+). */
  readonly in_custody: boolean | null;
  /** What took it back from the scheduler last, or dispatched it, and when; null: nothing has been seen. */
  readonly taken_by: string | null;
  readonly taken: Moment | null;
  /** DSQ of a pending direct dispatch (p->scx.ddsp_dsq_id). */
  readonly direct_dispatch: string | None | null;
  /** CPU that carries it between two locks. */
  readonly holding_cpu: number | None | null;
  /** Re-enqueues since it last ran. */
  readonly reenq_cnt: number | null;
  /** CPU on whose reject DSQ it is for want of these capabilities, or on whose rescue DSQ; null: on none that is known. */
  readonly rejected_on: number | null;
  readonly missing_caps: string | null;
  readonly parked_on: number | null;
};

/** A verdict in the dispatch buffer of a CPU. */
export interface VerdictView {
  /** CPU whose buffer holds it. */
  readonly cpu: number;
  readonly task: TaskRef | null;
  readonly sched: ExactNumber | null;
  readonly dsq: string;
  readonly inserted: Moment;
  /** Round (qseq) of the task when the verdict was made. */
  readonly qseq: ExactNumber | null;
  /** The claim would succeed now: the task is still in the round that the verdict was made for. */
  readonly fresh: boolean | null;
}

export interface MaskChangeView {
  readonly before: string | null;
  readonly after: string;
  readonly begin: Moment;
  /** Null while the change is under way. */
  readonly end: Moment | null;
  /** The task was on a run queue: it was taken off and enqueued again. */
  readonly queued: boolean;
}

/**
 * Where a task is, in one word. `scheduler`: held by the BPF side; `dispatch`: claimed from there by a dispatch; `deferred`:
 * a direct dispatch to another CPU waits; `transit`: between two locks; `off`: not runnable; `nowhere`: runnable, and on
 * no queue that the kernel or the scheduler serves.
 */
export type Place =
  | 'running'
  | 'dsq'
  | 'scheduler'
  | 'dispatch'
  | 'enqueue'
  | 'deferred'
  | 'transit'
  | 'off'
  | 'dead'
  | 'nowhere'
  | null;

export type TaskView = TaskFacts & {
  readonly place: Place;
  /** Position on its DSQ from 1, null while members ahead of it may be unknown; and the length of that DSQ. */
  readonly dsq_position: number | null;
  readonly dsq_nr: number | null;
  /** How long it has been waiting at this moment, ns. */
  readonly waited_ns: number | null;
  /** Verdicts about it in dispatch buffers. */
  readonly verdicts: readonly VerdictView[];
  /** The last changes of its affinity, oldest first. */
  readonly mask_changes: readonly MaskChangeView[];
  /** The last insert that named it. */
  readonly last_insert: Moment | null;
};

/** What is known of a DSQ itself. */
export type DsqFacts = {
  readonly name: string;
  readonly destroyed: boolean;
  readonly order: 'fifo' | 'vtime' | None | null;
  /** Number of tasks on it, and how many of them the trace has not named. */
  readonly nr: number | null;
  readonly unknown: number | null;
  /** dsq->seq, the insertion counter. */
  readonly seq: number | null;
  /** Known members in dispatch order, by pid. */
  readonly tasks: readonly number[];
};

export interface DsqMember extends TaskRef {
  readonly vtime: ExactNumber | null;
  readonly slice: ExactNumber | 'inf' | null;
  readonly linked: Moment | null;
  readonly waited_ns: number | null;
  readonly task_cpu: number | null;
  readonly cpus: string | null;
}

export type DsqView = DsqFacts & {
  /** 64-bit id in hexadecimal. */
  readonly id: string;
  readonly sched: ExactNumber | null;
  readonly cpu: number | null;
  readonly node: number | null;
  /** Event that created it, or first showed it. */
  readonly first_event: number | null;
  readonly members: readonly DsqMember[];
};

/** What is known of a CPU itself. */
export type CpuFacts = {
  readonly cpu: number;
  readonly online: boolean | null;
  readonly active: boolean | null;
  /** pid of the current task, 0 for the idle task. */
  readonly curr: number | null;
  readonly curr_since: Moment | null;
  /** pid that the last pick chose. */
  readonly picked: number | None | null;
  /** Event that began the pick that is under way. */
  readonly picking_event: number | None | null;
  /** Callback of the BPF scheduler that runs here, and the task that it is about. */
  readonly callback: string | None | null;
  readonly callback_task: number | null;
  readonly callback_since: Moment | null;
  /** DSQ from which it is taking a task right now. */
  readonly consuming: string | None | null;
  readonly local_unknown: number | null;
  /** Known members of the local DSQ in order, by pid. */
  readonly local: readonly number[];
  readonly buffer_known: boolean;
  /** Verdicts in the dispatch buffer in order: `pid → dsq`. */
  readonly buffer: readonly string[];
};

export type CpuView = CpuFacts & {
  readonly node: number | null;
  readonly curr_task: TaskRef | None | null;
  readonly picked_task: TaskRef | None | null;
  readonly callback_of: TaskRef | null;
  readonly local_dsq: DsqView;
  /** The verdict that the flush under way claimed last. */
  readonly flushing: Omit<VerdictView, 'fresh'> | null;
  readonly verdicts: readonly VerdictView[];
  /** Tasks assigned to it that wait. */
  readonly waiting: number;
  /** Tasks of its run queue with a direct dispatch to another CPU, not carried out yet. */
  readonly deferred: readonly TaskRef[];
  /** Schedulers that bypass here; `bypass_unknown`: those for which that is not known. */
  readonly bypass: readonly ExactNumber[];
  readonly bypass_unknown: readonly ExactNumber[];
  /** What each scheduler holds here; empty where no hierarchy is known. */
  readonly caps: readonly CpuCapsView[];
  /** Task that is being rescued here. */
  readonly rescuing: TaskRef | None | null;
};

/** Capabilities of a scheduler on a CPU, bits that may be there with a question mark: `enq_immed|enq?`. */
export interface CpuCapsView {
  readonly sched: ExactNumber;
  readonly effective: string;
  /** As last told by ops.sub_ecaps_updated(). */
  readonly reported: string;
  /** A change waits to take effect here. */
  readonly sync_waits: boolean | null;
}

/** The same capabilities on several CPUs or cids. */
export interface CapsSpan {
  readonly caps: string;
  /** cpulist, or list of cids. */
  readonly on: string;
}

export interface SchedCapsView {
  /** By cid, as granted and revoked. */
  readonly literal: readonly CapsSpan[];
  /** By CPU, as the core goes by them. */
  readonly effective: readonly CapsSpan[];
  /** CPUs on which a change waits to take effect. */
  readonly sync_waits: string;
}

export interface SchedExitView {
  readonly kind: number;
  readonly reason: string;
  readonly code: ExactNumber;
  readonly message: string | null;
  readonly claimed: Moment;
}

export interface SchedView {
  readonly id: ExactNumber;
  readonly name: string | null;
  readonly path: string | null;
  readonly level: number;
  readonly parent: ExactNumber | null;
  readonly children: readonly ExactNumber[];
  /** It is the root scheduler that is loaded. */
  readonly root: boolean | null;
  readonly gone: boolean;
  /** Event that linked it into the tree. */
  readonly linked_event: number | null;
  /** It has been made, and not linked yet. */
  readonly loading: boolean;
  readonly ops_flags: string | null;
  readonly cid_form: boolean;
  readonly max_batch: number | null;
  readonly timeout_ns: number | null;
  readonly bypass_depth: number | null;
  /** CPUs on which it bypasses, and CPUs for which that is not known, as cpulists. */
  readonly bypassing: string;
  readonly bypassing_unknown: string;
  /** Tasks on its bypass DSQs; null while the length of one is not known. */
  readonly bypass_queued: number | null;
  /** What it holds in a hierarchy of schedulers; null where none is known. */
  readonly caps: SchedCapsView | null;
  /** An exit was claimed here or above. */
  readonly aborting: boolean | null;
  readonly exit: SchedExitView | None | null;
  /** Format string of the first error site that was reached for it. */
  readonly first_error: { readonly fmt: string; readonly at: Moment } | null;
  readonly user_dsqs: readonly string[];
  /** All its user DSQs were seen being made. */
  readonly user_dsqs_known: boolean;
  readonly tasks: { readonly all: number; readonly running: number; readonly waiting: number; readonly held: number };
}

/** An event in words. */
export interface EventView extends Moment {
  readonly cpu: number;
  readonly type: string;
  readonly position: string;
  readonly text: string;
}

export interface TraceView {
  readonly path: string;
  readonly format: string;
  readonly kernel: string | null;
}

export interface StateDocument {
  readonly schema: typeof STATE_SCHEMA;
  readonly trace: TraceView;
  /** `after` or `before` an event; `start`: before the first. */
  readonly when: 'after' | 'before' | 'start';
  readonly event: EventView | null;
  /** Present when several events have the position that was asked for: this is the first of them. */
  readonly ambiguous?: true;
  /** Events that lead there, on the same CPU or about the same subject, in order. */
  readonly context: readonly EventView[];
  /** A loss of records: whatever was known before it is forgotten. */
  readonly known_since: Moment | null;
  /** What was asked for; null: everything. */
  readonly selection: Selection | null;
  readonly schedulers: readonly SchedView[];
  readonly cpus: readonly CpuView[];
  readonly dsqs: readonly DsqView[];
  readonly tasks: readonly TaskView[];
  /** Present when the input could only be read in part. */
  readonly incomplete?: { readonly error: string };
}

export interface Selection {
  readonly pids: readonly number[];
  readonly cpus: readonly number[];
  readonly dsqs: readonly string[];
  readonly scheds: readonly string[];
}
