// Decides whether a trace is long enough for a thread of its own, and starts it.
import type { Worker } from 'node:worker_threads';
import type { Source } from '../../input/source.ts';
import { readerOf } from '../index.ts';
import type { ReaderOptions } from '../reader.ts';
import type { ReaderThread } from './reader-thread-handle.ts';

/** No shorter trace is worth the start of a thread, in bytes. */
const LONG = 16 * 1024 * 1024;

/**
 * Starts to read the source in a thread (reader-thread.ts), or undefined where that does not pay or can't be done.
 * To be started before anything else is prepared: the thread fills its ring meanwhile.
 */
export async function readAhead(
  newThread: (() => Worker) | undefined,
  source: Source,
  options: ReaderOptions,
): Promise<ReaderThread | undefined> {
  const { fd, path, size } = source;
  if (newThread === undefined || fd === undefined || size < LONG) return undefined;
  const { availableParallelism } = await import('node:os');
  if (availableParallelism() < 2) return undefined;
  const { longFrom } = readerOf(source, options.format);
  if (longFrom === undefined || size < longFrom) return undefined;
  const { ReaderThread } = await import('./reader-thread-handle.ts');
  return new ReaderThread(newThread(), path, fd, options);
}
