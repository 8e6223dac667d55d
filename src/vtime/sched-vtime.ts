// The vtime state of one scheduler instance: the instances of its bases, its queues, and whether the description holds.

import { formatDsqId } from '../kernel/dsq-id.ts';
import type { Sched } from '../model/sched.ts';
import { U64Table } from '../model/u64-table.ts';
import { Basis } from './basis.ts';
import type { BasisSpec, BitField, Domain, QueueSpec } from './domain.ts';
import { Premise } from './premise.ts';

export interface QueueInstance {
  readonly spec: QueueSpec;
  /** DSQ id as people write it. */
  readonly name: string;
  /** What the id tells; -1 nothing. */
  readonly cpu: number;
  readonly group: number;
  readonly llc: number;
  readonly cgroup: number;
  /** Its basis where the id alone decides; undefined: it depends on the task. */
  readonly fixed: Basis | undefined;
}

/** How the charges that were seen fit, without those of which any would have. */
export interface ChargeFit {
  compared: number;
  fitting: number;
  /** Charges that are, to the nanosecond, what the slice used would cost; of how many with a known slice. */
  sliceExact: number;
  sliceCompared: number;
  /** Charges of which the slice left is known, whether it tells anything or not. */
  slicesSeen: number;
  /** The slice that most of them agree on, ns; -1 none yet. */
  readonly slice: { ns: number; votes: number };
  firstMisfit: { readonly seq: number; readonly t: number; readonly runSeq: number; readonly text: string } | undefined;
}

/** cgroup ids above this cannot be told apart; real ones are small. */
const GROUP_STRIDE = 1 << 20;

export class SchedVtime {
  readonly sched: Sched | undefined;
  readonly domain: Domain;
  /** The trace does not contradict the description. */
  readonly premise = new Premise();
  /** The loading was seen: initial values of the description count. */
  loaded: boolean;
  /** Checks that could have contradicted the description. */
  tests = 0;
  readonly charges: ChargeFit = {
    compared: 0,
    fitting: 0,
    sliceExact: 0,
    sliceCompared: 0,
    slicesSeen: 0,
    slice: { ns: -1, votes: 0 },
    firstMisfit: undefined,
  };
  readonly #bases: readonly Map<number, Basis>[];
  readonly #queues = new U64Table<QueueInstance>();
  /** Queues seen so far. */
  queueCount = 0;
  readonly #unmatched = new U64Table<true>();
  readonly #cgroups: ReadonlySet<number>;
  /** Why the description is that of another scheduler: not even what it says of queues, keys and charges holds. */
  #foreign: string | undefined;
  /** Bases of which some instance was updated, nobody knows which. */
  readonly #strays: boolean[] = [];

  constructor(sched: Sched | undefined, domain: Domain, loaded: boolean, cgroups: Iterable<bigint>) {
    this.sched = sched;
    this.domain = domain;
    this.loaded = loaded;
    this.#bases = domain.bases.map(() => new Map<number, Basis>());
    this.#cgroups = new Set([...cgroups].map(Number));
  }

  /** The instance of a basis with that number (CPU, group, cgroup …); created when first named. */
  instance(spec: BasisSpec, number: number, label = String(number)): Basis {
    const map = this.#bases[spec.index];
    const known = map?.get(number);
    if (known !== undefined) return known;
    const basis = new Basis(
      spec,
      spec.scope === 'global' ? spec.id : spec.scope === 'queue' ? `of DSQ ${label}` : `${spec.id}[${label}]`,
      spec.scope === 'global' ? -1 : number,
    );
    if (spec.init !== undefined && this.loaded && this.#strays[spec.index] !== true) {
      basis.setExact(spec.init.hi, spec.init.lo, this.sched?.linkSeq ?? -1);
      basis.touched = false;
    }
    if (this.#foreign !== undefined) basis.observations.break(this.#foreign);
    map?.set(number, basis);
    return basis;
  }

  get isForeign(): boolean {
    return this.#foreign !== undefined;
  }

  /** What was observed of bases stands on the description, too: on who shares them, on lag and charge. It falls with these. */
  disown(reason: string): void {
    this.#foreign = reason;
    for (const basis of this.allBases()) basis.observations.break(reason);
  }

  groupInstance(spec: BasisSpec, group: number, llc: number): Basis | undefined {
    if (group < 0) return undefined;
    if (spec.scope === 'group') return this.instance(spec, group);
    return llc < 0 ? undefined : this.instance(spec, group * GROUP_STRIDE + llc, `${group}, LLC ${llc}`);
  }

  /** An instance was updated that could not be told: those that come later have no known beginning. */
  noteStray(spec: BasisSpec): void {
    this.#strays[spec.index] = true;
  }

  /** Every instance of a basis that was named so far. */
  instances(spec: BasisSpec): Iterable<Basis> {
    return this.#bases[spec.index]?.values() ?? [];
  }

  *allBases(): Generator<Basis> {
    for (const map of this.#bases) yield* map.values();
  }

  /** The queue that a DSQ is; undefined when the description knows none like it. */
  queue(idHi: number, idLo: number): QueueInstance | undefined {
    const known = this.#queues.get(idHi, idLo);
    if (known !== undefined || this.#unmatched.get(idHi, idLo) !== undefined) return known;
    const spec = this.domain.queues.find((entry) => this.#matches(entry, idHi, idLo));
    if (spec === undefined) {
      this.#unmatched.set(idHi, idLo, true);
      return undefined;
    }
    const queue = this.#make(spec, idHi, idLo);
    this.#queues.set(idHi, idLo, queue);
    return queue;
  }

  #make(spec: QueueSpec, idHi: number, idLo: number): QueueInstance {
    if (++this.queueCount === 2 && this.domain.auto) this.#doubt();
    const cpu = bits(spec.cpu, idHi, idLo);
    const group = bits(spec.group, idHi, idLo);
    const llc = bits(spec.llc, idHi, idLo);
    const number = (idHi >>> 0) * 4294967296 + (idLo >>> 0);
    const cgroup = spec.match.kind === 'cgroup' ? number : -1;
    const name = formatDsqId(idHi, idLo);
    const { basis } = spec;
    let fixed: Basis | undefined;
    if (basis.scope === 'global') fixed = this.instance(basis, 0);
    else if (basis.scope === 'queue') fixed = this.instance(basis, number, name);
    else if (basis.scope === 'cpu' && cpu >= 0) fixed = this.instance(basis, cpu);
    else if (basis.scope === 'llc' && llc >= 0) fixed = this.instance(basis, llc);
    else if (basis.scope === 'cgroup' && cgroup >= 0) fixed = this.instance(basis, cgroup);
    else if (group >= 0) fixed = this.groupInstance(basis, group, llc);
    return { spec, name, cpu, group, llc, cgroup, fixed };
  }

  /**
   * Without a description all runs were taken for those of the only ordered DSQ. With a second one, runs that reached their CPU
   * by no DSQ may have been of either.
   */
  #doubt(): void {
    for (const basis of this.allBases())
      if (basis.ignores > 0)
        basis.observations.break('the scheduler orders tasks on several DSQs, and not every run tells by which');
  }

  #matches(spec: QueueSpec, idHi: number, idLo: number): boolean {
    const { match } = spec;
    switch (match.kind) {
      case 'any':
        return true;
      case 'mask':
        return (idHi & match.maskHi) === match.hi && (idLo & match.maskLo) === match.lo;
      case 'range': {
        const id = (BigInt(idHi >>> 0) << 32n) | BigInt(idLo >>> 0);
        return id >= match.from && id <= match.to;
      }
      case 'cgroup': {
        const number = (idHi >>> 0) * 4294967296 + (idLo >>> 0);
        return number > 0 && (this.#cgroups.size === 0 || this.#cgroups.has(number));
      }
    }
  }
}

/** A bit field of a DSQ id; -1 when there is none. */
function bits(field: BitField | undefined, idHi: number, idLo: number): number {
  if (field === undefined) return -1;
  const value = (BigInt(idHi >>> 0) << 32n) | BigInt(idLo >>> 0);
  return Number((value >> BigInt(field.shift)) & ((1n << BigInt(field.width)) - 1n));
}
