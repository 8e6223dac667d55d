// Numeric limits and defaults of the sched_ext core (kernel/sched/ext/internal.h).

export const SLICE_DFL_NS = 20_000_000;
export const DSP_DFL_MAX_BATCH = 32;
export const DSP_MAX_LOOPS = 32;
export const WATCHDOG_MAX_TIMEOUT_MS = 30_000;
/** A task may be re-enqueued this often without running (SCX_REENQ_MAX_REPEAT); one more ends the scheduler. */
export const REENQ_MAX_REPEAT = 256;
export const BYPASS_LB_DFL_INTV_US = 500_000;
export const SLICE_BYPASS_DFL_US = 5_000;
export const WEIGHT_MIN = 1;
export const WEIGHT_MAX = 10_000;

/**
 * Is it the weight of a task with that load weight? On 64-bit kernels load weights are scaled up by 1024, which the number
 * alone does not tell.
 */
export function isWeightOfLoad(weight: number, loadWeight: number): boolean {
  return weight === weightOfLoad(loadWeight) || weight === weightOfLoad(Math.floor(loadWeight / 1024));
}

/**
 * Weight of a task from the unscaled load weight of its nice value (sched_weight_to_cgroup): nice 0 is 1024 and gives 100.
 */
export function weightOfLoad(load: number): number {
  return Math.min(WEIGHT_MAX, Math.max(WEIGHT_MIN, Math.floor((load * 100 + 512) / 1024)));
}
/** Longest name of a task (TASK_COMM_LEN without the NUL). */
export const COMM_LEN = 15;
