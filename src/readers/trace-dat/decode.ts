// Carries out decode plans: fills a plan's trace event from the bytes of a record, allocating nothing but new strings.
import type { CpuMask } from '../../trace/cpu-mask.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { StringTable } from '../string-table.ts';
import type { CpuCursor } from './cpu-cursor.ts';
import { type DecodePlan, type FieldOp, OP } from './decode-plan.ts';

const LOCAL_DSQ_HI = 0x80000000 | 0;
const LOCAL_DSQ_LO = 2;

export class RecordDecoder {
  readonly #littleEndian: boolean;
  readonly #nrCpuIds: number;
  readonly #strings = new StringTable();
  /** Last command name seen of each task: names are passed on only when they are news. */
  readonly #comms = new Map<number, string>();

  constructor(littleEndian: boolean, nrCpuIds: number) {
    this.#littleEndian = littleEndian;
    this.#nrCpuIds = nrCpuIds;
  }

  /** Fills the plan's event from a record of the cursor's page, whose length has been checked. */
  decode(plan: DecodePlan, cursor: CpuCursor, index: number): TraceEvent {
    const { copies, event, numbers, ops, passing, presence } = plan;
    const { words } = event;
    const start = cursor.starts[index] ?? 0;
    const source = cursor.pages.words;
    const first = start >> 2;
    for (let i = 0; i < copies.length; i += 2) words[copies[i] ?? 0] = source[first + (copies[i + 1] ?? 0)] ?? 0;
    if (numbers.length > 0) {
      const view = cursor.pages.view;
      for (let i = 0; i < numbers.length; i += 3)
        this.#number(numbers[i] ?? 0, words, numbers[i + 1] ?? 0, view, start + (numbers[i + 2] ?? 0));
    }
    if (ops.length === 0) return event;
    for (let i = 0; i < passing.length; i++) {
      const slot = passing[i];
      if (slot !== undefined && event.hasSlot(slot)) event.dropSlot(slot);
    }
    event.presence.set(presence);
    for (let i = 0; i < ops.length; i++) {
      const op = ops[i];
      if (op !== undefined) this.#field(op, cursor, index, event);
    }
    return event;
  }

  /** The task's command name is not the one seen last. Remembers it. */
  isNewComm(pid: number, comm: string): boolean {
    if (this.#comms.get(pid) === comm) return false;
    this.#comms.set(pid, comm);
    return true;
  }

  /** The text of a `char x[n]` or dynamic string field of a record. */
  text(op: FieldOp, cursor: CpuCursor, index: number): string {
    const view = cursor.pages.view;
    const start = cursor.starts[index] ?? 0;
    const recordLength = cursor.lengths[index] ?? 0;
    let from = start + op.offset;
    let length = op.size;
    if (op.op !== OP.text) {
      const location = view.getUint32(from, this.#littleEndian);
      const offset = location & 0xffff;
      length = location >>> 16;
      from = op.op === OP.relLoc ? from + 4 + offset : start + offset;
      if (from + length > start + recordLength) {
        throw cursor.damagedRecord(
          index,
          'a string lies outside its record',
          `within ${recordLength} bytes`,
          `${from - start}+${length}`,
        );
      }
    }
    // An array without a size, as in print records: up to the end of the record.
    if (length === 0 && op.op === OP.text) length = start + recordLength - from;
    return this.#strings.intern(view, from, length);
  }

  #field(op: FieldOp, cursor: CpuCursor, index: number, event: TraceEvent): void {
    const littleEndian = this.#littleEndian;
    const view = cursor.pages.view;
    const start = cursor.starts[index] ?? 0;
    const at = start + op.offset;
    const { slot } = op;
    if (op.guardOffset >= 0) {
      if (!this.#guardHolds(op, view, start)) return;
      event.mark(slot);
    }
    switch (op.op) {
      case OP.maskWord:
        this.#maskWord(op, view, at, event.setMask(slot));
        return;
      case OP.cidWord:
        this.#cidWord(op, view, start, event);
        return;
      case OP.verdict: {
        const lo = view.getInt32(littleEndian ? at : at + 4, littleEndian);
        const hi = view.getInt32(littleEndian ? at + 4 : at, littleEndian);
        event.setString(slot, lo === 0 && hi === 0 ? 'none' : isPointer(hi, lo) ? 'task' : 'retry');
        return;
      }
      case OP.text:
      case OP.dataLoc:
      case OP.relLoc: {
        const text = this.text(op, cursor, index);
        if (op.commOf === undefined || this.isNewComm(event.low(op.commOf), text)) event.setString(slot, text);
        return;
      }
      default:
        this.#number(op.op, event.words, slot.index, view, at);
    }
  }

  #guardHolds(op: FieldOp, view: DataView, start: number): boolean {
    const at = start + op.guardOffset;
    const lo = view.getInt32(this.#littleEndian ? at : at + 4, this.#littleEndian);
    const hi = view.getInt32(this.#littleEndian ? at + 4 : at, this.#littleEndian);
    return op.guardLocal ? lo === LOCAL_DSQ_LO && hi === LOCAL_DSQ_HI : isPointer(hi, lo);
  }

  /** Stores one numeric field at `index` of `words` (wide ones: low half, then high half). */
  #number(op: number, words: Int32Array, index: number, view: DataView, at: number): void {
    const littleEndian = this.#littleEndian;
    switch (op) {
      case OP.u8:
        words[index] = view.getUint8(at);
        return;
      case OP.s8:
        words[index] = view.getInt8(at);
        return;
      case OP.u16:
        words[index] = view.getUint16(at, littleEndian);
        return;
      case OP.s16:
        words[index] = view.getInt16(at, littleEndian);
        return;
      case OP.word:
      case OP.wideFromU32:
        words[index] = view.getInt32(at, littleEndian);
        return;
      case OP.lowWord:
        words[index] = view.getInt32(littleEndian ? at : at + 4, littleEndian);
        return;
      case OP.wide:
        words[index] = view.getInt32(littleEndian ? at : at + 4, littleEndian);
        words[index + 1] = view.getInt32(littleEndian ? at + 4 : at, littleEndian);
        return;
      default: {
        const lo =
          op === OP.wideFromS8
            ? view.getInt8(at)
            : op === OP.wideFromS16
              ? view.getInt16(at, littleEndian)
              : view.getInt32(at, littleEndian);
        words[index] = lo;
        words[index + 1] = lo >> 31;
      }
    }
  }

  /** Bits beyond the number of CPU ids are junk: the kernel allocates only so many. */
  #maskWord(op: FieldOp, view: DataView, at: number, mask: CpuMask): void {
    const littleEndian = this.#littleEndian;
    for (let half = 0; half < 2; half++) {
      const index = op.word * 2 + half;
      const bitsLeft = this.#nrCpuIds - index * 32;
      if (bitsLeft <= 0) return;
      const bits = view.getInt32(littleEndian ? at + half * 4 : at + 4 - half * 4, littleEndian);
      mask.setWord(index, bitsLeft >= 32 ? bits : bits & ((1 << bitsLeft) - 1));
    }
  }

  /** Words of a struct scx_cmask: word 0 holds cid `base & ~63`, valid are `base .. base+count-1`. */
  #cidWord(op: FieldOp, view: DataView, start: number, event: TraceEvent): void {
    const littleEndian = this.#littleEndian;
    const mask = event.setMask(op.slot);
    const base = view.getUint32(start + op.baseOffset, littleEndian);
    const count = view.getUint32(start + op.countOffset, littleEndian);
    const first = (base & ~63) + op.word * 64;
    const at = start + op.offset;
    for (let half = 0; half < 2; half++) {
      let bits = view.getInt32(littleEndian ? at + half * 4 : at + 4 - half * 4, littleEndian);
      for (; bits !== 0; bits &= bits - 1) {
        const cid = first + half * 32 + 31 - Math.clz32(bits & -bits);
        if (cid >= base && cid < base + count) mask.add(cid);
      }
    }
    // A window that goes on beyond the words that were recorded.
    if (base + count > first + 64) event.cpus_bits = first + 64;
    else event.drop('cpus_bits');
  }
}

/** Neither NULL nor an error pointer (the last 4095 values). */
function isPointer(hi: number, lo: number): boolean {
  if (hi === 0 && lo === 0) return false;
  return !(hi === -1 && lo >>> 0 >= 0xfffff001);
}
