// The default cid layout: the vectors of real machine shapes, and what holds on any machine.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CidLayout, defaultCidLayout } from '../../src/kernel/cid-layout.ts';
import { checkCidLayout } from '../../src/kernel/cid-layout-check.ts';
import { anyMachine, type Machine, range, topologyOf } from './topologies.ts';

interface Vector {
  readonly name: string;
  readonly machine: Machine;
  readonly size: number;
  /** undefined: identity. */
  readonly cpus?: string;
  /** `base+nr@node`, separated by blanks. */
  readonly shards: string;
  /** cid → core_cid,core_idx,llc_cid,llc_idx,node_cid,node_idx,shard_cid,shard_idx */
  readonly topo?: Readonly<Record<number, string>>;
}

const pairs = (from: number, to: number): number[][] =>
  range(0, (to - from - 1) / 2).map((i) => [from + 2 * i, from + 2 * i + 1]);
const singles = (from: number, to: number): number[][] => range(from, to).map((cpu) => [cpu]);

function flat(nr: number, cores: readonly (readonly number[])[] = singles(0, nr - 1)): Machine {
  const all = range(0, nr - 1);
  return { possible: all, online: all, cores, llcs: [all], nodes: [all] };
}

const V3_SPLIT = [
  [...range(0, 15), ...range(32, 47)],
  [...range(16, 31), ...range(48, 63)],
];
const UNEVEN = flat(40, [...singles(0, 15), ...pairs(16, 39)]);
const TWO_LLCS = [range(0, 3), range(4, 7)];

const VECTORS: readonly Vector[] = [
  { name: 'V1', machine: flat(8), size: 24, shards: '0+8@0' },
  {
    name: 'V2',
    machine: flat(
      16,
      range(0, 7).map((cpu) => [cpu, cpu + 8]),
    ),
    size: 24,
    cpus: '0 8 1 9 2 10 3 11 4 12 5 13 6 14 7 15',
    shards: '0+16@0',
    topo: { 5: '4,2,0,0,0,0,0,0' },
  },
  {
    name: 'V3',
    machine: {
      ...flat(
        64,
        range(0, 31).map((cpu) => [cpu, cpu + 32]),
      ),
      llcs: V3_SPLIT,
      nodes: V3_SPLIT,
    },
    size: 24,
    cpus: [...range(0, 15), ...range(16, 31)].map((cpu) => `${cpu} ${cpu + 32}`).join(' '),
    shards: '0+16@0 16+16@0 32+16@1 48+16@1',
    topo: { 16: '16,8,0,0,0,0,16,1', 40: '40,20,32,1,32,1,32,2' },
  },
  {
    name: 'V4',
    machine: flat(32, [...pairs(0, 15), ...singles(16, 31)]),
    size: 24,
    shards: '0+20@0 20+12@0',
    topo: { 20: '20,12,0,0,0,0,20,1' },
  },
  { name: 'V5', machine: UNEVEN, size: 24, shards: '0+14@0 14+24@0 38+2@0' },
  { name: 'V6', machine: UNEVEN, size: 16, shards: '0+10@0 10+12@0 22+16@0 38+2@0' },
  { name: 'V7', machine: flat(8, pairs(0, 7)), size: 1, shards: '0+2@0 2+2@0 4+2@0 6+2@0' },
  {
    name: 'V8',
    machine: { ...flat(8), nodes: TWO_LLCS },
    size: 24,
    shards: '0+4@0 4+4@1',
    topo: { 5: '5,5,4,1,4,1,4,1' },
  },
  { name: 'V9', machine: flat(50, pairs(0, 49)), size: 24, shards: '0+18@0 18+16@0 34+16@0' },
  { name: 'V10', machine: flat(640), size: 4096, shards: '0+320@0 320+320@0' },
  {
    name: 'V11',
    machine: flat(640),
    size: 24,
    shards: range(0, 26)
      .map((i) => (i < 19 ? `${i * 24}+24@0` : `${19 * 24 + (i - 19) * 23}+23@0`))
      .join(' '),
  },
  {
    name: 'V12',
    machine: {
      possible: range(0, 11),
      online: [0, 1, 2, 4, 5, 6, 7],
      cores: singles(0, 11),
      llcs: TWO_LLCS,
      noCache: [6],
      nodes: [[0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]],
    },
    size: 3,
    cpus: '0 1 2 4 6 7 3 5 8 9 10 11',
    shards: '0+3@0 3+3@0 6+3@-1 9+3@-1',
    topo: { 7: '-1,-1,-1,-1,-1,-1,6,2' },
  },
  { name: 'V13', machine: { ...flat(8), llcs: TWO_LLCS, noCache: [0] }, size: 24, shards: '0+8@0' },
  { name: 'V14', machine: { ...flat(8), llcs: TWO_LLCS, noCache: [5] }, size: 24, shards: '0+4@0 4+4@0' },
];

function spell(layout: CidLayout): { cpus: string; shards: string } {
  return {
    cpus: layout.cidToCpu.join(' '),
    shards: layout.shards.map(({ base, nr, node }) => `${base}+${nr}@${node}`).join(' '),
  };
}

describe('layout vectors', () => {
  test.each(VECTORS)('$name', ({ machine, size, cpus, shards, topo }) => {
    const layout = defaultCidLayout(topologyOf(machine), size);
    expect(spell(layout)).toEqual({ cpus: cpus ?? machine.possible.join(' '), shards });
    for (const [cid, expected] of Object.entries(topo ?? {})) {
      const entry = layout.topo?.[Number(cid)];
      expect(Object.values(entry ?? {}).join(',')).toBe(expected);
    }
    expect(checkCidLayout(layout, machine.possible)).toEqual([]);
  });
});

describe('on any machine', () => {
  test('cids and possible CPUs are a bijection, shards tile the space, units are contiguous', () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const layout = defaultCidLayout(topologyOf(machine), machine.shardSize);
        expect(checkCidLayout(layout, machine.possible)).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  test('CPUs with a node come first, in the order of their lowest online CPU; cores stay whole and ascending', () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const topology = topologyOf(machine);
        const layout = defaultCidLayout(topology, machine.shardSize);
        const placed = machine.online.filter((cpu) => topology.nodeOf(cpu) >= 0);
        const topo = layout.topo ?? [];
        expect(topo.filter((entry) => entry.coreCid >= 0)).toHaveLength(placed.length);
        // The tail holds the rest in CPU order.
        const tail = layout.cidToCpu.slice(placed.length);
        expect(tail).toEqual(machine.possible.filter((cpu) => !placed.includes(cpu)));
        let lowest = -1;
        for (let cid = 0; cid < placed.length; cid++) {
          const entry = topo[cid];
          const cpu = layout.cidToCpu[cid] ?? -1;
          if (entry?.nodeCid === cid) {
            expect(cpu).toBeGreaterThan(lowest);
            lowest = cpu;
          }
          if (entry?.coreCid !== cid) {
            expect(cpu).toBeGreaterThan(layout.cidToCpu[cid - 1] ?? 0);
            expect(layout.shardOf[cid]).toBe(layout.shardOf[cid - 1]);
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a shard holds no more cids than asked for, unless a single core does', () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const layout = defaultCidLayout(topologyOf(machine), machine.shardSize);
        const limit = Math.min(machine.shardSize === 0 ? 24 : machine.shardSize, 512);
        for (const { base, nr } of layout.shards) {
          expect(nr).toBeGreaterThan(0);
          const oneCore = layout.topo?.[base]?.coreCid === layout.topo?.[base + nr - 1]?.coreCid;
          if (nr > limit) expect(oneCore).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
