// Reads the text of ftrace and perf: one event a line, in the order of time.
import { ByteWindow } from '../../input/byte-window.ts';
import type { Source } from '../../input/source.ts';
import { PROBE_BY_NAME } from '../../probes/catalogue.ts';
import { ALWAYS, probesOf } from '../../probes/needs.ts';
import { CpuMask } from '../../trace/cpu-mask.ts';
import { newTraceEvent, type TraceEvent } from '../../trace/event.ts';
import { emptyHeader, type TraceHeader } from '../../trace/header.ts';
import { addRecorded, type EventName as RecordedName, type RecordedSet } from '../../trace/recorded.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import type { NamedPlan } from '../named/event-plan.ts';
import type { EventSink, OpenTrace, Place, ReaderOptions } from '../reader.ts';
import { applySnapshot, findSnapshot } from '../snapshot.ts';
import { SwitchNames } from '../switch-names.ts';
import { TextFields } from './fields.ts';
import { LineHead } from './line-head.ts';
import type { LineNotes } from './line-notes.ts';
import { otherLine } from './other-lines.ts';
import { type EventName, type Survey, survey } from './survey.ts';

const NEWLINE = 0x0a;

/** So many different probes of the catalogue are a recorder's. */
const RECORDERS_PROBES = 10;
/** Recorded wherever DSQs are, and rare. */
const RARE: readonly RecordedName[] = ['dsq_create', 'dsq_destroy'];

/** Lines between two reports of progress. */
const PROGRESS_INTERVAL = 1 << 16;

/** Opens a text; one that holds no events at all is an InputError. */
export async function openText(source: Source, options: ReaderOptions, format: string): Promise<OpenTrace> {
  return new TextTrace(source, options, survey(source, options.chunkBytes), format);
}

class TextTrace implements OpenTrace {
  readonly format: string;
  readonly header: TraceHeader;
  readonly timeBase: bigint;
  readonly unused = new Map<string, number>();
  absorbed = 0;
  readonly #source: Source;
  readonly #options: ReaderOptions;
  readonly #survey: Survey;

  constructor(source: Source, options: ReaderOptions, found: Survey, format: string) {
    this.#source = source;
    this.#options = options;
    this.#survey = found;
    this.format = format;
    this.timeBase = BigInt(found.seconds) * 1_000_000_000n + BigInt(found.ns);
    this.header = this.#buildHeader();
  }

  run(sink: EventSink): void {
    this.unused.clear();
    const run = new TextRun(this.#source, this.#options, this.#survey, this.header, this.unused, sink);
    try {
      run.run();
    } finally {
      this.absorbed = run.absorbed;
    }
  }

  positionOf(place: Place): string {
    return `line ${place.position}`;
  }

  lineOf(event: TraceEvent): number {
    return event.position;
  }

  #buildHeader(): TraceHeader {
    const { remarks, names } = this.#survey;
    const header = emptyHeader();
    if (remarks.kernel !== undefined) header.kernel = remarks.kernel;
    const snapshot = this.#options.snapshot ?? findSnapshot(this.#source.path);
    if (snapshot !== undefined) applySnapshot(snapshot, header);
    if (header.possible === undefined && remarks.cpus !== undefined && remarks.cpus > 0)
      header.possible = CpuMask.of(...Array.from({ length: remarks.cpus }, (_, cpu) => cpu));
    // A recorder of ours sets no filter; of others nobody knows.
    if (!names.values.some(({ plan }) => plan?.probe.system === 'scx')) header.mayBeFiltered = true;
    header.recorded ??= this.#recorded(names.values);
    header.features = new Set([
      ...(this.#survey.coarse ? ['coarse-time'] : []),
      ...names.values.flatMap(({ plan }) =>
        plan?.probe.system === 'sched_ext' ? [`tracepoint:${plan.probe.event}`] : [],
      ),
    ]);
    return header;
  }

  /** The text does not say what was recorded: what occurs was, and what perf lists in its header. */
  #recorded(names: readonly EventName[]): RecordedSet {
    const recorded = new Set<RecordedName>();
    let probes = 0;
    for (const { plan } of names) {
      if (plan === undefined) continue;
      addRecorded(recorded, plan.probe.type, plan.probe.step);
      if (plan.probe.system === 'scx') probes++;
    }
    // Nobody sets many of these probes by hand: a recorder did, and what every recording has may just not have occurred.
    if (probes >= RECORDERS_PROBES) {
      for (const name of [...ALWAYS, ...RARE]) {
        for (const { type, step, system } of probesOf(name)) if (system === 'scx') addRecorded(recorded, type, step);
      }
    }
    for (const name of this.#survey.remarks.recorded) {
      const probe = PROBE_BY_NAME.get(name.replace(':', '/'));
      if (probe !== undefined) addRecorded(recorded, probe.type, probe.step);
    }
    return recorded;
  }
}

/** A line that waits for earlier ones that come behind it. */
interface WaitingLine {
  readonly time: number;
  readonly bytes: Uint8Array;
  readonly line: number;
}

class TextRun {
  readonly #source: Source;
  readonly #options: ReaderOptions;
  readonly #survey: Survey;
  readonly #unused: Map<string, number>;
  readonly #sink: EventSink;
  readonly #head: LineHead;
  readonly #fields: TextFields;
  readonly #switches = new SwitchNames();
  readonly #bothSwitches: boolean;
  /** The text is that of trace-cmd, which pads the names of events. */
  readonly #padded: boolean;
  /** Tasks whose name was learnt from the head of a line. */
  readonly #namedByHead = new Set<number>();
  readonly #waiting: WaitingLine[] = [];
  #view: DataView = new DataView(new ArrayBuffer(0));
  #seq = 0;
  #time = 0;
  /** A loss that is reported with the next event: its CPU and count. */
  #lost: { readonly cpu: number; readonly count: number; readonly text: string; readonly line: number } | undefined;

  constructor(
    source: Source,
    options: ReaderOptions,
    found: Survey,
    header: TraceHeader,
    unused: Map<string, number>,
    sink: EventSink,
  ) {
    this.#source = source;
    this.#options = options;
    this.#survey = found;
    this.#unused = unused;
    this.#sink = sink;
    this.#head = new LineHead(found.style);
    this.#padded = found.remarks.cpus !== undefined;
    const declared = header.possible === undefined ? 0 : header.possible.last + 1;
    const seen = Math.max(found.maxCpu + 1, found.remarks.online ?? 0);
    this.#fields = new TextFields(Math.max(declared, seen), declared >= seen && declared > 0);
    const occurs = (id: string): boolean =>
      found.names.values.some(({ plan }) => plan !== undefined && `${plan.probe.system}:${plan.probe.event}` === id);
    this.#bothSwitches = occurs('sched:sched_switch') && occurs('scx:switch');
  }

  get absorbed(): number {
    return this.#switches.absorbed;
  }

  run(): void {
    const window = new ByteWindow(this.#source, this.#options.chunkBytes);
    const { notes } = this.#survey;
    for (;;) {
      const { line } = window;
      if ((line & (PROGRESS_INTERVAL - 1)) === 0) this.#options.onProgress?.(line);
      let proceed: boolean;
      if (notes?.read(line) === true && window.holds(notes.length + 1) && isLine(window, notes.length)) {
        const { bytes, start } = window;
        if (this.#view.buffer !== bytes.buffer) this.#useBytes(bytes);
        const end = start + notes.length;
        proceed = this.#noted(notes, bytes, start, end, line);
        window.nextLine(end);
      } else {
        const end = window.lineEnd();
        if (end < 0) break;
        proceed = this.#unnoted(window, end);
        window.nextLine(end);
      }
      if (!proceed) return;
    }
    for (const waiting of this.#waiting) if (!this.#release(waiting)) return;
    if (this.#lost !== undefined) this.#deliverLoss();
  }

  /** Reads a line that the survey took notes of; false when the sink wants no more. */
  #noted(notes: LineNotes, bytes: Uint8Array, start: number, end: number, line: number): boolean {
    const name = this.#survey.names.values[notes.name];
    if (name?.plan === undefined) {
      if (name !== undefined) this.#count(name.printed);
      return true;
    }
    this.#time += notes.delta;
    return this.#event(name, name.plan, notes.cpu, bytes, start, start + notes.args, end, line);
  }

  /** Reads a line that may be anything; false when the sink wants no more. */
  #unnoted(window: ByteWindow, end: number): boolean {
    const { bytes, start, line } = window;
    const { disorder } = this.#survey;
    if (this.#view.buffer !== bytes.buffer) this.#useBytes(bytes);
    if (start < end && this.#head.parse(bytes, this.#view, start, end))
      return disorder === 0 ? this.#line(bytes, start, end, line) : this.#queue(bytes, start, end, line, disorder);
    this.#other(window.text(start, end), line);
    return true;
  }

  #useBytes(bytes: Uint8Array): void {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Delivers the event of the line whose head was parsed; false when the sink wants no more. */
  #line(bytes: Uint8Array, start: number, end: number, line: number): boolean {
    const head = this.#head;
    const name = this.#survey.names.find(bytes, this.#view, head.nameFrom, head.nameTo);
    const { plan } = name;
    if (plan === undefined) {
      if (name.isLoss) this.#noteLoss(head.cpu, lossCount(bytes, head.argsFrom, end), name.printed, line);
      else this.#count(name.printed);
      return true;
    }
    this.#time = (head.seconds - this.#survey.seconds) * 1e9 + head.ns - this.#survey.ns;
    const from = plan.otherwise ? head.textFrom(this.#padded) : head.argsFrom;
    return this.#event(name, plan, head.cpu, bytes, start, from, end, line);
  }

  /** Delivers the event of the line at `start..end`, whose arguments begin at `from`; false when the sink wants no more. */
  #event(
    name: EventName,
    plan: NamedPlan,
    cpu: number,
    bytes: Uint8Array,
    start: number,
    from: number,
    end: number,
    line: number,
  ): boolean {
    if (this.#lost !== undefined && !this.#deliverLoss()) return false;
    const event = this.#fields.read(name.index, plan, bytes, this.#view, from, end);
    // Without what its type requires it is an event of another kind under the same name.
    if (event === undefined) {
      this.#count(`${name.printed} (incomplete)`);
      return true;
    }
    event.cpu = cpu;
    if (event.kind === KIND.switch) {
      if (plan.probe.attach === 'event') {
        if (this.#bothSwitches) {
          this.#switches.absorb(event);
          return true;
        }
      } else {
        this.#switches.complete(event);
        this.#nameByHead(event, bytes, start, end);
      }
    }
    return this.#deliver(event, line);
  }

  /** The head of a switch names the task that leaves, which the probe's arguments do not. */
  #nameByHead(event: TraceEvent, bytes: Uint8Array, start: number, end: number): void {
    const { prev } = event;
    if (prev <= 0 || event.has('prev_comm') || this.#survey.style !== 'bracket' || this.#namedByHead.has(prev)) return;
    this.#namedByHead.add(prev);
    if (!this.#head.parse(bytes, this.#view, start, end)) return;
    const comm = this.#head.comm(bytes, start);
    if (comm !== '' && this.#head.pid(bytes, start) === prev && this.#fields.isNews(prev, comm)) event.prev_comm = comm;
  }

  #deliver(event: TraceEvent, line: number): boolean {
    event.seq = this.#seq++;
    event.t = this.#time;
    event.position = line;
    return this.#sink.event(event);
  }

  #deliverLoss(): boolean {
    const lost = this.#lost;
    if (lost === undefined) return true;
    this.#lost = undefined;
    const event = newTraceEvent();
    event.begin(KIND.lost);
    event.cpu = Math.max(0, lost.cpu);
    if (lost.count >= 0) {
      event.count_lo = lost.count | 0;
      event.count_hi = Math.floor(lost.count / 2 ** 32) | 0;
    }
    event.text = lost.text;
    return this.#deliver(event, lost.line);
  }

  #other(text: string, line: number): void {
    const other = otherLine(text);
    if (other.is === 'lost') this.#noteLoss(other.cpu, other.count, text.trim(), line);
    else if (other.is === 'unreadable') {
      // What it held is not known: to the model that is a loss.
      this.#count('unreadable line');
      this.#noteLoss(Math.max(0, this.#head.cpu), 1, `unreadable line ${line}`, line);
    }
  }

  #noteLoss(cpu: number, count: number, text: string, line: number): void {
    const before = this.#lost;
    const sum = before === undefined ? count : before.count < 0 || count < 0 ? -1 : before.count + count;
    this.#lost = { cpu, count: sum, text: before?.text ?? text, line: before?.line ?? line };
  }

  #count(name: string): void {
    this.#unused.set(name, (this.#unused.get(name) ?? 0) + 1);
  }

  /** Puts the line in its place among those that wait, and releases the earliest when enough do. */
  #queue(bytes: Uint8Array, start: number, end: number, line: number, disorder: number): boolean {
    const head = this.#head;
    const name = this.#survey.names.find(bytes, this.#view, head.nameFrom, head.nameTo);
    if (name.plan === undefined) return this.#line(bytes, start, end, line);
    const time = (head.seconds - this.#survey.seconds) * 1e9 + head.ns;
    const waiting = this.#waiting;
    let at = waiting.length;
    while (at > 0 && (waiting[at - 1]?.time ?? 0) > time) at--;
    // Patterns are compared four bytes at a time: the copy goes on behind the line.
    const copy = new Uint8Array(end - start + 8);
    copy.set(bytes.subarray(start, end));
    waiting.splice(at, 0, { time, bytes: copy, line });
    if (waiting.length <= disorder) return true;
    const first = waiting.shift();
    const proceed = first === undefined || this.#release(first);
    this.#useBytes(bytes);
    return proceed;
  }

  #release({ bytes, line }: WaitingLine): boolean {
    const end = bytes.length - 8;
    this.#useBytes(bytes);
    return !this.#head.parse(bytes, this.#view, 0, end) || this.#line(bytes, 0, end, line);
  }
}

/** The line at the beginning of the window ends after `length` bytes. */
function isLine(window: ByteWindow, length: number): boolean {
  return window.bytes[window.start + length] === NEWLINE;
}

/** `lost 12` */
function lossCount(bytes: Uint8Array, from: number, to: number): number {
  const match = /(\d+)/.exec(new TextDecoder().decode(bytes.subarray(from, to)));
  return match === null ? -1 : Number(match[1]);
}
