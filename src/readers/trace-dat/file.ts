// The metadata of a trace.dat file, version 6 or 7: where every CPU's data lies, and everything needed to decode it.
import type { ByteReader } from './bytes.ts';
import { parseField } from './event-format.ts';
import type { FormatTable } from './format-table.ts';

/** Raw data of one CPU: ring-buffer pages, contiguous in the file or in compressed chunks. */
export interface CpuData {
  readonly cpu: number;
  readonly offset: number;
  readonly size: number;
  readonly compressed: boolean;
}

export interface RingLayout {
  /** Size of a ring-buffer page, header included. */
  readonly pageSize: number;
  readonly commitOffset: number;
  /** Size of the commit word: the kernel's long. */
  readonly commitSize: number;
  readonly dataOffset: number;
}

/** One ring buffer: the top one (without a name), or that of an instance. */
export interface DatBuffer {
  readonly name: string;
  readonly layout: RingLayout;
  readonly cpuData: readonly CpuData[];
}

/** Conversion of clock ticks, as `trace-cmd report` does it: ns = (ticks * mult) >> shift. */
export interface TickConversion {
  readonly mult: number;
  readonly shift: number;
}

/** Options that both versions share, collected while parsing. */
export interface DatOptions {
  clock?: string;
  uname?: string;
  /** Statistics of the ring buffer of each CPU, as text. */
  cpuStats: string[];
  tickConversion?: TickConversion;
  /** Number of CPUs of the machine. */
  cpuCount?: number;
}

export interface DatFile extends Readonly<DatOptions> {
  readonly version: 6 | 7;
  readonly littleEndian: boolean;
  readonly formats: FormatTable;
  readonly kallsyms: string;
  readonly cmdlines: ReadonlyMap<number, string>;
  /** The top buffer first. */
  readonly buffers: readonly DatBuffer[];
}

/** Option numbers that both versions share (trace-cmd.dat.v7(5)). */
export const OPTION = { done: 0, cpuStat: 2, buffer: 3, traceClock: 4, uname: 5, cpuCount: 8, tscToNs: 14 } as const;

/** Reads an option that means the same in both versions; false when it is none of these. */
export function readSharedOption(input: ByteReader, id: number, size: number, options: DatOptions): boolean {
  const text = (): string => input.text(size, 'option').replace(/\0.*$/s, '');
  switch (id) {
    case OPTION.traceClock:
      options.clock = parseClock(text());
      return true;
    case OPTION.uname:
      options.uname = text();
      return true;
    case OPTION.cpuStat:
      options.cpuStats.push(text());
      return true;
    case OPTION.cpuCount:
      if (size === 4) options.cpuCount = input.count('number of CPUs');
      return true;
    case OPTION.tscToNs: {
      if (size < 8) return true;
      const at = input.position;
      const mult = input.u32('clock multiplier');
      const shift = input.u32('clock shift');
      if (shift > 32) throw input.damaged(at + 4, 'the clock shift is impossible', 'at most 32', String(shift));
      if (mult > 0) options.tickConversion = { mult, shift };
      return true;
    }
    default:
      return false;
  }
}

/** Reads the text of `header_page`, the page layout of the recording kernel. */
export function readPageHeader(input: ByteReader): RingLayout {
  const at = input.position;
  const text = input.text(input.u64('page header size'), 'page header');
  const fields = text.split('\n').flatMap((line) => parseField(line) ?? []);
  const commit = fields.find((field) => field.name === 'commit');
  const data = fields.find((field) => field.name === 'data');
  const stamp = fields.find((field) => field.name === 'timestamp');
  const fits =
    commit !== undefined &&
    data !== undefined &&
    stamp?.offset === 0 &&
    stamp.size === 8 &&
    commit.offset === 8 &&
    (commit.size === 4 || commit.size === 8) &&
    data.offset === commit.offset + commit.size &&
    data.size > 0 &&
    (data.offset + data.size) % 8 === 0;
  if (!fits) {
    throw input.damaged(
      at,
      'the page header is not understood',
      'a time stamp, a commit word of 4 or 8 bytes, and data behind them',
      JSON.stringify(text.slice(0, 200)),
    );
  }
  return {
    pageSize: data.offset + data.size,
    commitOffset: commit.offset,
    commitSize: commit.size,
    dataOffset: data.offset,
  };
}

/** Reads `n` format files of one system. */
export function readFormats(input: ByteReader, formats: FormatTable, system: string, n: number): void {
  for (let i = 0; i < n; i++) {
    const at = input.position;
    const defect = formats.add(system, input.text(input.u64('size of an event format'), 'event format'));
    if (defect !== undefined) throw input.damaged(at, defect, 'a format file of ftrace', `one of system ${system}`);
  }
}

/** Reads the event formats of all systems but ftrace. */
export function readSystems(input: ByteReader, formats: FormatTable): void {
  for (let systems = input.count('number of event systems'); systems > 0; systems--) {
    const system = input.cString('name of an event system');
    readFormats(input, formats, system, input.count(`number of formats of ${system}`));
  }
}

/** `pid comm` lines of saved_cmdlines. */
export function parseCmdlines(text: string): Map<number, string> {
  const cmdlines = new Map<number, string>();
  for (const line of text.split('\n')) {
    const blank = line.indexOf(' ');
    const pid = Number(line.slice(0, blank));
    if (blank > 0 && Number.isInteger(pid)) cmdlines.set(pid, line.slice(blank + 1));
  }
  return cmdlines;
}

/**
 * The parts of the file that hold per-CPU data follow each other without overlap and without room for a page between
 * them: a damaged table would otherwise hide records. `end` is where the last part must end, undefined: anywhere.
 * `uncounted`: bytes at the end of a part that its size may leave out.
 */
export function checkRegions(
  input: ByteReader,
  tableAt: number,
  regions: readonly { readonly offset: number; readonly size: number }[],
  begin: number,
  end: number,
  pageSize: number,
  uncounted = 0,
): void {
  let position = begin;
  const used = regions.filter((region) => region.size > 0).toSorted((a, b) => a.offset - b.offset);
  for (const region of [...used, { offset: end, size: 0 }]) {
    const gap = region.offset - position;
    if (gap < 0 || gap >= pageSize + uncounted) {
      throw input.damaged(
        tableAt,
        'the table of per-CPU data makes no sense',
        `the data to go on at byte ${position}`,
        `a part that begins at byte ${region.offset}`,
      );
    }
    position = region.offset + region.size;
  }
}

/** The selected clock of a `trace_clock` file: `local global [mono]`. */
function parseClock(text: string): string {
  return /\[(\S+)\]/.exec(text)?.[1] ?? text.trim();
}
