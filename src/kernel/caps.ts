// Capabilities of sub-schedulers: bits, names, what implies what, and what an insertion needs (kernel/sched/ext/sub.c).
import { ENQ_HI_IGNORE_CAPS, ENQ_HI_IMMED } from './flags.ts';

/** IMMED inserts, kicks, slice extension, keeping the CPU, being sub-dispatched, ops.update_idle(). */
export const CAP_ENQ_IMMED = 0x1;
/** The capability without which a scheduler has nothing on a CPU. */
export const CAP_BASE = CAP_ENQ_IMMED;
/** Any insert on the local DSQ of the CPU. */
export const CAP_ENQ = 0x2;
/** Preempting tasks that belong to schedulers outside the holder's subtree. */
export const CAP_PREEMPT = 0x4;
/** scx_bpf_cidperf_set() on the CPU. */
export const CAP_PERF = 0x8;
export const CAP_ALL = 0xf;
/** Capabilities whose loss makes the core scan the local DSQ (SCX_CAPS_REENQ_ON_LOSS). */
export const CAPS_REENQ_ON_LOSS = CAP_ENQ_IMMED | CAP_ENQ;

/** One name per bit, as in the `caps` files of sysfs. */
export const CAP_NAMES = ['enq_immed', 'enq', 'preempt', 'perf'] as const;

/** Deepest level that a sub-scheduler may have (SCX_SUB_MAX_DEPTH - 1). */
export const SUB_MAX_DEPTH = 4;

/** Request flags of a local re-enqueue. */
export const REENQ_ANY = 0x1;
export const REENQ_CAP_REVOKE = 0x2;

/** Reasons of a re-enqueue, bits 12..14 of p->scx.flags. */
export const REENQ_REASON = { NONE: 0, KFUNC: 1, IMMED: 2, PREEMPTED: 3, CAP: 4 } as const;

/** What the literal set allows its holder: PREEMPT implies ENQ, ENQ implies ENQ_IMMED; PERF stands alone. */
export function closure(literal: number): number {
  let caps = literal;
  if ((caps & CAP_PREEMPT) !== 0) caps |= CAP_ENQ | CAP_ENQ_IMMED;
  if ((caps & CAP_ENQ) !== 0) caps |= CAP_ENQ_IMMED;
  return caps;
}

/** Can the value be an effective set: closed under implication, no unknown bit. */
export function isEffective(ecaps: number): boolean {
  return (ecaps & ~CAP_ALL) === 0 && closure(ecaps) === ecaps;
}

/** What an insertion on a local DSQ needs on that CPU, preemption aside. `hi`: high half of enq_flags. */
export function enqNeed(hi: number): number {
  if ((hi & ENQ_HI_IGNORE_CAPS) !== 0) return 0;
  return (hi & ENQ_HI_IMMED) !== 0 ? CAP_ENQ_IMMED : CAP_ENQ;
}

/** `enq_immed|enq`, `none`: as people read it; unknown bits in hexadecimal. */
export function formatCaps(caps: number): string {
  const names = CAP_NAMES.filter((_, bit) => (caps & (1 << bit)) !== 0) as string[];
  if ((caps & ~CAP_ALL) !== 0) names.push(`0x${((caps & ~CAP_ALL) >>> 0).toString(16)}`);
  return names.length === 0 ? 'none' : names.join('|');
}
