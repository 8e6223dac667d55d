// A grant or a revoke that is under way on a CPU.
import { CpuMask } from '../../trace/cpu-mask.ts';
import { U64 } from '../../trace/u64.ts';
import { mayLieBelow, NO, type Sched, type Tri, UNKNOWN } from '../sched.ts';
import type { Cell } from './cell.ts';

export const CALL_GRANT = 0;
export const CALL_REVOKE = 1;

/** A sync of (scheduler, cid) that the call must queue. */
export interface ExpectedSync {
  readonly sched: Sched;
  readonly cid: number;
  /** It follows from what is known; otherwise it may be queued. */
  readonly certain: boolean;
  /** Literal set before the change. */
  readonly before: Cell;
  seen: boolean;
}

export class DelegationCall {
  readonly kind: number;
  /** CPU that executes it. */
  readonly cpu: number;
  readonly beginSeq: number;
  readonly beginTime: number;
  /** Scheduler of the calling program; undefined unknown. */
  caller: Sched | undefined;
  /** Linked scheduler of the cgroup that is named, and whether there is one. */
  target: Sched | undefined;
  targetLinked: Tri = UNKNOWN;
  readonly cgroup = new U64();
  /** Capabilities asked for: the low half (bits that exist lie there), and whether others are set. */
  caps = 0;
  readonly capsFull = new U64();
  readonly cids = new CpuMask();
  /** Membership is not known from this cid on; -1: it is known throughout. */
  cidsKnownTo = -1;
  /** denied_out as it was passed; undefined: none, or not recorded. */
  deniedBefore: CpuMask | undefined;
  deniedGiven: Tri = UNKNOWN;
  /** Error site that the preamble ends in; '' none. */
  error = '';
  /** An error was reached on this CPU while the call was under way. */
  errorSeen = false;
  /** Shards whose changes are in effect. */
  readonly applied = new Set<number>();
  readonly expected: ExpectedSync[] = [];
  /** A queue event of this call was seen. */
  queuesSeen = false;
  /** Calls on other CPUs that were under way at the same time. */
  readonly overlaps: DelegationCall[] = [];

  constructor(kind: number, cpu: number, seq: number, time: number) {
    this.kind = kind;
    this.cpu = cpu;
    this.beginSeq = seq;
    this.beginTime = time;
  }

  get isGrant(): boolean {
    return this.kind === CALL_GRANT;
  }

  /** Is the cid named: undefined when the mask was recorded only in part. */
  names(cid: number): boolean | undefined {
    if (this.cidsKnownTo >= 0 && cid >= this.cidsKnownTo) return undefined;
    return this.cids.has(cid);
  }

  /** Could the call change the literal set of the scheduler? */
  mayChange(sched: Sched): boolean {
    if (this.error !== '') return false;
    if (this.target === undefined) return this.targetLinked !== NO;
    if (this.isGrant) return this.target === sched;
    for (let at = sched; at !== this.target; at = at.parent) {
      // Whoever is not placed in the tree may be below it.
      if (at.parent === undefined) return !at.isRoot && mayLieBelow(at, this.target);
    }
    return true;
  }
}
