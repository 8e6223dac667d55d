// The records of wprof's JSON: their shape as far as it is used, and what each becomes.
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import type { EventName } from '../../trace/recorded.ts';
import { highHalf, lowHalf } from '../../trace/u64.ts';
import { KIND } from '../../trace/vocabulary/index.ts';

export interface WprofTask {
  /** Absent for idle tasks. */
  readonly tid?: number;
  readonly pid: number;
  readonly comm?: string;
}

/** One line behind the header; only what is used. */
export interface WprofRecord {
  readonly ts: number;
  readonly t: string;
  readonly cpu?: number;
  readonly task?: WprofTask;
  readonly prev?: WprofTask;
  readonly next?: WprofTask;
  readonly prev_state?: string;
  readonly waker?: WprofTask;
  readonly wakee?: WprofTask;
  readonly child?: WprofTask;
  readonly filename?: string;
  readonly old_tid?: number;
  readonly start_ts?: number;
  readonly insert_type?: string;
  readonly layer_id?: number;
}

/** States as bits of sched_switch; what is none of the runnable ones is some sleep. */
const STATES: Readonly<Record<string, number>> = {
  runnable: 0,
  preempted: 0x100,
  interruptible_sleep: 1,
  uninterruptible_sleep: 2,
  stopped: 4,
  traced: 8,
  exit_dead: 0x10,
  exit_zombie: 0x20,
  parked: 0x40,
  idle: 0x80,
};
const OTHER_STATE = 2;

/** What records become, for saying what was recorded. */
export const BECOMES: Readonly<Record<string, readonly EventName[]>> = {
  switch: ['switch'],
  waking: ['wakeup', 'wakeup:waking'],
  wakeup_new: ['wakeup', 'wakeup:new'],
  fork: ['fork', 'fork:new'],
  exec: ['exec'],
  task_rename: ['rename'],
  task_exit: ['exit'],
  scx_dsq: ['insert', 'insert:kfunc', 'cell'],
};

/** The pid of a task, as the kernel has it: idle tasks are 0. */
export function pidOf(task: WprofTask | undefined): number {
  return task === undefined ? -1 : (task.tid ?? 0);
}

/**
 * Fills `event` from a record of another type than `scx_dsq`; false when it becomes none. `newComm` tells whether a name
 * is news.
 */
export function fillEvent(
  record: WprofRecord,
  event: TraceEvent,
  newComm: (pid: number, comm: string) => boolean,
): boolean {
  const { task, prev, next, wakee, child } = record;
  const name = (
    slot: typeof SLOT.comm | typeof SLOT.prev_comm | typeof SLOT.next_comm | typeof SLOT.parent_comm,
    of: WprofTask | undefined,
  ): void => {
    const pid = pidOf(of);
    const comm = of?.comm?.slice(0, 15) ?? '';
    if (pid > 0 && comm !== '' && newComm(pid, comm)) event.setString(slot, comm);
  };
  switch (record.t) {
    case 'switch':
      if (prev === undefined || next === undefined) return false;
      event.begin(KIND.switch);
      event.prev = pidOf(prev);
      event.next = pidOf(next);
      if (record.prev_state !== undefined) event.prev_state = STATES[record.prev_state] ?? OTHER_STATE;
      name(SLOT.prev_comm, prev);
      name(SLOT.next_comm, next);
      return true;
    case 'waking':
    case 'wakeup_new':
      if (pidOf(wakee) <= 0) return false;
      event.begin(KIND.wakeup);
      event.setString(SLOT.step, record.t === 'waking' ? 'waking' : 'new');
      event.pid = pidOf(wakee);
      name(SLOT.comm, wakee);
      return true;
    case 'fork':
      if (pidOf(child) <= 0) return false;
      event.begin(KIND.fork);
      event.setString(SLOT.step, 'new');
      event.pid = pidOf(child);
      if (pidOf(task) > 0) event.parent = pidOf(task);
      name(SLOT.comm, child);
      name(SLOT.parent_comm, task);
      return true;
    case 'exec':
      if (pidOf(task) <= 0) return false;
      event.begin(KIND.exec);
      event.pid = pidOf(task);
      event.old_pid = record.old_tid ?? pidOf(task);
      if (record.filename !== undefined) event.filename = record.filename;
      return true;
    case 'task_rename':
      if (pidOf(task) <= 0) return false;
      event.begin(KIND.rename);
      event.pid = pidOf(task);
      name(SLOT.comm, task);
      return true;
    case 'task_exit':
      if (pidOf(task) <= 0) return false;
      event.begin(KIND.exit);
      event.pid = pidOf(task);
      name(SLOT.comm, task);
      return true;
    default:
      return false;
  }
}

/** The insertion with which a `scx_dsq` record begins: scx_bpf_dsq_insert*() was entered. */
export function fillInsert(record: WprofRecord, dsq: bigint, event: TraceEvent): boolean {
  const type = record.insert_type ?? '';
  // Moves are recorded, too, but not from where.
  if (pidOf(record.task) <= 0 || !/insert|dispatch/i.test(type) || /move|from_dsq/i.test(type)) return false;
  event.begin(KIND.insert);
  event.setString(SLOT.step, 'kfunc');
  event.setString(SLOT.phase, 'begin');
  event.pid = pidOf(record.task);
  event.setWide(SLOT.dsq, highHalf(dsq), lowHalf(dsq));
  if (/vtime/i.test(type)) event.priq = true;
  return true;
}

/** The layer of scx_layered that the task of a `scx_dsq` record is in. */
export function fillLayer(record: WprofRecord, event: TraceEvent): boolean {
  const { layer_id: layer } = record;
  if (layer === undefined || layer < 0 || pidOf(record.task) <= 0) return false;
  event.begin(KIND.cell);
  event.cell = layer;
  event.pid = pidOf(record.task);
  return true;
}
