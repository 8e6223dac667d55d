// What one CPU has to do with capabilities: queued syncs, the fold, the scan, inserts under way, kicks, idle state, rescue.
import { U64 } from '../../trace/u64.ts';
import type { Dsq } from '../dsq.ts';
import { NO, type Sched, type Tri, UNKNOWN } from '../sched.ts';
import type { Task } from '../task.ts';
import type { DelegationCall } from './call.ts';

/** A sync of one scheduler that waits on a CPU. */
export interface PendingSync {
  readonly sched: Sched;
  readonly seq: number;
  readonly time: number;
}

export type FrameKind = 'pick' | 'sub_dispatch' | 'enqueue' | 'select' | 'ops' | 'call' | 'notify' | 'bypass' | 'scan';

/** Kernel code or callback that executes on a CPU. Records are reused. */
export class Frame {
  kind: FrameKind = 'pick';
  /** Scheduler whose program runs in it; undefined: none, or not known. */
  sched: Sched | undefined;
  seq = -1;
  /** Name of the callback, or ''. */
  op = '';
  call: DelegationCall | undefined;
  /** sub_dispatch: who called, who was named, whether it may run, and whether it was seen running. */
  caller: Sched | undefined;
  distant = false;
  target: Sched | undefined;
  /** Who was named is not known. */
  unnamed = false;
  allowed: Tri = UNKNOWN;
  ran = false;
}

/** An insertion on a local DSQ whose capability check comes next on this CPU. */
export class InsertRequest {
  active = false;
  task: Task | undefined;
  /** Owner or host that places, as the request names it; undefined unknown. */
  sched: Sched | undefined;
  /** Who is checked: the placer of a remote move, else `sched`. */
  placer: Sched | undefined;
  rq = -1;
  readonly flags = new U64();
  flagsKnown = false;
  /** The check itself was recorded: its verdict, and what it said. */
  resolved = false;
  seq = -1;
  /** Counters seen since the request. */
  forcedSeen = false;
  rescueSeen = false;
}

/** A kick that was asked for on this CPU and not carried out yet. */
export interface KickRequest {
  readonly sched: Sched;
  readonly target: number;
  flags: number;
  readonly seq: number;
}

export class CpuCaps {
  readonly id: number;

  // Queued syncs, newest first; the list is complete when `pendingKnown`.
  pending: PendingSync[] = [];
  pendingKnown = false;
  /** The fold under way: what it took, how far it is. */
  folding = false;
  batch: readonly PendingSync[] = [];
  batchNext = 0;
  /** The batch is all that there was. */
  batchKnown = false;
  foldSeq = -1;
  /** Scheduler whose entry was folded last and whose callback may follow. */
  reportDue: Sched | undefined;
  /** Capabilities that inserts need and that the fold took away. */
  foldLost = 0;
  /** Sync of the doorbell that must be rung next on this CPU (as the caller): CPU to kick, -1 none. */
  doorbell = -1;
  /** cid of the last sync that this CPU queued (-1 none), and its event. */
  queuedCid = -1;
  queuedSeq = -1;

  // Passes: picks and switches of the CPU.
  pass = 0;
  /** The pick that is under way has dispatched; it has folded. */
  pickSeq = -1;
  /** The last pick has to start over. */
  retried = false;
  pickDispatched = false;
  pickFolded = false;
  /** Passes that dispatched although a sync was waiting. */
  lateFolds = 0;
  /** The task picked last had no slice left before the pick. */
  pickedEmpty = false;

  // The scan of the local DSQ after a loss.
  scanOwedSeq = -1;
  scanOwedPass = -1;
  /** A CAP_REVOKE scan is under way: its begin; -1 none. */
  scanSeq = -1;
  /** Task that must give up the CPU because a scan found it without the capability, and since when. */
  evicted: Task | undefined;
  evictedSeq = -1;
  evictedPass = -1;

  // Inserts.
  readonly insert = new InsertRequest();
  /** Placer of the remote move under way on this CPU, and its task. */
  movePlacer: Sched | undefined;
  moveTask: Task | undefined;

  // Rejected tasks.
  reject: Dsq | undefined;
  rescue: Dsq | undefined;
  drainSeq = -1;

  kicks: KickRequest[] = [];
  /** Begin of the capability query under way; -1 none. */
  querySeq = -1;
  /** Begin of the scx_bpf_sub_kill() under way; -1 none. */
  killSeq = -1;
  /** Last error site reached on this CPU. */
  errorSeq = -1;
  errorFmt = '';
  errorSched: Sched | undefined;
  /** Kicks that the irq_work that ran last carries out. */
  delivering: KickRequest[] = [];
  deliveringKnown = false;
  /** cid of the scx_bpf_kick_cid() under way whose CPU is not known; -1 none. */
  kickedCid = -1;
  kickedSeq = -1;
  kicksKnown = false;

  // Idle.
  gateSub: Tri = UNKNOWN;
  gateRoot: Tri = UNKNOWN;
  idle: Tri = UNKNOWN;
  idleSeq = -1;
  /** Callbacks that the last idle event owes, in order. */
  owed: { readonly sched: Sched; readonly forced: boolean; readonly certain: boolean }[] = [];
  owedIdle = false;
  owedNotify = false;
  owedOpen = false;

  // Rescue.
  rescuee: Task | null | undefined;
  rescueSince = -1;
  rescueSliceNs = 0;
  rescueServedNs = 0;
  rescueSeq = -1;
  /** Times it was charged after its slice was used up. */
  rescueOverruns = 0;
  /** Upper bound of the budget at a time; -1 unknown. */
  budgetNs = -1;
  budgetTime = -1;
  lastEjectTime = -1;

  readonly #frames: Frame[] = [];
  #depth = 0;

  constructor(id: number) {
    this.id = id;
  }

  /** Is a sync of the scheduler queued, or in the part of a batch that is not folded yet? */
  awaits(sched: Sched): Tri {
    if (this.pending.some((entry) => entry.sched === sched)) return 1;
    if (this.folding) {
      for (let i = this.batchNext; i < this.batch.length; i++) if (this.batch[i]?.sched === sched) return 1;
    }
    return this.pendingKnown ? NO : UNKNOWN;
  }

  /** The scheduler is gone: its sync may leave the list unseen. */
  disown(sched: Sched): void {
    if (!this.pending.some((entry) => entry.sched === sched)) return;
    this.pending = this.pending.filter((entry) => entry.sched !== sched);
    this.pendingKnown = false;
  }

  push(kind: FrameKind, sched: Sched | undefined, seq: number, op = '', call?: DelegationCall): Frame {
    let frame = this.#frames[this.#depth];
    if (frame === undefined) {
      frame = new Frame();
      this.#frames.push(frame);
    }
    this.#depth++;
    frame.kind = kind;
    frame.sched = sched;
    frame.seq = seq;
    frame.op = op;
    frame.call = call;
    frame.caller = undefined;
    frame.distant = false;
    frame.target = undefined;
    frame.unnamed = false;
    frame.allowed = UNKNOWN;
    frame.ran = false;
    return frame;
  }

  /** Leaves the innermost frame of that kind and whatever is still open inside it. It stays readable until the next push. */
  pop(kind: FrameKind, op = ''): Frame | undefined {
    for (let i = this.#depth - 1; i >= 0; i--) {
      const frame = this.#frames[i];
      if (frame?.kind !== kind || (op !== '' && frame.op !== op)) continue;
      this.#depth = i;
      return frame;
    }
    return undefined;
  }

  /** Innermost frame of that kind. */
  innermost(kind: FrameKind): Frame | undefined {
    for (let i = this.#depth - 1; i >= 0; i--) if (this.#frames[i]?.kind === kind) return this.#frames[i];
    return undefined;
  }

  /** Innermost frame of all. */
  get top(): Frame | undefined {
    return this.#depth === 0 ? undefined : this.#frames[this.#depth - 1];
  }

  /** Nothing runs here that could have begun before. */
  clearFrames(): void {
    this.#depth = 0;
  }

  /** Syncs, and what follows from a fold, may have come and gone unseen. */
  forgetSyncs(): void {
    this.pending = [];
    this.pendingKnown = false;
    this.folding = false;
    this.batch = [];
    this.batchNext = 0;
    this.foldLost = 0;
    this.reportDue = undefined;
    this.doorbell = -1;
    this.lateFolds = 0;
    this.scanOwedSeq = -1;
    this.scanSeq = -1;
    this.evicted = undefined;
  }

  forget(): void {
    this.forgetSyncs();
    this.queuedCid = -1;
    this.pickSeq = -1;
    this.retried = false;
    this.insert.active = false;
    this.movePlacer = undefined;
    this.moveTask = undefined;
    this.drainSeq = -1;
    this.#depth = 0;
    this.kicks = [];
    this.delivering = [];
    this.deliveringKnown = false;
    this.kickedCid = -1;
    this.kicksKnown = false;
    this.gateSub = UNKNOWN;
    this.gateRoot = UNKNOWN;
    this.idle = UNKNOWN;
    this.idleSeq = -1;
    this.owed = [];
    this.owedOpen = false;
    this.rescuee = undefined;
    this.budgetNs = -1;
    this.budgetTime = -1;
    this.rescueSince = -1;
  }
}
