// Opens any input as a seekable source: a file, standard input, or a compressed form of either.
import { createReadStream, fstatSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { InputError } from '../errors.ts';
import { sniffCompression } from './sniff-compression.ts';
import { FileSource, MemorySource, notReadable, openForReading, readHead, type Source } from './source.ts';

/**
 * Opens `path` (`-` is standard input). What cannot be read at random (a pipe, a compressed file) is spooled first: in
 * memory while it is small, in an unlinked temporary file beyond that.
 */
export async function openInput(path: string): Promise<Source> {
  if (path === '-') return spoolPipe(path, process.stdin);
  const fd = openForReading(path);
  const stat = fstatSync(fd);
  if (stat.isDirectory()) throw new InputError({ code: 'not-readable', path }, 'cannot read: is a directory');
  if (!stat.isFile()) return spoolPipe(path, createReadStream(path, { fd }));
  const source = readIfSmall(new FileSource(path, fd));
  const compression = sniffCompression(readHead(source, 16));
  if (compression === 'none') return source;
  const [{ decompress }, { Spool }] = await late();
  const spool = new Spool(path, compression);
  try {
    await decompress(compression, path, source, spool);
  } finally {
    source.close();
  }
  return spool.finish();
}

/** Files up to this size are read once, instead of a piece by everyone who looks at them. */
const SMALL_BYTES = 64 * 1024;

function readIfSmall(file: FileSource): Source {
  if (file.size > SMALL_BYTES) return file;
  const bytes = readHead(file, SMALL_BYTES);
  file.close();
  return new MemorySource(file.path, bytes);
}

async function spoolPipe(path: string, stream: Readable): Promise<Source> {
  const [{ decompress }, { Spool }] = await late();
  const raw = new Spool(path, 'none');
  try {
    for await (const chunk of stream) raw.write(chunk as Uint8Array);
  } catch (error) {
    throw notReadable(path, error);
  }
  const source = raw.finish();
  const compression = sniffCompression(readHead(source, 16));
  if (compression === 'none') return source;
  const spool = new Spool(path, compression);
  await decompress(compression, path, source, spool);
  source.close();
  return spool.finish();
}

/** What plain files do without. */
function late() {
  return Promise.all([import('./decompress.ts'), import('./spool.ts')]);
}

/** Wraps text or bytes as an input, for tests and for the programming interface. */
export function sourceFromBytes(bytes: Uint8Array | string, path = '-'): Source {
  return new MemorySource(path, typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes);
}
