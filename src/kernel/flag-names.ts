// Names of flag bits, as the kernel's headers spell them without their prefix.
import { formatHex } from '../trace/u64.ts';
import type { EnqFlagBits } from './semantics.ts';

interface NamedBit {
  readonly hi: number;
  readonly lo: number;
  readonly name: string;
}

const low = (lo: number, name: string): NamedBit => ({ hi: 0, lo, name });
const high = (bit: number, name: string): NamedBit => ({ hi: 1 << (bit - 32), lo: 0, name });

/** Bits of enq_flags above 32 (enum scx_enq_flags). */
const ENQ_HIGH: readonly NamedBit[] = [
  high(32, 'PREEMPT'),
  high(33, 'IMMED'),
  high(34, 'RESCUE'),
  high(40, 'REENQ'),
  high(41, 'LAST'),
  high(56, 'CLEAR_OPSS'),
  high(57, 'DSQ_PRIQ'),
  high(58, 'NESTED'),
  high(59, 'GDSQ_FALLBACK'),
  high(60, 'IGNORE_CAPS'),
  high(61, 'APPLY_SLICE'),
  high(62, 'SLICE_DFL'),
];

const DEQ_HIGH: readonly NamedBit[] = [high(32, 'CORE_SCHED_EXEC'), high(33, 'SCHED_CHANGE')];

const TASK_BITS: readonly NamedBit[] = [
  low(0x1, 'QUEUED'),
  low(0x2, 'IN_CUSTODY'),
  low(0x4, 'RESET_RUNNABLE_AT'),
  low(0x8, 'DEQD_FOR_SLEEP'),
  low(0x10, 'SUB_INIT'),
  low(0x20, 'IMMED'),
  low(0x40, 'PROTECTED'),
];

const OPS_BITS: readonly NamedBit[] = [
  low(0x1, 'KEEP_BUILTIN_IDLE'),
  low(0x2, 'ENQ_LAST'),
  low(0x4, 'ENQ_EXITING'),
  low(0x8, 'SWITCH_PARTIAL'),
  low(0x10, 'ENQ_MIGRATION_DISABLED'),
  low(0x20, 'ALLOW_QUEUED_WAKEUP'),
  low(0x40, 'BUILTIN_IDLE_PER_NODE'),
  low(0x80, 'ALWAYS_ENQ_IMMED'),
  low(0x100, 'TID_TO_TASK'),
];

/** Bits 8.. of p->scx.flags hold the life-cycle state and the reason of a re-enqueue. */
const TASK_STATE_BITS = 0x7f00;

/** Enqueue flags (SCX_ENQ_*, ENQUEUE_*); bits that have no name come last, in hexadecimal. */
export function enqFlagNames(hi: number, lo: number, bits: EnqFlagBits): string[] {
  return namesOf(hi, lo, [
    low(0x1, 'WAKEUP'),
    low(0x2, 'RESTORE'),
    low(0x4, 'MOVE'),
    low(0x8, 'NOCLOCK'),
    low(bits.migrating, 'MIGRATING'),
    ...laterBits(bits),
    low(bits.head, 'HEAD'),
    low(bits.migrated, 'MIGRATED'),
    low(bits.initial, 'INITIAL'),
    low(bits.cpuSelected, 'CPU_SELECTED'),
    ...ENQ_HIGH,
  ]);
}

/** Dequeue flags (SCX_DEQ_*, DEQUEUE_*). */
export function deqFlagNames(hi: number, lo: number, bits: EnqFlagBits): string[] {
  return namesOf(hi, lo, [
    low(0x1, 'SLEEP'),
    low(0x2, 'SAVE'),
    low(0x4, 'MOVE'),
    low(0x8, 'NOCLOCK'),
    low(bits.migrating, 'MIGRATING'),
    ...laterBits(bits),
    ...DEQ_HIGH,
  ]);
}

/** Bits that came with the numbering of 6.19. */
function laterBits(bits: EnqFlagBits): readonly NamedBit[] {
  return bits.migrating === 0x10 ? [low(0x20, 'DELAYED'), low(0x40, 'CLASS')] : [];
}

/** p->scx.flags without the life-cycle state. */
export function taskFlagNames(flags: number): string[] {
  return namesOf(0, flags & ~TASK_STATE_BITS, TASK_BITS);
}

/** ops.flags, low half. */
export function opsFlagNames(flags: number): string[] {
  return namesOf(0, flags, OPS_BITS);
}

function namesOf(hi: number, lo: number, table: readonly NamedBit[]): string[] {
  const names: string[] = [];
  let restHi = hi;
  let restLo = lo;
  for (const bit of table) {
    if ((restHi & bit.hi) === 0 && (restLo & bit.lo) === 0) continue;
    names.push(bit.name);
    restHi &= ~bit.hi;
    restLo &= ~bit.lo;
  }
  if (restHi !== 0 || restLo !== 0) names.push(formatHex(restHi, restLo));
  return names;
}
