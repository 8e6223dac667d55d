// Topologies for the tests of cid layouts: the machines of the layout vectors, and random ones.
import fc from 'fast-check';
import type { CidTopology } from '../../src/kernel/cid-layout.ts';
import { CpuMask } from '../../src/trace/cpu-mask.ts';

export interface Machine {
  readonly possible: readonly number[];
  readonly online: readonly number[];
  /** Cores, LLCs and nodes as lists of CPUs; a CPU that no node names has none. */
  readonly cores: readonly (readonly number[])[];
  readonly llcs: readonly (readonly number[])[];
  readonly nodes: readonly (readonly number[])[];
  /** CPUs whose own cache information is missing; their neighbours still see them. */
  readonly noCache?: readonly number[];
}

export function topologyOf(machine: Machine): CidTopology {
  const unit = (units: readonly (readonly number[])[], cpu: number): readonly number[] | undefined =>
    units.find((members) => members.includes(cpu));
  return {
    possible: CpuMask.of(...machine.possible),
    online: CpuMask.of(...machine.online),
    nodeOf: (cpu) => machine.nodes.findIndex((members) => members.includes(cpu)),
    nodeMask: (node) => CpuMask.of(...(machine.nodes[node] ?? [])),
    llcMask: (cpu) => {
      const members = machine.noCache?.includes(cpu) === true ? undefined : unit(machine.llcs, cpu);
      return members === undefined ? undefined : CpuMask.of(...members);
    },
    siblings: (cpu) => CpuMask.of(...(unit(machine.cores, cpu) ?? [cpu])),
  };
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

/** Splits a shuffled list of CPUs into groups whose sizes are drawn. */
function partition(cpus: readonly number[], sizes: readonly number[]): number[][] {
  const groups: number[][] = [];
  for (let at = 0, i = 0; at < cpus.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    groups.push(cpus.slice(at, at + size));
    at += size;
  }
  return groups;
}

/**
 * Any machine: holes in the possible mask, offline CPUs, uneven cores, LLCs and nodes that need not nest, CPUs without
 * cache information or node.
 */
export const anyMachine: fc.Arbitrary<Machine & { readonly shardSize: number }> = fc
  .record({
    nrIds: fc.integer({ min: 1, max: 72 }),
    seed: fc.nat(0x7fffffff),
    coreSizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
    llcSizes: fc.array(fc.integer({ min: 1, max: 32 }), { minLength: 1, maxLength: 3 }),
    nodeSizes: fc.array(fc.integer({ min: 1, max: 48 }), { minLength: 1, maxLength: 3 }),
    shuffled: fc.boolean(),
    holes: fc.constantFrom(0, 0, 0.1, 0.4),
    offline: fc.constantFrom(0, 0, 0.1, 0.4),
    noCache: fc.constantFrom(0, 0, 0.2),
    noNode: fc.constantFrom(0, 0, 0.2),
    shardSize: fc.constantFrom(0, 1, 2, 3, 5, 8, 16, 24, 4096),
  })
  .map((spec) => {
    let state = spec.seed;
    const draw = (): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >>> 8) / 0x800000;
    };
    const ids = range(0, spec.nrIds - 1);
    const possible = ids.filter((cpu) => cpu === 0 || draw() >= spec.holes);
    const online = possible.filter((cpu) => cpu === possible[0] || draw() >= spec.offline);
    const order = spec.shuffled ? possible.toSorted(() => draw() - 0.5) : possible;
    const cores = partition(order, spec.coreSizes);
    return {
      possible,
      online,
      cores,
      llcs: partition(cores.flat(), spec.llcSizes),
      noCache: possible.filter(() => draw() < spec.noCache),
      nodes: partition(cores.flat(), spec.nodeSizes).map((cpus) => cpus.filter(() => draw() >= spec.noNode)),
      shardSize: spec.shardSize,
    };
  });
