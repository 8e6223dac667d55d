// Fills the trace event from the printed arguments of a line, as the event's plan says.
import type { CpuMask } from '../../trace/cpu-mask.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { isWide } from '../../trace/vocabulary/fields.ts';
import { StringTable } from '../string-table.ts';
import { CODE, type KeySpec, type LateField, type TextPlan } from './event-plan.ts';
import { skipBlanks } from './line-head.ts';
import { NumberReader } from './number.ts';
import { OtherPrints, stateBits } from './other-prints.ts';

const BLANK = 0x20;
const QUOTE = 0x22;
const PAREN = 0x28;
const PAREN_END = 0x29;
const EQUALS = 0x3d;

const LOCAL_DSQ_HI = 0x80000000 | 0;
const LOCAL_DSQ_LO = 2;

const MAX_KEYS = 64;

export class TextFields {
  /** CPU ids below this exist; masks are cut there. */
  readonly #nrCpuIds: number;
  /** That number is certain; otherwise only so many bits of the masks are known. */
  readonly #certain: boolean;
  readonly #strings = new StringTable();
  readonly #numbers = new NumberReader();
  readonly #others = new OtherPrints(this.#strings, this.#numbers);
  /** Last command name seen of each task: names are passed on only when they are news. */
  readonly #comms = new Map<number, string>();
  /** Values of the keys of the line that are needed at its end, and which of them there are. */
  readonly #hi = new Int32Array(MAX_KEYS);
  readonly #lo = new Int32Array(MAX_KEYS);
  readonly #texts: string[] = new Array<string>(MAX_KEYS).fill('');
  readonly #given = new Uint8Array(MAX_KEYS);

  constructor(nrCpuIds: number, certain: boolean) {
    this.#nrCpuIds = nrCpuIds;
    this.#certain = certain;
  }

  /** Fills `event` from the arguments at `from..to`; false when a required one is missing. */
  fill(plan: TextPlan, bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): boolean {
    event.begin(plan.kind);
    const { constants } = plan;
    if (constants.length > 0) {
      event.markAll(plan.constantPresence);
      for (let i = 0; i < constants.length; i++) {
        const constant = constants[i];
        if (constant === undefined) break;
        if (typeof constant.value === 'string') event.strings[constant.slot.index] = constant.value;
        else event.words[constant.slot.index] = constant.value;
      }
    }
    if (plan.late.length > 0) this.#given.fill(0, 0, plan.keys.length);
    if (!plan.otherwise || !this.#others.fill(plan, bytes, view, from, to, event))
      this.#keys(plan, bytes, view, from, to, event);
    if (plan.late.length > 0) this.#late(plan, event);
    if (plan.comms.length > 0) this.#news(plan, event);
    return hasAll(event.presence, plan.required);
  }

  /** The task's command name when it is not the one seen last. Remembers it. */
  newComm(pid: number, comm: string): boolean {
    if (this.#comms.get(pid) === comm) return false;
    this.#comms.set(pid, comm);
    return true;
  }

  /** Reads `key=value …`; keys usually come in the order of the plan. */
  #keys(plan: TextPlan, bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): void {
    const { keys } = plan;
    const { words } = event;
    const numbers = this.#numbers;
    // `(function+0x0/0x1f)`, `(function <- caller)`: where the probe sits.
    let at = bytes[from] === PAREN ? behind(bytes, from, to) : from;
    let expected = 0;
    /** Bits of the keys whose values were stored. */
    let stored = 0;
    while (at < to) {
      if (bytes[at] === BLANK) {
        at++;
        continue;
      }
      let key = keys[expected];
      if (key?.pattern.matches(view, at, to) === true) at += key.pattern.length;
      else {
        const equals = keyEnd(bytes, at, to);
        if (equals < 0) {
          // Plugins of trace-cmd print some events of the scheduler in a form of their own.
          if (expected === 0 && this.#others.fill(plan, bytes, view, at, to, event)) return;
          at = wordEnd(bytes, at + 1, to);
          expected = Math.max(1, expected);
          continue;
        }
        key = findKey(keys, view, at, to, equals + 1 - at);
        at = equals + 1;
        if (key === undefined) {
          at = wordEnd(bytes, at, to);
          continue;
        }
      }
      expected = key.index + 1;
      const { code } = key;
      if (code > CODE.wide) {
        at = this.#value(plan, key, bytes, view, at, to, event);
        continue;
      }
      const next = numbers.read(bytes, at, to);
      if (next < 0 || key.word < 0) {
        at = key.name.endsWith('comm') ? stringEnd(plan, key, bytes, at, to) : wordEnd(bytes, at, to);
        continue;
      }
      at = next;
      words[key.word] = numbers.lo;
      if (code === CODE.wide) words[key.word + 1] = numbers.hi;
      if (plan.directKeys === -1) markKey(key, event);
      else stored |= 1 << key.index;
    }
    if (stored === plan.directKeys) event.markAll(plan.directPresence);
    else if (stored !== 0) for (const key of keys) if ((stored & (1 << key.index)) !== 0) markKey(key, event);
  }

  /** Takes a value that is no plain number, and returns the place behind it. */
  #value(
    plan: TextPlan,
    key: KeySpec,
    bytes: Uint8Array,
    view: DataView,
    from: number,
    to: number,
    event: TraceEvent,
  ): number {
    const { slot, index } = key;
    if (key.code === CODE.text || (slot?.kind === 'str' && !isNumeric(bytes[from] ?? 0))) {
      const end = stringEnd(plan, key, bytes, from, to);
      const text = this.#string(bytes, view, from, end);
      if (key.code === CODE.late) {
        this.#texts[index] = text;
        this.#given[index] = 1;
      } else if (slot !== undefined) event.setString(slot, text);
      return end;
    }
    if (key.code === CODE.state) {
      const end = wordEnd(bytes, from, to);
      if (slot !== undefined) event.setInt(slot, this.#state(bytes, from, end));
      return end;
    }
    const at = this.#numbers.read(bytes, from, to);
    if (at < 0) return wordEnd(bytes, from, to);
    this.#hi[index] = this.#numbers.hi;
    this.#lo[index] = this.#numbers.lo;
    this.#given[index] = 1;
    return at;
  }

  #state(bytes: Uint8Array, from: number, to: number): number {
    if (isNumeric(bytes[from] ?? 0)) return this.#numbers.read(bytes, from, to) < 0 ? 0 : this.#numbers.lo;
    return stateBits(bytes, from, to);
  }

  /** Names of tasks are passed on when they are news. */
  #news(plan: TextPlan, event: TraceEvent): void {
    const { comms } = plan;
    for (let i = 0; i < comms.length; i++) {
      const name = comms[i];
      if (name === undefined || !event.hasSlot(name.slot) || !event.hasSlot(name.owner)) continue;
      const pid = event.low(name.owner);
      if (pid === 0 || !this.newComm(pid, event.string(name.slot))) event.drop(name.slot.field);
    }
  }

  #string(bytes: Uint8Array, view: DataView, from: number, to: number): string {
    const quoted = bytes[from] === QUOTE && to - from >= 2 && bytes[to - 1] === QUOTE;
    return quoted ? this.#strings.intern(view, from + 1, to - from - 2) : this.#strings.intern(view, from, to - from);
  }

  #late(plan: TextPlan, event: TraceEvent): void {
    const { late } = plan;
    for (let i = 0; i < late.length; i++) {
      const field = late[i];
      if (field === undefined) break;
      if (this.#given[field.key] === 0) continue;
      // A guard that was not printed cannot vouch for the value.
      if (field.guard >= 0 && (this.#given[field.guard] === 0 || !this.#guardHolds(field))) continue;
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
    if (this.#given[field.base] === 0 || this.#given[field.count] === 0) return;
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

  #maskBits(plan: TextPlan, event: TraceEvent): void {
    const recorded = plan.maskWords * 64;
    if (!this.#certain) event.cpus_bits = Math.min(recorded, this.#nrCpuIds);
    else if (recorded < this.#nrCpuIds) event.cpus_bits = recorded;
  }
}

function markKey(key: KeySpec, event: TraceEvent): void {
  if (key.slot !== undefined) event.mark(key.slot);
}

/** Index of the `=` behind the word at `from`; -1 when the word is no key. */
function keyEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  let byte = bytes[at] ?? 0;
  while (at < to && byte !== EQUALS && byte !== BLANK) byte = bytes[++at] ?? 0;
  return byte === EQUALS && at < to && at > from ? at : -1;
}

function findKey(
  keys: readonly KeySpec[],
  view: DataView,
  from: number,
  to: number,
  length: number,
): KeySpec | undefined {
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (key !== undefined && key.pattern.length === length && key.pattern.matches(view, from, to)) return key;
  }
  return undefined;
}

/** End of a printed string: at its closing quote, or before the next ` key=`. The last string goes on to the end of the line. */
function stringEnd(plan: TextPlan, key: KeySpec, bytes: Uint8Array, from: number, to: number): number {
  const isLast = key.index === plan.lastKey;
  if (bytes[from] === QUOTE) {
    if (isLast) {
      let end = to;
      while (end > from + 1 && bytes[end - 1] !== QUOTE) end--;
      if (end > from + 1) return end;
    }
    for (let at = from + 1; at < to; at++) {
      if (bytes[at] === QUOTE && (at + 1 >= to || bytes[at + 1] === BLANK)) return at + 1;
    }
  } else if (isLast) return to;
  for (let at = from; at < to; at++) {
    if (bytes[at] !== BLANK) continue;
    let next = at + 1;
    let byte = bytes[next] ?? 0;
    // ` ==> ` ends the first half of a switch.
    if (byte === EQUALS) return at;
    while (next < to && isWordByte(byte)) byte = bytes[++next] ?? 0;
    if (next > at + 1 && next < to && byte === EQUALS) return at;
  }
  return to;
}

function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x61 && byte <= 0x7a) || byte === 0x5f || (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a)
  );
}

function isNumeric(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}

function wordEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== BLANK) at++;
  return at;
}

/** The place behind the closing parenthesis and blanks. */
function behind(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== PAREN_END) at++;
  return skipBlanks(bytes, at + 1, to);
}

function hasAll(presence: Int32Array, required: Int32Array): boolean {
  for (let i = 0; i < required.length; i++) if ((~(presence[i] ?? 0) & (required[i] ?? 0)) !== 0) return false;
  return true;
}

/** Neither NULL nor an error pointer (the last 4095 values). */
function isPointer(hi: number, lo: number): boolean {
  if (hi === 0 && lo === 0) return false;
  return !(hi === -1 && lo >>> 0 >= 0xfffff001);
}
