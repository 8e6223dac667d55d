// A first look at a whole text: which events occur, how many CPUs, when it begins, whether it is in the order of time.
import { InputError } from '../../errors.ts';
import { ByteWindow } from '../../input/byte-window.ts';
import type { Source } from '../../input/source.ts';
import { type NamedPlan, planOf } from '../named/event-plan.ts';
import { WordTable } from '../named/pattern.ts';
import { type HeadStyle, LineHead } from './line-head.ts';
import { LineNotes } from './line-notes.ts';
import { otherLine, type Remarks, readRemark } from './other-lines.ts';

/** What a printed event name stands for. */
export interface EventName {
  /** Number of the name among those that occur. */
  readonly index: number;
  readonly printed: string;
  readonly plan: NamedPlan | undefined;
  /** `PERF_RECORD_LOST` of perf. */
  readonly isLoss: boolean;
}

export interface Survey {
  readonly style: HeadStyle;
  readonly names: WordTable<EventName>;
  readonly remarks: Remarks;
  readonly maxCpu: number;
  /** Earliest time of a used event. */
  readonly seconds: number;
  readonly ns: number;
  /** How many lines a line may come too late; 0: the text is in order. */
  readonly disorder: number;
  /** All times are whole microseconds: equal times do not mean the same moment. */
  readonly coarse: boolean;
  /** Where lines end and what their heads say; undefined when they are not in order. */
  readonly notes: LineNotes | undefined;
}

/** Lines that may come too late by more than this are an error. */
const MAX_DISORDER = 4096;
/** Lines that are looked at to tell the style. */
const STYLE_LINES = 200;

/** Reads all of `source` once; text that is no trace is an InputError. */
export function survey(source: Source, chunkBytes?: number): Survey {
  const style = detectStyle(source);
  const head = new LineHead(style);
  const names = new WordTable<EventName>(newName);
  const remarks: Remarks = { recorded: [], latencyFormat: false };
  const window = new ByteWindow(source, chunkBytes);
  const order = new Order();
  const notes = new LineNotes();
  let view = viewOf(window.bytes);
  let maxCpu = -1;
  let ticksAt = -1;
  let readable = 0;
  let unreadable = 0;
  let firstUnreadable: { readonly line: number; readonly text: string } | undefined;
  for (let end = window.lineEnd(); end >= 0; end = window.lineEnd()) {
    const { bytes, start } = window;
    if (view.buffer !== bytes.buffer) view = viewOf(bytes);
    if (start < end && head.parse(bytes, view, start, end)) {
      const name = names.find(bytes, view, head.nameFrom, head.nameTo);
      readable++;
      let delta = 0;
      if (name.plan !== undefined) {
        if (head.cpu > maxCpu) maxCpu = head.cpu;
        if (head.ticks && ticksAt < 0) ticksAt = window.line;
        delta = order.add(head.seconds, head.ns, source.path, window.line);
      }
      // Losses and texts that begin with blanks are looked at again.
      if (!name.isLoss && name.plan?.otherwise !== true)
        notes.add(window.line, end - start, delta, head.cpu, name.index, head.argsFrom - start);
    } else {
      const text = window.text(start, end);
      const other = otherLine(text);
      if (other.is === 'comment') readRemark(text, remarks);
      else if (other.is === 'unreadable') {
        unreadable++;
        firstUnreadable ??= { line: window.line, text };
      }
    }
    window.nextLine(end);
  }
  if (unreadable > readable && firstUnreadable !== undefined) {
    throw new InputError(
      {
        code: 'damaged',
        path: source.path,
        position: `line ${firstUnreadable.line}`,
        expected: 'lines such as "comm-123 [000] 45.678901: event: …"',
        found: JSON.stringify(firstUnreadable.text.slice(0, 80)),
        hint: 'perf script must print CPU and time (-F comm,tid,cpu,time,event,trace); tracefs must have the option context-info and none of raw, hex and bin',
      },
      `${unreadable} of ${unreadable + readable} lines cannot be read`,
    );
  }
  if (ticksAt >= 0) {
    throw new InputError(
      {
        code: 'unsupported',
        path: source.path,
        position: `line ${ticksAt}`,
        expected: 'times in seconds',
        hint: 'record with a clock that counts ns, such as mono, or convert: trace-cmd report --ts2secs HZ',
      },
      'the clock of this trace counts ticks, and how long one is the text does not say',
    );
  }
  return {
    style,
    names,
    remarks,
    maxCpu,
    seconds: order.seconds,
    ns: order.ns,
    disorder: order.disorder,
    coarse: order.coarse,
    notes: order.disorder === 0 ? notes : undefined,
  };
}

function newName(printed: string, index: number): EventName {
  return { index, printed, plan: planOf(printed), isLoss: printed.startsWith('PERF_RECORD_LOST') };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The style in which more of the first lines can be read. */
function detectStyle(source: Source): HeadStyle {
  const window = new ByteWindow(source, 64 * 1024);
  const bracket = new LineHead('bracket');
  const latency = new LineHead('latency');
  let balance = 0;
  let view = viewOf(window.bytes);
  for (let n = 0; n < STYLE_LINES; n++) {
    const end = window.lineEnd();
    if (end < 0) break;
    const { bytes, start } = window;
    if (view.buffer !== bytes.buffer) view = viewOf(bytes);
    if (bracket.parse(bytes, view, start, end)) balance++;
    else if (latency.parse(bytes, view, start, end)) balance--;
    window.nextLine(end);
  }
  return balance >= 0 ? 'bracket' : 'latency';
}

/** Follows the times: the earliest, and how far lines are out of order. */
class Order {
  seconds = 0;
  ns = 0;
  disorder = 0;
  coarse = true;
  #count = 0;
  #maxSeconds = -1;
  #maxNs = -1;
  /** Times of the last lines, since the first. */
  readonly #recent = new Float64Array(MAX_DISORDER);
  #firstSeconds = 0;
  #last = 0;

  /** Takes the time of the next event, and returns the ns since the one before. */
  add(seconds: number, ns: number, path: string, line: number): number {
    if (this.coarse && ns % 1000 !== 0) this.coarse = false;
    if (this.#count === 0) {
      this.seconds = seconds;
      this.ns = ns;
      this.#firstSeconds = seconds;
      this.#last = ns;
    }
    if (seconds > this.#maxSeconds || (seconds === this.#maxSeconds && ns >= this.#maxNs)) {
      this.#maxSeconds = seconds;
      this.#maxNs = ns;
    } else {
      this.#late(seconds, ns, path, line);
      if (seconds < this.seconds || (seconds === this.seconds && ns < this.ns)) {
        this.seconds = seconds;
        this.ns = ns;
      }
    }
    const time = (seconds - this.#firstSeconds) * 1e9 + ns;
    this.#recent[this.#count++ % MAX_DISORDER] = time;
    const delta = time - this.#last;
    this.#last = time;
    return delta;
  }

  #late(seconds: number, ns: number, path: string, line: number): void {
    const time = (seconds - this.#firstSeconds) * 1e9 + ns;
    const known = Math.min(this.#count, MAX_DISORDER);
    for (let back = known; back > 0; back--) {
      if ((this.#recent[(this.#count - back) % MAX_DISORDER] ?? 0) <= time) continue;
      if (back === MAX_DISORDER) {
        throw new InputError(
          {
            code: 'unsorted',
            path,
            position: `line ${line}`,
            expected: `a time that is at most ${MAX_DISORDER} lines out of order`,
            found: `${seconds}.${String(ns).padStart(9, '0')}`,
            hint: 'the text must be in the order of time, as trace-cmd report and perf script print it (without --deltatime)',
          },
          'the lines are not in the order of time',
        );
      }
      this.disorder = Math.max(this.disorder, back);
      return;
    }
  }
}
