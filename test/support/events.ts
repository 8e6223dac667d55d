// Collects what a reader delivers: events as plain objects, and what it says beside them.
import { InputError } from '../../src/errors.ts';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import type { OpenTrace, ReaderOptions } from '../../src/readers/reader.ts';
import { eventToJson } from '../../src/writers/event-json.ts';

export type PlainEvent = Readonly<Record<string, unknown>>;

export interface Reading {
  readonly trace: OpenTrace;
  readonly events: readonly PlainEvent[];
  /** Places of the events. */
  readonly positions: readonly string[];
  /** What ended the reading early. */
  readonly error: InputError | undefined;
}

/** Reads all events of an opened trace; damage becomes `error`. */
export function readEvents(trace: OpenTrace): Reading {
  const events: PlainEvent[] = [];
  const positions: string[] = [];
  let error: InputError | undefined;
  try {
    trace.run({
      event(event) {
        events.push(JSON.parse(eventToJson(event, trace.timeBase)) as PlainEvent);
        positions.push(trace.positionOf(event));
        return true;
      },
    });
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    error = thrown;
  }
  return { trace, events, positions, error };
}

export async function readBytes(bytes: Uint8Array | string, options: ReaderOptions = {}): Promise<Reading> {
  return readEvents(await openTrace(sourceFromBytes(bytes, 'trace'), options));
}

/** The error with which an input cannot be opened or read. */
export async function errorOf(bytes: Uint8Array | string, options: ReaderOptions = {}): Promise<InputError> {
  try {
    const { error } = await readBytes(bytes, options);
    if (error !== undefined) return error;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('the input was read without an error');
}
