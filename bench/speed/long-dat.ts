// Makes a long trace.dat of a short one: the pages of every CPU again and again, each time later.
import { closeSync, openSync, writeSync } from 'node:fs';
import { openInput } from '../../src/input/open.ts';

const MARK = Buffer.from('flyrecord\0');
/** Flag of the commit word: records were lost before this page (RB_MISSED_EVENTS). */
const MISSED = 0x80000000;
const PAGE = 4096;

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
      for (let page = 0; round > 0 && page < pages.length; page += PAGE)
        pages.writeBigUInt64LE(pages.readBigUInt64LE(page) + span, page);
      if (round === 1 && pages.length > 0) pages.writeUInt32LE((pages.readUInt32LE(8) | MISSED) >>> 0, 8);
      if (pages.length > 0) writeSync(fd, pages);
    }
  }
  closeSync(fd);
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
