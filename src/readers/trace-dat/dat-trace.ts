// Reads trace.dat files of trace-cmd (versions 6 and 7): per-CPU ring-buffer pages, merged by time.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { PROBE_BY_NAME } from '../../probes/catalogue.ts';
import { CpuMask } from '../../trace/cpu-mask.ts';
import { newTraceEvent, SLOT, type TraceEvent } from '../../trace/event.ts';
import { emptyHeader, type TraceHeader } from '../../trace/header.ts';
import { highHalf, lowHalf } from '../../trace/u64.ts';
import type { EventType } from '../../trace/vocabulary/index.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import type { EventSink, OpenTrace, ReaderOptions } from '../reader.ts';
import { applySnapshot, findSnapshot } from '../snapshot.ts';
import { ByteReader } from './bytes.ts';
import { type Inflate, inflaterFor, PageStream } from './chunks.ts';
import { CpuCursor, type TimeBase } from './cpu-cursor.ts';
import { RecordDecoder } from './decode.ts';
import { compilePlan, type DecodePlan } from './decode-plan.ts';
import type { DatFile } from './file.ts';
import { readV6 } from './file-v6.ts';
import { readV7 } from './file-v7.ts';
import { SwitchMerger } from './switch-merger.ts';

/** Bytes of the magic number, which the sniffing has checked. */
const MAGIC_LENGTH = 10;

/** Every record begins with type (u16), flags, preempt count and the pid of the current task (struct trace_entry). */
const COMMON_PID_OFFSET = 4;
const PID_MAX = 4_194_304;

/** `until` of a loss behind which the CPU has no record. */
const UNTIL_THE_END = 0xffff_ffff_ffff_ffffn;

/** Records between two reports of progress. */
const PROGRESS_INTERVAL = 1 << 16;

/** Opens a trace.dat file; damage of its header is an InputError. */
export async function openTraceDat(source: Source, options: ReaderOptions): Promise<OpenTrace> {
  const input = new ByteReader(source.path, source, true, MAGIC_LENGTH);
  const version = input.cString('file version', 16);
  const endian = input.bytes(1, 'byte order')[0];
  if (endian !== 0 && endian !== 1)
    throw input.damaged(input.position - 1, 'the byte order is unknown', '0 or 1', String(endian));
  input.bytes(1, 'size of a long');
  const header = new ByteReader(source.path, source, endian === 0, input.position);
  header.u32('page size');
  let file: DatFile;
  let inflate: Inflate | undefined;
  if (version === '6') {
    file = readV6(header);
  } else if (version === '7') {
    const compression = header.cString('compression name');
    header.cString('compression version');
    inflate = await inflaterFor(compression, source.path);
    file = readV7(source, header, compression, inflate);
  } else {
    throw new InputError(
      {
        code: 'unsupported',
        path: source.path,
        position: input.place(MAGIC_LENGTH),
        expected: '6 or 7',
        found: JSON.stringify(version),
        hint: 'trace-cmd convert --file-version 7',
      },
      'this version of trace.dat is not supported',
    );
  }
  return new DatTrace(source, file, inflate, options);
}

class DatTrace implements OpenTrace {
  readonly format: string;
  readonly header: TraceHeader;
  readonly unused = new Map<string, number>();
  absorbed = 0;
  readonly #source: Source;
  readonly #file: DatFile;
  readonly #inflate: Inflate | undefined;
  readonly #options: ReaderOptions;
  readonly #nrCpuIds: number;
  /** Plan by event id; most ids have none. */
  readonly #plans: (DecodePlan | undefined)[] = [];
  readonly #base: TimeBase = { hi: 0, lo: 0 };
  #ticks = false;

  constructor(source: Source, file: DatFile, inflate: Inflate | undefined, options: ReaderOptions) {
    this.#source = source;
    this.#file = file;
    this.#inflate = inflate;
    this.#options = options;
    this.format = `trace.dat v${file.version}`;
    this.header = this.#buildHeader();
    this.#nrCpuIds = Math.max(this.header.possible?.last ?? -1, ...file.cpuData.map((data) => data.cpu)) + 1;
    for (const format of file.formats.values()) {
      const probe = PROBE_BY_NAME.get(`${format.system}/${format.name}`);
      if (probe !== undefined) this.#plans[format.id] = compilePlan(probe, format, this.#nrCpuIds);
    }
    this.header.recorded = this.#recordedTypes();
    this.#setTimeBase();
  }

  get timeBase(): bigint {
    const raw = (BigInt(this.#base.hi >>> 0) << 32n) | BigInt(this.#base.lo >>> 0);
    const tsc = this.#file.tscToNs;
    return this.#ticks && tsc !== undefined ? ((raw * tsc.mult) >> tsc.shift) + tsc.offset : raw;
  }

  positionOf(event: TraceEvent): string {
    return `CPU ${event.cpu}, byte ${event.position}`;
  }

  run(sink: EventSink): void {
    this.unused.clear();
    const run = new DatRun(
      this.#file,
      this.#plans,
      this.#nrCpuIds,
      this.unused,
      this.#options,
      sink,
      this.#cursors(),
      this.#tickScale(),
      () => this.timeBase,
      this.header.losses,
    );
    try {
      run.run();
    } finally {
      this.absorbed = run.absorbed;
    }
  }

  #cursors(): CpuCursor[] {
    const { littleEndian, layout } = this.#file;
    return this.#file.cpuData
      .filter((data) => data.size > 0)
      .map((data) => {
        const pages = new PageStream(this.#source, data, layout.pageSize, littleEndian, this.#inflate);
        return new CpuCursor(this.#source.path, data.cpu, pages, layout, littleEndian, this.#base);
      });
  }

  /** ns per tick when the clock counts TSC ticks and the file says how to convert; 1 otherwise. */
  #tickScale(): number {
    const tsc = this.#file.tscToNs;
    return this.#ticks && tsc !== undefined ? Number(tsc.mult) / 2 ** Number(tsc.shift) : 1;
  }

  #setTimeBase(): void {
    let first = 0xffff_ffff_ffff_ffffn;
    const { littleEndian, layout } = this.#file;
    for (const data of this.#file.cpuData) {
      if (data.size === 0) continue;
      const pages = new PageStream(this.#source, data, layout.pageSize, littleEndian, this.#inflate);
      try {
        if (!pages.advance()) continue;
      } catch {
        // Damage of the first page is reported in its place by run().
        continue;
      }
      const view = new DataView(pages.buffer.buffer, pages.buffer.byteOffset + pages.pageStart, layout.pageSize);
      const stamp = view.getBigUint64(0, littleEndian);
      if (stamp < first) first = stamp;
    }
    if (first === 0xffff_ffff_ffff_ffffn) return;
    this.#base.hi = Number(BigInt.asIntN(32, first >> 32n));
    this.#base.lo = Number(BigInt.asIntN(32, first));
    this.#ticks = this.#file.clock === 'x86-tsc' || this.#file.clock === 'tsc2nsec';
  }

  #buildHeader(): TraceHeader {
    const file = this.#file;
    const header = emptyHeader();
    const release =
      file.uname === undefined
        ? undefined
        : (/^\S+\s+\S+\s+(\d\S*)/.exec(file.uname)?.[1] ??
          file.uname.split(/\s+/).find((word) => /^\d+\.\d+/.test(word)));
    if (release !== undefined) header.kernel = release;
    if (file.clock !== undefined) header.clock = file.clock;
    header.features = new Set(
      [...file.formats.values()]
        .filter((format) => format.system === 'sched_ext')
        .map((format) => `tracepoint:${format.name}`),
    );
    header.losses = file.cpuStats.flatMap(parseCpuStat);
    const snapshot = this.#options.snapshot ?? findSnapshot(this.#source.path);
    if (snapshot !== undefined) applySnapshot(snapshot, header);
    if (header.possible === undefined && file.cpuData.length > 0) {
      header.possible = CpuMask.of(...file.cpuData.map((data) => data.cpu));
    }
    if (header.schedClasses.size === 0) header.schedClasses = classesOf(file.kallsyms);
    const named = new Set(header.tasks.map((task) => task.pid));
    header.tasks = [
      ...header.tasks,
      ...[...file.cmdlines].filter(([pid]) => !named.has(pid)).map(([pid, comm]) => ({ pid, comm })),
    ];
    return header;
  }

  /** Dynamic events were defined in order to be recorded; of the kernel's own a format says nothing. */
  #recordedTypes(): ReadonlySet<EventType> {
    const types = new Set<EventType>();
    for (const plan of this.#plans)
      if (plan !== undefined && plan.format.system !== 'ftrace') types.add(plan.probe.type);
    return types;
  }
}

/** One pass over all CPUs, merged by time; CPUs with equal times in the order of their numbers. */
class DatRun {
  readonly #file: DatFile;
  readonly #plans: readonly (DecodePlan | undefined)[];
  readonly #unused: Map<string, number>;
  readonly #options: ReaderOptions;
  readonly #sink: EventSink;
  readonly #cursors: CpuCursor[];
  readonly #scale: number;
  readonly #nrCpuIds: number;
  readonly #timeBase: () => bigint;
  readonly #losses: TraceHeader['losses'];
  readonly #decoder: RecordDecoder;
  readonly #switches: SwitchMerger;
  readonly #event: TraceEvent = newTraceEvent();
  readonly #unusedById = new Map<number, number>();
  #seq = 0;

  constructor(
    file: DatFile,
    plans: readonly (DecodePlan | undefined)[],
    nrCpuIds: number,
    unused: Map<string, number>,
    options: ReaderOptions,
    sink: EventSink,
    cursors: CpuCursor[],
    scale: number,
    timeBase: () => bigint,
    losses: TraceHeader['losses'],
  ) {
    this.#losses = losses;
    this.#timeBase = timeBase;
    this.#file = file;
    this.#plans = plans;
    this.#unused = unused;
    this.#options = options;
    this.#sink = sink;
    this.#cursors = cursors;
    this.#scale = scale;
    this.#nrCpuIds = nrCpuIds;
    this.#decoder = new RecordDecoder(file.littleEndian, nrCpuIds);
    this.#switches = new SwitchMerger(plans, this.#decoder, file.littleEndian);
  }

  /** Records used without becoming an event. */
  get absorbed(): number {
    return this.#switches.absorbed;
  }

  run(): void {
    try {
      this.#merge();
    } finally {
      for (const [id, count] of this.#unusedById) {
        const format = this.#file.formats.get(id);
        this.#unused.set(format === undefined ? `unknown event ${id}` : `${format.system}:${format.name}`, count);
      }
    }
  }

  #merge(): void {
    const live = this.#cursors.filter((cursor) => cursor.advance());
    const first = Math.min(...live.map((cursor) => cursor.t));
    for (const { cpu, dropped } of this.#losses) {
      const cursor = live.find((entry) => entry.cpu === cpu);
      if (dropped === 0 || cursor === undefined) continue;
      // A buffer that was full turned records away, and marks no place: they may be missing anywhere.
      cursor.lost = cursor.lost < 0 ? -1 : cursor.lost + dropped;
      if (!this.#lost(cursor, first, -1)) return;
    }
    for (const cursor of live) if (cursor.lost !== 0 && !this.#lost(cursor, first, resumed(cursor))) return;
    let done = 0;
    while (live.length > 0) {
      let best = 0;
      let bestTime = live[0]?.t ?? 0;
      let limit = Number.POSITIVE_INFINITY;
      for (let i = 1; i < live.length; i++) {
        const t = live[i]?.t ?? 0;
        if (t < bestTime) {
          limit = bestTime;
          best = i;
          bestTime = t;
        } else if (t < limit) limit = t;
      }
      const cursor = live[best];
      if (cursor === undefined) return;
      // Equal times: a CPU with a smaller number goes first, so stop at the limit only when it is ours to give way.
      do {
        if (cursor.failure !== undefined) throw cursor.failure;
        if (!this.#record(cursor)) return;
        if ((++done & (PROGRESS_INTERVAL - 1)) === 0) this.#options.onProgress?.(done);
        const before = cursor.t;
        const more = cursor.advance();
        // A loss is told where it begins: what other CPUs recorded meanwhile must be judged in its light.
        if (cursor.lost !== 0 && !this.#lost(cursor, before, more ? resumed(cursor) : -1)) return;
        if (!more) {
          live.splice(best, 1);
          break;
        }
      } while (cursor.t < limit);
    }
  }

  /** Delivers the current record of a cursor; false when the sink wants no more. */
  #record(cursor: CpuCursor): boolean {
    if (cursor.length < 8) throw cursor.damage('a record is too short', 'at least 8 bytes', String(cursor.length));
    const id = cursor.view.getUint16(cursor.start, this.#file.littleEndian);
    const current = cursor.view.getInt32(cursor.start + COMMON_PID_OFFSET, this.#file.littleEndian);
    if (id === 0 || current < 0 || current > PID_MAX) {
      throw cursor.damage(
        'a record does not begin like one',
        `an event id and a pid up to ${PID_MAX}`,
        `${id} and ${current}`,
      );
    }
    const plan = this.#plans[id];
    if (plan === undefined) {
      this.#skip(cursor, id);
      return true;
    }
    if (cursor.length < plan.format.minSize) {
      throw cursor.damage(
        `a record of ${plan.format.name} is too short`,
        `${plan.format.minSize} bytes`,
        String(cursor.length),
      );
    }
    if (this.#switches.absorb(plan, cursor)) return true;
    const event = this.#event;
    this.#decoder.decode(plan, cursor, event);
    this.#switches.complete(plan, cursor, event);
    if (event.rq >= this.#nrCpuIds) {
      throw cursor.damage(
        `a record of ${plan.format.name} names an impossible CPU`,
        `less than ${this.#nrCpuIds}`,
        String(event.rq),
      );
    }
    return this.#deliver(cursor, cursor.t);
  }

  /** A record that becomes no event: its format may be missing from the file, but its frame must make sense. */
  #skip(cursor: CpuCursor, id: number): void {
    const format = this.#file.formats.get(id);
    if (format !== undefined && cursor.length < format.minSize) {
      throw cursor.damage(`a record of ${format.name} is too short`, `${format.minSize} bytes`, String(cursor.length));
    }
    this.#unusedById.set(id, (this.#unusedById.get(id) ?? 0) + 1);
  }

  /** Records of this CPU are missing from `since` up to `until`, both in units of the clock; -1: up to the end. */
  #lost(cursor: CpuCursor, since: number, until: number): boolean {
    const event = this.#event;
    event.begin(KIND.lost);
    const end = until < 0 ? UNTIL_THE_END : this.#timeBase() + BigInt(this.#scaled(until));
    event.setWide(SLOT.until, highHalf(end), lowHalf(end));
    if (cursor.lost > 0) {
      event.count_lo = cursor.lost | 0;
      event.count_hi = Math.floor(cursor.lost / 2 ** 32) | 0;
    }
    cursor.lost = 0;
    return this.#deliver(cursor, since);
  }

  #deliver(cursor: CpuCursor, t: number): boolean {
    const event = this.#event;
    event.seq = this.#seq++;
    event.cpu = cursor.cpu;
    event.t = this.#scaled(t);
    event.position = cursor.position;
    return this.#sink.event(event);
  }

  /** Units of the clock as ns. */
  #scaled(t: number): number {
    return this.#scale === 1 ? t : Math.round(t * this.#scale);
  }
}

/** Time of the record that a cursor has reached; -1 when it has reached damage. */
function resumed(cursor: CpuCursor): number {
  return cursor.failure === undefined ? cursor.t : -1;
}

/** Losses from the `stats` text of one CPU's ring buffer. */
function parseCpuStat(text: string): { cpu: number; overrun: number; dropped: number }[] {
  const cpu = /CPU:\s*(\d+)/i.exec(text)?.[1];
  if (cpu === undefined) return [];
  const number = (pattern: RegExp): number => Number(pattern.exec(text)?.[1] ?? 0);
  return [{ cpu: Number(cpu), overrun: number(/^overrun:\s*(\d+)/m), dropped: number(/^dropped events:\s*(\d+)/m) }];
}

/** Addresses of the scheduling classes in a kallsyms text. */
function classesOf(kallsyms: string): ReadonlyMap<string, bigint> {
  const classes = new Map<string, bigint>();
  for (const match of kallsyms.matchAll(/^([0-9a-f]+) \w (stop|dl|rt|fair|ext|idle)_sched_class$/gm)) {
    const [, address, name] = match;
    if (address !== undefined && name !== undefined) {
      const value = BigInt(`0x${address}`);
      if (value !== 0n) classes.set(name, value);
    }
  }
  return classes;
}
