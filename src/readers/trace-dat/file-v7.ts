// Header of trace.dat version 7: option sections that point to all other sections, each possibly compressed.
import { InputError } from '../../errors.ts';
import { MemorySource, type Source } from '../../input/source.ts';
import { ByteReader } from './bytes.ts';
import type { Inflate } from './chunks.ts';
import type { EventFormat } from './event-format.ts';
import {
  addFormat,
  type CpuData,
  type DatFile,
  type DatOptions,
  parseClock,
  parseCmdlines,
  parsePageHeader,
  type RingLayout,
} from './file.ts';

const OPTION = {
  done: 0,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  tscToNs: 14,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  cmdlines: 21,
  bufferText: 22,
} as const;

const SECTION_COMPRESSED = 1;

interface BufferOption {
  readonly name: string;
  readonly clock: string;
  readonly pageSize: number;
  readonly flyrecord: number;
  readonly cpus: readonly { readonly cpu: number; readonly offset: number; readonly size: number }[];
}

export function readV7(source: Source, input: ByteReader, compression: string, inflate: Inflate | undefined): DatFile {
  const options: DatOptions = { cpuStats: [], otherBuffers: [] };
  const sections = new Map<number, number>();
  const buffers: BufferOption[] = [];
  const seen = new Set<number>();
  for (let at = input.u64('offset of the options'); at !== 0; ) {
    if (seen.has(at)) throw input.damaged(at, 'the option sections form a loop', 'an end', 'a repeated section');
    seen.add(at);
    at = readOptions(openSection(source, input, at, inflate), options, sections, buffers);
  }
  const need = (id: number, what: string): ByteReader => {
    const at = sections.get(id);
    if (at === undefined)
      throw input.damaged(input.position, `the file has no ${what}`, 'an option that points to it', 'none');
    return openSection(source, input, at, inflate);
  };

  const pageLayout = readHeaderInfo(need(OPTION.headerInfo, 'page header'));
  const formats = new Map<number, EventFormat>();
  const ftrace = need(OPTION.ftraceEvents, 'ftrace event formats');
  readFormats(ftrace, formats, 'ftrace', ftrace.u32('number of ftrace event formats'));
  const events = need(OPTION.eventFormats, 'event formats');
  for (let systems = events.u32('number of event systems'); systems > 0; systems--) {
    const system = events.cString('name of an event system');
    readFormats(events, formats, system, events.u32(`number of formats of ${system}`));
  }
  const kallsymsAt = sections.get(OPTION.kallsyms);
  const kallsyms =
    kallsymsAt === undefined ? '' : sizedText(openSection(source, input, kallsymsAt, inflate), 'u32', 'kallsyms');
  const cmdlinesAt = sections.get(OPTION.cmdlines);
  const cmdlines =
    cmdlinesAt === undefined ? '' : sizedText(openSection(source, input, cmdlinesAt, inflate), 'u64', 'command lines');

  const [main, ...others] = buffers.toSorted((a, b) => Number(a.name !== '') - Number(b.name !== ''));
  if (main === undefined) {
    throw new InputError(
      { code: 'unsupported', path: input.path, hint: 'record events (trace-cmd record -e …)' },
      'the file holds no ring-buffer data',
    );
  }
  options.otherBuffers.push(...others.map((buffer) => buffer.name));
  const clock = options.clock ?? main.clock;
  const layout: RingLayout = main.pageSize > 0 ? { ...pageLayout, pageSize: main.pageSize } : pageLayout;
  const compressed = sectionIsCompressed(source, input, main.flyrecord);
  const cpuData: CpuData[] = main.cpus.map((entry) => ({ ...entry, compressed }));
  return {
    version: 7,
    littleEndian: input.littleEndian,
    layout,
    formats,
    kallsyms,
    cmdlines: parseCmdlines(cmdlines),
    cpuData,
    compression,
    ...options,
    ...(clock === '' ? {} : { clock }),
  };
}

function readHeaderInfo(input: ByteReader): RingLayout {
  input.cString('"header_page"');
  const text = input.text(input.u64('page header size'), 'page header');
  const layout = parsePageHeader(text);
  if (layout === undefined) {
    throw input.damaged(
      input.position,
      'the page header is not understood',
      'fields commit and data',
      JSON.stringify(text.slice(0, 80)),
    );
  }
  return layout;
}

function readFormats(input: ByteReader, formats: Map<number, EventFormat>, system: string, n: number): void {
  for (let i = 0; i < n; i++)
    addFormat(formats, system, input.text(input.u64('size of an event format'), 'event format'));
}

function sizedText(input: ByteReader, width: 'u32' | 'u64', what: string): string {
  return input.text(input[width](`size of ${what}`), what);
}

/** Reads one options section; returns the offset of the next, 0 at the end. */
function readOptions(
  input: ByteReader,
  options: DatOptions,
  sections: Map<number, number>,
  buffers: BufferOption[],
): number {
  for (;;) {
    const id = input.u16('option id');
    const size = input.u32('option size');
    const at = input.position;
    switch (id) {
      case OPTION.done:
        return size >= 8 ? input.u64('offset of further options') : 0;
      case OPTION.headerInfo:
      case OPTION.ftraceEvents:
      case OPTION.eventFormats:
      case OPTION.kallsyms:
      case OPTION.cmdlines:
        sections.set(id, input.u64('offset of a section'));
        break;
      case OPTION.buffer:
        buffers.push(readBuffer(input));
        break;
      case OPTION.traceClock:
        options.clock = parseClock(input.text(size, 'trace clock').replace(/\0.*$/s, ''));
        break;
      case OPTION.uname:
        options.uname = input.text(size, 'uname').replace(/\0.*$/s, '');
        break;
      case OPTION.cpuStat:
        options.cpuStats.push(input.text(size, 'CPU statistics').replace(/\0.*$/s, ''));
        break;
      case OPTION.tscToNs:
        options.tscToNs = {
          mult: BigInt(input.u32('mult')),
          shift: BigInt(input.u32('shift')),
          offset: input.bigU64('offset'),
        };
        break;
      default:
    }
    input.position = at + size;
  }
}

function readBuffer(input: ByteReader): BufferOption {
  const flyrecord = input.u64('offset of the buffer');
  const name = input.cString('name of the buffer');
  const clock = input.cString('clock of the buffer');
  const pageSize = input.u32('page size of the buffer');
  const n = input.u32('number of CPUs of the buffer');
  const cpus = [];
  for (let i = 0; i < n; i++) {
    cpus.push({
      cpu: input.u32('CPU'),
      offset: input.u64('data offset of a CPU'),
      size: input.u64('data size of a CPU'),
    });
  }
  return { name, clock, pageSize, flyrecord, cpus };
}

function sectionIsCompressed(source: Source, input: ByteReader, at: number): boolean {
  const header = new ByteReader(input.path, source, input.littleEndian, at);
  header.u16('section id');
  return (header.u16('section flags') & SECTION_COMPRESSED) !== 0;
}

/** A reader on the contents of the section at `at`, decompressed where needed. */
function openSection(source: Source, input: ByteReader, at: number, inflate: Inflate | undefined): ByteReader {
  const header = new ByteReader(input.path, source, input.littleEndian, at);
  const id = header.u16('section id');
  const flags = header.u16('section flags');
  header.u32('section description');
  header.u64('section size');
  if ((flags & SECTION_COMPRESSED) === 0) return header;
  if (inflate === undefined) {
    throw header.damaged(
      at,
      `section ${id} is compressed but the file names no compression`,
      'a compression name',
      '"none"',
    );
  }
  const packedSize = header.u32('compressed size');
  const size = header.u32('uncompressed size');
  const bytes = inflate(header.bytes(packedSize, `section ${id}`), size, header.place(at));
  return new ByteReader(
    input.path,
    new MemorySource(input.path, bytes),
    input.littleEndian,
    0,
    `section ${id} at byte ${at}`,
  );
}
