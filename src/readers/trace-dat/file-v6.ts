// Header of trace.dat version 6: one fixed sequence of parts, then options, then a table of per-CPU data for each buffer.
import { InputError } from '../../errors.ts';
import type { ByteReader } from './bytes.ts';
import {
  type CpuData,
  checkRegions,
  type DatBuffer,
  type DatFile,
  type DatOptions,
  OPTION,
  parseCmdlines,
  readFormats,
  readPageHeader,
  readSharedOption,
  readSystems,
} from './file.ts';
import { FormatTable } from './format-table.ts';

/** An instance that the options announce: its name, and where its table lies. */
interface Instance {
  readonly name: string;
  readonly offset: number;
}

/** `filePageSize`: alignment of the parts of the file. */
export function readV6(input: ByteReader, filePageSize: number): DatFile {
  expectMark(input, 'header_page\0');
  const layout = readPageHeader(input);
  expectMark(input, 'header_event\0');
  input.bytes(input.u64('event header size'), 'event header');

  const formats = new FormatTable();
  readFormats(input, formats, 'ftrace', input.count('number of ftrace event formats'));
  readSystems(input, formats);
  const kallsyms = input.text(input.u32('size of kallsyms'), 'kallsyms');
  input.bytes(input.u32('size of printk formats'), 'printk formats');
  const cmdlines = parseCmdlines(input.text(input.u64('size of command lines'), 'command lines'));
  const cpus = input.count('number of CPUs');
  const options: DatOptions = { cpuStats: [] };
  const instances: Instance[] = [];
  let mark = input.text(10, 'options or data mark');
  if (mark === 'options  \0') {
    readOptions(input, options, instances);
    mark = input.text(10, 'data mark');
  }
  const tableSize = options.cpuCount ?? cpus;
  const tableAt = input.position;
  const top = readTable(input, mark, tableSize);
  const regions: { offset: number; size: number }[] = [...top];
  const headerEnd = input.position;
  const buffers: DatBuffer[] = [{ name: '', layout, cpuData: top }];
  for (const { name, offset } of instances) {
    input.position = offset;
    const cpuData = readTable(input, input.text(10, `data mark of instance ${name}`), tableSize);
    regions.push({ offset, size: input.position - offset }, ...cpuData);
    buffers.push({ name, layout, cpuData });
  }
  if (regions.some((region) => region.size > 0)) {
    // A file that was cut off ends before its last part; that is found when the part is read.
    const end = Math.max(input.size, ...regions.map((region) => region.offset + region.size));
    checkRegions(input, tableAt, regions, headerEnd, end, filePageSize);
  }
  return { version: 6, littleEndian: input.littleEndian, formats, kallsyms, cmdlines, buffers, ...options };
}

/** Offset and size of the data of each CPU. */
function readTable(input: ByteReader, mark: string, cpus: number): CpuData[] {
  const at = input.position - mark.length;
  if (mark === 'latency  \0') {
    throw new InputError(
      {
        code: 'unsupported',
        path: input.path,
        position: input.place(at),
        hint: 'it holds the text of a latency tracer; record events (trace-cmd record -e …)',
      },
      'the file holds no ring-buffer data',
    );
  }
  if (mark !== 'flyrecord\0') throw input.damaged(at, 'data mark missing', '"flyrecord"', JSON.stringify(mark));
  const cpuData: CpuData[] = [];
  for (let cpu = 0; cpu < cpus; cpu++) {
    const offset = input.u64(`data offset of CPU ${cpu}`);
    const size = input.u64(`data size of CPU ${cpu}`);
    cpuData.push({ cpu, offset, size, compressed: false });
  }
  return cpuData;
}

function readOptions(input: ByteReader, options: DatOptions, instances: Instance[]): void {
  for (;;) {
    const id = input.u16('option id');
    if (id === OPTION.done) return;
    const size = input.u32('option size');
    const at = input.position;
    if (!readSharedOption(input, id, size, options)) {
      if (id === OPTION.buffer) {
        const offset = input.u64('offset of a buffer');
        // An empty name announces the top buffer, whose table follows the options.
        const name = input.cString('name of a buffer');
        if (name !== '') instances.push({ name, offset });
      } else input.bytes(size, 'option');
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
