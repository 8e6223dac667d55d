// A task as the sched_ext core sees it. Whatever the trace has not shown is explicitly unknown.
import { TASK_IMMED, TASK_PROTECTED, TASK_QUEUED, TASK_STATE_SHIFT } from '../kernel/flags.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import { NEVER } from '../trace/time.ts';
import { U64 } from '../trace/u64.ts';
import type { TaskCaps } from './caps/task-caps.ts';
import type { Dsq } from './dsq.ts';
import { type Sched, type Tri, UNKNOWN } from './sched.ts';

/** Scheduling class of a task: `OTHER` is any class but ext. */
export const CLASS_UNKNOWN = 0;
export const CLASS_EXT = 1;
export const CLASS_OTHER = 2;

/** Where a task executes. */
export const NOT_RUNNING = -1;
export const RUNNING_UNKNOWN = -2;

/** Whether the core is moving a task is not known. */
export const HOLDER_UNKNOWN = -2;

/** One change of a task's affinity. */
export interface MaskChange {
  /** Mask before; undefined while unknown. */
  readonly before: CpuMask | undefined;
  after: CpuMask;
  readonly beginSeq: number;
  readonly beginTime: number;
  endSeq: number;
  endTime: number;
  /** End of the ops.enqueue that it led to; -1 none so far. */
  enqueueEndTime: number;
  /** The task was on a run queue: the change re-enqueues it. */
  readonly queued: boolean;
}

/** Changes kept per task. */
const MASK_CHANGES = 8;

/** A pending direct dispatch (p->scx.ddsp_*). */
export class DirectDispatch {
  active = false;
  /** Whether it is active is certain: its making or its end was seen. */
  known = false;
  readonly dsqId = new U64();
  readonly enqFlags = new U64();
  readonly slice = new U64();
  readonly vtime = new U64();
  /** Its destination was recorded. */
  dsqKnown = false;
  /** Its slice was recorded, and its vtime. */
  valuesKnown = false;
  vtimeKnown = false;
  /** Ordinal and time of the insert that recorded it. */
  seq = -1;
  time = NEVER;
  /** Waiting on the deferred list of its rq for a remote local DSQ. */
  deferred = false;

  clear(): void {
    this.active = false;
    this.known = true;
    this.deferred = false;
    this.seq = -1;
  }
}

export class Task {
  /** It changes when a thread that is not the leader calls execve. */
  pid: number;
  /** Command name, '' while unknown. */
  comm = '';
  cls = CLASS_UNKNOWN;
  /** Owner; undefined while unknown or none. */
  sched: Sched | undefined;
  /** It exists: false once dead, so that a reused pid starts afresh. */
  alive = true;
  /** It called do_exit(). */
  exiting = false;
  /** Process that it belongs to; -1 unknown. */
  tgid = -1;
  /** Leader whose pid it took in an execve that has not been recorded yet. */
  tookPidOf: Task | undefined;
  /** Event at which its life began in the trace; -1: it was there before, or its beginning was not recorded. */
  bornSeq = -1;
  /** Instance that initialises it right now. */
  initSched: Sched | undefined;
  initFork = false;

  // Affinity.
  readonly cpus = new CpuMask();
  maskKnown = false;
  /** It was told by the header, for a moment before the trace begins. */
  maskAssumed = false;
  /** Only the first so many bits of the mask are known; 0: all. */
  maskBits = 0;
  /** The last changes of the mask that the trace shows, oldest first, and whether older ones were dropped. */
  readonly maskChanges: MaskChange[] = [];
  maskChangesDropped = false;
  /** The mask is being changed right now (between begin and end). */
  maskChanging = false;
  /** Mask that the change under way was asked to bring into effect; undefined none or not known. */
  maskRequested: CpuMask | undefined;
  /**
   * The core owes the task a move off its CPU, which the mask no longer allows. NO once an affinity change, a migration or
   * a switch to it has shown that there is none.
   */
  migrationPending: Tri = UNKNOWN;
  /** Last event that may have changed where it can run. */
  eligibilitySeq = -1;
  /** p->migration_disabled; -1 unknown. */
  migrationDisabled = -1;

  // What the core keeps in p->scx.
  /** p->scx.flags as last seen, and whether it was. */
  flags = 0;
  flagsKnown = false;
  /** Bits of `flags` that a call under way changes: `flags` has them as they are after it. */
  openFlags = 0;
  readonly slice = new U64();
  sliceKnown = false;
  readonly vtime = new U64();
  vtimeKnown = false;
  /** 0 while unknown. */
  weight = 0;
  /** It was seen in the trace, not only told by the header. */
  weightSeen = false;
  /** p->scx.ops_state. */
  readonly opsState = new U64();
  opsStateKnown = false;
  readonly ddsp = new DirectDispatch();
  /** p->scx.holding_cpu: CPU that is moving the task to itself, -1 none, or HOLDER_UNKNOWN. */
  holdingCpu = HOLDER_UNKNOWN;
  /** Event at which the last ops.select_cpu() began; -1 not seen. */
  selectSeq = -1;
  /** sched_waking came and the wakeup has not reached the run queue; sched_wakeup has to come before it runs. */
  waking: Tri = UNKNOWN;
  wakeupDue: Tri = UNKNOWN;
  wakeSeq = -1;
  /** Life-cycle state by the last task_state event, as in p->scx.flags; -1 unknown. */
  lifeState = -1;
  /** ops.init_task() and ops.enable() are under way. */
  initOpen: Tri = UNKNOWN;
  enableOpen: Tri = UNKNOWN;
  reenqCount = -1;

  // Queues.
  /** DSQ it is on, null for none, undefined while unknown. */
  dsq: Dsq | null | undefined;
  dsqPrev: Task | undefined;
  dsqNext: Task | undefined;
  onPriq = false;
  /** Counter of links at which it was put on its DSQ; orders it against the beginning of a consumption. */
  linkStamp = 0;
  linkSeq = -1;
  linkTime = NEVER;
  /** CPU that executed the link, and whether the event carried the insertion counter of the DSQ. */
  linkedBy = -1;
  linkCounted = false;

  // Running.
  /** Between ops.running() and ops.stopping(). */
  running: Tri = UNKNOWN;
  /** CPU that it executes on, or NOT_RUNNING, RUNNING_UNKNOWN. */
  onCpu = RUNNING_UNKNOWN;
  /** Run queue that it is assigned to (task_cpu); -1 unknown. */
  taskCpu = -1;
  /** It was told by the header, or is a guess: seeing another one contradicts nothing. */
  taskCpuAssumed = false;
  /** Forked and not woken yet: its CPU is chosen then, without an event. */
  unplaced = false;
  runSeq = -1;
  runTime = NEVER;

  // Waiting: the basis of the watchdog.
  /** On the runnable list of its rq: runnable and not running (Tri). */
  waiting: Tri = UNKNOWN;
  /** Time of p->scx.runnable_at; -1 unknown. It survives dequeues. */
  runnableAt = NEVER;
  runnableAtSeq = -1;
  /** Time at which it was appended to the runnable list. */
  listedAt = NEVER;

  // Custody: the BPF scheduler owes a decision.
  /** Ordinal and time of the ops.enqueue that gave it to the scheduler; -1 when it is not in custody. */
  custodySeq = -1;
  custodyTime = NEVER;
  /** What took the task back last, or dispatched it, and when; '' nothing seen. */
  takenBy = '';
  takenSeq = -1;
  takenTime = NEVER;
  /** IN_CUSTODY: the scheduler is owed an ops.dequeue() (7.1+). */
  inCustody: Tri = UNKNOWN;
  inCustodySeq = -1;
  /** ops_dequeue() has begun and dispatch_dequeue() has not come: a dispatcher that had claimed it may still put it on a DSQ. */
  beingDequeued = false;
  /** The last round of ops.enqueue() ended with a direct dispatch to a terminal DSQ. */
  dispatchedDirectly = false;
  /** Ordinal of the last ops.enqueue that ended, and its time. */
  enqueueEndSeq = -1;
  enqueueEndTime = NEVER;
  /** Ordinal and time of the last insert that named it, and the beginning of the callback that made it. */
  insertSeq = -1;
  insertTime = NEVER;
  insertCallbackSeq = -1;
  insertCallbackTime = NEVER;
  /** It was made in ops.select_cpu() or ops.enqueue() of the task itself, whose locks keep its mask as it is. */
  insertHoldsMask = false;

  /** What capability delegation knows of it; undefined while there are no sub-schedulers. */
  caps: TaskCaps | undefined;

  constructor(pid: number) {
    this.pid = pid;
  }

  get isQueued(): boolean {
    return (this.flags & TASK_QUEUED) !== 0;
  }

  get isProtected(): boolean {
    return (this.flags & TASK_PROTECTED) !== 0;
  }

  get isImmed(): boolean {
    return (this.flags & TASK_IMMED) !== 0;
  }

  /** Low two bits of ops_state, -1 while unknown. */
  get opsPhase(): number {
    return this.opsStateKnown ? this.opsState.lo & 3 : -1;
  }

  /** It has surely left sched_ext, or is not there yet; `enabled` is the number of that life-cycle state. */
  isSurelyNot(enabled: number): boolean {
    return this.cls === CLASS_OTHER || (this.lifeState >= 0 && this.lifeState !== enabled << TASK_STATE_SHIFT);
  }

  /** `comm[pid]`, as the kernel writes it. */
  get label(): string {
    return `${this.comm === '' ? '?' : this.comm}[${this.pid}]`;
  }

  /** May it run on `cpu`: 1 yes, 0 no, -1 unknown. */
  allows(cpu: number): number {
    if (!this.maskKnown || (this.maskBits > 0 && cpu >= this.maskBits)) return -1;
    return this.cpus.has(cpu) ? 1 : 0;
  }

  /** Stores a mask that an event carries; `bits` as in `cpus_bits`. */
  learnMask(mask: CpuMask, bits: number): void {
    if (!this.maskKnown || this.maskBits !== bits || !this.cpus.equals(mask)) this.cpus.copy(mask);
    this.maskKnown = true;
    this.maskAssumed = false;
    this.maskBits = bits;
  }

  /** A change of the mask begins: `maskChanges` gets an entry, `after` is still the mask before. */
  beginMaskChange(seq: number, time: number, queued: boolean): void {
    if (this.maskChanges.length >= MASK_CHANGES) {
      this.maskChanges.shift();
      this.maskChangesDropped = true;
    }
    const before = this.maskKnown ? this.cpus.clone() : undefined;
    this.maskChanges.push({
      before,
      after: this.cpus.clone(),
      beginSeq: seq,
      beginTime: time,
      endSeq: -1,
      endTime: NEVER,
      enqueueEndTime: NEVER,
      queued,
    });
    this.maskChanging = true;
  }

  /** The change that is under way ends with the mask in effect. */
  endMaskChange(seq: number, time: number): void {
    const change = this.maskChanges.at(-1);
    if (change !== undefined) {
      change.after = this.cpus.clone();
      change.endSeq = seq;
      change.endTime = time;
    }
    this.maskChanging = false;
  }

  setSlice(hi: number, lo: number): void {
    this.slice.set(hi, lo);
    this.sliceKnown = true;
  }

  setVtime(hi: number, lo: number): void {
    this.vtime.set(hi, lo);
    this.vtimeKnown = true;
  }

  setOpsState(hi: number, lo: number): void {
    this.opsState.set(hi, lo);
    this.opsStateKnown = true;
  }

  setInCustody(value: Tri, seq: number): void {
    this.inCustody = value;
    this.inCustodySeq = seq;
  }

  setFlags(flags: number): void {
    this.flags = flags;
    this.flagsKnown = true;
  }

  /** A call begins that sets and clears bits of `flags` somewhere inside. */
  openFlag(set: number, clear: number): void {
    this.flags = (this.flags | set) & ~clear;
    this.openFlags |= set | clear;
  }

  /** Everything that may have changed unseen becomes unknown; identity stays. */
  forget(): void {
    this.caps = undefined;
    this.cls = CLASS_UNKNOWN;
    this.sched = undefined;
    // Members of a DSQ are forgotten with it; a task that was on none may be on one now.
    if (this.dsq === null) this.dsq = undefined;
    this.maskKnown = false;
    this.maskChanges.length = 0;
    this.maskChangesDropped = true;
    this.maskChanging = false;
    this.maskRequested = undefined;
    this.migrationPending = UNKNOWN;
    this.migrationDisabled = -1;
    this.flagsKnown = false;
    this.openFlags = 0;
    this.sliceKnown = false;
    this.vtimeKnown = false;
    this.weight = 0;
    this.weightSeen = false;
    this.opsStateKnown = false;
    this.ddsp.clear();
    this.holdingCpu = HOLDER_UNKNOWN;
    this.beingDequeued = false;
    this.ddsp.known = false;
    this.selectSeq = -1;
    this.waking = UNKNOWN;
    this.wakeupDue = UNKNOWN;
    this.lifeState = -1;
    this.initOpen = UNKNOWN;
    this.enableOpen = UNKNOWN;
    this.reenqCount = -1;
    this.running = UNKNOWN;
    this.onCpu = RUNNING_UNKNOWN;
    this.taskCpu = -1;
    this.waiting = UNKNOWN;
    this.runnableAt = -1;
    this.runnableAtSeq = -1;
    this.custodySeq = -1;
    this.custodyTime = -1;
    this.enqueueEndSeq = -1;
    this.enqueueEndTime = -1;
    this.insertSeq = -1;
    this.insertTime = -1;
    this.insertCallbackSeq = -1;
    this.insertCallbackTime = -1;
    this.takenBy = '';
    this.takenSeq = -1;
    this.takenTime = -1;
    this.inCustody = UNKNOWN;
    this.inCustodySeq = -1;
    this.dispatchedDirectly = false;
  }
}
