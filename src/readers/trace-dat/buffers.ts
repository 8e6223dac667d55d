// The ring buffers of a file: opens the per-CPU data of one, and chooses the one to read when there are several.
import { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { CpuCursor, type TimeBase } from './cpu-cursor.ts';
import type { DatBuffer, DatFile } from './file.ts';
import type { Inflate } from './inflate.ts';
import { type PageFormat, PageStream } from './page-stream.ts';
import { RecordLimits } from './record-limits.ts';

/** A file that was opened, and what its data is compressed with. */
export interface OpenFile {
  readonly source: Source;
  readonly file: DatFile;
  readonly inflate: Inflate | undefined;
}

/** What records must satisfy, and what their times are relative to. */
export interface CursorOptions {
  readonly limits: RecordLimits;
  readonly base: TimeBase;
  /** Time since the base that no record is later than. */
  readonly latest: number;
}

/** Bytes read at a time from one CPU's data, and from all of them together. */
const WINDOW_BYTES = 128 * 1024;
const ALL_WINDOWS_BYTES = 32 * 1024 * 1024;

/** Streams over the data of every CPU that has any, which read up to `most` bytes at a time. */
export function pageStreams(
  { source, file, inflate }: OpenFile,
  buffer: DatBuffer,
  most = WINDOW_BYTES,
): [number, PageStream, PageFormat][] {
  const cpuData = buffer.cpuData.filter((data) => data.size > 0);
  const window = Math.min(most, Math.floor(ALL_WINDOWS_BYTES / cpuData.length));
  const format = { layout: buffer.layout, littleEndian: file.littleEndian, inflate, window };
  return cpuData.map((data) => [data.cpu, new PageStream(source, data, format), format]);
}

export function cursors(open: OpenFile, buffer: DatBuffer, options: CursorOptions): CpuCursor[] {
  const { common } = open.file.formats;
  return pageStreams(open, buffer).map(([cpu, pages, format]) => {
    if (common === undefined) {
      throw new InputError(
        { code: 'damaged', path: open.source.path, hint: 'record again' },
        'the file describes no events, so its data cannot be read',
      );
    }
    return new CpuCursor(cpu, pages, { ...options, path: open.source.path, format, common });
  });
}

/** Bounds that every record satisfies, whatever it is. */
function looseOptions({ file }: OpenFile): CursorOptions {
  const limits = new RecordLimits(file.formats, () => undefined, 0);
  return { limits, base: { hi: 0, lo: 0 }, latest: Number.POSITIVE_INFINITY };
}

/** The only buffer with data, or the one that holds most records of dynamic events; the top one in doubt. */
export function chooseBuffer(open: OpenFile): DatBuffer | undefined {
  const { buffers, formats } = open.file;
  const candidates = buffers.filter((buffer) => buffer.cpuData.some((data) => data.size > 0));
  if (candidates.length <= 1) return candidates[0] ?? buffers[0];
  const scores = candidates.map((buffer) => {
    let score = 0;
    for (const cursor of cursors(open, buffer, looseOptions(open))) {
      cursor.load();
      for (let i = 0; i < cursor.count; i++) if (formats.get(cursor.ids[i] ?? 0)?.system === 'scx') score++;
    }
    return score;
  });
  return candidates[scores.indexOf(Math.max(...scores))];
}

/** Number of records of a buffer, as far as it can be read. */
export function countRecords(open: OpenFile, buffer: DatBuffer): number {
  let n = 0;
  for (const cursor of cursors(open, buffer, looseOptions(open)))
    while (cursor.failure === undefined && cursor.load()) n += cursor.count;
  return n;
}

/** The earliest time stamp of a first page; undefined when there is none. */
export function firstStamp(open: OpenFile, buffer: DatBuffer): bigint | undefined {
  let first: bigint | undefined;
  for (const [, pages] of pageStreams(open, buffer, 0)) {
    try {
      // Damage of a first page is reported in its place later.
      if (!pages.advance() || pages.available < 8) continue;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      continue;
    }
    const stamp = pages.view.getBigUint64(pages.pageStart, open.file.littleEndian);
    if (first === undefined || stamp < first) first = stamp;
  }
  return first;
}
