// What the three canonical spellings share: the header, the time base, order of time, and bad events.
import { DeferredInputError, InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { TraceHeader } from '../../trace/header.ts';
import { difference, toSignedBigInt } from '../../trace/u64.ts';
import type { EventSink, OpenTrace, Place, ReaderOptions } from '../reader.ts';
import { applySnapshot } from '../snapshot.ts';
import { EventScanner } from './event-scanner.ts';
import { type EventSchema, explainBadEvent } from './explain.ts';

/** Events between two reports of progress. */
const PROGRESS_INTERVAL = 1 << 16;

/**
 * A scanner that no run uses. It keeps nothing of a trace but its strings and how its events are laid out, and making one is dear
 * to a small trace.
 */
let idleScanner: EventScanner | undefined;

export interface CanonicalOptions extends ReaderOptions {
  /** Present when errors are explained at once. */
  readonly schema?: EventSchema;
}

export abstract class CanonicalTrace implements OpenTrace {
  abstract readonly format: string;
  readonly header: TraceHeader;
  readonly unused: ReadonlyMap<string, number> = new Map();
  readonly absorbed = 0;
  protected readonly source: Source;
  protected readonly options: CanonicalOptions;
  #baseHi = 0;
  #baseLo = 0;
  #seq = 0;
  #lastTime = 0;

  constructor(source: Source, header: TraceHeader, options: CanonicalOptions) {
    this.source = source;
    this.header = header;
    this.options = options;
    if (options.snapshot !== undefined) applySnapshot(options.snapshot, header);
  }

  get timeBase(): bigint {
    return toSignedBigInt(this.#baseHi, this.#baseLo);
  }

  run(sink: EventSink): void {
    this.#seq = 0;
    this.#lastTime = 0;
    const scanner = idleScanner ?? new EventScanner();
    idleScanner = undefined;
    scanner.begin();
    try {
      this.readEvents(sink, scanner);
    } finally {
      idleScanner = scanner;
    }
  }

  positionOf(place: Place): string {
    return `line ${place.position}`;
  }

  lineOf(event: TraceEvent): number {
    return event.position;
  }

  protected abstract readEvents(sink: EventSink, scanner: EventScanner): void;

  /** Completes the event that was scanned last and passes it on; false when the sink wants no more. */
  protected deliver(sink: EventSink, scanner: EventScanner, line: number): boolean {
    const { event, tsHi: hi, tsLo: lo } = scanner;
    if (this.#seq === 0) {
      this.#baseHi = hi;
      this.#baseLo = lo;
    }
    const t = difference(hi, lo, this.#baseHi, this.#baseLo);
    if (t < this.#lastTime) throw this.#unsorted(hi, lo, line);
    if (t > Number.MAX_SAFE_INTEGER) throw this.#tooLong(hi, lo, line);
    this.#lastTime = t;
    event.t = t;
    event.seq = this.#seq++;
    event.position = line;
    if ((this.#seq & (PROGRESS_INTERVAL - 1)) === 0) this.options.onProgress?.(this.#seq);
    return sink.event(event);
  }

  /** The error for the text of an event that could not be read. */
  protected badEvent(line: number, text: string): InputError {
    const position = `line ${line}`;
    const { path } = this.source;
    if (this.options.schema !== undefined) return explainBadEvent(this.options.schema, path, position, text);
    return new DeferredInputError({ code: 'bad-event', path, position }, async () => {
      const { eventSchema } = await import('../../trace/event-schema.ts');
      return explainBadEvent(eventSchema, path, position, text);
    });
  }

  protected truncated(line: number, expected: string): InputError {
    return new InputError(
      {
        code: 'truncated',
        path: this.source.path,
        position: `line ${line}`,
        expected,
        found: 'the end of the file',
        hint: 'the file was cut off; copy or record it again',
      },
      'the file ends too early',
    );
  }

  #unsorted(hi: number, lo: number, line: number): InputError {
    const previous = this.timeBase + BigInt(this.#lastTime);
    return new InputError(
      {
        code: 'unsorted',
        path: this.source.path,
        position: `line ${line}`,
        expected: `a time of at least ${previous}`,
        found: String(toSignedBigInt(hi, lo)),
        hint: 'sort the events by "ts"',
      },
      'the events are not in the order of time',
    );
  }

  #tooLong(hi: number, lo: number, line: number): InputError {
    return new InputError(
      {
        code: 'bad-event',
        path: this.source.path,
        position: `line ${line}`,
        expected: `a time up to ${this.timeBase + BigInt(Number.MAX_SAFE_INTEGER)}, 104 days behind the first event`,
        found: String(toSignedBigInt(hi, lo)),
      },
      'the trace is too long',
    );
  }
}
