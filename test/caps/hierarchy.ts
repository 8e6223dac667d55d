// A hierarchy of schedulers that behaves as the kernel does, in small: what the model is compared with. It writes events.
import type { EventJson } from '../support/replay.ts';

/** Words that the recordings of this hierarchy hold. */
const RECORDED = [
  'sched_attach',
  'sched_detach',
  'sched_exit',
  'cid_map',
  'cap_grant',
  'cap_revoke',
  'cap_query',
  'cap_sync',
  'flush',
  'pick',
  'consume',
  'reenqueue',
  'cpu_online',
  'cpu_offline',
  'mark',
];

const NR_CIDS = 6;
const SHARDS = [0, 4];
const MAX_LEVEL = 3;

export interface Node {
  readonly id: number;
  readonly level: number;
  readonly cgroup: number;
  readonly path: string;
  readonly parent: Node | undefined;
  readonly children: Node[];
  readonly literal: number[];
  readonly effective: number[];
}

export function closureOf(literal: number): number {
  return literal | ((literal & 4) !== 0 ? 3 : 0) | ((literal & 2) !== 0 ? 1 : 0);
}

/** Sets of all sub-schedulers at one time. */
export type Sets = ReadonlyMap<number, { readonly literal: readonly number[]; readonly effective: readonly number[] }>;

export class Hierarchy {
  readonly events: EventJson[] = [];
  readonly header: object;
  readonly root: Node;
  /** The sets after the event with that time. */
  readonly states = new Map<number, Sets>();
  readonly #pending: Node[][] = Array.from({ length: NR_CIDS }, () => []);
  readonly #online: boolean[] = Array.from({ length: NR_CIDS }, () => true);
  #nextId = 2;

  constructor() {
    const cpus = { possible: `0-${NR_CIDS - 1}`, online: `0-${NR_CIDS - 1}` };
    this.header = { kernel: '7.3', cpus, recorded: RECORDED };
    this.root = node(1, undefined);
    this.root.literal.fill(0xf);
    this.root.effective.fill(0xf);
    this.#emit(0, 'sched_attach', { ...attached(this.root), ops: 'dispatch sub_attach cid_online cid_offline' });
    const cids = Array.from({ length: NR_CIDS }, (_, cid) => cid).join(',');
    this.#emit(0, 'cid_map', { step: 'publish', cpu_to_cid: cids, shard_start: SHARDS.join(',') });
  }

  #emit(cpu: number, type: string, fields: object): void {
    this.events.push({ ts: 1000 * (this.events.length + 1), cpu, type, ...fields });
  }

  /** The sub-schedulers, parents first. */
  get subs(): Node[] {
    const below = (at: Node): Node[] => at.children.flatMap((child) => [child, ...below(child)]);
    return below(this.root);
  }

  /** Notes the sets: from here on the model must agree. */
  note(): void {
    const last = this.events.at(-1)?.ts ?? 0;
    this.states.set(
      last,
      new Map(
        this.subs.map(({ id, literal, effective }) => [id, { literal: [...literal], effective: [...effective] }]),
      ),
    );
  }

  attach(parent: Node): void {
    if (parent.level >= MAX_LEVEL) return;
    const child = node(this.#nextId++, parent);
    parent.children.push(child);
    this.#emit(0, 'sched_attach', { step: 'sub_enable', phase: 'begin' });
    this.#emit(0, 'sched_attach', attached(child));
    this.#emit(0, 'sched_attach', { step: 'sub_enable', phase: 'end' });
  }

  grant(child: Node, caps: number, cids: readonly number[]): void {
    const { parent } = child;
    if (parent === undefined) return;
    const call = { sched: parent.id, cgroup: child.cgroup, caps: hex(caps) };
    this.#emit(1, 'cap_grant', {
      ...call,
      phase: 'begin',
      cids: list(cids),
      base: 0,
      nr_cids: NR_CIDS,
      denied: true,
      denied_cids: '',
    });
    const denied: number[] = [];
    for (const cid of cids.toSorted((a, b) => a - b)) {
      if ((caps & ~(parent.literal[cid] ?? 0)) !== 0) denied.push(cid);
      else if ((caps & ~(child.literal[cid] ?? 0)) !== 0) {
        child.literal[cid] = (child.literal[cid] ?? 0) | caps;
        this.#queue(1, child, cid);
      }
    }
    this.#emit(1, 'cap_grant', { ...call, phase: 'end', ret: denied.length > 0 ? -1 : 0, denied_cids: list(denied) });
  }

  revoke(child: Node, caps: number, cids: readonly number[]): void {
    if (child.parent === undefined) return;
    const call = { sched: child.parent.id, cgroup: child.cgroup, caps: hex(caps) };
    this.#emit(2, 'cap_revoke', { ...call, phase: 'begin', cids: list(cids), base: 0, nr_cids: NR_CIDS });
    const shardOf = (cid: number): number => SHARDS.findLastIndex((first) => cid >= first);
    for (const shard of SHARDS.keys()) {
      const here = cids.filter((cid) => shardOf(cid) === shard).toSorted((a, b) => a - b);
      if (here.length > 0) this.#walk(child, caps, here);
    }
    this.#emit(2, 'cap_revoke', { ...call, phase: 'end' });
  }

  /** Pre-order; a scheduler that loses nothing has nothing below it that does. */
  #walk(at: Node, caps: number, cids: readonly number[]): void {
    const changed = cids.filter((cid) => ((at.literal[cid] ?? 0) & caps) !== 0);
    if (changed.length === 0) return;
    for (const cid of changed) {
      at.literal[cid] = (at.literal[cid] ?? 0) & ~caps;
      this.#queue(2, at, cid);
    }
    for (const child of at.children) this.#walk(child, caps, cids);
  }

  #queue(cpu: number, sched: Node, cid: number): void {
    this.#emit(cpu, 'cap_sync', { step: 'queue', sched: sched.id, cid });
    const pending = this.#pending[cid];
    if (pending !== undefined && !pending.includes(sched)) pending.unshift(sched);
  }

  /** A dispatching pass of the CPU; `tamper` makes the fold write something else. */
  pass(cpu: number, tamper: (sched: Node, value: number) => number = (_, value) => value): void {
    if (this.#online[cpu] !== true) return;
    this.#emit(cpu, 'pick', { phase: 'begin', rq: cpu, curr: 0 });
    let lost = 0;
    const batch = this.#pending[cpu] ?? [];
    if (batch.length > 0) {
      this.#emit(cpu, 'cap_sync', { step: 'fold', phase: 'begin', rq: cpu });
      this.#pending[cpu] = [];
      for (const sched of batch) {
        const before = sched.effective[cpu] ?? 0;
        const after = tamper(sched, closureOf(sched.literal[cpu] ?? 0));
        sched.effective[cpu] = after;
        lost |= before & ~after;
        this.#emit(cpu, 'cap_sync', {
          step: 'entry',
          sched: sched.id,
          rq: cpu,
          old_ecaps: hex(before),
          ecaps: hex(after),
        });
      }
      this.#emit(cpu, 'cap_sync', { step: 'fold', phase: 'end', rq: cpu });
    }
    this.#emit(cpu, 'consume', { phase: 'begin', rq: cpu, sched: 1, dsq: 'global' });
    this.#emit(cpu, 'consume', { phase: 'end', rq: cpu, ret: 0 });
    this.#emit(cpu, 'pick', { phase: 'end', rq: cpu, verdict: 'none' });
    if ((lost & 3) === 0) return;
    this.#emit(cpu, 'reenqueue', { step: 'local', phase: 'begin', sched: 1, rq: cpu, reenq_flags: '0x2' });
    this.#emit(cpu, 'reenqueue', { step: 'local', phase: 'end', rq: cpu, n: 0 });
  }

  offline(cpu: number): void {
    if (this.#online[cpu] !== true || this.#online.filter(Boolean).length === 1) return;
    this.#online[cpu] = false;
    this.#emit(cpu, 'cpu_offline', { target: cpu });
    for (const sched of this.subs) sched.effective[cpu] = 0;
    this.#pending[cpu] = [];
  }

  online(cpu: number): void {
    if (this.#online[cpu] !== false) return;
    this.#online[cpu] = true;
    this.#emit(cpu, 'cpu_online', { target: cpu });
    for (const sched of this.subs) this.#queue(cpu, sched, cpu);
  }

  /** A parent kills a child, or an instance fails: it goes with everything below it, the deepest first. */
  end(sched: Node): void {
    if (sched.parent === undefined) return;
    const below = (at: Node): Node[] => [...at.children.flatMap(below), at];
    const gone = below(sched);
    this.#emit(3, 'sched_detach', { step: 'unreg' });
    for (const at of gone.toReversed())
      this.#emit(3, 'sched_exit', { step: 'claim', sched: at.id, exit_kind: at === sched ? 64 : 68 });
    for (const at of gone) this.#emit(3, 'sched_detach', { step: 'unlink', sched: at.id });
    sched.parent.children.splice(sched.parent.children.indexOf(sched), 1);
    for (const pending of this.#pending)
      pending.splice(0, pending.length, ...pending.filter((entry) => !gone.includes(entry)));
  }

  /** The parent looks at what a child holds. */
  query(child: Node, caps: number): void {
    if (child.parent === undefined) return;
    this.#emit(4, 'cap_query', {
      step: 'kfunc',
      sched: child.parent.id,
      cgroup: child.cgroup,
      caps: hex(caps),
      cids: holders(child, caps),
      ret: 0,
    });
  }

  /** Everything is shown: literal sets in sysfs, effective ones where a scheduler dispatches. */
  reveal(): void {
    for (const sched of this.subs) {
      for (const caps of [1, 2, 4, 8])
        this.#emit(5, 'cap_query', { step: 'sysfs', sched: sched.id, caps: hex(caps), cids: holders(sched, caps) });
      for (let cpu = 0; cpu < NR_CIDS; cpu++) this.#show(sched, cpu);
    }
  }

  #show(sched: Node, cpu: number): void {
    if (this.#online[cpu] !== true) return;
    this.#emit(cpu, 'flush', { phase: 'begin', rq: cpu, sched: sched.id, n: 0, ecaps: hex(sched.effective[cpu] ?? 0) });
    this.#emit(cpu, 'flush', { phase: 'end', rq: cpu, sched: sched.id });
  }

  isOnline(cpu: number): boolean {
    return this.#online[cpu] === true;
  }

  awaits(sched: Node, cpu: number): boolean {
    return this.#pending[cpu]?.includes(sched) === true;
  }

  /** A queued sync is lost. */
  forgetSync(sched: Node, cpu: number): void {
    const pending = this.#pending[cpu];
    const at = pending?.indexOf(sched) ?? -1;
    if (at >= 0) pending?.splice(at, 1);
  }
}

export const CIDS: readonly number[] = Array.from({ length: NR_CIDS }, (_, cid) => cid);

function node(id: number, parent: Node | undefined): Node {
  const path = parent === undefined ? '/' : `${parent.path === '/' ? '' : parent.path}/s${id}`;
  const zeros = (): number[] => CIDS.map(() => 0);
  return {
    id,
    level: parent === undefined ? 0 : parent.level + 1,
    cgroup: parent === undefined ? 0 : 100 * id,
    path,
    parent,
    children: [],
    literal: zeros(),
    effective: zeros(),
  };
}

function attached({ id, level, cgroup, path, parent }: Node): object {
  return {
    step: 'link',
    sched: id,
    name: `S${id}`,
    level,
    cgroup,
    path,
    cid_form: true,
    ...(parent === undefined ? {} : { parent_sched: parent.id }),
  };
}

function holders(sched: Node, caps: number): string {
  return list(CIDS.filter((cid) => ((sched.literal[cid] ?? 0) & caps) !== 0));
}

function list(cids: readonly number[]): string {
  return cids.toSorted((a, b) => a - b).join(',');
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
