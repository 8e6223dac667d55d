// cids and shards: the layout that the core derives from the topology when a root scheduler is enabled (scx_cid_init).
import { CpuMask } from '../trace/cpu-mask.ts';

export const CID_SHARD_SIZE_DFL = 24;
export const CID_SHARD_MAX_CPUS = 512;

/** The machine as the kernel sees it at the moment of the enable. */
export interface CidTopology {
  readonly possible: CpuMask;
  readonly online: CpuMask;
  /** NUMA node, -1 for none. */
  nodeOf(cpu: number): number;
  nodeMask(node: number): CpuMask;
  /** CPUs that share the last-level cache; undefined when the kernel knows none. */
  llcMask(cpu: number): CpuMask | undefined;
  /** SMT siblings, itself included. */
  siblings(cpu: number): CpuMask;
}

/** Cids `base` to `base + nr - 1`. */
export interface Shard {
  readonly base: number;
  readonly nr: number;
  /** Node that its state is allocated on, -1 none. No meaning for scheduling. */
  readonly node: number;
}

/** struct scx_cid_topo: first cid and ordinal of each unit that the cid belongs to; -1 where it belongs to none. */
export interface CidTopo {
  readonly coreCid: number;
  readonly coreIdx: number;
  readonly llcCid: number;
  readonly llcIdx: number;
  readonly nodeCid: number;
  readonly nodeIdx: number;
  readonly shardCid: number;
  readonly shardIdx: number;
}

export interface CidLayout {
  readonly cidToCpu: readonly number[];
  /** By CPU; -1 for CPUs that are not possible. */
  readonly cpuToCid: readonly number[];
  readonly shards: readonly Shard[];
  /** Shard index by cid. */
  readonly shardOf: readonly number[];
  /** By cid; absent when the layout was recorded without it. */
  readonly topo: readonly CidTopo[] | undefined;
}

/** The kernel refuses the topology (-EINVAL with a warning): a mask does not contain the CPU it belongs to. */
export class CidTopologyError extends Error {}

/**
 * The default layout. `shardSize` is ops.cid_shard_size, 0 for the default. Throws CidTopologyError where the kernel
 * fails the enable.
 */
export function defaultCidLayout(topology: CidTopology, shardSize = 0): CidLayout {
  return new LayoutBuilder(topology, shardSize === 0 ? CID_SHARD_SIZE_DFL : shardSize).build();
}

class LayoutBuilder {
  readonly #topology: CidTopology;
  readonly #shardSize: number;
  /** Most cids in a shard. */
  readonly #limit: number;
  readonly #cidToCpu: number[] = [];
  readonly #cpuToCid: number[] = [];
  readonly #shardOf: number[] = [];
  readonly #shardNodes: number[] = [];
  readonly #topo: CidTopo[] = [];
  #nodeIdx = 0;
  #llcIdx = 0;
  #coreIdx = 0;
  #shardCid = 0;

  constructor(topology: CidTopology, shardSize: number) {
    this.#topology = topology;
    this.#shardSize = shardSize;
    this.#limit = Math.min(shardSize, CID_SHARD_MAX_CPUS);
  }

  build(): CidLayout {
    const { possible, online } = this.#topology;
    for (let cpu = 0; cpu <= possible.last; cpu++) this.#cpuToCid.push(-1);
    const toWalk = online.clone();
    for (let cpu = toWalk.first; cpu >= 0; cpu = toWalk.first) {
      const node = this.#topology.nodeOf(cpu);
      if (node < 0) toWalk.delete(cpu);
      else this.#walkNode(cpu, node, toWalk);
    }
    this.#tail(possible);
    return {
      cidToCpu: this.#cidToCpu,
      cpuToCid: this.#cpuToCid,
      shards: this.#shards(),
      shardOf: this.#shardOf,
      topo: this.#topo,
    };
  }

  #walkNode(first: number, node: number, toWalk: CpuMask): void {
    const left = intersection(toWalk, this.#topology.nodeMask(node));
    if (!left.has(first)) throw new CidTopologyError(`CPU ${first} is not in the mask of its node ${node}`);
    const nodeCid = this.#cidToCpu.length;
    const nodeIdx = this.#nodeIdx++;
    while (!left.isEmpty) this.#walkLlc(node, nodeCid, nodeIdx, left, toWalk);
  }

  /** The shards of one LLC: cores are spread evenly, none is split. */
  #walkLlc(node: number, nodeCid: number, nodeIdx: number, nodeLeft: CpuMask, toWalk: CpuMask): void {
    const topology = this.#topology;
    const first = nodeLeft.first;
    const left = intersection(nodeLeft, topology.llcMask(first) ?? topology.nodeMask(topology.nodeOf(first)));
    if (!left.has(first)) throw new CidTopologyError(`CPU ${first} is not in the mask of its last-level cache`);
    const llcCid = this.#cidToCpu.length;
    const llcIdx = this.#llcIdx++;
    const nrCpus = left.size;
    let nrCores = 0;
    for (const cpu of left) if (topology.siblings(cpu).first === cpu) nrCores++;
    const nrShards = Math.max(1, Math.ceil(nrCpus / this.#shardSize), Math.ceil(nrCpus / CID_SHARD_MAX_CPUS));
    const perShard = Math.floor(nrCores / nrShards);
    const larger = nrCores % nrShards;

    this.#beginShard(node);
    let ordinal = 0;
    let coresIn = 0;
    let cidsIn = 0;
    while (!left.isEmpty) {
      const lead = left.first;
      const core = intersection(left, topology.siblings(lead));
      if (!core.has(lead)) throw new CidTopologyError(`CPU ${lead} is not among its own siblings`);
      const maxCores = perShard + (ordinal < larger ? 1 : 0);
      const size = core.size;
      if (coresIn > 0 && (coresIn >= maxCores || cidsIn + size > this.#limit)) {
        ordinal++;
        coresIn = 0;
        cidsIn = 0;
        this.#beginShard(node);
      }
      coresIn++;
      cidsIn += size;
      const coreCid = this.#cidToCpu.length;
      const coreIdx = this.#coreIdx++;
      for (const cpu of core) {
        this.#assign(cpu, { coreCid, coreIdx, llcCid, llcIdx, nodeCid, nodeIdx });
        left.delete(cpu);
        nodeLeft.delete(cpu);
        toWalk.delete(cpu);
      }
    }
  }

  /** CPUs without a cid so far: offline ones, and those of no node. */
  #tail(possible: CpuMask): void {
    let count = this.#limit;
    for (const cpu of possible) {
      if ((this.#cpuToCid[cpu] ?? -1) >= 0) continue;
      if (count >= this.#limit) {
        this.#beginShard(-1);
        count = 0;
      }
      count++;
      this.#assign(cpu, { coreCid: -1, coreIdx: -1, llcCid: -1, llcIdx: -1, nodeCid: -1, nodeIdx: -1 });
    }
  }

  #beginShard(node: number): void {
    this.#shardCid = this.#cidToCpu.length;
    this.#shardNodes.push(node);
  }

  #assign(cpu: number, units: Omit<CidTopo, 'shardCid' | 'shardIdx'>): void {
    const shardIdx = this.#shardNodes.length - 1;
    this.#cpuToCid[cpu] = this.#cidToCpu.length;
    this.#cidToCpu.push(cpu);
    this.#shardOf.push(shardIdx);
    this.#topo.push({ ...units, shardCid: this.#shardCid, shardIdx });
  }

  #shards(): Shard[] {
    return this.#shardNodes.map((node, index) => ({
      base: this.#shardOf.indexOf(index),
      nr: this.#shardOf.filter((shard) => shard === index).length,
      node,
    }));
  }
}

function intersection(a: CpuMask, b: CpuMask): CpuMask {
  const both = new CpuMask(a.words.length << 5);
  for (let i = 0; i < a.words.length; i++) both.setWord(i, (a.words[i] ?? 0) & (b.words[i] ?? 0));
  return both;
}
