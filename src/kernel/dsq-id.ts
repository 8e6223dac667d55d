// DSQ ids: built-in ones, their names, and how ids are written in traces and messages (enum scx_dsq_id_flags).
import { formatHex, highHalf, lowHalf, parseInteger } from '../trace/u64.ts';

/** Upper half of built-in ids: bit 63. */
export const BUILTIN_HI = 0x80000000 | 0;
/** Upper half of LOCAL_ON ids: bits 63 and 62; the lower half is the CPU (cid in cid-form schedulers). */
export const LOCAL_ON_HI = 0xc0000000 | 0;

export const DSQ_INVALID = 0;
export const DSQ_GLOBAL = 1;
export const DSQ_LOCAL = 2;
export const DSQ_BYPASS = 3;
export const DSQ_REJECT = 4;
export const DSQ_RESCUE = 5;

const NAMES = ['invalid', 'global', 'local', 'bypass', 'reject', 'rescue'] as const;

/** Bit 63 is set: GLOBAL, LOCAL, LOCAL_ON, BYPASS … */
export function isBuiltin(hi: number): boolean {
  return (hi & BUILTIN_HI) !== 0;
}

/** SCX_DSQ_LOCAL_ON: the kernel ignores bits 61..32. */
export function isLocalOn(hi: number): boolean {
  return (hi & LOCAL_ON_HI) === LOCAL_ON_HI;
}

/** The id is exactly the built-in one with that number. */
export function isBuiltinId(hi: number, lo: number, number: number): boolean {
  return hi === BUILTIN_HI && lo === number;
}

/** LOCAL or LOCAL_ON: what the kernel calls a local id when it vets flags. */
export function isLocalId(hi: number, lo: number): boolean {
  return isBuiltinId(hi, lo, DSQ_LOCAL) || isLocalOn(hi);
}

/** `local`, `local_on:3`, `global`, … or the number: hexadecimal from 10 on, as people write DSQ ids. */
export function formatDsqId(hi: number, lo: number): string {
  if (hi === LOCAL_ON_HI) return `local_on:${lo >>> 0}`;
  if (hi === BUILTIN_HI) {
    const name = NAMES[lo >>> 0];
    if (name !== undefined) return name;
  }
  return hi === 0 && lo >= 0 && lo < 10 ? String(lo) : formatHex(hi, lo);
}

export interface Halves {
  readonly hi: number;
  readonly lo: number;
}

/** Parses a name or a number; undefined when it is neither. */
export function parseDsqId(text: string): Halves | undefined {
  const builtin = (NAMES as readonly string[]).indexOf(text);
  if (builtin >= 0) return { hi: BUILTIN_HI, lo: builtin };
  const localOn = /^local_on:(\d+)$/.exec(text)?.[1];
  if (localOn !== undefined)
    return Number(localOn) > 0xffff_ffff ? undefined : { hi: LOCAL_ON_HI, lo: Number(localOn) | 0 };
  const value = parseInteger(text);
  return value === undefined || value < 0n ? undefined : { hi: highHalf(value), lo: lowHalf(value) };
}
