// What one scheduler instance holds on each cid: literal, effective and reported capabilities, pending notifications.
import { CpuMask } from '../../trace/cpu-mask.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import { CELL_EMPTY, CELL_FULL, CELL_UNKNOWN, type Cell } from './cell.ts';

/** What changed a literal set last. */
export const WRITER_NONE = 0;
export const WRITER_GRANT = 1;
export const WRITER_REVOKE = 2;
/** Learnt from a query, a snapshot, or a fold. */
export const WRITER_EVIDENCE = 3;

/** Literal capabilities on one cid. */
export class CidCaps {
  literal: Cell;
  writer = WRITER_NONE;
  /** Event of the last change; -1 none. */
  writeSeq = -1;
  /** Capabilities that the last grant naming this cid refused, and its event. */
  refused = 0;
  refusedSeq = -1;

  constructor(literal: Cell) {
    this.literal = literal;
  }
}

/** Effective capabilities on one CPU. */
export class CpuCapsOf {
  effective: Cell;
  /** As last reported through ops.sub_ecaps_updated(). */
  reported: Cell;
  /** Event of the last fold, the last evidence, the last evidence or fold that decided the value; -1 none. */
  foldSeq = -1;
  seenSeq = -1;
  /** Value before the last fold. */
  beforeFold: Cell = CELL_UNKNOWN;
  /** The last fold took some of what an insertion needs: bits, event, and pick in which it happened. */
  lost = 0;
  lossSeq = -1;
  lossPass = -1;
  /** The scan that the loss asks for was dropped because the root was bypassing. */
  scanDropped = false;
  /** CPU offline since this event zeroed the set; -1: it was not, or has folded since. */
  zeroedSeq = -1;
  /** It left bypass on this CPU with something unreported: event; -1 nothing is owed. */
  replaySeq = -1;
  /** ops.update_idle() is owed (the idle_renotify marker). */
  marker: Tri;
  /** Last idle state told, and whether the telling was interrupted by a loss of the capability or bypass. */
  idleTold: Tri = UNKNOWN;

  constructor(cell: Cell, marker: Tri) {
    this.effective = cell;
    this.reported = cell;
    this.marker = marker;
  }
}

/** Undelivered changes of one shard, and deliveries that are under way. */
export class ShardNotice {
  readonly cids = new CpuMask();
  caps = 0;
  /** Number of changes recorded since the last delivery, first and last of them. */
  records = 0;
  firstSeq = -1;
  lastSeq = -1;
  /** Everything recorded is known; otherwise `cids` and `caps` are lower bounds. */
  complete = true;
  /** Cids and caps that may have been recorded as well. */
  readonly mayCids = new CpuMask();
  mayCaps = 0;
  /** CPU on which the callback runs; -1 none. */
  deliveringOn = -1;
  deliverySeq = -1;

  /** Delivered: nothing is pending any more, and that is certain. */
  clear(): void {
    this.cids.clear();
    this.caps = 0;
    this.mayCids.clear();
    this.mayCaps = 0;
    this.records = 0;
    this.firstSeq = -1;
    this.lastSeq = -1;
    this.complete = true;
  }
}

export class SchedCaps {
  readonly sched: Sched;
  /** Its creation is in the trace: what has not been seen granted is certainly absent. */
  born: boolean;
  readonly isRoot: boolean;
  /** Callbacks that it implements; undefined: not known. */
  ops: ReadonlySet<string> | undefined;
  /** It is known whether it is cid-form. */
  formKnown = false;
  /** Callbacks that have been seen being called. */
  readonly opsSeen = new Set<string>();
  /** Callbacks that would have been seen if there were any. */
  readonly opsAbsent = new Set<string>();
  /** CPUs on which it was told of capabilities after its exit was claimed. */
  readonly toldAfterClaim = new Set<number>();
  /** has_op is set: callbacks other than init, sub_attach of the parent, and exit may be called. */
  live: Tri = UNKNOWN;
  /** ops.sub_attach() of the parent accepted it. */
  attached: Tri = UNKNOWN;
  /** Event at which a revoke that reaches it ended last; -1 none. */
  revokedSeq = -1;
  /** Every change of what it holds was seen, since it was made. */
  changesKnown: boolean;
  /** A grant has reached it. */
  granted = false;
  /** Instances are done with: their capabilities keep their last values. */
  dead = false;
  /** Local re-enqueues that it has asked for and that have not run: did it hold the base capability at any request? */
  readonly reenqAsked = new Map<number, Tri>();
  /** Milestones of its life, by event; -1 not seen. */
  initSeq = -1;
  attachSeq = -1;
  enabledSeq = -1;
  unlinkSeq = -1;
  detachSeq = -1;
  exitSeq = -1;
  /** A claim of an exit of its own was begun: event; -1 none. */
  ownExitSeq = -1;
  /** Kill request that must have ended it: event; -1 none. */
  killSeq = -1;

  /** Whether it was granted something is not recorded. */
  readonly blind: boolean;
  readonly #cids: CidCaps[] = [];
  readonly #cpus: CpuCapsOf[] = [];
  readonly #shards: ShardNotice[] = [];

  constructor(sched: Sched, born: boolean, isRoot: boolean, blind = false) {
    this.blind = blind;
    this.sched = sched;
    this.born = born;
    this.isRoot = isRoot;
    this.changesKnown = born && !blind;
    if (born) {
      this.live = NO;
      this.attached = NO;
    }
  }

  /** What it holds where nothing has been seen. */
  get #initial(): Cell {
    if (this.isRoot) return CELL_FULL;
    return this.born && !this.blind ? CELL_EMPTY : CELL_UNKNOWN;
  }

  cid(cid: number): CidCaps {
    let entry = this.#cids[cid];
    if (entry === undefined) {
      entry = new CidCaps(this.#initial);
      this.#cids[cid] = entry;
    }
    return entry;
  }

  cpu(cpu: number): CpuCapsOf {
    let entry = this.#cpus[cpu];
    if (entry === undefined) {
      entry = new CpuCapsOf(this.#initial, this.born && !this.blind ? NO : UNKNOWN);
      this.#cpus[cpu] = entry;
    }
    return entry;
  }

  shard(index: number): ShardNotice {
    let entry = this.#shards[index];
    if (entry === undefined) {
      entry = new ShardNotice();
      entry.complete = this.changesKnown;
      this.#shards[index] = entry;
    }
    return entry;
  }

  /** Shards with an entry. */
  *shards(): Generator<readonly [number, ShardNotice]> {
    for (const [index, notice] of this.#shards.entries()) if (notice !== undefined) yield [index, notice];
  }

  /** Effective set on a CPU. */
  ecaps(cpu: number): Cell {
    return this.cpu(cpu).effective;
  }

  /** Does it implement a callback? */
  hasOp(name: string): Tri {
    if (this.opsSeen.has(name)) return YES;
    if (this.ops === undefined) return this.opsAbsent.has(name) ? NO : UNKNOWN;
    return this.ops.has(name) ? YES : NO;
  }

  /** It may have to be told of changes that nobody has seen. */
  forgetNotices(): void {
    this.changesKnown = false;
    for (const notice of this.#shards) if (notice !== undefined) notice.complete = false;
  }

  /** What it holds may have changed unseen. */
  forgetSets(): void {
    this.changesKnown = false;
    this.#cids.length = 0;
    this.#cpus.length = 0;
    this.#shards.length = 0;
  }

  /** What may have changed unseen becomes unknown. */
  forget(): void {
    this.born = false;
    this.forgetSets();
    if (this.live !== YES) this.live = UNKNOWN;
    if (this.attached !== YES) this.attached = UNKNOWN;
  }
}
