// The state of capability delegation: the tree, the cid space, what every instance holds where, calls under way.
import { CAP_BASE } from '../../kernel/caps.ts';
import { type CidLayout, CidTopologyError, defaultCidLayout } from '../../kernel/cid-layout.ts';
import type { CidOverride } from '../../kernel/cid-override.ts';
import { cidTopology } from '../../kernel/cid-topology.ts';
import type { RescueKnobs } from '../../kernel/rescue.ts';
import { CpuMask } from '../../trace/cpu-mask.ts';
import type { TraceHeader } from '../../trace/header.ts';
import { type EventName, isRecorded } from '../../trace/recorded.ts';
import type { Cpu } from '../cpu.ts';
import { NO, type Sched, type Tri, UNKNOWN, YES } from '../sched.ts';
import type { Task } from '../task.ts';
import type { DelegationCall } from './call.ts';
import { absentOf, hasAll, presentOf } from './cell.ts';
import { CpuCaps } from './cpu-caps.ts';
import { SchedCaps } from './sched-caps.ts';
import { TaskCaps } from './task-caps.ts';

/** Events without which nobody can follow what a scheduler holds. */
const CHANGES: readonly EventName[] = ['cap_grant', 'cap_revoke', 'cap_sync:queue', 'cap_sync:fold'];

export class CapsState {
  readonly header: TraceHeader;
  /** The recording leaves out changes: what a scheduler holds is known from no event to the next. */
  readonly blind: boolean;
  /** There is, or was, a sub-scheduler: until then nothing here changes anything. */
  active = false;
  /** Every instance that exists was seen being attached. */
  treeKnown = false;
  /** The layout, published in the trace or derived; undefined unknown. */
  layout: CidLayout | undefined;
  /** The layout was published in the trace. */
  layoutShown = false;
  /** The scheduler asked for another layout than the default. */
  overridden: Tri = NO;
  acceptedOverride: CidOverride | undefined;
  /** Event behind which everything that concerns the delegation has been seen. */
  knownSince = -1;
  /** An instance was attached, and it is not known which. */
  strangerCame = false;
  /** An instance left the tree, and it is not known which. */
  strangerLeft = false;
  /** An exit was claimed or reported, and it is not known whose. */
  strangerExited = false;
  /** Bypass toggles under way, by CPU, and those among them that met another one. */
  readonly toggles = { open: new Set<number>(), overlapped: new Set<number>() };
  /** Calls under way, on all CPUs. */
  readonly calls: DelegationCall[] = [];
  lastCallEndSeq = -1;
  /** An instance has left the tree. */
  anyUnlinked = false;
  /** Instance that is being enabled: allocated last. */
  enabling: Sched | undefined;
  enableSeq = -1;
  /** A sub-scheduler is being enabled. */
  enablesSub = false;
  /** Instance that is being disabled. */
  disabling: Sched | undefined;
  /** What the trace shows at all: these events occurred. */
  queuesShown = false;
  foldsShown = false;
  resolvesShown = false;
  notifiesShown = false;
  scansShown = false;
  subDispatchShown = false;
  bypassShown = false;
  opsShown = false;
  idleShown = false;
  idleOpsShown = false;
  /** SCX_ENQ_RESCUE is honoured (the root has not disabled it). */
  rescueEnabled: Tri = UNKNOWN;
  /** Bandwidth and quantum of rescues; undefined while not known. */
  rescueKnobs: RescueKnobs | undefined;
  readonly #scheds: SchedCaps[] = [];
  readonly #cpus: CpuCaps[] = [];
  /** CPUs by cid, as far as events have shown them; used while the layout is unknown. */
  readonly #learntCpus = new Map<number, number>();
  readonly #learntCids = new Map<number, number>();

  constructor(header: TraceHeader) {
    this.header = header;
    const { recorded } = header;
    this.blind = recorded !== undefined && CHANGES.some((name) => !isRecorded(name, recorded));
  }

  of(sched: Sched): SchedCaps {
    let caps = this.#scheds[sched.index];
    if (caps === undefined) {
      caps = new SchedCaps(sched, false, sched.isRoot && sched.linked, this.blind);
      this.#scheds[sched.index] = caps;
    }
    return caps;
  }

  /** The instance was made in the trace: nothing of it is unknown. */
  born(sched: Sched): SchedCaps {
    const caps = new SchedCaps(sched, true, sched.isRoot, this.blind);
    this.#scheds[sched.index] = caps;
    return caps;
  }

  cpu(id: number): CpuCaps {
    let cpu = this.#cpus[id];
    if (cpu === undefined) {
      cpu = new CpuCaps(id);
      this.#cpus[id] = cpu;
    }
    return cpu;
  }

  *cpus(): Generator<CpuCaps> {
    for (const cpu of this.#cpus) if (cpu !== undefined) yield cpu;
  }

  /** What the delegation knows of a task; made when first needed. */
  task(task: Task): TaskCaps {
    task.caps ??= new TaskCaps();
    return task.caps;
  }

  /** Number of cids; -1 unknown. */
  get nrCids(): number {
    return this.layout?.cidToCpu.length ?? this.header.possible?.size ?? -1;
  }

  /** CPU of a cid; -1 unknown. */
  cpuOf(cid: number): number {
    return this.layout?.cidToCpu[cid] ?? this.#learntCpus.get(cid) ?? -1;
  }

  /** cid of a CPU; -1 unknown. */
  cidOf(cpu: number): number {
    return this.layout?.cpuToCid[cpu] ?? this.#learntCids.get(cpu) ?? -1;
  }

  /** Shard of a cid; -1 unknown. */
  shardOf(cid: number): number {
    return this.layout?.shardOf[cid] ?? -1;
  }

  /** An event shows which CPU a cid is. */
  learnCid(cid: number, cpu: number): void {
    if (this.layout !== undefined) return;
    this.#learntCpus.set(cid, cpu);
    this.#learntCids.set(cpu, cid);
  }

  /** The layout that the topology leads to. Unknown when the header does not describe it, or an override came in between. */
  deriveLayout(cpus: readonly Cpu[], shardSize = 0): void {
    if (this.layoutShown || this.overridden !== NO) return;
    const online = new CpuMask();
    for (const id of this.header.possible ?? []) {
      const state = cpus[id]?.online ?? UNKNOWN;
      if (state === UNKNOWN) return;
      if (state === YES) online.add(id);
    }
    const topology = cidTopology(this.header, online);
    if (topology === undefined) return;
    try {
      this.layout = defaultCidLayout(topology, shardSize);
    } catch (error) {
      if (!(error instanceof CidTopologyError)) throw error;
      this.layout = undefined;
    }
  }

  /** Capabilities of `need` that the scheduler certainly lacks on the CPU. */
  lacks(sched: Sched, cpu: number, need: number): number {
    if (!this.active || sched.isRoot) return 0;
    return need & absentOf(this.of(sched).ecaps(cpu));
  }

  /** Capabilities of `need` that it may lack. */
  mayLack(sched: Sched, cpu: number, need: number): number {
    if (!this.active || sched.isRoot) return 0;
    return need & ~presentOf(this.of(sched).ecaps(cpu));
  }

  /** Does the scheduler hold the base capability on the CPU? */
  holdsBase(sched: Sched, cpu: number): Tri {
    return !this.active || sched.isRoot ? YES : hasAll(this.of(sched).ecaps(cpu), CAP_BASE);
  }

  /** Scheduler whose program runs on the CPU, as far as the frames show it. */
  callerOn(cpu: number): Sched | undefined {
    return this.#cpus[cpu]?.top?.sched;
  }

  /** What is held may have changed unseen. */
  forgetSets(): void {
    for (const caps of this.#scheds) caps?.forgetSets();
    for (const cpu of this.cpus()) cpu.forgetSyncs();
    this.calls.length = 0;
  }

  forget(seq: number): void {
    this.knownSince = seq;
    for (const caps of this.#scheds) caps?.forget();
    for (const cpu of this.cpus()) cpu.forget();
    this.calls.length = 0;
    this.treeKnown = false;
    this.enablesSub = false;
  }
}
