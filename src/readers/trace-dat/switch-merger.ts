// One switch, two records: the tracepoint's own (with command names) and the probe's (with slices and masks).
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import type { CpuCursor } from './cpu-cursor.ts';
import type { RecordDecoder } from './decode.ts';
import type { DecodePlan, FieldOp } from './decode-plan.ts';

interface PendingNames {
  prev: number;
  next: number;
  prevComm: string;
  nextComm: string;
}

/**
 * Where the file holds the probe `scx:switch`, records of `sched:sched_switch` become no event of their own: their
 * command names are passed on with the probe's record, which follows on the same CPU.
 */
export class SwitchMerger {
  readonly #decoder: RecordDecoder;
  readonly #littleEndian: boolean;
  readonly #hasProbe: boolean;
  /** Number of records taken. */
  absorbed = 0;
  readonly #pending = new Map<number, PendingNames>();
  /** Offsets of the pids in a record of the tracepoint. */
  readonly #prev: number;
  readonly #next: number;
  readonly #prevComm: FieldOp | undefined;
  readonly #nextComm: FieldOp | undefined;

  constructor(plans: readonly (DecodePlan | undefined)[], decoder: RecordDecoder, littleEndian: boolean) {
    this.#decoder = decoder;
    this.#littleEndian = littleEndian;
    this.#hasProbe = plans.some((plan) => plan?.isSwitchProbe);
    const tracepoint = plans.find((plan) => plan?.isSwitchTracepoint);
    const find = (field: string): FieldOp | undefined => tracepoint?.ops.find((op) => op.slot.field === field);
    this.#prev = tracepoint?.format.fields.get('prev_pid')?.offset ?? -1;
    this.#next = tracepoint?.format.fields.get('next_pid')?.offset ?? -1;
    this.#prevComm = find('prev_comm');
    this.#nextComm = find('next_comm');
  }

  /** Takes a record of the tracepoint when the probe's record will stand for it. */
  absorb(cursor: CpuCursor, index: number): boolean {
    if (!this.#hasProbe) return false;
    this.absorbed++;
    const prev = this.#pid(this.#prev, cursor, index);
    const next = this.#pid(this.#next, cursor, index);
    const prevComm = this.#name(this.#prevComm, prev, cursor, index);
    const nextComm = this.#name(this.#nextComm, next, cursor, index);
    if (prevComm !== '' || nextComm !== '') this.#pending.set(cursor.cpu, { prev, next, prevComm, nextComm });
    return true;
  }

  /** Adds the names learnt from the tracepoint's record to the probe's event. */
  complete(cursor: CpuCursor, event: TraceEvent): void {
    // The event is the plan's own and still has what was added to it the last time.
    if (event.hasSlot(SLOT.prev_comm)) event.dropSlot(SLOT.prev_comm);
    if (event.hasSlot(SLOT.next_comm)) event.dropSlot(SLOT.next_comm);
    if (this.#pending.size === 0) return;
    const names = this.#pending.get(cursor.cpu);
    if (names === undefined) return;
    this.#pending.delete(cursor.cpu);
    if (names.prev === event.prev && names.prevComm !== '') event.setString(SLOT.prev_comm, names.prevComm);
    if (names.next === event.next && names.nextComm !== '') event.setString(SLOT.next_comm, names.nextComm);
  }

  #pid(offset: number, cursor: CpuCursor, index: number): number {
    return offset < 0 ? -1 : cursor.view.getInt32((cursor.starts[index] ?? 0) + offset, this.#littleEndian);
  }

  #name(op: FieldOp | undefined, pid: number, cursor: CpuCursor, index: number): string {
    if (op === undefined || pid === 0) return '';
    const comm = this.#decoder.text(op, cursor, index);
    return this.#decoder.isNewComm(pid, comm) ? comm : '';
  }
}
