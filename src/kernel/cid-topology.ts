// The topology that the cid layout is derived from, taken from a trace header.
import { CpuMask } from '../trace/cpu-mask.ts';
import type { TraceHeader } from '../trace/header.ts';
import type { CidTopology } from './cid-layout.ts';

/**
 * The machine as the header describes it, with the CPUs that are online when the root scheduler is enabled. Undefined
 * when the header does not say what the layout depends on.
 */
export function cidTopology(header: TraceHeader, online: CpuMask): CidTopology | undefined {
  const { possible, cpus } = header;
  if (possible === undefined) return undefined;
  const infos = new Map(cpus.map((info) => [info.cpu, info]));
  for (const cpu of online) if (infos.get(cpu)?.siblings === undefined) return undefined;
  // A kernel without NUMA shows no nodes and counts everything as node 0.
  const hasNodes = cpus.some((info) => info.node !== undefined);
  const nodeOf = (cpu: number): number => (hasNodes ? (infos.get(cpu)?.node ?? -1) : 0);
  const masks = new Map<number, CpuMask>();
  for (const cpu of possible) {
    const node = nodeOf(cpu);
    const mask = masks.get(node) ?? new CpuMask();
    mask.add(cpu);
    masks.set(node, mask);
  }
  return {
    possible,
    online,
    nodeOf,
    nodeMask: (node) => masks.get(node) ?? new CpuMask(),
    llcMask: (cpu) => infos.get(cpu)?.llc,
    siblings: (cpu) => infos.get(cpu)?.siblings ?? CpuMask.of(cpu),
  };
}
