// The metadata of a trace.dat file, version 6 or 7: where every CPU's data lies, and everything needed to decode it.
import type { InputError } from '../../errors.ts';
import { type EventFormat, parseEventFormat, parseField } from './event-format.ts';

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

export interface DatFile {
  readonly version: 6 | 7;
  readonly littleEndian: boolean;
  readonly layout: RingLayout;
  readonly formats: ReadonlyMap<number, EventFormat>;
  readonly kallsyms: string;
  readonly cmdlines: ReadonlyMap<number, string>;
  readonly cpuData: readonly CpuData[];
  readonly clock?: string;
  readonly uname?: string;
  /** Per-CPU statistics of the ring buffer, as text. */
  readonly cpuStats: readonly string[];
  /** Conversion of TSC ticks: ns = ((ticks * mult) >> shift) + offset. */
  readonly tscToNs?: { readonly mult: bigint; readonly shift: bigint; readonly offset: bigint };
  /** Name of the compression of version 7 files. */
  readonly compression: string;
  /** Further buffers (instances) of the file that are not read, by name. */
  readonly otherBuffers: readonly string[];
  /** Damage of the data sections found while opening: everything before it can still be read. */
  readonly truncation?: InputError;
}

/** Options that both versions share, collected while parsing. */
export interface DatOptions {
  clock?: string;
  uname?: string;
  cpuStats: string[];
  tscToNs?: { mult: bigint; shift: bigint; offset: bigint };
  otherBuffers: string[];
}

/** The page layout from the header_page text of the recording kernel. */
export function parsePageHeader(text: string): RingLayout | undefined {
  const fields = text.split('\n').flatMap((line) => parseField(line) ?? []);
  const commit = fields.find((field) => field.name === 'commit');
  const data = fields.find((field) => field.name === 'data');
  if (commit === undefined || data === undefined) return undefined;
  if ((commit.size !== 4 && commit.size !== 8) || data.size <= 0) return undefined;
  return {
    pageSize: data.offset + data.size,
    commitOffset: commit.offset,
    commitSize: commit.size,
    dataOffset: data.offset,
  };
}

/** Collects event formats by id. */
export function addFormat(formats: Map<number, EventFormat>, system: string, text: string): void {
  const format = parseEventFormat(system, text);
  if (format !== undefined) formats.set(format.id, format);
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

/** The selected clock of a `trace_clock` file: `local global [mono]`. */
export function parseClock(text: string): string {
  return /\[(\S+)\]/.exec(text)?.[1] ?? text.trim();
}
