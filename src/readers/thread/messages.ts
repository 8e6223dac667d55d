// What the thread that reads and the one that it reads for tell each other beside the events.
import type { MessagePort } from 'node:worker_threads';
import type { InputErrorDetails } from '../../errors.ts';
import type { ShapeMessage } from './event-shape.ts';

/** What the thread is told first. */
export interface ReadingOrder {
  readonly path: string;
  /** Descriptor of the open file: the threads of a process share them. */
  readonly fd: number;
  readonly format: string | undefined;
  readonly snapshot: string | undefined;
  readonly memory: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** What the receiver must know before it can unpack the events behind it. */
export interface Definitions {
  /** Forget all shapes and strings so far: their numbers begin anew. */
  readonly anew: boolean;
  readonly shapes: readonly ShapeMessage[];
  readonly strings: readonly string[];
}

export interface ReadingError {
  readonly message: string;
  /** Present when it is the fault of the input. */
  readonly details: InputErrorDetails | undefined;
  readonly stack: string | undefined;
}

/** How a run ended. */
export interface RunEnd {
  readonly unused: readonly (readonly [string, number])[];
  readonly absorbed: number;
  readonly error: ReadingError | undefined;
}
