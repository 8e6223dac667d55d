// scx_bpf_cid_override(): the checks in the kernel's order, and the layout that an accepted override leads to.
import { CID_SHARD_MAX_CPUS, type CidLayout, type CidTopo, type CidTopology, type Shard } from './cid-layout.ts';

export interface CidOverride {
  /** By CPU, one entry for each CPU id up to the highest possible. */
  readonly cpuToCid: readonly number[];
  readonly shardStart: readonly number[];
  /** Lengths as passed, where they differ from those of the arrays. */
  readonly cpuToCidCount?: number;
  readonly shardStartCount?: number;
}

/** The first check that fails: its error site and the arguments of the message. */
export interface OverrideError {
  readonly site: string;
  readonly args: readonly number[];
}

/** What the kernel objects to, undefined when it accepts. `possible`: possible CPUs in ascending order. */
export function checkCidOverride(override: CidOverride, possible: readonly number[]): OverrideError | undefined {
  const nrCpuIds = (possible.at(-1) ?? -1) + 1;
  const nrPossible = possible.length;
  const cpuCount = override.cpuToCidCount ?? override.cpuToCid.length;
  const shardCount = override.shardStartCount ?? override.shardStart.length;
  if (cpuCount !== nrCpuIds) return { site: 'cid-override-cpu-count', args: [nrCpuIds, cpuCount] };
  if (shardCount < 1 || shardCount > nrPossible) return { site: 'cid-override-shard-count', args: [shardCount] };
  return checkShards(override.shardStart, nrPossible) ?? checkCids(override.cpuToCid, possible);
}

function checkShards(starts: readonly number[], nrPossible: number): OverrideError | undefined {
  const first = starts[0] ?? 0;
  if (first !== 0) return { site: 'cid-override-first', args: [first] };
  let before = 0;
  for (const [i, start] of starts.entries()) {
    if (i === 0) continue;
    if (start <= before) return { site: 'cid-override-order', args: [i] };
    if (start >= nrPossible) return { site: 'cid-override-range', args: [i, start, nrPossible] };
    if (start - before > CID_SHARD_MAX_CPUS)
      return { site: 'cid-override-span', args: [i - 1, start - before, CID_SHARD_MAX_CPUS] };
    before = start;
  }
  const last = nrPossible - before;
  if (last > CID_SHARD_MAX_CPUS)
    return { site: 'cid-override-span', args: [starts.length - 1, last, CID_SHARD_MAX_CPUS] };
  return undefined;
}

function checkCids(cpuToCid: readonly number[], possible: readonly number[]): OverrideError | undefined {
  const used = new Set<number>();
  for (const cpu of possible) {
    const cid = cpuToCid[cpu] ?? -1;
    if (cid < 0 || cid >= possible.length) return { site: 'cid-invalid', args: [cid] };
    if (used.has(cid)) return { site: 'cid-override-duplicate', args: [cid] };
    used.add(cid);
  }
  return undefined;
}

/** The layout that an accepted override leads to; the units of every cid but its shard are unknown to the kernel then. */
export function overrideCidLayout(
  override: CidOverride,
  possible: readonly number[],
  nodeOf: CidTopology['nodeOf'],
): CidLayout {
  const nrPossible = possible.length;
  const cidToCpu = new Array<number>(nrPossible).fill(-1);
  const cpuToCid = new Array<number>((possible.at(-1) ?? -1) + 1).fill(-1);
  for (const cpu of possible) {
    const cid = override.cpuToCid[cpu] ?? -1;
    cpuToCid[cpu] = cid;
    cidToCpu[cid] = cpu;
  }
  const shards: Shard[] = override.shardStart.map((base, i) => {
    const nr = (override.shardStart[i + 1] ?? nrPossible) - base;
    return { base, nr, node: mostCommonNode(cidToCpu.slice(base, base + nr), nodeOf) };
  });
  const shardOf = shards.flatMap((shard, index) => new Array<number>(shard.nr).fill(index));
  const topo: CidTopo[] = shardOf.map((shardIdx) => ({
    coreCid: -1,
    coreIdx: -1,
    llcCid: -1,
    llcIdx: -1,
    nodeCid: -1,
    nodeIdx: -1,
    shardCid: shards[shardIdx]?.base ?? -1,
    shardIdx,
  }));
  return { cidToCpu, cpuToCid, shards, shardOf, topo };
}

/** Node with the most of these CPUs, the lowest of several; -1 when none has a node. */
function mostCommonNode(cpus: readonly number[], nodeOf: CidTopology['nodeOf']): number {
  const counts = new Map<number, number>();
  for (const cpu of cpus) {
    const node = nodeOf(cpu);
    if (node >= 0) counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  let best = -1;
  let most = 0;
  for (const [node, count] of counts) {
    if (count > most || (count === most && node < best)) {
      best = node;
      most = count;
    }
  }
  return best;
}
