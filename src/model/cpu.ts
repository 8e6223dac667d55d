// A CPU: its run queue, and what the kernel code that executes on it is in the middle of.
import { SLOT, type TraceEvent } from '../trace/event.ts';
import { NEVER, TIME_ZERO } from '../trace/time.ts';
import { U64 } from '../trace/u64.ts';
import { EVENT_TYPES, KIND } from '../trace/vocabulary/index.ts';
import type { LbPass } from './bypass-lb.ts';
import { CodePath } from './code-path.ts';
import type { Dsq } from './dsq.ts';
import { InsertCall } from './insert-call.ts';
import { type Sched, type Tri, UNKNOWN } from './sched.ts';
import type { Task } from './task.ts';

const { slice: SLICE, vtime: VTIME } = SLOT;

/** Which callback of the BPF scheduler runs on a CPU: decides what an insert means there. */
export const OP_NONE = 0;
export const OP_SELECT_CPU = 1;
export const OP_ENQUEUE = 2;
export const OP_DISPATCH = 3;

/** No ext task is set running on a run queue, or it is not known. */
export const RUN_NONE = -1;
export const RUN_UNKNOWN = -2;

/** Kinds with which a section of scheduler code can begin. */
const SECTION = new Uint8Array(EVENT_TYPES.length);
for (const type of ['pick', 'dequeue', 'stop', 'run', 'update_curr'] as const) SECTION[KIND[type]] = 1;

/** Kinds that do not occur inside a pass of the load balancer: they show that it is over. */
const OUTSIDE_LB = new Uint8Array(EVENT_TYPES.length);
for (const type of ['pick', 'consume', 'switch', 'enqueue', 'dequeue', 'ops_enqueue', 'run', 'stop'] as const)
  OUTSIDE_LB[KIND[type]] = 1;

/** A verdict in the dispatch buffer of a CPU (struct scx_dsp_buf_ent). */
export class BufferedVerdict {
  task: Task | undefined;
  sched: Sched | undefined;
  readonly dsqId = new U64();
  dsqKnown = false;
  readonly enqFlags = new U64();
  /** ops_state of the task when the verdict was recorded, and whether it was seen. */
  readonly opsState = new U64();
  opsStateKnown = false;
  readonly slice = new U64();
  readonly vtime = new U64();
  /** The slice was recorded, and the vtime. */
  valuesKnown = false;
  vtimeKnown = false;
  /** The task was in the scheduler's hands when it was inserted (Tri). */
  given: Tri = UNKNOWN;
  seq = -1;
  time = NEVER;
  /** Beginning of the callback that made the decision. */
  callbackSeq = -1;
  callbackTime = NEVER;
}

/** What a call of scx_dispatch_enqueue() says the link will be. */
export class Linking {
  task: Task | undefined;
  seq = -1;
  readonly dsqAddr = new U64();
  readonly dsqId = new U64();
  readonly slice = new U64();
  readonly vtime = new U64();
  readonly enqFlags = new U64();
  /** The slice was recorded, and the vtime. */
  valuesKnown = false;
  vtimeKnown = false;

  begin(event: TraceEvent, task: Task): void {
    this.task = task;
    this.seq = event.seq;
    this.dsqAddr.set(event.dsq_addr_hi, event.dsq_addr_lo);
    this.dsqId.set(event.dsq_hi, event.dsq_lo);
    this.slice.set(event.slice_hi, event.slice_lo);
    this.vtime.set(event.vtime_hi, event.vtime_lo);
    this.enqFlags.set(event.enq_flags_hi, event.enq_flags_lo);
    this.valuesKnown = event.hasSlot(SLICE);
    this.vtimeKnown = event.hasSlot(VTIME);
  }

  end(): void {
    this.task = undefined;
    this.seq = -1;
  }
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

  /** Pass of the load balancer of bypass mode, once its timer fired here. */
  lbPass: LbPass | undefined;

  /** The kernel code that executes here. */
  readonly path = new CodePath();

  /** Result of the last pick: a task, null for none; undefined unknown. */
  picked: Task | null | undefined;
  pickedSeq = -1;
  /** Ext task between ops.running() and ops.stopping() on this run queue: pid, RUN_NONE or RUN_UNKNOWN. */
  runPid = RUN_UNKNOWN;
  runSeq = -1;
  readonly pick = new PickState();
  /** Run queue for which the kernel code that executes here picks; -1 none, or not known. */
  pickRq = -1;
  pickSeq = -1;
  readonly consume = new ConsumeState();

  /** Callback that runs here, its task, and how many inserts it has made. */
  op = OP_NONE;
  opTask: Task | undefined;
  opInserts = 0;
  /** Call of scx_bpf_dsq_reenq() here, which looks up its DSQ next; -1 none. */
  reenqKfuncSeq = -1;
  /** The last scx_bpf_dsq_move() here, and the task that it moves. */
  moveSeq = -1;
  moveTask: Task | undefined;
  /** The task had a direct dispatch when ops.enqueue() was due. */
  opDirect: Tri = UNKNOWN;
  opSeq = -1;
  opTime = NEVER;
  /** Beginning of the dispatch inside which another callback runs (a remote move enqueues); -1 none. */
  #outerSeq = -1;
  #outerTime = NEVER;

  readonly insertCall = new InsertCall();

  /** Dispatch buffer; `bufferLength` entries are in use, and their number is certain when `bufferKnown`. */
  readonly buffer: BufferedVerdict[] = [];
  bufferLength = 0;
  bufferKnown = false;
  /** Next entry of the flush that is under way; -1 none. */
  flushIndex = -1;
  /** Entry whose claim succeeded last in this flush, or that is being finished. */
  claimed: BufferedVerdict | undefined;
  /** The last look-up of a destination failed (Tri). */
  destinationFailed: Tri = UNKNOWN;
  /** Task whose direct dispatch is being carried out. */
  direct: Task | undefined;
  /** Task that is being dispatched to a local DSQ and whose link is still to come. */
  toLocal: Task | undefined;
  /** Call of scx_dispatch_enqueue() under way: task, and what has to arrive on the DSQ. */
  readonly linking = new Linking();

  /** Task that this CPU is dequeuing from a DSQ whose lock it may still be waiting for. */
  dequeuing: Task | undefined;
  dequeuingSeq = -1;
  /** DSQ that it has to come off; undefined none, or not known. */
  dequeuingDsq: Dsq | undefined;
  /** Task that goes from a shared DSQ to the local DSQ of its own run queue. */
  movingLocal: Task | undefined;

  /** Last switch on this CPU; -1 none since the start or the last loss. */
  switchSeq = -1;
  switchTime = NEVER;
  /** The last event executed here, and the one before; -1 none since the start or the last loss. */
  lastSeq = -1;
  priorSeq = -1;
  lastMoment = -1;
  lastPid = -1;
  lastRq = -1;
  /** Number of events executed here. */
  seen = 0;
  lastTime = TIME_ZERO;
  /** The section of scheduler code that executes here read the clock of its run queue after this time. */
  entryTime = TIME_ZERO;
  inSection = false;

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

  /** Follows the sections of scheduler code: each reads the clock once, when it begins. */
  noteTime(event: TraceEvent): void {
    const { kind } = event;
    if (kind === KIND.tick || (!this.inSection && SECTION[kind] === 1)) {
      this.entryTime = this.lastTime;
      this.inSection = true;
    } else if (kind === KIND.switch) this.inSection = false;
    if (this.lbPass?.active === true && OUTSIDE_LB[kind] === 1) this.lbPass.end();
    this.priorSeq = this.lastSeq;
    this.lastSeq = event.seq;
    this.lastMoment = event.moment;
    this.lastPid = event.pid;
    this.lastRq = event.rq;
    this.seen++;
    this.lastTime = event.t;
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
    this.path.forget();
    this.lbPass?.end();
    this.currPid = -1;
    this.curr = undefined;
    this.online = UNKNOWN;
    this.active = UNKNOWN;
    this.runPid = RUN_UNKNOWN;
    this.picked = undefined;
    this.pick.active = false;
    this.pickRq = -1;
    this.lastSeq = -1;
    this.priorSeq = -1;
    this.consume.active = false;
    this.op = OP_NONE;
    this.opTask = undefined;
    this.#outerSeq = -1;
    this.bufferLength = 0;
    this.bufferKnown = false;
    this.flushIndex = -1;
    this.claimed = undefined;
    this.toLocal = undefined;
    this.dequeuing = undefined;
    this.movingLocal = undefined;
    this.direct = undefined;
    this.linking.end();
    this.insertCall.forget();
    this.destinationFailed = UNKNOWN;
    this.switchSeq = -1;
  }
}
