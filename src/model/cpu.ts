// A CPU: its run queue, and what the kernel code that executes on it is in the middle of.
import { U64 } from '../trace/u64.ts';
import type { Dsq } from './dsq.ts';
import { type Sched, type Tri, UNKNOWN } from './sched.ts';
import type { Task } from './task.ts';

/** Which callback of the BPF scheduler runs on a CPU: decides what an insert means there. */
export const OP_NONE = 0;
export const OP_SELECT_CPU = 1;
export const OP_ENQUEUE = 2;
export const OP_DISPATCH = 3;

/** A verdict in the dispatch buffer of a CPU (struct scx_dsp_buf_ent). */
export class BufferedVerdict {
  task: Task | undefined;
  sched: Sched | undefined;
  readonly dsqId = new U64();
  readonly enqFlags = new U64();
  /** ops_state of the task when the verdict was recorded, and whether it was seen. */
  readonly opsState = new U64();
  opsStateKnown = false;
  seq = -1;
  time = -1;
  /** Beginning of the callback that made the decision. */
  callbackSeq = -1;
  callbackTime = -1;
}

/** A pick that is under way. */
export class PickState {
  active = false;
  beginSeq = -1;
  /** Task that was running when it began; undefined unknown. */
  prev: Task | undefined;
  prevKnown = false;
  /** That task is a runnable ext task. */
  prevQueued = false;
  prevQueuedKnown = false;
  /** The slice of prev was charged inside the pick: `prev.slice` is what the kernel tests. */
  charged = false;
  /** ops.dispatch() and consumption were reached. */
  sawConsume = false;
  sawFlush = false;
  /** Locks were dropped inside: another class may have come in. */
  sawUnlock = false;
}

/** A consumption that is under way. */
export class ConsumeState {
  active = false;
  beginSeq = -1;
  dsq: Dsq | undefined;
  /** Links up to this stamp were there when it began. */
  stamp = 0;
  /** Task it has unlinked and not lost again. */
  taken: Task | undefined;
  /** A task was unlinked and lost to a dequeue: the walk starts over. */
  lostRace = false;
  /** Scheduler on whose behalf it consumes. */
  sched: Sched | undefined;
  /** Worst outcome of the takes so far (PREDICTED, UNDECIDED, MISPREDICTED of step.ts). */
  outcome = 0;
}

export class Cpu {
  readonly id: number;
  node = -1;
  /** Current task: pid, -1 unknown. */
  currPid = -1;
  curr: Task | undefined;
  /** rq->scx.flags ONLINE, and cpu_active(). */
  online: Tri = UNKNOWN;
  active: Tri = UNKNOWN;
  /** Event at which either last changed. */
  onlineSeq = -1;
  local: Dsq | undefined;

  /** Result of the last pick: a task, null for none; undefined unknown. */
  picked: Task | null | undefined;
  pickedSeq = -1;
  readonly pick = new PickState();
  readonly consume = new ConsumeState();

  /** Callback that runs here, its task, and how many inserts it has made. */
  op = OP_NONE;
  opTask: Task | undefined;
  opInserts = 0;
  opSeq = -1;
  opTime = -1;
  /** Beginning of the dispatch inside which another callback runs (a remote move enqueues); -1 none. */
  #outerSeq = -1;
  #outerTime = -1;

  /** Dispatch buffer; `bufferLength` entries are in use, and their number is certain when `bufferKnown`. */
  readonly buffer: BufferedVerdict[] = [];
  bufferLength = 0;
  bufferKnown = false;
  /** Next entry of the flush that is under way; -1 none. */
  flushIndex = -1;
  /** Entry whose claim succeeded last in this flush. */
  claimed: BufferedVerdict | undefined;

  /** Task that this CPU is dequeuing from a DSQ whose lock it may still be waiting for. */
  dequeuing: Task | undefined;
  /** Begin of the scx_dispatch_enqueue() that is under way; -1 none. */
  enqueueCallSeq = -1;

  /** Last switch on this CPU; -1 none since the start or the last loss. */
  switchSeq = -1;
  switchTime = -1;
  /** Last event executed here. */
  lastSeq = -1;
  lastTime = -1;

  constructor(id: number) {
    this.id = id;
  }

  /** scx_rq_online(): ONLINE and cpu_active(). */
  get isRqOnline(): Tri {
    if (this.online === 0 || this.active === 0) return 0;
    return this.online === 1 && this.active === 1 ? 1 : UNKNOWN;
  }

  /** A callback begins here; `task` is the one that it may dispatch directly. */
  enterOp(op: number, task: Task | undefined, seq: number, time: number): void {
    if (this.op === OP_DISPATCH && op !== OP_DISPATCH) {
      this.#outerSeq = this.opSeq;
      this.#outerTime = this.opTime;
    }
    this.op = op;
    this.opTask = task;
    this.opInserts = 0;
    this.opSeq = seq;
    this.opTime = time;
  }

  /** The callback ends; the dispatch around it, if any, goes on. */
  leaveOp(): void {
    const nested = this.op !== OP_DISPATCH && this.#outerSeq >= 0;
    this.op = nested ? OP_DISPATCH : OP_NONE;
    this.opTask = undefined;
    if (!nested) return;
    this.opSeq = this.#outerSeq;
    this.opTime = this.#outerTime;
    this.#outerSeq = -1;
  }

  /** A dispatch begins: each one flushes what it has inserted, so the buffer is empty. */
  enterDispatch(seq: number, time: number): void {
    this.#outerSeq = -1;
    this.enterOp(OP_DISPATCH, undefined, seq, time);
    this.bufferLength = 0;
    this.bufferKnown = true;
  }

  /** The next free entry of the dispatch buffer. */
  nextVerdict(): BufferedVerdict {
    let entry = this.buffer[this.bufferLength];
    if (entry === undefined) {
      entry = new BufferedVerdict();
      this.buffer.push(entry);
    }
    this.bufferLength++;
    return entry;
  }

  /** What may have changed unseen becomes unknown. */
  forget(): void {
    this.currPid = -1;
    this.curr = undefined;
    this.online = UNKNOWN;
    this.active = UNKNOWN;
    this.picked = undefined;
    this.pick.active = false;
    this.consume.active = false;
    this.op = OP_NONE;
    this.opTask = undefined;
    this.#outerSeq = -1;
    this.bufferLength = 0;
    this.bufferKnown = false;
    this.flushIndex = -1;
    this.claimed = undefined;
    this.dequeuing = undefined;
    this.enqueueCallSeq = -1;
    this.switchSeq = -1;
  }
}
