// Fills the trace event from the printed arguments of a line, as the event's plan says.
import type { TraceEvent } from '../../trace/event.ts';
import { CODE, hasRequired, type KeySpec, type NamedPlan, setConstants } from '../named/event-plan.ts';
import { LateFields } from '../named/late-fields.ts';
import { StringTable } from '../string-table.ts';
import { skipBlanks } from './line-head.ts';
import { NumberReader } from './number.ts';
import { OtherPrints, stateBits } from './other-prints.ts';

const BLANK = 0x20;
const QUOTE = 0x22;
const PAREN = 0x28;
const PAREN_END = 0x29;
const EQUALS = 0x3d;

export class TextFields {
  readonly #strings = new StringTable();
  readonly #numbers = new NumberReader();
  readonly #others = new OtherPrints(this.#strings, this.#numbers);
  readonly #late: LateFields;
  /** Last command name seen of each task: names are passed on only when they are news. */
  readonly #comms = new Map<number, string>();

  /** `nrCpuIds` and `certain` as in LateFields. */
  constructor(nrCpuIds: number, certain: boolean) {
    this.#late = new LateFields(nrCpuIds, certain);
  }

  /** Fills `event` from the arguments at `from..to`; false when a required one is missing. */
  fill(plan: NamedPlan, bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): boolean {
    event.begin(plan.kind);
    setConstants(plan, event);
    if (plan.late.length > 0) this.#late.begin(plan);
    if (!plan.otherwise || !this.#others.fill(plan, bytes, view, from, to, event))
      this.#keys(plan, bytes, view, from, to, event);
    if (plan.late.length > 0) this.#late.finish(plan, event);
    if (plan.comms.length > 0) this.#news(plan, event);
    return hasRequired(plan, event);
  }

  /** The task's command name when it is not the one seen last. Remembers it. */
  newComm(pid: number, comm: string): boolean {
    if (this.#comms.get(pid) === comm) return false;
    this.#comms.set(pid, comm);
    return true;
  }

  /** Reads `key=value …`; keys usually come in the order of the plan. */
  #keys(plan: NamedPlan, bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): void {
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
    plan: NamedPlan,
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
        this.#late.setText(index, text);
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
    this.#late.setNumber(index, this.#numbers.hi, this.#numbers.lo);
    return at;
  }

  #state(bytes: Uint8Array, from: number, to: number): number {
    if (isNumeric(bytes[from] ?? 0)) return this.#numbers.read(bytes, from, to) < 0 ? 0 : this.#numbers.lo;
    return stateBits(bytes, from, to);
  }

  /** Names of tasks are passed on when they are news. */
  #news(plan: NamedPlan, event: TraceEvent): void {
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
