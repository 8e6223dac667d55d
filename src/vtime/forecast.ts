// Forecasts: how fast a task drifts, when it reaches a limit, how long it has to wait behind its competitors.

/** A task that competes with one that waits: by how much it is behind in vtime (ns), and its weight. */
export interface Competitor {
  /** key of the waiting task - vtime of the competitor, ns. */
  readonly behindNs: number;
  readonly weight: number;
}

/** CPU time, ns, until every competitor has passed the waiting task. */
export function cpuTimeAhead(competitors: Iterable<Competitor>): number {
  let sum = 0;
  for (const { behindNs, weight } of competitors) sum += (Math.max(0, behindNs) * weight) / 100;
  return sum;
}

/** Wall time, ns, that a task waits behind competitors that share `cpus` CPUs and are always runnable. */
export function waitTime(competitors: Iterable<Competitor>, cpus: number): number {
  return cpus <= 0 ? Number.POSITIVE_INFINITY : cpuTimeAhead(competitors) / cpus;
}

/** Drift, ns, from which on a wait exceeds the timeout, when all competitors are equally far behind. */
export function criticalDrift(timeoutNs: number, cpus: number, weightSum: number): number {
  return weightSum <= 0 ? Number.POSITIVE_INFINITY : (timeoutNs * cpus * 100) / weightSum;
}

/** Time, ns, until the drift reaches the limit; infinite when it does not grow. */
export function timeToLimit(limitNs: number, driftNs: number, rate: number): number {
  if (driftNs >= limitNs) return 0;
  return rate > 0 ? (limitNs - driftNs) / rate : Number.POSITIVE_INFINITY;
}
