// Reads events that are laid out as others before them: the text between their values is compared, only values are parsed.
//
// A shape is the text of an event without its values; type, phase and step count as text. Shapes are learnt from events that
// the scanner has read. They make a tree: a step is a text and the value behind it, which is followed by one of the steps
// that came there before. Values are read as the scanner reads them: whatever the tree accepts, the scanner accepts.
import { newTraceEvent, type TraceEvent } from '../../trace/event.ts';
import { eventMembers } from './event-members.ts';
import { CODE, CODES, CPU, INDEXES, MAX_CPU, PHASE, STEP, TS, TYPE } from './event-tables.ts';
import { type Shape, ShapeRecord } from './shape-record.ts';
import { NEXT, OWN, ShapeTree } from './shape-tree.ts';
import { TimeReader } from './time-reader.ts';
import type { ValueReader } from './value-reader.ts';
import { WordPattern } from './word-patterns.ts';

const ZERO = 0x30;
const NEWLINE = 0x0a;

/** Events of a trace that nothing is learnt from: shapes are not worth their making for a small one. */
const UNLEARNT = 256;
/** Events of a trace that are learnt from, at most: some never repeat themselves. */
const MAX_LESSONS = 4096;
/** Records for shapes that begin in different ways, at most. */
const MAX_RECORDS = 512;
/** Longest text before time, CPU and type: so many bytes may be looked at behind the end of an event. */
const MAX_FRAME = 32;

/** Bytes from the quote before the type on, some of which choose the steps that are tried, and the bits of their hash. */
const HASHED = 9;
const HASH_BITS = 8;

// What a step has: the field whose value is behind its text, how it is read, its place in the record. The last step of a shape
// has the number of the shape for a place. The first has the number of the record.
const FIELD = OWN;
const HOW = OWN + 1;
const INDEX = OWN + 2;
const RECORD = OWN + 3;

/** Instead of the way a value is read: the event ends. */
const END = -1;
const BAD = -1;

export class EventShapes {
  /** The event that was read last, and whether it goes over several lines; its time is in `time`. */
  event: TraceEvent = newTraceEvent();
  hasNewline = false;
  readonly time: TimeReader;
  readonly #values: ValueReader;
  readonly #unlearnt: number;
  readonly #tree = new ShapeTree();
  /** First steps by the hash of the type. */
  readonly #first = new Int32Array(1 << HASH_BITS);
  readonly #records: ShapeRecord[] = [];
  readonly #shapes: Shape[] = [];
  #misses = 0;
  // Text up to the time, the CPU, the type, in the event that was learnt from last.
  #toTime = WordPattern.of('{"ts":');
  #toCpu = WordPattern.of(',"cpu":');
  #toType = WordPattern.of(',"type":');
  #frameHasNewline = false;

  constructor(values: ValueReader, unlearnt = UNLEARNT) {
    this.#values = values;
    this.#unlearnt = unlearnt;
    this.time = new TimeReader(values.integers);
  }

  /** Another trace follows. */
  begin(): void {
    this.#misses = 0;
    if (!this.#tree.isFull && this.#records.length < MAX_RECORDS) return;
    this.#tree.clear();
    this.#first.fill(0);
    this.#records.length = 0;
    this.#shapes.length = 0;
  }

  /** Reads the event at `from`, which ends before `to`. Returns the place behind it, or -1: no shape that is known. */
  read(from: number, to: number): number {
    if (this.#shapes.length === 0) return BAD;
    const { bytes, view } = this.#values;
    const toTime = this.#toTime;
    const toCpu = this.#toCpu;
    const toType = this.#toType;
    if (!toTime.matches(view, from)) return BAD;
    let at = this.time.read(bytes, view, from + toTime.length);
    if (at === BAD || !toCpu.matches(view, at)) return BAD;
    at += toCpu.length;
    const cpuFrom = at;
    let cpu = 0;
    let digit = ((bytes[at] ?? 0) - ZERO) >>> 0;
    while (digit <= 9 && cpu <= MAX_CPU) {
      cpu = cpu * 10 + digit;
      digit = ((bytes[++at] ?? 0) - ZERO) >>> 0;
    }
    if (at === cpuFrom || cpu > MAX_CPU || (at > cpuFrom + 1 && bytes[cpuFrom] === ZERO)) return BAD;
    if (!toType.matches(view, at)) return BAD;
    at += toType.length;
    const tree = this.#tree;
    const step = tree.find(this.#first[hashAt(view, at)] ?? 0, view, at, to);
    const record = this.#records[tree.steps[step + RECORD] ?? 0];
    if (step === 0 || record === undefined) return BAD;
    const behind = this.#readFields(record, step, at + tree.lengthOf(step), to);
    if (behind === BAD) {
      record.spoil();
      return BAD;
    }
    this.event = record.event;
    this.event.cpu = cpu;
    return behind;
  }

  /** Reads what is behind the text of the first step of an event. */
  #readFields(record: ShapeRecord, first: number, from: number, to: number): number {
    const values = this.#values;
    const { bytes, view } = values;
    const { event, kind } = record;
    const { words } = event;
    const tree = this.#tree;
    const { steps } = tree;
    let step = first;
    let at = from;
    for (;;) {
      const code = steps[step + HOW] ?? 0;
      const index = steps[step + INDEX] ?? 0;
      if (code <= CODE.uint || code >= CODE.dsq) {
        if (code === END) break;
        // Numbers of up to nine digits, which most are, without a call.
        let end = at;
        let value = 0;
        let digit = ((bytes[end] ?? 0) - ZERO) >>> 0;
        while (digit <= 9 && end < at + 9) {
          value = (Math.imul(value, 10) + digit) | 0;
          digit = ((bytes[++end] ?? 0) - ZERO) >>> 0;
        }
        if (end > at && digit > 9 && (bytes[at] !== ZERO || end === at + 1)) {
          words[index] = value;
          if (code >= CODE.dsq) words[index + 1] = 0;
          at = end;
        } else at = values.read(at, steps[step + FIELD] ?? 0, kind, event);
      } else if (code === CODE.cpus) {
        const mask = values.readMask(at, steps[step + FIELD] ?? 0, kind);
        if (mask === undefined) return BAD;
        record.setMask(index, mask);
        at = values.end;
      } else at = values.read(at, steps[step + FIELD] ?? 0, kind, event);
      if (at === BAD) return BAD;
      step = tree.find(steps[step + NEXT] ?? 0, view, at, to);
      if (step === 0) return BAD;
      at += tree.lengthOf(step);
    }
    const shape = this.#shapes[steps[step + INDEX] ?? 0];
    if (shape === undefined) return BAD;
    if (record.shape !== shape) record.become(shape);
    this.hasNewline = shape.hasNewline || this.#frameHasNewline;
    return at;
  }

  /** Learns the shape of the event that the scanner has found at `from..to`. */
  learn(from: number, to: number, event: TraceEvent): void {
    this.#misses++;
    if (this.#misses <= this.#unlearnt || this.#misses > this.#unlearnt + MAX_LESSONS) return;
    const { bytes } = this.#values;
    const [time, cpu, type, ...fields] = eventMembers(this.#values, from, to);
    if (time?.key !== TS || cpu?.key !== CPU || type?.key !== TYPE) return;
    if (Math.max(time.from - from, cpu.from - time.to, type.from - cpu.to) > MAX_FRAME) return;
    const valued = fields.filter(({ key }) => key !== STEP && key !== PHASE);
    if ((valued[0]?.from ?? to) - type.from < HASHED || this.#records.length >= MAX_RECORDS) return;
    this.#toTime = new WordPattern(bytes, from, time.from);
    this.#toCpu = new WordPattern(bytes, time.to, cpu.from);
    this.#toType = new WordPattern(bytes, cpu.to, type.from);
    this.#frameHasNewline = hasNewline(bytes, from, type.from);

    let at = type.from;
    let step = 0;
    for (const member of [...valued, undefined]) {
      const before = step;
      step = this.#stepAfter(before, at, member?.from ?? to, member?.key);
      if (step === 0) return;
      if (before === 0) this.#recordOf(step, event.kind).admit(event.presence);
      at = member?.to ?? to;
    }
    if (this.#tree.steps[step + INDEX] !== this.#shapes.length) return;
    this.#shapes.push({
      presence: Int32Array.from(event.presence),
      phase: event.phase,
      step: event.step,
      hasNewline: hasNewline(bytes, type.from, to),
    });
  }

  /** The step behind another (0: the first) for the text at `from..to` and the value of a field; 0: there can be none. */
  #stepAfter(before: number, from: number, to: number, field: number | undefined): number {
    const { view } = this.#values;
    const tree = this.#tree;
    const hash = before === 0 ? hashAt(view, from) : 0;
    const first = (before === 0 ? this.#first[hash] : tree.steps[before + NEXT]) ?? 0;
    const known = tree.find(first, view, from, to);
    if (known !== 0) return tree.lengthOf(known) === to - from ? known : 0;
    const own =
      field === undefined
        ? [0, END, this.#shapes.length, this.#records.length]
        : [field, CODES[field] ?? 0, INDEXES[field] ?? 0, this.#records.length];
    const step = tree.add(view, from, to, first, own);
    if (step === 0) return 0;
    if (before === 0) this.#first[hash] = step;
    else tree.steps[before + NEXT] = step;
    return step;
  }

  /** The record of a first step. */
  #recordOf(step: number, kind: number): ShapeRecord {
    const number = this.#tree.steps[step + RECORD] ?? 0;
    const record = this.#records[number] ?? new ShapeRecord(kind);
    this.#records[number] = record;
    return record;
  }
}

/** Two words of the type that begins with the quote at `from`. */
function hashAt(view: DataView, from: number): number {
  const mixed = Math.imul(view.getInt32(from + 1, true), 0x9e3779b1) ^ view.getInt32(from + 5, true);
  return Math.imul(mixed, 0x85ebca6b) >>> (32 - HASH_BITS);
}

function hasNewline(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).includes(NEWLINE);
}
