// Reads the JSON of wprof: a header line, lines of call stacks, then one event a line.
import { InputError } from '../../errors.ts';
import { ByteWindow } from '../../input/byte-window.ts';
import type { Source } from '../../input/source.ts';
import { newTraceEvent, type TraceEvent } from '../../trace/event.ts';
import { emptyHeader, type TraceHeader } from '../../trace/header.ts';
import type { EventName } from '../../trace/recorded.ts';
import type { EventSink, OpenTrace, Place, ReaderOptions } from '../reader.ts';
import { ReorderWindow } from '../reorder.ts';
import { applySnapshot, findSnapshot } from '../snapshot.ts';
import { BECOMES, fillEvent, fillInsert, fillLayer, pidOf, type WprofRecord } from './records.ts';

/** Lines between two reports of progress. */
const PROGRESS_INTERVAL = 1 << 16;

/** Records of DSQs are written at the end of the wait: so many lines are held to put their beginnings in place. */
const WINDOW = 16_384;

interface WprofHeader {
  readonly version: string;
  readonly stackLines: number;
}

export async function openWprof(source: Source, options: ReaderOptions): Promise<OpenTrace> {
  return new WprofTrace(source, options, readHeader(source), survey(source, options.chunkBytes));
}

/** What of a record becomes an event, at its time. */
interface Waiting {
  readonly record: WprofRecord;
  readonly line: number;
  readonly time: number;
  readonly what: 'event' | 'insert' | 'layer';
  readonly dsq: bigint;
}

class WprofTrace implements OpenTrace {
  readonly format: string;
  readonly header: TraceHeader = emptyHeader();
  readonly timeBase = 0n;
  readonly unused = new Map<string, number>();
  readonly absorbed = 0;
  readonly #source: Source;
  readonly #options: ReaderOptions;
  readonly #stackLines: number;

  constructor(source: Source, options: ReaderOptions, found: WprofHeader, types: ReadonlySet<string>) {
    this.#source = source;
    this.#options = options;
    this.#stackLines = found.stackLines;
    this.format = `wprof JSON ${found.version}`;
    this.header.mayBeFiltered = true;
    const snapshot = options.snapshot ?? findSnapshot(source.path);
    if (snapshot !== undefined) applySnapshot(snapshot, this.header);
    this.header.recorded ??= new Set<EventName>([...types].flatMap((type) => BECOMES[type] ?? []));
  }

  run(sink: EventSink): void {
    this.unused.clear();
    new WprofRun(this.#source, this.#options, this.#stackLines, this.unused, sink).run();
  }

  positionOf(place: Place): string {
    return `line ${place.position}`;
  }

  lineOf(event: TraceEvent): number {
    return event.position;
  }
}

class WprofRun {
  readonly #source: Source;
  readonly #options: ReaderOptions;
  readonly #stackLines: number;
  readonly #unused: Map<string, number>;
  readonly #sink: EventSink;
  readonly #event: TraceEvent = newTraceEvent();
  readonly #window = new ReorderWindow<Waiting>(WINDOW);
  readonly #comms = new Map<number, string>();
  readonly #layers = new Map<number, number>();
  readonly #newComm = (pid: number, comm: string): boolean => {
    if (this.#comms.get(pid) === comm) return false;
    this.#comms.set(pid, comm);
    return true;
  };
  #seq = 0;
  #time = 0;

  constructor(
    source: Source,
    options: ReaderOptions,
    stackLines: number,
    unused: Map<string, number>,
    sink: EventSink,
  ) {
    this.#source = source;
    this.#options = options;
    this.#stackLines = stackLines;
    this.#unused = unused;
    this.#sink = sink;
  }

  run(): void {
    const window = new ByteWindow(this.#source, this.#options.chunkBytes);
    const firstEvent = 2 + this.#stackLines;
    for (let end = window.lineEnd(); end >= 0; end = window.lineEnd()) {
      const { line } = window;
      if ((line & (PROGRESS_INTERVAL - 1)) === 0) this.#options.onProgress?.(line);
      const text = line < firstEvent ? '' : window.text(window.start, end).trim();
      if (text !== '' && !this.#line(text, line)) return;
      window.nextLine(end);
    }
    for (let waiting = this.#window.pop(); waiting !== undefined; waiting = this.#window.pop())
      if (!this.#deliver(waiting)) return;
  }

  #line(text: string, line: number): boolean {
    const record = parseRecord(this.#source.path, text, line);
    const time = Math.round(record.ts * 1e9);
    if (BECOMES[record.t] === undefined) {
      this.#count(record.t);
      return true;
    }
    if (record.t !== 'scx_dsq') return this.#push({ record, line, time, what: 'event', dsq: 0n });
    // The id may exceed what a number holds; the text has it exactly.
    const dsq = BigInt(/"dsq_id":\s*(-?\d+)/.exec(text)?.[1] ?? 0);
    const start = record.start_ts === undefined ? undefined : Math.round(record.start_ts * 1e9);
    if (!this.#push({ record, line, time, what: 'layer', dsq })) return false;
    return start === undefined || this.#push({ record, line, time: start, what: 'insert', dsq });
  }

  #push(waiting: Waiting): boolean {
    const leaving = this.#window.push(waiting.time, waiting);
    return leaving === undefined || this.#deliver(leaving);
  }

  #deliver({ record, line, time, what, dsq }: Waiting): boolean {
    const event = this.#event;
    if (time < this.#time) {
      if (what === 'event') throw this.#unsorted(line, time);
      this.#count(`scx_dsq (insertion more than ${WINDOW} records back)`);
      return true;
    }
    const filled =
      what === 'event'
        ? fillEvent(record, event, this.#newComm)
        : what === 'insert'
          ? fillInsert(record, dsq, event)
          : this.#isNewLayer(record) && fillLayer(record, event);
    if (!filled) {
      if (what !== 'layer')
        this.#count(what === 'event' ? `${record.t} (incomplete)` : `scx_dsq ${record.insert_type ?? ''}`);
      return true;
    }
    event.cpu = record.cpu ?? 0;
    event.seq = this.#seq++;
    event.t = time;
    event.position = line;
    this.#time = time;
    return this.#sink.event(event);
  }

  #isNewLayer(record: WprofRecord): boolean {
    const pid = pidOf(record.task);
    const layer = record.layer_id ?? -1;
    if (this.#layers.get(pid) === layer) return false;
    this.#layers.set(pid, layer);
    return true;
  }

  #unsorted(line: number, time: number): InputError {
    return new InputError(
      {
        code: 'unsorted',
        path: this.#source.path,
        position: `line ${line}`,
        expected: `a time of at least ${(this.#time / 1e9).toFixed(9)}`,
        found: (time / 1e9).toFixed(9),
        hint: 'sort the events by "ts"',
      },
      'the events are not in the order of time',
    );
  }

  #count(name: string): void {
    this.#unused.set(name, (this.#unused.get(name) ?? 0) + 1);
  }
}

function parseRecord(path: string, text: string, line: number): WprofRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      {
        code: 'bad-json',
        path,
        position: `line ${line}`,
        found: JSON.stringify(text.slice(0, 80)),
        hint: 'the file is damaged or was cut off; --keep-going reports what lies before',
      },
      `not a JSON object: ${reason}`,
    );
  }
  if (typeof json === 'object' && json !== null && 'ts' in json && 't' in json) {
    if (typeof json.ts === 'number' && typeof json.t === 'string') return json as WprofRecord;
  }
  throw new InputError(
    {
      code: 'bad-event',
      path,
      position: `line ${line}`,
      expected: 'an event with "ts" and "t"',
      found: JSON.stringify(text.slice(0, 80)),
    },
    'not an event of wprof',
  );
}

function readHeader(source: Source): WprofHeader {
  const window = new ByteWindow(source);
  const end = window.lineEnd();
  const text = end < 0 ? '' : window.text(window.start, end);
  try {
    const json = JSON.parse(text) as { readonly version?: unknown; readonly stack_cnt?: unknown };
    return {
      version: typeof json.version === 'string' ? json.version : '?',
      stackLines: typeof json.stack_cnt === 'number' ? json.stack_cnt : 0,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      { code: 'bad-header', path: source.path, position: 'line 1' },
      `the header is no JSON: ${reason}`,
    );
  }
}

/** Which types of events occur: the text between the quotes behind `"t":`. */
function survey(source: Source, chunkBytes: number | undefined): ReadonlySet<string> {
  const types = new Set<string>();
  const window = new ByteWindow(source, chunkBytes);
  for (let end = window.lineEnd(); end >= 0; end = window.lineEnd()) {
    const head = window.text(window.start, Math.min(end, window.start + 80));
    const type = /"t":\s*"(\w+)"/.exec(head)?.[1];
    if (type !== undefined) types.add(type);
    window.nextLine(end);
  }
  return types;
}
