// How field values are written in the canonical spellings, and the halves of 64-bit values read back from text.
import { formatDsqId, type Halves, parseDsqId } from '../kernel/dsq-id.ts';
import type { Slot, TraceEvent } from './event.ts';
import {
  formatDecimal,
  formatHex,
  highHalf,
  lowHalf,
  parseInteger,
  toNumber,
  toSignedBigInt,
  toSignedNumber,
} from './u64.ts';
import type { FieldKind } from './vocabulary/fields.ts';

/** Ids below this are written in decimal; addresses lie above. */
const SMALL_ID = 2 ** 32;

/** A present field as JSON text. */
export function fieldToJson(event: TraceEvent, slot: Slot): string {
  switch (slot.kind) {
    case 'int':
      return String(event.low(slot));
    case 'uint':
      return String(event.low(slot) >>> 0);
    case 'bool':
      return event.low(slot) === 0 ? 'false' : 'true';
    case 'str':
      return JSON.stringify(event.string(slot));
    case 'cpus':
      return `"${event.masks[slot.index]?.toString() ?? ''}"`;
    default: {
      const text = wideToText(slot.kind, event.high(slot), event.low(slot));
      return isJsonNumber(slot.kind, event.high(slot), event.low(slot)) ? text : `"${text}"`;
    }
  }
}

/** A present field as plain text, as in CSV cells. */
export function fieldToText(event: TraceEvent, slot: Slot): string {
  if (slot.kind === 'str') return event.string(slot);
  const json = fieldToJson(event, slot);
  return json.startsWith('"') ? json.slice(1, -1) : json;
}

/** A 64-bit value as people write values of its kind. */
export function wideToText(kind: FieldKind, hi: number, lo: number): string {
  switch (kind) {
    case 'dsq':
      return formatDsqId(hi, lo);
    case 'hex':
      return formatHex(hi, lo);
    case 'id':
      return toNumber(hi, lo) < SMALL_ID ? formatDecimal(hi, lo) : formatHex(hi, lo);
    case 's64':
      return toSignedBigInt(hi, lo).toString();
    default:
      return formatDecimal(hi, lo);
  }
}

/** Numbers that JSON readers keep exact are written as numbers. */
function isJsonNumber(kind: FieldKind, hi: number, lo: number): boolean {
  if (kind === 'hex') return false;
  if (kind === 'dsq') return hi === 0 && lo >= 0 && lo < 10;
  if (kind === 'id') return toNumber(hi, lo) < SMALL_ID;
  return Math.abs(kind === 's64' ? toSignedNumber(hi, lo) : toNumber(hi, lo)) <= Number.MAX_SAFE_INTEGER;
}

/** Halves of a 64-bit value given as text; undefined when it is none of that kind. */
export function parseWide(kind: FieldKind, text: string): Halves | undefined {
  if (kind === 'dsq') return parseDsqId(text);
  const value = parseInteger(text);
  if (value === undefined || (value < 0n && kind !== 's64')) return undefined;
  return { hi: highHalf(value), lo: lowHalf(value) };
}
