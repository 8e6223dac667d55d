// Header of trace.dat version 7: option sections that point to all other sections, each possibly compressed.
import { InputError } from '../../errors.ts';
import { MemorySource, type Source } from '../../input/source.ts';
import { ByteReader } from './bytes.ts';
import {
  checkRegions,
  type DatBuffer,
  type DatFile,
  type DatOptions,
  OPTION,
  parseCmdlines,
  type RingLayout,
  readFormats,
  readPageHeader,
  readSharedOption,
  readSystems,
} from './file.ts';
import { FormatTable } from './format-table.ts';
import type { Inflate } from './inflate.ts';

const SECTION = {
  buffer: 3,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  cmdlines: 21,
} as const;

const SECTION_COMPRESSED = 1;
/** Bytes of a section header: id, flags, description, size. */
const SECTION_HEADER = 16;

interface BufferOption {
  readonly name: string;
  readonly clock: string;
  readonly pageSize: number;
  /** Offset of the section with the data. */
  readonly section: number;
  readonly cpus: readonly { readonly cpu: number; readonly offset: number; readonly size: number }[];
}

/** `filePageSize`: alignment of the per-CPU data in the file. */
export function readV7(source: Source, input: ByteReader, filePageSize: number, inflate: Inflate | undefined): DatFile {
  const sections = new SectionReader(source, input, inflate);
  const options: DatOptions = { cpuStats: [] };
  const offsets = new Map<number, number>();
  const announced: BufferOption[] = [];
  const seen = new Set<number>();
  for (let at = input.u64('offset of the options'); at !== 0; ) {
    if (seen.has(at)) throw input.damaged(at, 'the option sections form a loop', 'an end', 'a repeated section');
    seen.add(at);
    at = readOptions(sections.open(at, 0), options, offsets, announced);
  }
  const need = (id: number, what: string): ByteReader => {
    const at = offsets.get(id);
    if (at === undefined)
      throw input.damaged(input.position, `the file has no ${what}`, 'an option that points to it', 'none');
    return sections.open(at, id);
  };

  const info = need(SECTION.headerInfo, 'page header');
  const mark = info.cString('"header_page"', 16);
  if (mark !== 'header_page') throw info.damaged(0, 'the header is damaged', '"header_page"', JSON.stringify(mark));
  const pageLayout = readPageHeader(info);
  const formats = new FormatTable();
  const ftrace = need(SECTION.ftraceEvents, 'ftrace event formats');
  readFormats(ftrace, formats, 'ftrace', ftrace.count('number of ftrace event formats'));
  readSystems(need(SECTION.eventFormats, 'event formats'), formats);
  const text = (id: number, width: 'u32' | 'u64', what: string): string => {
    const at = offsets.get(id);
    if (at === undefined) return '';
    const section = sections.open(at, id);
    return section.text(section[width](`size of ${what}`), what);
  };
  const kallsyms = text(SECTION.kallsyms, 'u32', 'kallsyms');
  const cmdlines = parseCmdlines(text(SECTION.cmdlines, 'u64', 'command lines'));
  if (announced.length === 0) {
    throw new InputError(
      { code: 'unsupported', path: input.path, hint: 'record events (trace-cmd record -e …)' },
      'the file holds no ring-buffer data',
    );
  }
  const buffers = announced
    .toSorted((a, b) => Number(a.name !== '') - Number(b.name !== ''))
    .map((buffer) => openBuffer(buffer, sections, pageLayout, filePageSize));
  const clock = options.clock ?? announced.find((buffer) => buffer.name === '')?.clock ?? announced[0]?.clock ?? '';
  return {
    version: 7,
    littleEndian: input.littleEndian,
    formats,
    kallsyms,
    cmdlines,
    buffers,
    ...options,
    ...(clock === '' ? {} : { clock }),
  };
}

function openBuffer(
  buffer: BufferOption,
  sections: SectionReader,
  pageLayout: RingLayout,
  filePageSize: number,
): DatBuffer {
  const { begin, size, compressed } = sections.header(buffer.section, SECTION.buffer);
  // trace-cmd does not count the number of chunks, four bytes, that the compressed data of a CPU begin with.
  const uncounted = compressed ? 4 : 0;
  if (buffer.cpus.some((entry) => entry.size > 0))
    checkRegions(sections.input, buffer.section, buffer.cpus, begin, begin + size, filePageSize, uncounted);
  return {
    name: buffer.name,
    layout: buffer.pageSize > 0 ? withPageSize(pageLayout, buffer.pageSize) : pageLayout,
    cpuData: buffer.cpus.map((entry) => ({ ...entry, compressed })),
  };
}

function withPageSize(layout: RingLayout, pageSize: number): RingLayout {
  return { ...layout, pageSize };
}

/** Opens sections by their offset. */
class SectionReader {
  readonly input: ByteReader;
  readonly #source: Source;
  readonly #inflate: Inflate | undefined;

  constructor(source: Source, input: ByteReader, inflate: Inflate | undefined) {
    this.#source = source;
    this.input = input;
    this.#inflate = inflate;
  }

  /** Header of the section at `at`, which must have that id: where its contents begin, and how long they are in the file. */
  header(at: number, id: number): { readonly begin: number; readonly size: number; readonly compressed: boolean } {
    const { input } = this;
    const header = new ByteReader(input.path, this.#source, input.littleEndian, at);
    const found = header.u16('section id');
    if (found !== id) throw header.damaged(at, 'a section is not what points to it says', `section ${id}`, `${found}`);
    const compressed = (header.u16('section flags') & SECTION_COMPRESSED) !== 0;
    header.u32('section description');
    return { begin: at + SECTION_HEADER, size: header.u64('section size'), compressed };
  }

  /** A reader on the contents of a section, decompressed where needed; its end is the end of the section. */
  open(at: number, id: number): ByteReader {
    const { input } = this;
    const { begin, size, compressed } = this.header(at, id);
    const reader = new ByteReader(input.path, this.#source, input.littleEndian, begin);
    if (!compressed) {
      if (size > input.size - begin) throw reader.truncated(size, `section ${id}`);
      reader.limit(begin + size);
      return reader;
    }
    if (this.#inflate === undefined) {
      throw reader.damaged(
        at,
        `section ${id} is compressed but the file names no compression`,
        'a compression',
        '"none"',
      );
    }
    const packedSize = reader.u32('compressed size');
    const unpackedSize = reader.u32('uncompressed size');
    if (packedSize + 8 !== size)
      throw reader.damaged(begin, `the size of section ${id} makes no sense`, `${size - 8}`, `${packedSize}`);
    const bytes = this.#inflate(reader.bytes(packedSize, `section ${id}`), unpackedSize, reader.place(at));
    return new ByteReader(
      input.path,
      new MemorySource(input.path, bytes),
      input.littleEndian,
      0,
      `section ${id} at byte ${at}`,
    );
  }
}

/** Reads one options section; returns the offset of the next, 0 at the end. */
function readOptions(
  input: ByteReader,
  options: DatOptions,
  offsets: Map<number, number>,
  buffers: BufferOption[],
): number {
  for (;;) {
    const id = input.u16('option id');
    const size = input.u32('option size');
    const at = input.position;
    if (id === OPTION.done) return size >= 8 ? input.u64('offset of further options') : 0;
    if (!readSharedOption(input, id, size, options)) {
      if (id === OPTION.buffer) buffers.push(readBuffer(input));
      else if (size === 8 && id >= SECTION.headerInfo && id <= SECTION.cmdlines)
        offsets.set(id, input.u64('offset of a section'));
      else input.bytes(size, 'option');
    }
    input.position = at + size;
  }
}

function readBuffer(input: ByteReader): BufferOption {
  const section = input.u64('offset of the buffer');
  const name = input.cString('name of the buffer');
  const clock = input.cString('clock of the buffer');
  const at = input.position;
  const pageSize = input.u32('page size of the buffer');
  if (pageSize % 8 !== 0) throw input.damaged(at, 'the page size is impossible', 'a power of two', String(pageSize));
  const cpus = [];
  for (let n = input.count('number of CPUs of the buffer'); n > 0; n--) {
    cpus.push({
      cpu: input.count('CPU'),
      offset: input.u64('data offset of a CPU'),
      size: input.u64('data size of a CPU'),
    });
  }
  return { name, clock, pageSize, section, cpus };
}
