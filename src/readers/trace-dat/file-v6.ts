// Header of trace.dat version 6: one fixed sequence of parts, then options, then the per-CPU table.
import { InputError } from '../../errors.ts';
import type { ByteReader } from './bytes.ts';
import type { EventFormat } from './event-format.ts';
import {
  addFormat,
  type CpuData,
  type DatFile,
  type DatOptions,
  parseClock,
  parseCmdlines,
  parsePageHeader,
} from './file.ts';

const OPTION = { done: 0, cpuStat: 2, buffer: 3, traceClock: 4, uname: 5, tscToNs: 14 } as const;

/** Sanity bound of counts in the header: no kernel has more event formats or CPUs. */
const MAX_COUNT = 200_000;

export function readV6(input: ByteReader): DatFile {
  expectMark(input, 'header_page\0');
  const pageText = input.text(input.u64('page header size'), 'page header');
  const layout = parsePageHeader(pageText);
  if (layout === undefined) {
    throw input.damaged(
      input.position,
      'the page header is not understood',
      'fields commit and data',
      JSON.stringify(pageText.slice(0, 80)),
    );
  }
  expectMark(input, 'header_event\0');
  input.bytes(input.u64('event header size'), 'event header');

  const formats = new Map<number, EventFormat>();
  readFormats(input, formats, 'ftrace', count(input, 'number of ftrace event formats'));
  for (let systems = count(input, 'number of event systems'); systems > 0; systems--) {
    const system = input.cString('name of an event system');
    readFormats(input, formats, system, count(input, `number of formats of ${system}`));
  }
  const kallsyms = input.text(input.u32('size of kallsyms'), 'kallsyms');
  input.bytes(input.u32('size of printk formats'), 'printk formats');
  const cmdlines = parseCmdlines(input.text(input.u64('size of command lines'), 'command lines'));
  const cpus = count(input, 'number of CPUs');
  const options: DatOptions = { cpuStats: [], otherBuffers: [] };
  let mark = input.text(10, 'options or data mark');
  if (mark === 'options  \0') {
    readOptions(input, options);
    mark = input.text(10, 'data mark');
  }
  if (mark === 'latency  \0') {
    throw new InputError(
      {
        code: 'unsupported',
        path: input.path,
        position: input.place(input.position),
        hint: 'it holds the text of a latency tracer; record events (trace-cmd record -e …)',
      },
      'the file holds no ring-buffer data',
    );
  }
  if (mark !== 'flyrecord\0') {
    throw input.damaged(input.position - 10, 'data mark missing', '"flyrecord"', JSON.stringify(mark));
  }
  const cpuData: CpuData[] = [];
  for (let cpu = 0; cpu < cpus; cpu++) {
    const offset = input.u64(`data offset of CPU ${cpu}`);
    const size = input.u64(`data size of CPU ${cpu}`);
    cpuData.push({ cpu, offset, size, compressed: false });
  }
  return {
    version: 6,
    littleEndian: input.littleEndian,
    layout,
    formats,
    kallsyms,
    cmdlines,
    cpuData,
    compression: 'none',
    ...options,
  };
}

function readFormats(input: ByteReader, formats: Map<number, EventFormat>, system: string, n: number): void {
  for (let i = 0; i < n; i++)
    addFormat(formats, system, input.text(input.u64('size of an event format'), 'event format'));
}

function readOptions(input: ByteReader, options: DatOptions): void {
  for (;;) {
    const id = input.u16('option id');
    if (id === OPTION.done) return;
    const size = input.u32('option size');
    const at = input.position;
    if (id === OPTION.tscToNs && size >= 16) {
      options.tscToNs = {
        mult: BigInt(input.u32('mult')),
        shift: BigInt(input.u32('shift')),
        offset: input.bigU64('offset'),
      };
    } else {
      const text = input.text(size, 'option').replace(/\0.*$/s, '');
      if (id === OPTION.traceClock) options.clock = parseClock(text);
      else if (id === OPTION.uname) options.uname = text;
      else if (id === OPTION.cpuStat) options.cpuStats.push(text);
      else if (id === OPTION.buffer) options.otherBuffers.push('an instance');
    }
    input.position = at + size;
  }
}

function expectMark(input: ByteReader, mark: string): void {
  const at = input.position;
  const found = input.text(mark.length, JSON.stringify(mark.slice(0, -1)));
  if (found !== mark) {
    throw input.damaged(at, 'the header is damaged', JSON.stringify(mark.slice(0, -1)), JSON.stringify(found));
  }
}

function count(input: ByteReader, what: string): number {
  const at = input.position;
  const n = input.u32(what);
  if (n > MAX_COUNT) throw input.damaged(at, `${what} is impossible`, `at most ${MAX_COUNT}`, String(n));
  return n;
}
