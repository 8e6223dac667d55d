// Undoes gzip, zstd and xz. Libraries are loaded only when they are needed.
import { Readable } from 'node:stream';
import type { ReadableStream as NodeReadableStream } from 'node:stream/web';
import { InputError } from '../errors.ts';
import { chunksOf, type Source } from './source.ts';
import type { Spool } from './spool.ts';
import { zstdStream } from './zstd.ts';

type Compression = Exclude<Source['compression'], 'none'>;

/** Decompresses all of `source` into `spool`. Damaged or truncated data is an InputError. */
export async function decompress(compression: Compression, path: string, source: Source, spool: Spool): Promise<void> {
  try {
    if (compression === 'gzip') await gunzip(source, spool);
    else if (compression === 'zstd') await unzstd(source, spool);
    else await unxz(source, spool);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      {
        code: 'bad-compression',
        path,
        position: `after ${spool.size} decompressed bytes`,
        hint: 'the file is damaged or was cut off; copy or record it again',
      },
      `cannot decompress ${compression} data: ${reason}`,
    );
  }
}

async function gunzip(source: Source, spool: Spool): Promise<void> {
  const { createGunzip } = await import('node:zlib');
  const stream = Readable.from(copies(source)).pipe(createGunzip({ chunkSize: 256 * 1024 }));
  for await (const chunk of stream) spool.write(chunk as Uint8Array);
}

async function unzstd(source: Source, spool: Spool): Promise<void> {
  const decompressed = await zstdStream();
  for (const chunk of decompressed(copies(source))) spool.write(chunk);
}

async function unxz(source: Source, spool: Spool): Promise<void> {
  const { default: xz } = await import('xz-decompress');
  const web = Readable.toWeb(Readable.from(copies(source), { objectMode: true, highWaterMark: 4 }));
  const stream = new xz.XzReadableStream(web as unknown as ReadableStream<Uint8Array>);
  for await (const chunk of stream as unknown as NodeReadableStream<Uint8Array>) spool.write(chunk);
}

function* copies(source: Source): Generator<Uint8Array> {
  for (const chunk of chunksOf(source)) yield chunk.slice();
}
