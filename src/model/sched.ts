// A scheduler instance: what it is, whether it bypasses, and how it ends.
import { NEVER } from '../trace/time.ts';
import { U64 } from '../trace/u64.ts';
import type { Dsq } from './dsq.ts';
import { U64Table } from './u64-table.ts';

/** Three-valued facts: certain, certainly not, not known. */
export const NO = 0;
export const YES = 1;
export const UNKNOWN = -1;
export type Tri = typeof NO | typeof YES | typeof UNKNOWN;

export interface ExitState {
  kind: number;
  code: bigint;
  exitCpu: number;
  /** Format string of the error site that won, '' when none was seen. */
  fmt: string;
  /** The kernel's formatted message; undefined until it is recorded. */
  message: string | undefined;
  claimSeq: number;
  claimTime: number;
  /** CPU that claimed it; -1 unknown. */
  claimCpu: number;
}

export class Sched {
  /** Instance id (7.3) or address. */
  readonly id: U64;
  /** Order of appearance, for output. */
  readonly index: number;
  name = '';
  /** Depth in the tree; see `levelKnown`. */
  level = 0;
  /** The level was told or follows from the tree. Otherwise level 0 says nothing, and any other that it is a sub-scheduler. */
  levelKnown = false;
  parent: Sched | undefined;
  readonly children: Sched[] = [];
  /** Low half of ops.flags; see `opsFlagsKnown`. */
  opsFlags = 0;
  opsFlagsKnown = false;
  /** It has been seen to insert from ops.select_cpu(): it has that callback. */
  insertsInSelect = false;
  /** Dispatch buffer length; 0 unknown. */
  maxBatch = 0;
  /** ops.timeout_ms (0: the default), and whether it was seen. */
  timeoutMs = 0;
  timeoutKnown = false;
  /** Watchdog timeout, jiffies; 0 unknown. */
  watchdogJiffies = 0;
  cgroup = new U64();
  path = '';
  cidForm = false;

  /** User DSQs by id. */
  readonly userDsqs = new U64Table<Dsq>();
  /** All its user DSQs were seen being made: absence of one is certain. */
  dsqsKnown = false;

  /** It was seen to write the vtime of queued tasks without a kfunc, or nobody would have seen it: the order of its vtime DSQs cannot be followed. */
  writesVtimeSilently = false;

  /** Known bypass depth; -1 unknown. */
  bypassDepth = -1;
  /** Event of the last switch; -1 none seen. */
  bypassSeq = -1;
  bypassTime = NEVER;
  /** Bypassing on each CPU (Tri); CPUs beyond the end have `bypassDefault`. */
  readonly bypassing: Tri[] = [];
  bypassDefault: Tri = UNKNOWN;

  /** An exit was claimed here or above: shared DSQs may no longer be consumed. */
  aborting = false;
  /** The claim is under way (its entry was seen, its end not yet). */
  claiming = false;
  /** A claim may lie in what the trace does not show: before its beginning, or in a loss. */
  mayAbort = true;
  exit: ExitState | undefined;
  /** The first error site that was reached for it; kind 0: none. */
  errorFmt = '';
  errorKind = 0;
  errorSeq = -1;
  errorTime = NEVER;
  errorCpu = -1;
  /** Exit message as the debug dump shows it. */
  dumpMessage: string | undefined;
  /** Event that shows its making; -1: it was there before the trace, or that was not recorded. */
  sinceSeq = -1;
  linked = false;
  linkSeq = -1;
  /** Unlinked or disabled. */
  gone = false;
  /** Number of GLOBAL DSQs initialised so far: they come in node order. */
  globalDsqs = 0;
  /** Bypass DSQs by CPU: they are initialised in the order of CPUs. */
  readonly bypassDsqs: (Dsq | undefined)[] = [];

  constructor(idHi: number, idLo: number, index: number) {
    this.id = new U64(idHi, idLo);
    this.index = index;
  }

  /** It is certainly a root scheduler. */
  get isRoot(): boolean {
    return this.level === 0 && this.levelKnown;
  }

  get label(): string {
    const name = this.name === '' ? '?' : this.name;
    return this.path === '' || this.path === '/' ? name : `${name} (${this.path})`;
  }

  /** Is it bypassing on `cpu`? */
  isBypassing(cpu: number): Tri {
    return this.bypassing[cpu] ?? this.bypassDefault;
  }

  setBypassing(cpu: number, value: Tri): void {
    while (this.bypassing.length <= cpu) this.bypassing.push(this.bypassDefault);
    this.bypassing[cpu] = value;
  }

  setBypassingEverywhere(value: Tri): void {
    this.bypassing.length = 0;
    this.bypassDefault = value;
  }

  /** What may have changed unseen becomes unknown. */
  forget(): void {
    this.dsqsKnown = false;
    this.bypassDepth = -1;
    this.setBypassingEverywhere(UNKNOWN);
    this.mayAbort = true;
  }

  /** This instance and everything below it. */
  *subtree(): Generator<Sched> {
    yield this;
    for (const child of this.children) yield* child.subtree();
  }
}

/** As far as the levels tell: may an instance whose parent is not known lie below another one? */
export function mayLieBelow(sched: Sched, above: Sched): boolean {
  return !sched.levelKnown || !above.levelKnown || sched.level > above.level;
}
