// What the thread that reads does: opens the trace once more, and puts its events into the shared ring, run by run.
import { parentPort } from 'node:worker_threads';
import { explained, InputError } from '../../errors.ts';
import { FileSource } from '../../input/source.ts';
import { openTrace } from '../index.ts';
import type { OpenTrace } from '../reader.ts';
import { ChunkRing } from './chunk-ring.ts';
import type { ReadingError, ReadingOrder } from './messages.ts';
import { RingWriter } from './ring-writer.ts';

parentPort?.once('message', (order: ReadingOrder) => {
  const ring = new ChunkRing(order.memory);
  const opened = open(order, ring);
  let runs = run(order, ring, opened);
  // Every other message asks for one more run.
  parentPort?.on('message', () => {
    runs = runs.then(() => run(order, ring, opened));
  });
});

function open({ path, fd, format, snapshot }: ReadingOrder, ring: ChunkRing): Promise<OpenTrace> {
  return openTrace(new FileSource(path, fd), {
    ...(format === undefined ? {} : { format }),
    ...(snapshot === undefined ? {} : { snapshot }),
    onProgress: () => ring.beat(),
  });
}

/** One run over the trace, up to its end, its damage, or the wish of the other side. */
async function run({ port }: ReadingOrder, ring: ChunkRing, opened: Promise<OpenTrace>): Promise<void> {
  const writer = new RingWriter(ring, port);
  let trace: OpenTrace | undefined;
  let error: ReadingError | undefined;
  try {
    trace = await opened;
    writer.follow(trace);
    trace.run(writer);
  } catch (cause) {
    error = describe(await explained(cause));
  }
  writer.end({ unused: [...(trace?.unused ?? [])], absorbed: trace?.absorbed ?? 0, error });
}

function describe(error: unknown): ReadingError {
  if (!(error instanceof Error)) return { message: String(error), details: undefined, stack: undefined };
  const details = error instanceof InputError ? error.details : undefined;
  return { message: error.message, details, stack: error.stack };
}
