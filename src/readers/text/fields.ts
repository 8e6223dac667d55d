// Fills the trace event from the printed arguments of a line, as the event's plan says.
import { newTraceEvent, SLOT, type Slot, type TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { CODE, hasRequired, type KeySpec, type NamedPlan, setConstants } from '../named/event-plan.ts';
import { LateFields } from '../named/late-fields.ts';
import { StringTable } from '../string-table.ts';
import { CommTable } from './comm-table.ts';
import { skipBlanks } from './line-head.ts';
import { isNumeric, type LineShape, LineTrace } from './line-shape.ts';
import { NumberReader } from './number.ts';
import { OtherPrints, stateBits } from './other-prints.ts';

const BLANK = 0x20;
const QUOTE = 0x22;
const PAREN = 0x28;
const PAREN_END = 0x29;
/** Of the `<-` before the place from which a probe's function was called. */
const ARROW = 0x3c;
const EQUALS = 0x3d;

/** Shapes that are kept of the lines of one event. */
const MAX_SHAPES = 4;
/** Lines of no known shape until a known one makes room for theirs. */
const PATIENCE = 256;

/** How the lines of one event are read: its record, which keeps what is the same in all of them, and their shapes. */
class EventLines {
  readonly plan: NamedPlan;
  readonly event: TraceEvent = newTraceEvent();
  readonly shapes: LineShape[] = [];
  /** Fields that one line has and the next may not. */
  readonly passing: readonly Slot[];
  /** The same for lines in another form than `key=value`. */
  readonly passingOtherwise: readonly Slot[];
  /** The shape of the line before, whose fields the record has. */
  current: LineShape | undefined;
  /** Lines that had none of the shapes. */
  misses = 0;
  /** The line before had no `key=value` and was read otherwise. */
  otherwise = false;

  constructor(plan: NamedPlan) {
    this.plan = plan;
    // A switch is told the names of its tasks by other lines, too.
    const names = plan.kind === KIND.switch ? [SLOT.prev_comm, SLOT.next_comm] : plan.comms.map(({ slot }) => slot);
    this.passing = [...new Set([...plan.late.map(({ slot }) => slot), ...names])];
    this.passingOtherwise = plan.kind === KIND.wakeup ? [...this.passing, SLOT.prio, SLOT.target] : this.passing;
  }
}

export class TextFields {
  readonly #strings = new StringTable();
  readonly #numbers = new NumberReader();
  readonly #comms = new CommTable(this.#strings);
  readonly #others = new OtherPrints(this.#comms, this.#numbers);
  readonly #late: LateFields;
  readonly #trace = new LineTrace();
  /** By number of the printed name. */
  readonly #lines: (EventLines | undefined)[] = [];

  /** `nrCpuIds` and `certain` as in LateFields. */
  constructor(nrCpuIds: number, certain: boolean) {
    this.#late = new LateFields(nrCpuIds, certain);
  }

  /**
   * The event of the line whose arguments lie at `from..to`, in a record that is reused for lines under the same printed
   * name (number `name`); undefined when a required one is missing.
   */
  read(
    name: number,
    plan: NamedPlan,
    bytes: Uint8Array,
    view: DataView,
    from: number,
    to: number,
  ): TraceEvent | undefined {
    let lines = this.#lines[name];
    if (lines === undefined) {
      lines = new EventLines(plan);
      this.#lines[name] = lines;
    }
    if (lines.otherwise && this.#asOtherLines(lines, bytes, view, from, to)) return lines.event;
    const { current } = lines;
    if (current !== undefined && this.#inShape(current, lines, bytes, view, from, to)) return complete(lines);
    for (const shape of lines.shapes) {
      if (shape === current) continue;
      this.#conform(lines, shape);
      if (this.#inShape(shape, lines, bytes, view, from, to)) return complete(lines);
    }
    return this.#walk(lines, bytes, view, from, to);
  }

  /** Is it another name than the one that the task had last? Remembers it. */
  isNews(pid: number, comm: string): boolean {
    return this.#comms.isNews(pid, comm);
  }

  /** Reads a line that has another form than `key=value`, as the one before had. */
  #asOtherLines(lines: EventLines, bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    const { event, passingOtherwise: passing, plan } = lines;
    if (!plan.otherwise && (bytes[from] === PAREN || keyEnd(bytes, skipBlanks(bytes, from, to), to) >= 0)) return false;
    for (let i = 0; i < passing.length; i++) {
      const slot = passing[i];
      if (slot !== undefined && event.hasSlot(slot)) event.dropSlot(slot);
    }
    return this.#others.fill(plan, bytes, view, from, to, event) && hasRequired(plan, event);
  }

  /** Makes the record one with the fields of the shape. */
  #conform(lines: EventLines, shape: LineShape): void {
    const { event, plan } = lines;
    lines.otherwise = false;
    event.begin(plan.kind);
    setConstants(plan, event);
    event.markAll(shape.presence);
    lines.current = shape;
  }

  #inShape(shape: LineShape, lines: EventLines, bytes: Uint8Array, view: DataView, from: number, to: number): boolean {
    const { event, passing, plan } = lines;
    const { late } = plan;
    if (late.length > 0) this.#late.begin();
    if (!shape.read(bytes, view, from, to, event, this.#numbers, this.#late)) return false;
    for (let i = 0; i < passing.length; i++) {
      const slot = passing[i];
      if (slot !== undefined && event.hasSlot(slot)) event.dropSlot(slot);
    }
    if (late.length > 0) this.#late.finish(plan, event);
    const { comms } = plan;
    for (let i = 0; i < comms.length; i++) {
      const name = comms[i];
      const start = shape.comms[i * 2] ?? -1;
      if (name === undefined || start < 0) continue;
      const news = this.#comms.news(view, start, shape.comms[i * 2 + 1] ?? 0, event.low(name.owner));
      if (news !== undefined) event.setString(name.slot, news);
    }
    return true;
  }

  /** Reads a line whatever its shape, and remembers that. */
  #walk(lines: EventLines, bytes: Uint8Array, view: DataView, from: number, to: number): TraceEvent | undefined {
    const { event, plan } = lines;
    lines.current = undefined;
    event.begin(plan.kind);
    setConstants(plan, event);
    if (plan.late.length > 0) this.#late.begin();
    this.#trace.begin();
    const otherwise =
      (plan.otherwise && this.#others.fill(plan, bytes, view, from, to, event)) ||
      !this.#keys(plan, bytes, view, from, to, event);
    lines.otherwise = otherwise;
    const presence = otherwise || this.#trace.irregular ? undefined : event.presence.slice();
    if (plan.late.length > 0) this.#late.finish(plan, event);
    if (!otherwise) this.#news(plan, event);
    if (!hasRequired(plan, event)) return undefined;
    if (presence !== undefined) this.#learn(lines, bytes, from, to, presence);
    return event;
  }

  /** Keeps the shape of the line that was walked through. */
  #learn(lines: EventLines, bytes: Uint8Array, from: number, to: number, presence: Int32Array): void {
    const { passing, plan, shapes } = lines;
    if (shapes.length === MAX_SHAPES && ++lines.misses % PATIENCE !== 0) return;
    const has = ({ id }: Slot): boolean => (((presence[id >> 5] ?? 0) >>> (id & 31)) & 1) === 1;
    if (plan.comms.some(({ slot, owner }) => has(slot) && !has(owner))) return;
    for (const { id } of passing) presence[id >> 5] = (presence[id >> 5] ?? 0) & ~(1 << (id & 31));
    const shape = this.#trace.shape(plan, bytes, from, to, presence);
    if (shape === undefined) return;
    if (shapes.length === MAX_SHAPES) shapes.shift();
    shapes.push(shape);
  }

  /** Reads `key=value …`; keys usually come in the order of the plan. False: the line was no such, and read otherwise. */
  #keys(plan: NamedPlan, bytes: Uint8Array, view: DataView, from: number, to: number, event: TraceEvent): boolean {
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

  /** Names of tasks are passed on when they are news. */
  #news(plan: NamedPlan, event: TraceEvent): void {
    for (const name of plan.comms) {
      if (!event.hasSlot(name.slot) || !event.hasSlot(name.owner)) continue;
      if (!this.#comms.isNews(event.low(name.owner), event.string(name.slot))) event.dropSlot(name.slot);
    }
  }

  #string(bytes: Uint8Array, view: DataView, from: number, to: number): string {
    const quoted = bytes[from] === QUOTE && to - from >= 2 && bytes[to - 1] === QUOTE;
    return quoted ? this.#strings.intern(view, from + 1, to - from - 2) : this.#strings.intern(view, from, to - from);
  }
}

/** The event of a line that was read by its shape; undefined when a required field is missing. */
function complete({ event, plan }: EventLines): TraceEvent | undefined {
  // The shape was learnt from a complete line; only late fields may be missing in another one.
  return plan.late.length === 0 || hasRequired(plan, event) ? event : undefined;
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

function wordEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== BLANK) at++;
  return at;
}
