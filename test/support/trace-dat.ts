// Builds small trace.dat files in memory, in every layout that the format knows, so that tests need no recordings.
import { deflateSync } from 'node:zlib';

export type Value = number | bigint | string;

interface Field {
  readonly type: string;
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  readonly signed: boolean;
  /** `data` and `rel`: the bytes stand behind the fixed fields. */
  readonly kind: 'int' | 'chars' | 'data' | 'rel';
}

export interface EventDef {
  readonly system: string;
  readonly name: string;
  readonly id: number;
  readonly fields: readonly Field[];
  readonly size: number;
}

const SIZES: Readonly<Record<string, number>> = { u8: 1, u16: 2, u32: 4, u64: 8, s8: 1, s16: 2, s32: 4, s64: 8 };

const COMMON = ['u16 common_type', 'u8 common_flags', 'u8 common_preempt_count', 's32 common_pid'];

/**
 * An event format. Fields are declared as `u32 nr`, `char comm[16]`, `__data_loc char[] name`; they are laid out one
 * behind the other without gaps, as dynamic events are.
 */
export function eventDef(system: string, name: string, id: number, fields: readonly string[]): EventDef {
  let offset = 0;
  const laidOut = [...COMMON, ...fields].map((text): Field => {
    const chars = /^char (\w+)\[(\d*)\]$/.exec(text);
    const [type = '', fieldName = ''] =
      chars === null
        ? [text.slice(0, text.lastIndexOf(' ')), text.slice(text.lastIndexOf(' ') + 1)]
        : ['char', chars[1]];
    const dynamic = type.startsWith('__data_loc') ? 'data' : type.startsWith('__rel_loc') ? 'rel' : undefined;
    const size = dynamic !== undefined ? 4 : chars !== null ? Number(chars[2]) : (SIZES[type] ?? 0);
    const kind = dynamic ?? (chars === null ? 'int' : 'chars');
    const field = { type, name: fieldName, offset, size, signed: type.startsWith('s'), kind } as const;
    offset += size;
    return field;
  });
  return { system, name, id, fields: laidOut, size: offset };
}

/** What stands on a ring-buffer page. */
export type Item =
  | {
      readonly event: EventDef;
      readonly values: Readonly<Record<string, Value>>;
      readonly delta: number;
      readonly pid: number;
    }
  /** A record as raw payload. */
  | { readonly raw: Uint8Array; readonly delta: number }
  | { readonly extend: number }
  | { readonly absolute: bigint }
  | { readonly discarded: number; readonly delta: number }
  | { readonly endPadding: true };

export interface PageSpec {
  readonly stamp: bigint;
  readonly items: readonly Item[];
  /** Records lost before the page: a number is stored behind the records, `some` is not. */
  readonly missed?: number | 'some';
  /** Fill the page up instead of padding it with zeros: what a reused buffer looks like. */
  readonly rest?: number;
}

export function record(event: EventDef, values: Readonly<Record<string, Value>> = {}, delta = 0, pid = 1): Item {
  return { event, values, delta, pid };
}

export interface FileSpec {
  readonly version?: 6 | 7;
  readonly bigEndian?: boolean;
  readonly commitSize?: 4 | 8;
  /** The flag of lost events leaves the upper half of a long commit word alone. */
  readonly unsignedFlags?: boolean;
  readonly pageSize?: number;
  readonly compression?: 'none' | 'zlib';
  /** Pages of a chunk of compressed data. */
  readonly pagesPerChunk?: number;
  /** trace-cmd up to 3.1 leaves the number of chunks out of the size of a CPU's data. */
  readonly sizeWithoutCount?: boolean;
  readonly events: readonly EventDef[];
  readonly cpus: readonly (readonly PageSpec[])[];
  readonly instances?: readonly { readonly name: string; readonly cpus: readonly (readonly PageSpec[])[] }[];
  readonly cmdlines?: string;
  readonly kallsyms?: string;
  readonly clock?: string;
  readonly uname?: string;
  readonly cpuStats?: readonly string[];
  readonly cpuCount?: number;
  readonly tsc?: { readonly mult: number; readonly shift: number; readonly offset: bigint };
}

/** Parts of a file are aligned to pages of the machine, which no ring-buffer page is smaller than. */
const FILE_PAGE = 512;

/** Bytes of the file. */
export function buildTraceDat(spec: FileSpec): Uint8Array {
  return new FileBuilder(spec).build();
}

/** Where the data of a CPU lies in a file that `buildTraceDat` made with version 6 and without instances. */
export function dataOffset(file: Uint8Array, cpu: number): number {
  const text = Buffer.from(file).indexOf('flyrecord\0');
  return Number(new DataView(file.buffer, file.byteOffset).getBigUint64(text + 10 + cpu * 16, true));
}

class ByteWriter {
  readonly bytes: number[] = [];
  readonly #big: boolean;

  constructor(bigEndian: boolean) {
    this.#big = bigEndian;
  }

  get length(): number {
    return this.bytes.length;
  }

  /** `size` bytes of an integer, in the byte order of the file. */
  int(value: number | bigint, size: number): this {
    const unsigned = BigInt.asUintN(size * 8, BigInt(value));
    const bytes = Array.from({ length: size }, (_, i) => Number((unsigned >> BigInt(8 * i)) & 0xffn));
    this.bytes.push(...(this.#big ? bytes.toReversed() : bytes));
    return this;
  }

  text(value: string): this {
    this.bytes.push(...Buffer.from(value));
    return this;
  }

  cString(value: string): this {
    return this.text(value).int(0, 1);
  }

  raw(bytes: Iterable<number>): this {
    for (const byte of bytes) this.bytes.push(byte);
    return this;
  }

  /** A text behind its size. */
  sized(value: string, width: 4 | 8): this {
    return this.int(Buffer.byteLength(value), width).text(value);
  }

  align(size: number): this {
    while (this.bytes.length % size !== 0) this.bytes.push(0);
    return this;
  }
}

class FileBuilder {
  readonly #spec: FileSpec;
  readonly #big: boolean;
  readonly #commitSize: 4 | 8;
  readonly #unsignedFlags: boolean;
  readonly #pageSize: number;

  constructor(spec: FileSpec) {
    this.#spec = spec;
    this.#big = spec.bigEndian === true;
    this.#commitSize = spec.commitSize ?? 8;
    this.#unsignedFlags = spec.unsignedFlags ?? false;
    this.#pageSize = spec.pageSize ?? 512;
  }

  build(): Uint8Array {
    const out = this.#writer();
    out
      .raw([0x17, 0x08, 0x44])
      .text('tracing')
      .cString(String(this.#spec.version ?? 6));
    out
      .int(this.#big ? 1 : 0, 1)
      .int(8, 1)
      .int(FILE_PAGE, 4);
    if ((this.#spec.version ?? 6) === 6) this.#v6(out);
    else this.#v7(out);
    return Uint8Array.from(out.bytes);
  }

  #writer(): ByteWriter {
    return new ByteWriter(this.#big);
  }

  #v6(out: ByteWriter): void {
    const { spec } = { spec: this.#spec };
    this.#headerInfo(out);
    this.#ftraceFormats(out);
    this.#eventFormats(out);
    out
      .sized(spec.kallsyms ?? '', 4)
      .sized('', 4)
      .sized(spec.cmdlines ?? '', 8);
    out.int(spec.cpus.length, 4);
    out.text('options  \0');
    this.#options(out);
    const instanceAt: { readonly at: number; readonly name: string }[] = [];
    for (const { name } of spec.instances ?? []) {
      out.int(3, 2).int(8 + name.length + 1, 4);
      instanceAt.push({ at: out.length, name });
      out.int(0, 8).cString(name);
    }
    out.int(0, 2);
    this.#v6Data(out, spec.cpus);
    for (const [i, { cpus }] of (spec.instances ?? []).entries()) {
      const patch = this.#writer().int(out.length, 8).bytes;
      out.bytes.splice(instanceAt[i]?.at ?? 0, 8, ...patch);
      this.#v6Data(out, cpus);
    }
  }

  /** The table of per-CPU data and the data itself, aligned to the pages of the file. */
  #v6Data(out: ByteWriter, cpus: FileSpec['cpus']): void {
    out.text('flyrecord\0');
    const all = Array.from({ length: Math.max(cpus.length, this.#spec.cpuCount ?? 0) }, (_, cpu) => cpus[cpu] ?? []);
    const pages = all.map((cpu) => cpu.flatMap((page) => [...this.#page(page)]));
    let at = align(out.length + 16 * all.length, FILE_PAGE);
    for (const data of pages) {
      out.int(data.length === 0 ? 0 : at, 8).int(data.length, 8);
      at = align(at + data.length, FILE_PAGE);
    }
    for (const data of pages) {
      if (data.length === 0) continue;
      out.align(FILE_PAGE).raw(data);
    }
  }

  #v7(out: ByteWriter): void {
    const { spec } = { spec: this.#spec };
    const compression = spec.compression ?? 'none';
    out.cString(compression).cString(compression === 'none' ? '' : '1');
    const optionsAt = out.length;
    out.int(0, 8);
    const options = this.#writer();
    const section = (id: number, fill: (section: ByteWriter) => void): void => {
      options.int(id, 2).int(8, 4).int(out.length, 8);
      const contents = this.#writer();
      fill(contents);
      this.#section(out, id, contents.bytes);
    };
    section(16, (contents) => this.#headerInfo(contents));
    section(17, (contents) => this.#ftraceFormats(contents));
    section(18, (contents) => this.#eventFormats(contents));
    section(19, (contents) => contents.sized(spec.kallsyms ?? '', 4));
    section(21, (contents) => contents.sized(spec.cmdlines ?? '', 8));
    this.#options(options);
    const second = this.#writer();
    for (const { name, cpus } of [{ name: '', cpus: spec.cpus }, ...(spec.instances ?? [])])
      this.#v7Buffer(out, second, name, cpus);
    second.int(0, 2).int(8, 4).int(0, 8);
    const secondAt = out.length;
    this.#section(out, 0, second.bytes, false);
    options.int(0, 2).int(8, 4).int(secondAt, 8);
    out.bytes.splice(optionsAt, 8, ...this.#writer().int(out.length, 8).bytes);
    this.#section(out, 0, options.bytes, false);
  }

  #section(out: ByteWriter, id: number, contents: readonly number[], mayCompress = true): void {
    if (!mayCompress || this.#spec.compression !== 'zlib') {
      out.int(id, 2).int(0, 2).int(0, 4).int(contents.length, 8).raw(contents);
      return;
    }
    const packed = deflateSync(Uint8Array.from(contents));
    out
      .int(id, 2)
      .int(1, 2)
      .int(0, 4)
      .int(packed.length + 8, 8);
    out.int(packed.length, 4).int(contents.length, 4).raw(packed);
  }

  /** The data of a buffer, and the option that describes it. CPUs without data are left out, as trace-cmd does. */
  #v7Buffer(out: ByteWriter, options: ByteWriter, name: string, cpus: FileSpec['cpus']): void {
    const sectionAt = out.length;
    out
      .int(3, 2)
      .int(this.#spec.compression === 'zlib' ? 1 : 0, 2)
      .int(0, 4);
    const sizeAt = out.length;
    out.int(0, 8);
    const table = this.#writer();
    let n = 0;
    for (const [cpu, pages] of cpus.entries()) {
      if (pages.length === 0) continue;
      out.align(FILE_PAGE);
      const at = out.length;
      let size = 0;
      if (this.#spec.compression !== 'zlib') {
        out.raw(pages.flatMap((page) => [...this.#page(page)]));
        size = out.length - at;
      } else {
        const perChunk = this.#spec.pagesPerChunk ?? 2;
        const chunks = Array.from({ length: Math.ceil(pages.length / perChunk) }, (_, i) =>
          pages.slice(i * perChunk, (i + 1) * perChunk).flatMap((page) => [...this.#page(page)]),
        );
        out.int(chunks.length, 4);
        for (const chunk of chunks) {
          const packed = deflateSync(Uint8Array.from(chunk));
          out.int(packed.length, 4).int(chunk.length, 4).raw(packed);
        }
        size = out.length - at - (this.#spec.sizeWithoutCount === true ? 4 : 0);
      }
      table.int(cpu, 4).int(at, 8).int(size, 8);
      n++;
    }
    out.bytes.splice(sizeAt, 8, ...this.#writer().int(out.length - sizeAt - 8, 8).bytes);
    const option = this.#writer().int(sectionAt, 8).cString(name).cString('mono').int(this.#pageSize, 4).int(n, 4);
    option.raw(table.bytes);
    options.int(3, 2).int(option.length, 4).raw(option.bytes);
  }

  #headerInfo(out: ByteWriter): void {
    const data = 8 + this.#commitSize;
    const page = [
      '\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;',
      `\tfield: local_t commit;\toffset:8;\tsize:${this.#commitSize};\tsigned:1;`,
      '\tfield: char overwrite;\toffset:8;\tsize:1;\tsigned:0;',
      `\tfield: char data;\toffset:${data};\tsize:${this.#pageSize - data};\tsigned:0;\n`,
    ].join('\n');
    out.cString('header_page').sized(page, 8).cString('header_event').sized('# compressed entry header\n', 8);
  }

  #ftraceFormats(out: ByteWriter): void {
    const own = this.#spec.events.filter((event) => event.system === 'ftrace');
    out.int(own.length, 4);
    for (const event of own) out.sized(formatText(event), 8);
  }

  #eventFormats(out: ByteWriter): void {
    const systems = [...new Set(this.#spec.events.map((event) => event.system))].filter(
      (system) => system !== 'ftrace',
    );
    out.int(systems.length, 4);
    for (const system of systems) {
      const events = this.#spec.events.filter((event) => event.system === system);
      out.cString(system).int(events.length, 4);
      for (const event of events) out.sized(formatText(event), 8);
    }
  }

  #options(out: ByteWriter): void {
    const { clock, uname, cpuStats, cpuCount, tsc } = this.#spec;
    const text = (id: number, value: string): void => {
      out
        .int(id, 2)
        .int(value.length + 1, 4)
        .cString(value);
    };
    if (clock !== undefined) text(4, clock);
    if (uname !== undefined) text(5, uname);
    text(9, '3.2');
    for (const stats of cpuStats ?? []) text(2, stats);
    if (cpuCount !== undefined) out.int(8, 2).int(4, 4).int(cpuCount, 4);
    if (tsc !== undefined) out.int(14, 2).int(16, 4).int(tsc.mult, 4).int(tsc.shift, 4).int(tsc.offset, 8);
  }

  #page({ stamp, items, missed, rest }: PageSpec): Uint8Array {
    const data = this.#writer();
    for (const item of items) this.#item(data, item);
    const capacity = this.#pageSize - 8 - this.#commitSize;
    if (data.length > capacity) throw new RangeError(`${data.length} bytes do not fit into a page of ${capacity}`);
    let flags = 0;
    if (missed !== undefined) flags |= 1 << 31;
    if (typeof missed === 'number') flags |= 1 << 30;
    const out = this.#writer()
      .int(stamp, 8)
      // Kernels add the flag as an int, so that its sign fills the upper half.
      .int(this.#unsignedFlags ? (flags | data.length) >>> 0 : flags | data.length, this.#commitSize)
      .raw(data.bytes);
    if (typeof missed === 'number') out.int(missed, this.#commitSize);
    const page = new Uint8Array(this.#pageSize).fill(rest ?? 0);
    page.set(out.bytes);
    return page;
  }

  #item(out: ByteWriter, item: Item): void {
    if ('extend' in item) this.#head(out, 30, item.extend % 2 ** 27).int(Math.floor(item.extend / 2 ** 27), 4);
    else if ('absolute' in item)
      this.#head(out, 31, Number(item.absolute & 0x7ffffffn)).int((item.absolute >> 27n) & 0xffffffffn, 4);
    else if ('endPadding' in item) this.#head(out, 29, 0);
    else if ('discarded' in item)
      this.#head(out, 29, item.delta)
        .int(item.discarded, 4)
        .raw(new Uint8Array(item.discarded - 4));
    else {
      const payload = 'raw' in item ? item.raw : this.#payload(item);
      if (payload.length > 112 || payload.length === 0) this.#head(out, 0, item.delta).int(payload.length + 4, 4);
      else this.#head(out, (payload.length + 3) >> 2, item.delta);
      out.raw(payload).align(4);
    }
  }

  #head(out: ByteWriter, type: number, delta: number): ByteWriter {
    return out.int(this.#big ? BigInt(type) * 2n ** 27n + BigInt(delta) : BigInt(delta) * 32n + BigInt(type), 4);
  }

  #payload({ event, values, pid }: Extract<Item, { event: EventDef }>): Uint8Array {
    const out = this.#writer();
    const behind: number[] = [];
    const all: Readonly<Record<string, Value>> = { common_type: event.id, common_pid: pid, ...values };
    for (const field of event.fields) {
      const value = all[field.name] ?? 0;
      if (field.kind === 'chars') {
        const text = Buffer.from(String(value));
        if (field.size === 0) behind.push(...text);
        else out.raw(text.subarray(0, field.size)).raw(new Uint8Array(Math.max(0, field.size - text.length)));
      } else if (field.kind === 'int') out.int(typeof value === 'string' ? BigInt(value) : value, field.size);
      else {
        const text = [...Buffer.from(`${value}\0`)];
        const start = event.size + behind.length;
        const offset = field.kind === 'data' ? start : start - field.offset - 4;
        out.int(offset | (text.length << 16), 4);
        behind.push(...text);
      }
    }
    return Uint8Array.from(out.raw(behind).bytes);
  }
}

function formatText({ name, id, fields }: EventDef): string {
  const lines = fields.map(({ type, name: field, offset, size, signed, kind }) => {
    const declaration = kind === 'chars' ? `char ${field}[${size === 0 ? '' : size}]` : `${type} ${field}`;
    return `\tfield:${declaration};\toffset:${offset};\tsize:${size};\tsigned:${signed ? 1 : 0};`;
  });
  const [common, own] = [lines.slice(0, COMMON.length), lines.slice(COMMON.length)];
  return [`name: ${name}`, `ID: ${id}`, 'format:', ...common, '', ...own, '', 'print fmt: ""', ''].join('\n');
}

function align(value: number, size: number): number {
  return Math.ceil(value / size) * size;
}
