// A trace that a thread of its own reads while the events before are replayed.
import { InputError } from '../../errors.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { TraceHeader } from '../../trace/header.ts';
import { toSignedBigInt } from '../../trace/u64.ts';
import type { EventSink, OpenTrace, Place } from '../reader.ts';
import { CHUNK_BEGIN } from './chunk-ring.ts';
import { EventUnpacker } from './event-unpacker.ts';
import type { Definitions, ReadingError, RunEnd } from './messages.ts';
import type { ReaderThread } from './reader-thread-handle.ts';

export class ThreadedTrace implements OpenTrace {
  readonly unused = new Map<string, number>();
  absorbed = 0;
  timeBase: bigint;
  readonly lineOf?: (event: TraceEvent) => number;
  readonly #trace: OpenTrace;
  readonly #thread: ReaderThread;
  readonly #onProgress: ((done: number) => void) | undefined;

  /** `trace` is the same trace, opened here: it spells places and has the header. */
  constructor(trace: OpenTrace, thread: ReaderThread, onProgress?: (done: number) => void) {
    this.#trace = trace;
    this.#thread = thread;
    this.#onProgress = onProgress;
    this.timeBase = trace.timeBase;
    if (trace.lineOf !== undefined) this.lineOf = trace.lineOf.bind(trace);
  }

  get format(): string {
    return this.#trace.format;
  }

  get header(): TraceHeader {
    return this.#trace.header;
  }

  positionOf(place: Place): string {
    return this.#trace.positionOf(place);
  }

  run(sink: EventSink): void {
    const thread = this.#thread;
    const { ring } = thread;
    const unpacker = new EventUnpacker();
    let wanted = true;
    thread.begin();
    for (;;) {
      const chunk = ring.toEmpty();
      if (chunk === undefined) throw new Error('the thread that reads the trace does not answer');
      const { end, hasDefinitions, isLast, baseHi, baseLo } = ring.infoOf(chunk);
      if (hasDefinitions) unpacker.learn(thread.message() as Definitions);
      this.timeBase = toSignedBigInt(baseHi, baseLo);
      try {
        if (wanted && !unpacker.unpack(chunk, CHUNK_BEGIN, end, sink)) {
          wanted = false;
          ring.stop();
        }
      } finally {
        // Also when the sink throws: what is left is taken back by close().
        ring.empty();
      }
      this.#onProgress?.(unpacker.count);
      if (isLast) {
        this.#end(thread.message() as RunEnd, wanted);
        return;
      }
    }
  }

  #end({ unused, absorbed, error }: RunEnd, wanted: boolean): void {
    this.unused.clear();
    for (const [name, count] of unused) this.unused.set(name, count);
    this.absorbed = absorbed;
    // Nobody asked for what lies there.
    if (error !== undefined && wanted) throw rebuilt(error);
  }
}

function rebuilt({ message, details, stack }: ReadingError): Error {
  if (details !== undefined) return new InputError(details, message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
