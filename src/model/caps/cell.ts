// Sets of capabilities of which only part is known: four bits of value and four bits that say which of them are known.
import { CAP_ALL, CAP_ENQ, CAP_ENQ_IMMED, CAP_PERF, CAP_PREEMPT, closure, formatCaps } from '../../kernel/caps.ts';
import { NO, type Tri, UNKNOWN, YES } from '../sched.ts';

/** Low nibble: value of the known bits (others 0). High nibble: the known bits. */
export type Cell = number;

export const CELL_UNKNOWN: Cell = 0;
export const CELL_EMPTY: Cell = CAP_ALL << 4;
export const CELL_FULL: Cell = (CAP_ALL << 4) | CAP_ALL;

/** All bits known. */
export function cellOf(value: number): Cell {
  return CELL_EMPTY | (value & CAP_ALL);
}

export function presentOf(cell: Cell): number {
  return cell & CAP_ALL;
}

export function knownOf(cell: Cell): number {
  return cell >> 4;
}

export function isComplete(cell: Cell): boolean {
  return cell >= CELL_EMPTY;
}

/** Bits that are certainly absent. */
export function absentOf(cell: Cell): number {
  return (cell >> 4) & ~cell & CAP_ALL;
}

/** Bits that may be present. */
export function possibleOf(cell: Cell): number {
  return CAP_ALL & ~absentOf(cell);
}

export function withBits(cell: Cell, bits: number): Cell {
  return cell | bits | (bits << 4);
}

export function withoutBits(cell: Cell, bits: number): Cell {
  return (cell & ~bits) | (bits << 4);
}

/** The bits become unknown. */
export function blurred(cell: Cell, bits: number): Cell {
  return cell & ~bits & ~(bits << 4);
}

/** What is certain when the truth is one of two cells. */
export function either(a: Cell, b: Cell): Cell {
  const known = knownOf(a) & knownOf(b) & ~(a ^ b) & CAP_ALL;
  return (known << 4) | (a & known);
}

/** Can the truth be exactly this value? */
export function admits(cell: Cell, value: number): boolean {
  return ((cell ^ value) & knownOf(cell)) === 0;
}

/** Are all of `bits` present? */
export function hasAll(cell: Cell, bits: number): Tri {
  if ((absentOf(cell) & bits) !== 0) return NO;
  return (cell & bits) === bits ? YES : UNKNOWN;
}

/** The effective set of a literal one. */
export function closureCell(literal: Cell): Cell {
  const least = closure(presentOf(literal));
  const most = closure(possibleOf(literal));
  const known = ~(least ^ most) & CAP_ALL;
  return (known << 4) | (least & known);
}

/** What the effective set tells about the literal one that it was made of; `literal` is what was known of it before. */
export function literalFrom(ecaps: number, literal: Cell): Cell {
  let cell = withoutBits(literal, ~ecaps & CAP_ALL);
  cell = withBits(cell, ecaps & (CAP_PREEMPT | CAP_PERF));
  if ((ecaps & CAP_ENQ) !== 0 && (ecaps & CAP_PREEMPT) === 0) cell = withBits(cell, CAP_ENQ);
  if ((ecaps & CAP_ENQ_IMMED) !== 0 && (ecaps & CAP_ENQ) === 0) cell = withBits(cell, CAP_ENQ_IMMED);
  return cell;
}

/** `enq_immed|enq`, with a question mark behind bits that may be there. */
export function formatCell(cell: Cell): string {
  if (isComplete(cell)) return formatCaps(presentOf(cell));
  const open = possibleOf(cell) & ~presentOf(cell);
  const parts = presentOf(cell) === 0 ? [] : [formatCaps(presentOf(cell))];
  for (let bit = 1; bit <= CAP_PERF; bit <<= 1) if ((open & bit) !== 0) parts.push(`${formatCaps(bit)}?`);
  return parts.join('|');
}
