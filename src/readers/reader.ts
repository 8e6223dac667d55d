// What a reader is: it recognises a format by its first bytes and turns its records into trace events.
import type { Source } from '../input/source.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';

/** Takes events one by one. The record is reused, and the reader's: nobody else changes it. `false` ends the reading. */
export interface EventSink {
  event(event: TraceEvent): boolean;
}

/** Where an event lies in its input, as the reader of that input understands it. */
export type Place = Pick<TraceEvent, 'cpu' | 'position'>;

/** A trace that was opened: the header is known, the events are still to come. */
export interface OpenTrace {
  /** Name of the format as reports show it, such as `trace.dat v6`. */
  readonly format: string;
  readonly header: TraceHeader;
  /** Time of `t = 0`, ns of the trace's clock. Valid once the first event was delivered. */
  readonly timeBase: bigint;
  /**
   * Delivers every event in order. May be called again: each call starts over. A damaged or truncated input is an
   * InputError, thrown after everything before the damage was delivered.
   */
  run(sink: EventSink): void;
  /** Records that became no event, by name. Complete after `run`. */
  readonly unused: ReadonlyMap<string, number>;
  /** Records that were used without becoming an event of their own. Complete after `run`. */
  readonly absorbed: number;
  /** Spells the place of an event. */
  positionOf(place: Place): string;
  /** Line of an event in a text input, for annotations; undefined for binary inputs. */
  lineOf?(event: TraceEvent): number;
}

export interface ReaderOptions {
  /** Id of the reader to use; undefined: the one that recognises the content. */
  readonly format?: string;
  /** Path of a snapshot of the initial state; undefined: look beside the trace. */
  readonly snapshot?: string;
  /** Errors say at once all there is to say, for callers that go on after them; otherwise `explained()` completes them. */
  readonly explainsAtOnce?: boolean;
  /** Bytes read at a time; small values are for tests. */
  readonly chunkBytes?: number;
  /** Called now and then with the number of bytes done. */
  readonly onProgress?: (done: number) => void;
}

export interface Reader {
  readonly id: string;
  readonly title: string;
  /** How sure it is, 0..1, that `head` (the first 64 KiB or all of the input) begins a file of its format. Never throws. */
  sniff(head: Uint8Array): number;
  /** Bytes from which on it pays to read in a thread of its own; undefined: never. */
  readonly longFrom?: number;
  open(source: Source, options: ReaderOptions): Promise<OpenTrace>;
}

export function defineReader(reader: Reader): Reader {
  return reader;
}
