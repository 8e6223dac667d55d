// What a record must satisfy before anything of it is believed: a plausible pid, and a length that suits its event.
import type { Probe } from '../../probes/probe.ts';
import type { EventFormat } from './event-format.ts';
import type { FormatTable } from './format-table.ts';

/** struct trace_entry: what even a record of an unknown event must hold. */
export const ENTRY_BYTES = 8;

const ANY_LENGTH = 0x7fffffff;

/**
 * The most by which a record is longer than its fields: padding of the kernel's struct, of the ring buffer, and the four
 * bytes that the ring buffer adds to the smallest records (rb_calculate_event_length).
 */
const MAX_PADDING = 15;

/** Pids are at most PID_MAX_LIMIT. */
export const PID_MAX = 4_194_304;

/** Fields that name a task, and fields that name an existing CPU whatever the scheduler asked for. */
const TASK_FIELDS: ReadonlySet<string> = new Set(['pid', 'prev', 'next']);
const CPU_FIELDS: ReadonlySet<string> = new Set(['rq', 'src', 'dst', 'task_cpu', 'orig_cpu', 'dest_cpu']);

/** Lengths by event id, in bytes, and bounds of what the records hold. Ids behind the end of the arrays have no format. */
export class RecordLimits {
  readonly min: Int32Array;
  readonly max: Int32Array;
  /** 1: all records of the event are equally long; the first one tells how long. */
  readonly fixed: Uint8Array;
  /** Fields of the records of an event as pairs (word of the payload, bound that its unsigned value must be below). */
  readonly bounds: (Int32Array | undefined)[];

  /**
   * Only events that `probeOf` knows are held to exact lengths and bounds; others must hold their fields. `maxCpus`: CPU
   * numbers are below this.
   */
  constructor(formats: FormatTable, probeOf: (format: EventFormat) => Probe | undefined, maxCpus: number) {
    const length = formats.maxId + 1;
    this.min = new Int32Array(length).fill(ENTRY_BYTES);
    this.max = new Int32Array(length).fill(ANY_LENGTH);
    this.fixed = new Uint8Array(length);
    // Without holes: looking up a record's bounds in an array that has mostly holes takes longer than checking them.
    this.bounds = new Array<Int32Array | undefined>(length).fill(undefined);
    for (const format of formats.values()) {
      const { id, minSize, isVariable, system } = format;
      const probe = probeOf(format);
      // The stacks and texts of ftrace's own events may be shorter than their formats say.
      if (system === 'ftrace' && probe === undefined) continue;
      this.min[id] = Math.max(ENTRY_BYTES, minSize);
      if (probe === undefined) continue;
      const bounds = boundsOf(format, probe, maxCpus);
      if (bounds.length > 0) this.bounds[id] = bounds;
      if (isVariable) continue;
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

function boundsOf(format: EventFormat, probe: Probe, maxCpus: number): Int32Array {
  const pairs = probe.args.flatMap(({ name, field, guard }) => {
    const place = format.fields.get(name);
    if (field === undefined || guard !== undefined || place?.size !== 4 || place.offset % 4 !== 0) return [];
    if (TASK_FIELDS.has(field)) return [place.offset >> 2, PID_MAX + 1];
    return CPU_FIELDS.has(field) ? [place.offset >> 2, maxCpus] : [];
  });
  return Int32Array.from(pairs);
}
