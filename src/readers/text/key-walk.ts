// Reads the arguments of a line key by key, whatever their order, and notes where the values are.
import type { TraceEvent } from '../../trace/event.ts';
import { CODE, type KeySpec, type NamedPlan } from '../named/event-plan.ts';
import type { LateFields } from '../named/late-fields.ts';
import type { StringTable } from '../string-table.ts';
import { skipBlanks } from './line-head.ts';
import { isNumeric, type LineTrace } from './line-shape.ts';
import type { NumberReader } from './number.ts';
import { type OtherPrints, stateBits } from './other-prints.ts';

const BLANK = 0x20;
const QUOTE = 0x22;
const PAREN = 0x28;
const PAREN_END = 0x29;
/** Of the `<-` before the place from which a probe's function was called. */
const ARROW = 0x3c;
const EQUALS = 0x3d;

export class KeyWalk {
  readonly #strings: StringTable;
  readonly #numbers: NumberReader;
  readonly #others: OtherPrints;
  readonly #late: LateFields;
  readonly #trace: LineTrace;

  constructor(strings: StringTable, numbers: NumberReader, others: OtherPrints, late: LateFields, trace: LineTrace) {
    this.#strings = strings;
    this.#numbers = numbers;
    this.#others = others;
    this.#late = late;
    this.#trace = trace;
  }

  /** Reads `key=value …`; keys usually come in the order of the plan. False: the line was no such, and read otherwise. */
  walk(plan: NamedPlan, bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): boolean {
    const { keys } = plan;
    const { words } = event;
    const numbers = this.#numbers;
    const trace = this.#trace;
    // `(function+0x0/0x1f)`, `(function <- caller)`: where the probe sits.
    let at = bytes[from] === PAREN ? this.#behindPlace(bytes, from, to) : from;
    let expected = 0;
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
          if (expected === 0 && this.#others.fill(plan, bytes, view, at, to, event)) return false;
          at = wordEnd(bytes, at + 1, to);
          expected = Math.max(1, expected);
          continue;
        }
        key = findKey(keys, view, at, to, equals + 1 - at);
        at = equals + 1;
        if (key === undefined) {
          const end = wordEnd(bytes, at, to);
          trace.add(at, end, CODE.skip, -1);
          at = end;
          continue;
        }
      }
      expected = key.index + 1;
      const { code, slot } = key;
      if (code > CODE.wide) {
        at = this.#value(plan, key, bytes, view, at, to, event);
        continue;
      }
      const next = slot === undefined ? -1 : numbers.read(bytes, at, to);
      if (next < 0 || slot === undefined) {
        const isName = key.name.endsWith('comm');
        const end = isName ? stringEnd(plan, key, bytes, at, to) : wordEnd(bytes, at, to);
        // A word in the place of a number says nothing, and the next line may have the number.
        if (isName || code !== CODE.skip) trace.irregular = true;
        trace.add(at, end, CODE.skip, key.index);
        at = end;
        continue;
      }
      trace.add(at, next, code, key.index);
      at = next;
      words[slot.index] = numbers.lo;
      if (code === CODE.wide) words[slot.index + 1] = numbers.hi;
      event.mark(slot);
    }
    return true;
  }

  /** The place behind `(…)`. */
  #behindPlace(bytes: Uint8Array, from: number, to: number): number {
    let at = from;
    let caller = -1;
    for (; at < to && bytes[at] !== PAREN_END; at++) if (bytes[at] === ARROW) caller = at + 3;
    if (caller >= 0 && caller <= at) this.#trace.addCaller(caller, at);
    return skipBlanks(bytes, at + 1, to);
  }

  /** Takes a value that is no plain number, and returns the place behind it. */
  #value(
    plan: NamedPlan,
    key: KeySpec,
    bytes: Uint8Array,
    view: DataView,
    from: number,
    to: number,
    event: TraceEvent,
  ): number {
    const { code, slot, index } = key;
    const trace = this.#trace;
    if (code === CODE.text || (slot?.kind === 'str' && !isNumeric(bytes[from] ?? 0))) {
      const end = stringEnd(plan, key, bytes, from, to);
      const text = this.#string(bytes, view, from, end);
      if (code === CODE.late) this.#late.setText(index, text);
      else if (slot !== undefined) event.setString(slot, text);
      // Only command names of one word in the middle of a line end where a shape would see their end.
      const isName = code === CODE.text && plan.comms.some((comm) => comm.slot === slot);
      if (
        !isName ||
        index === plan.lastKey ||
        end === to ||
        bytes[from] === QUOTE ||
        bytes.indexOf(BLANK, from) !== end
      )
        trace.irregular = true;
      else trace.add(from, end, code, index);
      return end;
    }
    if (code === CODE.state) {
      const end = wordEnd(bytes, from, to);
      if (slot !== undefined) event.setInt(slot, this.#state(bytes, from, end));
      trace.add(from, end, code, index);
      return end;
    }
    const at = this.#numbers.read(bytes, from, to);
    if (at < 0) {
      trace.irregular = true;
      return wordEnd(bytes, from, to);
    }
    this.#late.setNumber(index, this.#numbers.hi, this.#numbers.lo);
    trace.add(from, at, code, index);
    return at;
  }

  #state(bytes: Uint8Array, from: number, to: number): number {
    if (isNumeric(bytes[from] ?? 0)) return this.#numbers.read(bytes, from, to) < 0 ? 0 : this.#numbers.lo;
    return stateBits(bytes, from, to);
  }

  #string(bytes: Uint8Array, view: DataView, from: number, to: number): string {
    const quoted = bytes[from] === QUOTE && to - from >= 2 && bytes[to - 1] === QUOTE;
    return quoted ? this.#strings.intern(view, from + 1, to - from - 2) : this.#strings.intern(view, from, to - from);
  }
}

/** Index of the `=` behind the word at `from`; -1 when the word is no key. */
export function keyEnd(bytes: Uint8Array, from: number, to: number): number {
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
function stringEnd(plan: NamedPlan, key: KeySpec, bytes: Uint8Array, from: number, to: number): number {
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

function wordEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== BLANK) at++;
  return at;
}
