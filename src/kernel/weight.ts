// Task weights: what scx_set_weight() makes of the load weight of the fair class (sched_prio_to_weight, sched_weight_to_cgroup).

/** Load weights by nice value, -20 to 19 (kernel/sched/core.c: sched_prio_to_weight). */
const LOAD_WEIGHTS: readonly number[] = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991,
  1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
];

/** Load weight of SCHED_IDLE tasks (WEIGHT_IDLEPRIO). */
const LOAD_WEIGHT_IDLE = 3;

/** Static priority of nice 0 (DEFAULT_PRIO). */
const DEFAULT_PRIO = 120;

/** Scheduling policies whose tasks have a nice value. */
export const POLICY_IDLE = 5;
const NICE_POLICIES: readonly number[] = [0, 3, 7];

export const WEIGHT_MIN = 1;
export const WEIGHT_MAX = 10_000;

/** sched_weight_to_cgroup(): the scale on which nice 0 is 100. */
export function weightFromLoad(load: number): number {
  return Math.min(WEIGHT_MAX, Math.max(WEIGHT_MIN, Math.round((load * 100) / 1024)));
}

/** p->scx.weight of a nice value; undefined outside -20..19. */
export function weightFromNice(nice: number): number | undefined {
  const load = LOAD_WEIGHTS[nice + 20];
  return load === undefined ? undefined : weightFromLoad(load);
}

/** p->scx.weight by policy and static priority (100..139); undefined for policies that the table does not cover. */
export function weightFromPolicy(policy: number, staticPrio: number): number | undefined {
  if (policy === POLICY_IDLE) return weightFromLoad(LOAD_WEIGHT_IDLE);
  return NICE_POLICIES.includes(policy) ? weightFromNice(staticPrio - DEFAULT_PRIO) : undefined;
}
