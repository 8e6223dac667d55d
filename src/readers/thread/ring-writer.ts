// The sink of the thread that reads: fills chunk after chunk of the ring.
import type { MessagePort } from 'node:worker_threads';
import type { TraceEvent } from '../../trace/event.ts';
import { highHalf, lowHalf } from '../../trace/u64.ts';
import type { EventSink, OpenTrace } from '../reader.ts';
import { CHUNK_BEGIN, CHUNK_END, type Chunk, type ChunkRing } from './chunk-ring.ts';
import { EventPacker } from './event-packer.ts';
import { MAX_EVENT_WORDS } from './event-shape.ts';
import type { RunEnd } from './messages.ts';

/** Words after which the first chunk is passed on. */
const FIRST_WORDS = 4096;

export class RingWriter implements EventSink {
  readonly #ring: ChunkRing;
  readonly #port: MessagePort;
  readonly #packer = new EventPacker();
  #trace: OpenTrace | undefined;
  #chunk: Chunk | undefined;
  #at = CHUNK_BEGIN;
  #seq = 0;
  /** Where a chunk is full: the first ones are small, so that the other thread can begin. */
  #full = FIRST_WORDS;

  constructor(ring: ChunkRing, port: MessagePort) {
    this.#ring = ring;
    this.#port = port;
  }

  /** The trace whose events are coming. */
  follow(trace: OpenTrace): void {
    this.#trace = trace;
  }

  event(event: TraceEvent): boolean {
    // The receiver counts by itself.
    if (event.seq !== this.#seq) throw new Error(`the reader delivered event ${event.seq} as number ${this.#seq}`);
    this.#seq++;
    if (this.#at > this.#full) {
      this.#pass(undefined);
      if (this.#ring.stopped) return false;
    }
    this.#chunk ??= this.#ring.toFill();
    this.#at = this.#packer.pack(event, this.#chunk, this.#at);
    return true;
  }

  /** No event comes any more. */
  end(end: RunEnd): void {
    this.#pass(end);
  }

  #pass(end: RunEnd | undefined): void {
    const chunk = this.#chunk ?? this.#ring.toFill();
    const base = this.#trace?.timeBase ?? 0n;
    const definitions = this.#packer.definitions();
    // Messages are there before the chunk that they belong to.
    if (definitions !== undefined) this.#port.postMessage(definitions);
    if (end !== undefined) this.#port.postMessage(end);
    this.#ring.fill(chunk, {
      end: this.#at,
      hasDefinitions: definitions !== undefined,
      isLast: end !== undefined,
      baseHi: highHalf(base),
      baseLo: lowHalf(base),
    });
    this.#packer.trim();
    this.#full = Math.min(this.#full * 2, CHUNK_END - MAX_EVENT_WORDS);
    this.#chunk = undefined;
    this.#at = CHUNK_BEGIN;
  }
}
