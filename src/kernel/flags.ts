// Bits of enqueue, dequeue, kick, ops and task flags that mean the same in every modelled release.

/** Low half of enq_flags. */
export const ENQ_WAKEUP = 0x1;
/** High half of enq_flags. */
export const ENQ_HI_PREEMPT = 1 << 0;
export const ENQ_HI_IMMED = 1 << 1;
export const ENQ_HI_RESCUE = 1 << 2;
export const ENQ_HI_REENQ = 1 << 8;
export const ENQ_HI_LAST = 1 << 9;
/** Bits 56..63: internal, never accepted from BPF (__SCX_ENQ_INTERNAL_MASK). */
export const ENQ_HI_INTERNAL = 0xff000000 | 0;
export const ENQ_HI_CLEAR_OPSS = 1 << 24;
export const ENQ_HI_DSQ_PRIQ = 1 << 25;
export const ENQ_HI_NESTED = 1 << 26;
export const ENQ_HI_IGNORE_CAPS = 1 << 28;
export const ENQ_HI_APPLY_SLICE = 1 << 29;

export const DEQ_SLEEP = 0x1;
export const DEQ_SAVE = 0x2;
/** Renumbered like the enqueue flags; only read for 6.19 and later. */
export const DEQ_CLASS = 0x40;
/** High half of deq_flags. */
export const DEQ_HI_CORE_SCHED_EXEC = 1 << 0;
export const DEQ_HI_SCHED_CHANGE = 1 << 1;

export const OPS_ENQ_LAST = 0x2;
export const OPS_ENQ_EXITING = 0x4;
export const OPS_ENQ_MIGRATION_DISABLED = 0x10;

/** p->scx.flags */
export const TASK_QUEUED = 0x1;
export const TASK_IN_CUSTODY = 0x2;
export const TASK_RESET_RUNNABLE_AT = 0x4;
export const TASK_DEQD_FOR_SLEEP = 0x8;
export const TASK_IMMED = 0x20;
export const TASK_PROTECTED = 0x40;
export const TASK_STATE_SHIFT = 8;
export const TASK_REENQ_REASON_SHIFT = 12;

/** p->scx.ops_state, low two bits */
export const OPSS_NONE = 0;
export const OPSS_QUEUEING = 1;
export const OPSS_QUEUED = 2;
export const OPSS_DISPATCHING = 3;
export const OPSS_QSEQ_SHIFT = 2;

export const KICK_IDLE = 0x1;
export const KICK_PREEMPT = 0x2;
export const KICK_WAIT = 0x4;

/** p->flags */
export const PF_EXITING = 0x4;

/** rq->scx.flags */
export const RQ_ONLINE = 0x1;

/** Affinity change flags (SCA_*) */
export const SCA_MIGRATE_DISABLE = 0x2;
export const SCA_MIGRATE_ENABLE = 0x4;
