// Compiles one event format of the file into a plan: which bytes become which fields of the trace event.
import type { Probe, ProbeArg } from '../../probes/probe.ts';
import { newTraceEvent, SLOT, type Slot, type TraceEvent } from '../../trace/event.ts';
import { isWide } from '../../trace/vocabulary/fields.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import type { EventFormat, FormatField } from './event-format.ts';

/** How the bytes of one field are stored. */
export const OP = {
  u8: 0,
  s8: 1,
  u16: 2,
  s16: 3,
  word: 4,
  lowWord: 5,
  wide: 6,
  wideFromU32: 7,
  wideFromS32: 8,
  wideFromS16: 9,
  wideFromS8: 10,
  maskWord: 11,
  text: 12,
  dataLoc: 13,
  relLoc: 14,
  verdict: 15,
  cidWord: 16,
} as const;

const LAST_NUMERIC = OP.wideFromS8;

export interface FieldOp {
  readonly op: number;
  readonly slot: Slot;
  readonly offset: number;
  readonly size: number;
  /** 64-bit word of a mask. */
  readonly word: number;
  /** Offset of a guarding 64-bit argument, -1 for none; see `guardLocal`. */
  readonly guardOffset: number;
  /** The guard is a DSQ id that must be LOCAL; otherwise a pointer that must be valid. */
  readonly guardLocal: boolean;
  /** Offsets of base and count of a cid mask, -1 for none. */
  readonly baseOffset: number;
  readonly countOffset: number;
  /** The field is the command name of the task in this slot, passed on only when it is news. */
  readonly commOf: Slot | undefined;
}

export interface DecodePlan {
  readonly probe: Probe;
  readonly format: EventFormat;
  /** The kernel's own record of a switch, and the probe's. */
  readonly isSwitchTracepoint: boolean;
  readonly isSwitchProbe: boolean;
  /** The record that all events of this format are decoded into: what is the same in all of them is set once. */
  readonly event: TraceEvent;
  /** Presence of the fields that every event of this format has: all but the guarded ones and command names. */
  readonly presence: Int32Array;
  /** Aligned 32-bit words as pairs (index into `event.words`, word of the record). */
  readonly copies: Int32Array;
  /** Other numbers as triples (operation, index into `event.words`, offset in the record). */
  readonly numbers: Int32Array;
  /** All other fields: strings, masks, and whatever is only valid under a condition. */
  readonly ops: readonly FieldOp[];
  /** Slots that one event has and the next may not. */
  readonly passing: readonly Slot[];
}

/** The plan for `format`; what of the catalogue entry the recording kernel did not provide is left out. */
export function compilePlan(probe: Probe, format: EventFormat, nrCpuIds: number, littleEndian: boolean): DecodePlan {
  const ops: FieldOp[] = [];
  let maskWords = 0;
  for (const arg of probe.args) {
    const field = format.fields.get(arg.name);
    if (field === undefined || arg.field === undefined) continue;
    const op = compileArg(probe, format, arg, field);
    if (op === undefined) continue;
    ops.push(op);
    if (op.op === OP.maskWord || op.op === OP.cidWord) maskWords = Math.max(maskWords, op.word + 1);
  }
  const event = newTraceEvent();
  event.begin(KIND[probe.type]);
  if (probe.phase !== undefined) event.setString(SLOT.phase, probe.phase);
  if (probe.step !== undefined) event.setString(SLOT.step, probe.step);
  for (const [name, value] of Object.entries(probe.constants ?? {})) {
    const slot = slotOf(name);
    if (slot !== undefined) event.setInt(slot, value);
  }
  // Only the first words of wider masks are recorded.
  if (maskWords > 0 && maskWords * 64 < nrCpuIds) event.cpus_bits = maskWords * 64;

  const copies: number[] = [];
  const numbers: number[] = [];
  const others: FieldOp[] = [];
  for (const op of ops) {
    const isNumber = op.op <= LAST_NUMERIC && op.guardOffset < 0;
    const copied = isNumber ? copiesOf(op, littleEndian) : undefined;
    if (copied !== undefined) copies.push(...copied);
    else if (isNumber) numbers.push(op.op, op.slot.index, op.offset);
    else others.push(op);
    if (op.guardOffset < 0 && op.slot.kind !== 'str') event.mark(op.slot);
  }
  return {
    probe,
    format,
    isSwitchTracepoint: format.system === 'sched' && format.name === 'sched_switch',
    isSwitchProbe: format.system === 'scx' && format.name === 'switch',
    event,
    presence: event.presence.slice(),
    copies: Int32Array.from(copies),
    numbers: Int32Array.from(numbers),
    ops: others,
    passing: others
      .filter((op) => op.slot.kind === 'str' || op.guardOffset >= 0 || op.op === OP.cidWord)
      .map((op) => op.slot),
  };
}

/** An aligned field as plain copies of words; undefined when it takes more than that. */
function copiesOf({ op, offset, slot }: FieldOp, littleEndian: boolean): readonly number[] | undefined {
  if (offset % 4 !== 0) return undefined;
  const word = offset >> 2;
  const low = littleEndian ? word : word + 1;
  switch (op) {
    case OP.word:
    case OP.wideFromU32:
      return [slot.index, word];
    case OP.lowWord:
      return [slot.index, low];
    case OP.wide:
      return [slot.index, low, slot.index + 1, littleEndian ? word + 1 : word];
    default:
      return undefined;
  }
}

function slotOf(name: string): Slot | undefined {
  return (SLOT as Readonly<Record<string, Slot>>)[name];
}

function compileArg(probe: Probe, format: EventFormat, arg: ProbeArg, field: FormatField): FieldOp | undefined {
  const slot = arg.field === undefined ? undefined : slotOf(arg.field);
  if (slot === undefined) return undefined;
  const meaningOffset = (meaning: ProbeArg['meaning']): number => {
    const other = probe.args.find((candidate) => candidate.meaning === meaning);
    return other === undefined ? -1 : (format.fields.get(other.name)?.offset ?? -1);
  };
  let op: number | undefined;
  let baseOffset = -1;
  let countOffset = -1;
  if (arg.meaning === 'verdict') op = field.size === 8 ? OP.verdict : undefined;
  else if (slot.kind === 'cpus') {
    baseOffset = meaningOffset('cid-base');
    countOffset = meaningOffset('cid-count');
    if (field.size === 8) op = baseOffset >= 0 && countOffset >= 0 ? OP.cidWord : OP.maskWord;
  } else if (slot.kind === 'str') op = textOp(field);
  else op = isWide(slot.kind) ? wideOp(field) : intOp(field);
  if (op === undefined) return undefined;
  const guard = arg.guard === undefined ? undefined : format.fields.get(arg.guard.arg);
  // A guard that was not recorded cannot vouch for the value.
  if (arg.guard !== undefined && guard?.size !== 8) return undefined;
  return {
    op,
    slot,
    offset: field.offset,
    size: field.size,
    word: arg.word ?? 0,
    guardOffset: guard?.offset ?? -1,
    guardLocal: arg.guard?.test === 'local-dsq',
    baseOffset,
    countOffset,
    commOf: COMM_OF.get(slot),
  };
}

/** Command-name fields and the task that they belong to. */
const COMM_OF: ReadonlyMap<Slot, Slot> = new Map([
  [SLOT.comm, SLOT.pid],
  [SLOT.prev_comm, SLOT.prev],
  [SLOT.next_comm, SLOT.next],
  [SLOT.parent_comm, SLOT.parent],
]);

function textOp(field: FormatField): number | undefined {
  if (field.dynamic === 'data-loc') return OP.dataLoc;
  if (field.dynamic === 'rel-loc') return OP.relLoc;
  return field.isArray ? OP.text : undefined;
}

function intOp(field: FormatField): number | undefined {
  switch (field.size) {
    case 1:
      return field.signed ? OP.s8 : OP.u8;
    case 2:
      return field.signed ? OP.s16 : OP.u16;
    case 4:
      return OP.word;
    case 8:
      return OP.lowWord;
    default:
      return undefined;
  }
}

function wideOp(field: FormatField): number | undefined {
  switch (field.size) {
    case 1:
      return field.signed ? OP.wideFromS8 : OP.u8;
    case 2:
      return field.signed ? OP.wideFromS16 : OP.u16;
    case 4:
      return field.signed ? OP.wideFromS32 : OP.wideFromU32;
    case 8:
      return OP.wide;
    default:
      return undefined;
  }
}
