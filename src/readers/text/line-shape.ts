// What the lines of one event have in common: the text between the values, and what becomes of each value.
import type { TraceEvent } from '../../trace/event.ts';
import { CODE, type NamedPlan } from '../named/event-plan.ts';
import type { LateFields } from '../named/late-fields.ts';
import type { NumberReader } from './number.ts';
import { stateBits } from './other-prints.ts';

const BLANK = 0x20;
const QUOTE = 0x22;
const PAREN_END = 0x29;
const ZERO = 0x30;
const NINE = 0x39;
/** The `x` of `0x`, counted from the digit 0. */
const HEX_MARK = 0x78 - ZERO;

/** Beside the codes of keys: what stands where a probe was called from, up to the parenthesis. */
const CALLER = 16;

/** Numbers that describe a value: its text before (first word, words, length), its code, its key, where it is stored. */
const STRIDE = 6;

/** Values of a line as the general walk found them, from which a shape is made. */
export class LineTrace {
  readonly #values: number[] = [];
  /** The line has a value that no shape can describe. */
  irregular = false;

  begin(): void {
    this.#values.length = 0;
    this.irregular = false;
  }

  /** The value at `from..to` belongs to the key of that index (-1: to none that is known). */
  add(from: number, to: number, code: number, key: number): void {
    this.#values.push(from, to, code, key);
  }

  /** The place where a probe was called from. */
  addCaller(from: number, to: number): void {
    this.add(from, to, CALLER, -1);
  }

  /** The shape of the line at `from..to`, after which the event has these fields; undefined when it has none. */
  shape(plan: NamedPlan, bytes: Uint8Array, from: number, to: number, presence: Int32Array): LineShape | undefined {
    if (this.irregular) return undefined;
    const values = this.#values;
    const steps: number[] = [];
    const literals: number[] = [];
    let at = from;
    for (let i = 0; i < values.length; i += 4) {
      const [start = 0, end = 0, code = 0, index = -1] = values.slice(i, i + 4);
      const key = plan.keys[index];
      const where = code === CODE.late ? index : code === CODE.text ? commOf(plan, index) : (key?.slot?.index ?? -1);
      steps.push(...addLiteral(literals, bytes, at, start), code, index, where);
      at = end;
    }
    steps.push(...addLiteral(literals, bytes, at, to), -1, -1, -1);
    return new LineShape(Int32Array.from(steps), Int32Array.from(literals), presence);
  }
}

/** Adds the bytes at `from..to` to the literals; returns their first word, the number of whole words, their length. */
function addLiteral(literals: number[], bytes: Uint8Array, from: number, to: number): [number, number, number] {
  const first = literals.length;
  for (let at = from; at < to; at += 4) {
    let word = 0;
    for (let i = 3; i >= 0; i--) word = (word << 8) | (at + i < to ? (bytes[at + i] ?? 0) : 0);
    literals.push(word);
  }
  return [first, (to - from) >> 2, to - from];
}

/** Index in `plan.comms` of the command name that the key holds; -1 when it holds none. */
function commOf(plan: NamedPlan, index: number): number {
  return plan.comms.findIndex(({ slot }) => slot === plan.keys[index]?.slot);
}

export class LineShape {
  /** Presence bits of the event behind a line of this shape, without those of late fields and command names. */
  readonly presence: Int32Array;
  readonly #steps: Int32Array;
  /** Texts between the values as words of four bytes, the last of each filled up with zeros. */
  readonly #literals: Int32Array;
  /** Where the command names of the last line lie, by index in `plan.comms`. */
  readonly comms = new Int32Array(8).fill(-1);

  constructor(steps: Int32Array, literals: Int32Array, presence: Int32Array) {
    this.#steps = steps;
    this.#literals = literals;
    this.presence = presence;
  }

  /**
   * Stores the values of the line at `from..to` in `event`, which has the fields of the shape, and in `late`; false when
   * the line has another shape. The same values are found as in the general walk.
   */
  read(
    bytes: Uint8Array,
    view: DataView,
    from: number,
    to: number,
    event: TraceEvent,
    numbers: NumberReader,
    late: LateFields,
  ): boolean {
    const steps = this.#steps;
    const literals = this.#literals;
    const { words } = event;
    let at = from;
    for (let i = 0; i < steps.length; i += STRIDE) {
      let literal = steps[i] ?? 0;
      const length = steps[i + 2] ?? 0;
      if (at + length > to) return false;
      const wholeEnd = literal + (steps[i + 1] ?? 0);
      for (; literal < wholeEnd; literal++, at += 4)
        if (view.getInt32(at, true) !== (literals[literal] ?? 0)) return false;
      const left = length & 3;
      if (left !== 0) {
        if ((view.getInt32(at, true) & ((1 << (left << 3)) - 1)) !== (literals[literal] ?? 0)) return false;
        at += left;
      }
      const code = steps[i + 3] ?? 0;
      if (code === CODE.number || code === CODE.wide) {
        const word = steps[i + 5] ?? 0;
        // Short decimal numbers, which nearly all are, without a call.
        let next = at;
        let value = 0;
        let digit = ((bytes[next] ?? 0) - ZERO) >>> 0;
        while (digit <= 9) {
          value = (Math.imul(value, 10) + digit) | 0;
          digit = ((bytes[++next] ?? 0) - ZERO) >>> 0;
        }
        if (next > at && next - at < 10 && next <= to && digit !== HEX_MARK) {
          words[word] = value;
          if (code === CODE.wide) words[word + 1] = 0;
          at = next;
          continue;
        }
        next = numbers.read(bytes, at, to);
        if (next < 0) return false;
        words[word] = numbers.lo;
        if (code === CODE.wide) words[word + 1] = numbers.hi;
        at = next;
      } else if (code === CODE.late) {
        const next = isNumeric(bytes[at] ?? 0) ? numbers.read(bytes, at, to) : -1;
        if (next < 0) return false;
        late.setNumber(steps[i + 5] ?? 0, numbers.hi, numbers.lo);
        at = next;
      } else if (code >= 0) {
        const next = this.#word(code, i, bytes, at, to, words, numbers);
        if (next < 0) return false;
        at = next;
      }
    }
    return at === to;
  }

  /** Takes a value that goes on to the next blank, and returns the place behind it; -1 when there is none. */
  #word(
    code: number,
    step: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    words: Int32Array,
    numbers: NumberReader,
  ): number {
    const stop = code === CALLER ? PAREN_END : BLANK;
    let at = from;
    while (at < to && bytes[at] !== stop) at++;
    const where = this.#steps[step + 5] ?? 0;
    if (code === CODE.state) {
      if (!isNumeric(bytes[from] ?? 0)) words[where] = stateBits(bytes, from, at);
      else words[where] = numbers.read(bytes, from, at) < 0 ? 0 : numbers.lo;
    } else if (code === CODE.text) {
      if (bytes[from] === QUOTE) return -1;
      this.comms[where * 2] = from;
      this.comms[where * 2 + 1] = at;
    }
    return at;
  }
}

export function isNumeric(byte: number): boolean {
  return (byte >= ZERO && byte <= NINE) || byte === 0x2d;
}
