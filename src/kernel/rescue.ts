// Arithmetic of rescues: bandwidth, quantum, and the threshold beyond which somebody is ejected (struct scx_rescue).

const DFL_BANDWIDTH_PPT = 20;
const DFL_QUANTUM_US = 5000;
/** Value of ops.rescue_bandwidth_ppt that switches rescue off. */
export const RESCUE_DISABLE = 0xffffffff;
const OVERLOAD_MULTIPLE = 16;
/** The threshold of overload is never below, whatever the knobs. */
export const MIN_OVERLOAD_NS = 1_000_000_000;
const MAX_OVERLOAD_NS = 15_000_000_000;

export interface RescueKnobs {
  /** Share of the CPU, in 1024ths. */
  readonly bandwidth: number;
  /** Slice of one rescue, ns. */
  readonly quantumNs: number;
  /** Wait of the first in line from which on the largest consumer is ejected, ns. */
  readonly overloadNs: number;
}

/** What the root's ops ask for; undefined: rescue is off. `tickNs` is the length of a tick. */
export function rescueKnobs(ppt: number, quantumUs: number, tickNs: number): RescueKnobs | undefined {
  if (ppt === RESCUE_DISABLE) return undefined;
  const bandwidth = Math.floor(((ppt === 0 ? DFL_BANDWIDTH_PPT : ppt) * 1024) / 1000);
  const quantumNs = Math.max((quantumUs === 0 ? DFL_QUANTUM_US : quantumUs) * 1000, tickNs);
  const periodNs = Math.floor((quantumNs * 1024) / bandwidth);
  const overloadNs = Math.min(MAX_OVERLOAD_NS, Math.max(MIN_OVERLOAD_NS, OVERLOAD_MULTIPLE * periodNs));
  return { bandwidth, quantumNs, overloadNs };
}
