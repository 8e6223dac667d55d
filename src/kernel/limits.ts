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
export const COMM_LEN = 15;
