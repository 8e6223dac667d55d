// Reads trace.dat files of trace-cmd (versions 6 and 7): opens them, and runs over the buffer that holds the recording.

import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { PROBE_BY_NAME } from '../../probes/catalogue.ts';
import type { Probe } from '../../probes/probe.ts';
import { MAX_CPU } from '../../trace/cpu-mask.ts';
import type { TraceHeader } from '../../trace/header.ts';
import { highHalf, lowHalf } from '../../trace/u64.ts';
import type { EventSink, OpenTrace, Place, ReaderOptions } from '../reader.ts';
import { findSnapshot } from '../snapshot.ts';
import { chooseBuffer, countRecords, cursors, firstStamp, type OpenFile, pageStreams } from './buffers.ts';
import { ByteReader } from './bytes.ts';
import type { CpuCursor, TimeBase } from './cpu-cursor.ts';
import { headerOf, possibleCpus, recordedTypes } from './dat-header.ts';
import { DatRun, type RunContext } from './dat-run.ts';
import { compilePlan, type DecodePlan } from './decode-plan.ts';
import type { EventFormat } from './event-format.ts';
import type { DatBuffer } from './file.ts';
import { readV6 } from './file-v6.ts';
import { readV7 } from './file-v7.ts';
import { inflaterFor } from './inflate.ts';
import { type CpuStats, markedLosses, statsByBuffer, type UnmarkedLoss, unmarkedLoss } from './losses.ts';
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
  if (version === '6') return new DatTrace({ source, file: readV6(header, filePageSize), inflate: undefined }, options);
  if (version === '7') {
    const place = header.place(header.position);
    const compression = header.cString('compression name', 64);
    header.cString('compression version', 64);
    const inflate = await inflaterFor(compression, source.path, place);
    return new DatTrace({ source, file: readV7(source, header, filePageSize, inflate), inflate }, options);
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
  readonly #open: OpenFile;
  /** The buffer that is read. */
  readonly #buffer: DatBuffer | undefined;
  readonly #stats: readonly CpuStats[];
  readonly #context: RunContext;
  readonly #limits: RecordLimits;
  readonly #base: TimeBase;
  #otherRecords: ReadonlyMap<string, number> | undefined;

  constructor(open: OpenFile, options: ReaderOptions) {
    const { file, source } = open;
    const { formats, littleEndian } = file;
    this.#open = open;
    this.format = `trace.dat v${file.version}`;
    this.#buffer = chooseBuffer(open);
    this.#stats = statsByBuffer(file.cpuStats).get(this.#buffer?.name ?? '') ?? [];
    this.header = headerOf(file, this.#stats, options.snapshot ?? findSnapshot(source.path));
    // Without a snapshot the file names only the CPUs that recorded something.
    const maxCpus = this.header.possible === undefined ? MAX_CPU + 1 : this.header.possible.last + 1;
    const named = possibleCpus(file);
    if (!named.isEmpty) this.header.possible ??= named;
    const nrCpuIds = Math.max(this.header.possible?.last ?? -1, named.last) + 1;
    // Without holes, like the limits below: every record is looked up here.
    const plans = new Array<DecodePlan | undefined>(formats.maxId + 1).fill(undefined);
    for (const format of formats.values()) {
      const probe = this.#probeOf(format);
      if (probe !== undefined) plans[format.id] = compilePlan(probe, format, nrCpuIds, littleEndian);
    }
    this.header.recorded ??= recordedTypes(plans);
    // A recorder that sets these probes sets no filter; of others nobody knows.
    if (!plans.some((plan) => plan?.format.system === 'scx')) this.header.mayBeFiltered = true;
    this.#limits = new RecordLimits(formats, (format) => this.#probeOf(format), Math.max(maxCpus, nrCpuIds));
    const first = this.#buffer === undefined ? 0n : (firstStamp(open, this.#buffer) ?? 0n);
    this.#base = { hi: highHalf(first), lo: lowHalf(first) };
    const clock = file.tickConversion === undefined ? undefined : new TickClock(file.tickConversion, first);
    this.timeBase = clock?.baseNs ?? first;
    this.#context = {
      formats,
      littleEndian,
      plans,
      nrCpuIds,
      clock,
      unmarked: this.#unmarkedLosses(),
      onProgress: options.onProgress,
    };
  }

  run(sink: EventSink): void {
    this.unused.clear();
    const run = new DatRun(this.#context, this.#cursors(), sink);
    try {
      if (run.run()) this.#checkCounts(run);
    } finally {
      this.absorbed = run.absorbed;
      this.#otherRecords ??= this.#countOthers();
      for (const [name, count] of [...run.unused(), ...this.#otherRecords]) this.unused.set(name, count);
    }
  }

  positionOf(place: Place): string {
    return `CPU ${place.cpu}, byte ${place.position}`;
  }

  #probeOf(format: EventFormat): Probe | undefined {
    const probe = PROBE_BY_NAME.get(`${format.system}/${format.name}`);
    if (probe === undefined || format.defect === undefined) return probe;
    throw new InputError(
      {
        code: 'damaged',
        path: this.#open.source.path,
        position: `format of ${format.system}:${format.name}`,
        hint: 'the metadata is damaged; copy or record it again',
      },
      `the format of an event makes no sense: ${format.defect}`,
    );
  }

  #cursors(): CpuCursor[] {
    if (this.#buffer === undefined) return [];
    return cursors(this.#open, this.#buffer, { limits: this.#limits, base: this.#base, latest: this.#latest() });
  }

  /** Time since the base that no record can be later than. */
  #latest(): number {
    const now = Math.max(0, ...this.#stats.map((stats) => stats.now ?? 0));
    if (now === 0 || this.#context.clock !== undefined) return Number.POSITIVE_INFINITY;
    return now + STATS_TOLERANCE - Number(this.timeBase);
  }

  /** Records of the buffers that are not read. */
  #countOthers(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const buffer of this.#open.file.buffers) {
      const n = buffer === this.#buffer ? 0 : countRecords(this.#open, buffer);
      if (n > 0) counts.set(buffer.name === '' ? 'records of the top buffer' : `records of buffer ${buffer.name}`, n);
    }
    return counts;
  }

  #unmarkedLosses(): ReadonlyMap<number, UnmarkedLoss> {
    const losses = new Map<number, UnmarkedLoss>();
    if (this.#buffer === undefined) return losses;
    for (const [cpu, pages, format] of pageStreams(this.#open, this.#buffer)) {
      const stats = this.#stats.find((candidate) => candidate.cpu === cpu);
      if (stats === undefined || stats.overrun + stats.commitOverrun + stats.dropped === 0) continue;
      let marked = 0;
      try {
        if (stats.overrun > 0) marked = markedLosses(pages, format);
      } catch (error) {
        // Damage is reported in its place by run().
        if (!(error instanceof InputError)) throw error;
      }
      losses.set(cpu, unmarkedLoss(stats, marked));
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
        path: this.#open.source.path,
        position: `data of CPU ${short.cpu}`,
        expected: `${short.read} records, as the recorder counted`,
        found: `${counts.get(short.cpu) ?? 0}`,
        hint: 'the recording is damaged; --keep-going reports what is left',
      },
      'records are missing',
    );
  }
}
