// What must hold of every published cid layout: a bijection, shards that tile the cid space, units that are contiguous.
import { CID_SHARD_MAX_CPUS, type CidLayout, type CidTopo } from './cid-layout.ts';

export type LayoutInvariant = 'cid-bijection' | 'cid-shards-partition' | 'cid-topo-consistent';

export interface LayoutProblem {
  readonly invariant: LayoutInvariant;
  readonly text: string;
}

/** What is wrong with a layout over the given possible CPUs, in the order of the cids. */
export function checkCidLayout(layout: CidLayout, possible: readonly number[]): LayoutProblem[] {
  return [...checkBijection(layout, possible), ...checkShards(layout), ...checkTopo(layout)];
}

function checkBijection({ cidToCpu, cpuToCid }: CidLayout, possible: readonly number[]): LayoutProblem[] {
  const problems: LayoutProblem[] = [];
  const note = (text: string): void => void problems.push({ invariant: 'cid-bijection', text });
  if (cidToCpu.length !== possible.length)
    note(`there are ${cidToCpu.length} cids for ${possible.length} possible CPUs`);
  const seen = new Set<number>();
  for (const [cid, cpu] of cidToCpu.entries()) {
    if (seen.has(cpu)) note(`CPU ${cpu} has more than one cid, the last is ${cid}`);
    else if (!possible.includes(cpu)) note(`cid ${cid} is CPU ${cpu}, which is not possible`);
    else if (cpuToCid[cpu] !== cid) note(`cid ${cid} is CPU ${cpu}, but CPU ${cpu} is cid ${cpuToCid[cpu] ?? -1}`);
    seen.add(cpu);
  }
  for (const [cpu, cid] of cpuToCid.entries()) {
    if (cid >= 0 && !possible.includes(cpu)) note(`CPU ${cpu} is not possible and has cid ${cid}`);
    else if (cid < 0 && possible.includes(cpu)) note(`CPU ${cpu} has no cid`);
  }
  return problems;
}

function checkShards({ cidToCpu, shards, topo }: CidLayout): LayoutProblem[] {
  const problems: LayoutProblem[] = [];
  const note = (text: string): void => void problems.push({ invariant: 'cid-shards-partition', text });
  let next = 0;
  for (const [index, { base, nr }] of shards.entries()) {
    if (base !== next) note(`shard ${index} begins at cid ${base} instead of ${next}`);
    if (nr < 1) note(`shard ${index} is empty`);
    const oneCore = topo?.[base]?.coreCid === base && topo[base + nr - 1]?.coreCid === base;
    if (nr > CID_SHARD_MAX_CPUS && !oneCore) note(`shard ${index} has ${nr} cids, more than ${CID_SHARD_MAX_CPUS}`);
    next = base + nr;
  }
  if (next !== cidToCpu.length) note(`the shards end at cid ${next}, the cid space at ${cidToCpu.length}`);
  return problems;
}

const UNITS = ['core', 'llc', 'node'] as const;

function checkTopo({ topo, shards, shardOf }: CidLayout): LayoutProblem[] {
  if (topo === undefined) return [];
  const problems: LayoutProblem[] = [];
  const note = (text: string): void => void problems.push({ invariant: 'cid-topo-consistent', text });
  let before: CidTopo | undefined;
  for (const [cid, entry] of topo.entries()) {
    const shard = shardOf[cid] ?? -1;
    if (entry.shardIdx !== shard || entry.shardCid !== shards[shard]?.base)
      note(`cid ${cid} says shard ${entry.shardIdx} from cid ${entry.shardCid}, it lies in shard ${shard}`);
    const absent = UNITS.filter((unit) => entry[`${unit}Cid`] < 0);
    if (absent.length > 0 && absent.length < UNITS.length) note(`cid ${cid} has no ${absent.join(' and no ')}`);
    for (const unit of absent)
      if (entry[`${unit}Cid`] !== -1 || entry[`${unit}Idx`] !== -1) note(`cid ${cid} has half a ${unit}`);
    if (absent.length === 0) {
      for (const unit of UNITS) checkUnit(unit, cid, entry, before, note);
      if (entry.llcCid < entry.nodeCid || entry.coreCid < entry.llcCid)
        note(`cid ${cid}: its core, LLC and node do not contain each other`);
    }
    before = absent.length === 0 ? entry : undefined;
  }
  return problems;
}

/** A unit begins at its own first cid with the next ordinal, or goes on from the cid before. */
function checkUnit(
  unit: (typeof UNITS)[number],
  cid: number,
  entry: CidTopo,
  before: CidTopo | undefined,
  note: (text: string) => void,
): void {
  const first = entry[`${unit}Cid`];
  const index = entry[`${unit}Idx`];
  if (first === cid) {
    const expected = before === undefined ? 0 : before[`${unit}Idx`] + 1;
    if (index !== expected) note(`cid ${cid} begins ${unit} ${index}, expected ${unit} ${expected}`);
  } else if (before === undefined || before[`${unit}Cid`] !== first || before[`${unit}Idx`] !== index) {
    note(`cid ${cid} is in ${unit} ${index} from cid ${first}, the cid before it is not`);
  }
}

/** Where two layouts differ first, as text; undefined when they are equal. */
export function layoutDifference(found: CidLayout, expected: CidLayout): string | undefined {
  for (let cid = 0; cid < Math.max(found.cidToCpu.length, expected.cidToCpu.length); cid++) {
    if (found.cidToCpu[cid] !== expected.cidToCpu[cid])
      return `cid ${cid} is CPU ${found.cidToCpu[cid] ?? 'none'}, expected CPU ${expected.cidToCpu[cid] ?? 'none'}`;
  }
  for (let i = 0; i < Math.max(found.shards.length, expected.shards.length); i++) {
    const a = found.shards[i];
    const b = expected.shards[i];
    if (a?.base !== b?.base || a?.nr !== b?.nr)
      return `shard ${i} is ${a === undefined ? 'absent' : `${a.base}+${a.nr}`}, expected ${b === undefined ? 'none' : `${b.base}+${b.nr}`}`;
  }
  return undefined;
}
