// Values that are complete only when the whole record was read: guarded ones, masks of several words, verdicts.
import type { CpuMask } from '../../trace/cpu-mask.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { isWide } from '../../trace/vocabulary/fields.ts';
import type { LateField, NamedPlan } from './event-plan.ts';

const LOCAL_DSQ_HI = 0x80000000 | 0;
const LOCAL_DSQ_LO = 2;

const MAX_KEYS = 64;

export class LateFields {
  /** CPU ids below this exist; masks are cut there. */
  readonly #nrCpuIds: number;
  /** That number is certain; otherwise only so many bits of the masks are known. */
  readonly #certain: boolean;
  /** Values by index of their keys, and which of them there are. */
  readonly #hi = new Int32Array(MAX_KEYS);
  readonly #lo = new Int32Array(MAX_KEYS);
  readonly #texts: string[] = new Array<string>(MAX_KEYS).fill('');
  /** The number of the record in which each key was given last, as a number and as text. */
  readonly #given = new Int32Array(MAX_KEYS);
  readonly #givenText = new Int32Array(MAX_KEYS);
  #record = 0;

  constructor(nrCpuIds: number, certain: boolean) {
    this.#nrCpuIds = nrCpuIds;
    this.#certain = certain;
  }

  /** A record begins. */
  begin(): void {
    this.#record = (this.#record + 1) | 0;
  }

  setNumber(key: number, hi: number, lo: number): void {
    this.#hi[key] = hi;
    this.#lo[key] = lo;
    this.#given[key] = this.#record;
  }

  setText(key: number, text: string): void {
    this.#texts[key] = text;
    this.#givenText[key] = this.#record;
  }

  /** Completes the event from the values that were set. */
  finish(plan: NamedPlan, event: TraceEvent): void {
    const { late } = plan;
    for (let i = 0; i < late.length; i++) {
      const field = late[i];
      if (field === undefined) break;
      // Text where a number belongs says nothing, nor the other way round.
      const given = field.how === 'text' ? this.#givenText : this.#given;
      if (given[field.key] !== this.#record) continue;
      // A guard that was not printed cannot vouch for the value.
      if (field.guard >= 0 && (this.#given[field.guard] !== this.#record || !this.#guardHolds(field))) continue;
      this.#lateField(field, event);
    }
    if (plan.maskWords > 0) this.#maskBits(plan, event);
  }

  #lateField(field: LateField, event: TraceEvent): void {
    const { slot, key } = field;
    const hi = this.#hi[key] ?? 0;
    const lo = this.#lo[key] ?? 0;
    switch (field.how) {
      case 'verdict':
        event.setString(slot, hi === 0 && lo === 0 ? 'none' : isPointer(hi, lo) ? 'task' : 'retry');
        return;
      case 'mask':
        this.#maskWord(event.setMask(slot), field.word, hi, lo);
        return;
      case 'cids':
        this.#cidWord(event.setMask(slot), field, hi, lo);
        return;
      case 'text':
        event.setString(slot, this.#texts[key] ?? '');
        return;
      default:
        if (isWide(slot.kind)) event.setWide(slot, hi, lo);
        else event.setInt(slot, lo);
    }
  }

  #guardHolds(field: LateField): boolean {
    const hi = this.#hi[field.guard] ?? 0;
    const lo = this.#lo[field.guard] ?? 0;
    return field.guardLocal ? hi === LOCAL_DSQ_HI && lo === LOCAL_DSQ_LO : isPointer(hi, lo);
  }

  /** Bits beyond the number of CPU ids are junk: the kernel allocates only so many. */
  #maskWord(mask: CpuMask, word: number, hi: number, lo: number): void {
    for (let half = 0; half < 2; half++) {
      const index = word * 2 + half;
      const bitsLeft = this.#nrCpuIds - index * 32;
      if (bitsLeft <= 0) return;
      const bits = half === 0 ? lo : hi;
      mask.setWord(index, bitsLeft >= 32 ? bits : bits & ((1 << bitsLeft) - 1));
    }
  }

  /** Words of a struct scx_cmask: word 0 holds cid `base & ~63`, valid are `base .. base+count-1`. */
  #cidWord(mask: CpuMask, field: LateField, hi: number, lo: number): void {
    if (this.#given[field.base] !== this.#record || this.#given[field.count] !== this.#record) return;
    const base = (this.#lo[field.base] ?? 0) >>> 0;
    const end = base + ((this.#lo[field.count] ?? 0) >>> 0);
    const first = (base & ~63) + field.word * 64;
    for (let half = 0; half < 2; half++) {
      for (let bits = half === 0 ? lo : hi; bits !== 0; bits &= bits - 1) {
        const cid = first + half * 32 + 31 - Math.clz32(bits & -bits);
        if (cid >= base && cid < end) mask.add(cid);
      }
    }
  }

  #maskBits(plan: NamedPlan, event: TraceEvent): void {
    const recorded = plan.maskWords * 64;
    if (!this.#certain) event.cpus_bits = Math.min(recorded, this.#nrCpuIds);
    else if (recorded < this.#nrCpuIds) event.cpus_bits = recorded;
  }
}

/** Neither NULL nor an error pointer (the last 4095 values). */
function isPointer(hi: number, lo: number): boolean {
  if (hi === 0 && lo === 0) return false;
  return !(hi === -1 && lo >>> 0 >= 0xfffff001);
}
