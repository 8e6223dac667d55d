// Reads trace.dat files of trace-cmd (versions 6 and 7): opens them, chooses the buffer, and runs over it.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { PROBE_BY_NAME } from '../../probes/catalogue.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { TraceHeader } from '../../trace/header.ts';
import type { EventSink, OpenTrace, ReaderOptions } from '../reader.ts';
import { findSnapshot } from '../snapshot.ts';
import { ByteReader } from './bytes.ts';
import { CpuCursor, type CursorContext, type TimeBase } from './cpu-cursor.ts';
import { headerOf, recordedTypes } from './dat-header.ts';
import { DatRun } from './dat-run.ts';
import { compilePlan, type DecodePlan } from './decode-plan.ts';
import type { DatBuffer, DatFile } from './file.ts';
import { readV6 } from './file-v6.ts';
import { readV7 } from './file-v7.ts';
import { type Inflate, inflaterFor } from './inflate.ts';
import { type CpuStats, markedLosses, statsByBuffer, type UnmarkedLoss, unmarkedLoss } from './losses.ts';
import { type PageFormat, PageStream } from './page-stream.ts';
import { RecordLimits } from './record-limits.ts';
import { TickClock } from './tick-clock.ts';

/** Bytes of the magic number, which the sniffing has checked. */
const MAGIC_LENGTH = 10;

/** The recorder looks at its statistics when recording is over; the clock may tick a little coarser there (ns). */
const STATS_TOLERANCE = 1_000_000_000;

/** Opens a trace.dat file; damage of its metadata is an InputError. */
export async function openTraceDat(source: Source, options: ReaderOptions): Promise<OpenTrace> {
  const input = new ByteReader(source.path, source, true, MAGIC_LENGTH);
  const version = input.cString('file version', 16);
  const endian = input.bytes(1, 'byte order')[0];
  if (endian !== 0 && endian !== 1)
    throw input.damaged(input.position - 1, 'the byte order is unknown', '0 or 1', String(endian));
  input.bytes(1, 'size of a long');
  const header = new ByteReader(source.path, source, endian === 0, input.position);
  const filePageSize = header.u32('page size');
  if (version === '6') return new DatTrace(source, readV6(header, filePageSize), undefined, options);
  if (version === '7') {
    const compression = header.cString('compression name', 64);
    header.cString('compression version', 64);
    const inflate = await inflaterFor(compression, source.path);
    return new DatTrace(source, readV7(source, header, filePageSize, inflate), inflate, options);
  }
  throw new InputError(
    {
      code: 'unsupported',
      path: source.path,
      position: input.place(MAGIC_LENGTH),
      expected: '6 or 7',
      found: JSON.stringify(version),
      hint: 'write it anew with: trace-cmd convert --file-version 7',
    },
    'this version of trace.dat is not supported',
  );
}

class DatTrace implements OpenTrace {
  readonly format: string;
  readonly header: TraceHeader;
  readonly timeBase: bigint;
  readonly unused = new Map<string, number>();
  absorbed = 0;
  readonly #source: Source;
  readonly #file: DatFile;
  readonly #options: ReaderOptions;
  readonly #inflate: Inflate | undefined;
  readonly #nrCpuIds: number;
  readonly #plans: (DecodePlan | undefined)[] = [];
  readonly #buffer: DatBuffer | undefined;
  readonly #stats: readonly CpuStats[];
  readonly #limits: RecordLimits;
  readonly #base: TimeBase = { hi: 0, lo: 0 };
  readonly #clock: TickClock | undefined;
  readonly #unmarked: ReadonlyMap<number, UnmarkedLoss>;

  constructor(source: Source, file: DatFile, inflate: Inflate | undefined, options: ReaderOptions) {
    this.#source = source;
    this.#file = file;
    this.#inflate = inflate;
    this.#options = options;
    this.format = `trace.dat v${file.version}`;
    this.#limits = new RecordLimits(file.formats, (id) => PROBE_BY_NAME.has(nameOf(file, id)));
    this.#buffer = this.#chooseBuffer();
    this.#stats = statsByBuffer(file.cpuStats).get(this.#buffer?.name ?? '') ?? [];
    this.header = headerOf(file, this.#buffer, this.#stats, options.snapshot ?? findSnapshot(source.path));
    const cpus = file.buffers.flatMap((buffer) => buffer.cpuData.map((data) => data.cpu));
    this.#nrCpuIds = Math.max(this.header.possible?.last ?? -1, ...cpus) + 1;
    for (const format of file.formats.values()) this.#plan(format.id);
    this.header.recorded = recordedTypes(this.#plans);
    const first = this.#firstStamp();
    this.#base.hi = Number(BigInt.asIntN(32, first >> 32n));
    this.#base.lo = Number(BigInt.asIntN(32, first));
    this.#clock = file.tickConversion === undefined ? undefined : new TickClock(file.tickConversion, first);
    this.timeBase = this.#clock?.baseNs ?? first;
    this.#unmarked = this.#unmarkedLosses();
  }

  run(sink: EventSink): void {
    this.unused.clear();
    const context = {
      formats: this.#file.formats,
      littleEndian: this.#file.littleEndian,
      plans: this.#plans,
      nrCpuIds: this.#nrCpuIds,
      clock: this.#clock,
      unmarked: this.#unmarked,
      onProgress: this.#options.onProgress,
    };
    const run = new DatRun(context, this.#cursors(this.#buffer), sink);
    try {
      if (run.run()) this.#checkCounts(run);
    } finally {
      this.absorbed = run.absorbed;
      for (const [name, count] of run.unused()) this.unused.set(name, count);
      for (const [name, count] of this.#otherRecords()) this.unused.set(name, count);
    }
  }

  positionOf(event: TraceEvent): string {
    return `CPU ${event.cpu}, byte ${event.position}`;
  }

  #plan(id: number): void {
    const format = this.#file.formats.get(id);
    const probe = format === undefined ? undefined : PROBE_BY_NAME.get(`${format.system}/${format.name}`);
    if (format === undefined || probe === undefined) return;
    if (format.defect !== undefined) {
      const where = `format of ${format.system}:${format.name}`;
      throw new InputError(
        { code: 'damaged', path: this.#source.path, position: where, hint: 'the metadata is damaged; record again' },
        `the format of an event makes no sense: ${format.defect}`,
      );
    }
    this.#plans[id] = compilePlan(probe, format, this.#nrCpuIds, this.#file.littleEndian);
  }

  /** The only buffer with data, or the one that holds the events of the probes; the top one in doubt. */
  #chooseBuffer(): DatBuffer | undefined {
    const candidates = this.#file.buffers.filter((buffer) => buffer.cpuData.some((data) => data.size > 0));
    if (candidates.length <= 1) return candidates[0] ?? this.#file.buffers[0];
    const known = candidates.map((buffer) => {
      let n = 0;
      for (const cursor of this.#cursors(buffer)) {
        cursor.load();
        for (let i = 0; i < cursor.count; i++) if (this.#file.formats.get(cursor.ids[i] ?? 0)?.system === 'scx') n++;
      }
      return n;
    });
    return candidates[known.indexOf(Math.max(...known))];
  }

  /** Records of the buffers that are not read. */
  *#otherRecords(): Generator<[string, number]> {
    for (const buffer of this.#file.buffers) {
      if (buffer === this.#buffer) continue;
      let n = 0;
      for (const cursor of this.#cursors(buffer))
        while (cursor.failure === undefined && cursor.load()) n += cursor.count;
      if (n > 0) yield [buffer.name === '' ? 'records of the top buffer' : `records of buffer ${buffer.name}`, n];
    }
  }

  #cursors(buffer: DatBuffer | undefined): CpuCursor[] {
    const { formats } = this.#file;
    const cpuData = buffer?.cpuData.filter((data) => data.size > 0) ?? [];
    if (buffer === undefined || cpuData.length === 0) return [];
    const { common } = formats;
    if (common === undefined) {
      throw new InputError(
        { code: 'damaged', path: this.#source.path, hint: 'record again' },
        'the file describes no events, so its data cannot be read',
      );
    }
    const format = this.#pageFormat(buffer, cpuData.length);
    const context: CursorContext = {
      path: this.#source.path,
      format,
      common,
      limits: this.#limits,
      base: this.#base,
      latest: this.#latest(buffer),
    };
    return cpuData.map((data) => new CpuCursor(data.cpu, new PageStream(this.#source, data, format), context));
  }

  #pageFormat({ layout }: DatBuffer, streams: number): PageFormat {
    return { layout, littleEndian: this.#file.littleEndian, inflate: this.#inflate, streams };
  }

  /** Time since the base that no record can be later than. */
  #latest(buffer: DatBuffer): number {
    if (buffer !== this.#buffer || this.#clock !== undefined) return Number.POSITIVE_INFINITY;
    const now = Math.max(...this.#stats.map((stats) => stats.now ?? 0));
    return now > 0 ? now + STATS_TOLERANCE - Number(this.timeBase) : Number.POSITIVE_INFINITY;
  }

  /** The earliest time stamp of a first page. */
  #firstStamp(): bigint {
    let first: bigint | undefined;
    const buffer = this.#buffer;
    if (buffer === undefined) return 0n;
    const { littleEndian } = this.#file;
    for (const data of buffer.cpuData) {
      if (data.size === 0) continue;
      const pages = new PageStream(this.#source, data, this.#pageFormat(buffer, 1024));
      try {
        // Damage of the first page is reported in its place by run().
        if (!pages.advance() || pages.available < 8) continue;
      } catch {
        continue;
      }
      const stamp = pages.view.getBigUint64(pages.pageStart, littleEndian);
      if (first === undefined || stamp < first) first = stamp;
    }
    return first ?? 0n;
  }

  #unmarkedLosses(): ReadonlyMap<number, UnmarkedLoss> {
    const losses = new Map<number, UnmarkedLoss>();
    const buffer = this.#buffer;
    if (buffer === undefined) return losses;
    for (const stats of this.#stats) {
      const data = buffer.cpuData.find((candidate) => candidate.cpu === stats.cpu);
      if (stats.overrun + stats.commitOverrun + stats.dropped === 0 || data === undefined) continue;
      const format = this.#pageFormat(buffer, 1);
      let marked = 0;
      try {
        if (stats.overrun > 0) marked = markedLosses(new PageStream(this.#source, data, format), format);
      } catch (error) {
        // Damage is reported in its place by run().
        if (!(error instanceof InputError)) throw error;
      }
      losses.set(stats.cpu, unmarkedLoss(stats, marked));
    }
    return losses;
  }

  /**
   * The recorder counted what it read of each CPU. Where that holds for some CPUs and another has fewer records, some of
   * its data is gone; where it holds for none, the file was cut and the counts are those of the whole.
   */
  #checkCounts(run: DatRun): void {
    const counts = new Map(run.counts());
    const stated = this.#stats.filter((stats) => stats.read !== undefined && stats.read > 0);
    const short = stated.find((stats) => (counts.get(stats.cpu) ?? 0) < (stats.read ?? 0));
    if (short === undefined || !stated.some((stats) => counts.get(stats.cpu) === stats.read)) return;
    throw new InputError(
      {
        code: 'damaged',
        path: this.#source.path,
        position: `data of CPU ${short.cpu}`,
        expected: `${short.read} records, as the recorder counted`,
        found: `${counts.get(short.cpu) ?? 0}`,
        hint: 'the recording is damaged; --keep-going reports what is left',
      },
      'records are missing',
    );
  }
}

function nameOf(file: DatFile, id: number): string {
  const format = file.formats.get(id);
  return format === undefined ? '' : `${format.system}/${format.name}`;
}
