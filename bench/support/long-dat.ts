// Makes a long trace.dat of a short one: the pages of every CPU again and again, each time later.
import { closeSync, openSync, writeSync } from 'node:fs';
import { openInput } from '../../src/input/open.ts';

const MARK = Buffer.from('flyrecord\0');
/** Flag of the commit word: records were lost before this page (RB_MISSED_EVENTS). */
const MISSED = 0x80000000;
const PAGE = 4096;
const PAGE_HEADER = 16;
// struct ring_buffer_event
const TYPE_PADDING = 29;
const TYPE_STAMP = 31;
const DELTA_BITS = 27n;

/** Bytes of a recording, decompressed. */
export async function bytesOf(path: string): Promise<Buffer> {
  const source = await openInput(path);
  const bytes = Buffer.alloc(source.size);
  source.readAt(0, bytes);
  source.close();
  return bytes;
}

/** Writes a trace.dat (version 6, little endian, one buffer, pages of 4 KiB) that holds `path` `times` times over. */
export async function writeLongDat(path: string, times: number, output: string): Promise<void> {
  const bytes = await bytesOf(path);
  const tableAt = bytes.lastIndexOf(MARK, firstPage(bytes)) + MARK.length;
  const cpus: { offset: number; size: number }[] = [];
  const end = firstPage(bytes);
  for (let at = tableAt; at + 16 <= end; at += 16) {
    const offset = Number(bytes.readBigUInt64LE(at));
    const size = Number(bytes.readBigUInt64LE(at + 8));
    if (offset < end || offset + size > bytes.length) break;
    cpus.push({ offset, size });
  }
  const stamps = cpus.flatMap(({ offset, size }) => (size === 0 ? [] : [offset, offset + size - PAGE]));
  const sorted = stamps.map((at) => bytes.readBigUInt64LE(at)).toSorted((a, b) => Number(a - b));
  const first = sorted[0] ?? 0n;
  const last = sorted.at(-1) ?? 0n;
  // The last page goes on for a while behind its stamp.
  const span = last - first + 10_000_000_000n;

  const head = Buffer.from(bytes.subarray(0, end));
  // What the recorder counted, and when, no longer holds.
  for (let at = head.indexOf('now ts:'); at >= 0; at = head.indexOf('now ts:', at + 1)) head.write('was ts:', at);
  for (let at = head.indexOf('read events:'); at >= 0; at = head.indexOf('read events:', at + 1))
    head.write('reap events:', at);
  let position = end;
  for (const [i, { size }] of cpus.entries()) {
    head.writeBigUInt64LE(BigInt(position), tableAt + 16 * i);
    head.writeBigUInt64LE(BigInt(size * times), tableAt + 16 * i + 8);
    position += size * times;
  }
  const fd = openSync(output, 'w');
  writeSync(fd, head);
  for (const { offset, size } of cpus) {
    const pages = Buffer.from(bytes.subarray(offset, offset + size));
    for (let round = 0; round < times; round++) {
      for (let page = 0; round > 0 && page < pages.length; page += PAGE) shift(pages, page, span);
      if (round === 1 && pages.length > 0) pages.writeUInt32LE((pages.readUInt32LE(8) | MISSED) >>> 0, 8);
      if (pages.length > 0) writeSync(fd, pages);
    }
  }
  closeSync(fd);
}

/** Moves a page in time: its own stamp, and the absolute stamps among its records. */
function shift(pages: Buffer, page: number, span: bigint): void {
  pages.writeBigUInt64LE(pages.readBigUInt64LE(page) + span, page);
  const begin = page + PAGE_HEADER;
  const end = begin + (pages.readUInt32LE(page + 8) & (PAGE - 1));
  for (let at = begin; at + 4 <= end; ) {
    const head = pages.readUInt32LE(at);
    const type = head & 31;
    const delta = head >>> 5;
    if (type === TYPE_PADDING && delta === 0) return;
    if (type === TYPE_STAMP) {
      const t = ((BigInt(pages.readUInt32LE(at + 4)) << DELTA_BITS) | BigInt(delta)) + span;
      pages.writeUInt32LE(((Number(BigInt.asUintN(27, t)) << 5) | TYPE_STAMP) >>> 0, at);
      pages.writeUInt32LE(Number(BigInt.asUintN(32, t >> DELTA_BITS)), at + 4);
    }
    if (type === 0 || type === TYPE_PADDING) at += 4 + ((pages.readUInt32LE(at + 4) + 3) & ~3);
    else if (type > TYPE_PADDING) at += 8;
    else at += 4 + type * 4;
  }
}

/** Offset of the first page: the smallest offset in the table of per-CPU data. */
function firstPage(bytes: Buffer): number {
  // The table is the last thing before the data, which begins at the next page.
  for (let at = bytes.indexOf(MARK); at >= 0; at = bytes.indexOf(MARK, at + 1)) {
    const offset = Number(bytes.readBigUInt64LE(at + MARK.length));
    if (offset > at && offset % PAGE === 0 && offset <= bytes.length && offset - at < 16 * PAGE) return offset;
  }
  throw new Error('not a trace.dat of version 6');
}
