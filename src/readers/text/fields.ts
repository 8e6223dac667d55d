// Fills the trace event from the printed arguments of a line, as the event's plan says.
import { newTraceEvent, SLOT, type Slot, type TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { hasRequired, type NamedPlan, setConstants } from '../named/event-plan.ts';
import { LateFields } from '../named/late-fields.ts';
import { StringTable } from '../string-table.ts';
import { CommTable } from './comm-table.ts';
import { KeyWalk, keyEnd } from './key-walk.ts';
import { skipBlanks } from './line-head.ts';
import { type LineShape, LineTrace } from './line-shape.ts';
import { NumberReader } from './number.ts';
import { OtherPrints } from './other-prints.ts';

const PAREN = 0x28;

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
  readonly #walk: KeyWalk;
  /** By number of the printed name. */
  readonly #lines: (EventLines | undefined)[] = [];

  /** `nrCpuIds` and `certain` as in LateFields. */
  constructor(nrCpuIds: number, certain: boolean) {
    this.#late = new LateFields(nrCpuIds, certain);
    this.#walk = new KeyWalk(this.#strings, this.#numbers, this.#others, this.#late, this.#trace);
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
    return this.#anyLine(lines, bytes, view, from, to);
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
  #anyLine(lines: EventLines, bytes: Uint8Array, view: DataView, from: number, to: number): TraceEvent | undefined {
    const { event, plan } = lines;
    lines.current = undefined;
    event.begin(plan.kind);
    setConstants(plan, event);
    if (plan.late.length > 0) this.#late.begin();
    this.#trace.begin();
    const otherwise =
      (plan.otherwise && this.#others.fill(plan, bytes, view, from, to, event)) ||
      !this.#walk.walk(plan, bytes, view, from, to, event);
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

  /** Names of tasks are passed on when they are news. */
  #news(plan: NamedPlan, event: TraceEvent): void {
    for (const name of plan.comms) {
      if (!event.hasSlot(name.slot) || !event.hasSlot(name.owner)) continue;
      if (!this.#comms.isNews(event.low(name.owner), event.string(name.slot))) event.dropSlot(name.slot);
    }
  }
}

/** The event of a line that was read by its shape; undefined when a required field is missing. */
function complete({ event, plan }: EventLines): TraceEvent | undefined {
  // The shape was learnt from a complete line; only late fields may be missing in another one.
  return plan.late.length === 0 || hasRequired(plan, event) ? event : undefined;
}
