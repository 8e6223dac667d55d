// What a writer of canonical traces is: header first, then events one by one, then the end.
import type { TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import type { FieldName } from '../trace/vocabulary/fields.ts';

/** Takes text in order. */
export interface TextOutput {
  write(text: string): void;
}

export interface TraceWriter {
  begin(header: TraceHeader): void;
  /** Writes one event; `base` is the time of `t = 0`. */
  event(event: TraceEvent, base: bigint): void;
  end(): void;
}

export interface WriterSpec {
  readonly id: 'json' | 'jsonl' | 'csv';
  /** File name endings that mean this spelling. */
  readonly extension: string;
  /** `fields`: those that occur in the trace, in the order of the vocabulary. */
  create(output: TextOutput, fields: readonly FieldName[]): TraceWriter;
}
