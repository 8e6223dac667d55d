// What a record must satisfy before anything of it is believed: a plausible pid, and a length that suits its event.
import type { FormatTable } from './format-table.ts';

/** Ids of events are 16 bit wide. */
export const MAX_EVENT_ID = 65_535;

/** struct trace_entry: what even a record of an unknown event must hold. */
const ENTRY_BYTES = 8;

/**
 * The most by which a record is longer than its fields: padding of the kernel's struct, of the ring buffer, and the four
 * bytes that the ring buffer adds to the smallest records (rb_calculate_event_length).
 */
const MAX_PADDING = 15;

/** Lengths by event id, in bytes. */
export class RecordLimits {
  readonly min = new Int32Array(MAX_EVENT_ID + 1).fill(ENTRY_BYTES);
  readonly max = new Int32Array(MAX_EVENT_ID + 1).fill(0x7fffffff);
  /** 1: all records of the event are equally long; the first one tells how long. */
  readonly fixed = new Uint8Array(MAX_EVENT_ID + 1);

  /** `isDecoded`: only events that are decoded are held to exact lengths; others must hold their fields. */
  constructor(formats: FormatTable, isDecoded: (id: number) => boolean) {
    for (const format of formats.values()) {
      const { id, minSize, isVariable, system } = format;
      const decoded = isDecoded(id);
      // The stacks and texts of ftrace's own events may be shorter than their formats say.
      if (system === 'ftrace' && !decoded) continue;
      this.min[id] = Math.max(ENTRY_BYTES, minSize);
      if (isVariable || !decoded) continue;
      this.max[id] = minSize + MAX_PADDING;
      this.fixed[id] = 1;
    }
  }

  /** Takes the length of the first record of an event as that of all. */
  learn(id: number, length: number): void {
    this.min[id] = length;
    this.max[id] = length;
    this.fixed[id] = 0;
  }
}
