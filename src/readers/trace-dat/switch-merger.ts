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
  readonly #tracepoint: DecodePlan | undefined;
  readonly #probe: DecodePlan | undefined;
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
    for (const plan of plans) {
      if (plan === undefined) continue;
      if (plan.format.system === 'sched' && plan.format.name === 'sched_switch') this.#tracepoint = plan;
      if (plan.format.system === 'scx' && plan.format.name === 'switch') this.#probe = plan;
    }
    const find = (field: string): FieldOp | undefined => this.#tracepoint?.ops.find((op) => op.slot.field === field);
    this.#prev = this.#tracepoint?.format.fields.get('prev_pid')?.offset ?? -1;
    this.#next = this.#tracepoint?.format.fields.get('next_pid')?.offset ?? -1;
    this.#prevComm = find('prev_comm');
    this.#nextComm = find('next_comm');
  }

  /** Takes a record of the tracepoint when the probe's record will stand for it. */
  absorb(plan: DecodePlan, cursor: CpuCursor): boolean {
    if (plan !== this.#tracepoint || this.#probe === undefined) return false;
    this.absorbed++;
    const prev = this.#pid(this.#prev, cursor);
    const next = this.#pid(this.#next, cursor);
    const prevComm = this.#name(this.#prevComm, prev, cursor);
    const nextComm = this.#name(this.#nextComm, next, cursor);
    if (prevComm !== '' || nextComm !== '') this.#pending.set(cursor.cpu, { prev, next, prevComm, nextComm });
    return true;
  }

  /** Adds the names learnt from the tracepoint's record to the probe's event. */
  complete(plan: DecodePlan, cursor: CpuCursor, event: TraceEvent): void {
    if (plan !== this.#probe || this.#pending.size === 0) return;
    const names = this.#pending.get(cursor.cpu);
    if (names === undefined) return;
    this.#pending.delete(cursor.cpu);
    if (names.prev === event.prev && names.prevComm !== '') event.setString(SLOT.prev_comm, names.prevComm);
    if (names.next === event.next && names.nextComm !== '') event.setString(SLOT.next_comm, names.nextComm);
  }

  #pid(offset: number, cursor: CpuCursor): number {
    return offset < 0 ? -1 : cursor.view.getInt32(cursor.start + offset, this.#littleEndian);
  }

  #name(op: FieldOp | undefined, pid: number, cursor: CpuCursor): string {
    if (op === undefined || pid === 0) return '';
    const comm = this.#decoder.text(op, cursor);
    return this.#decoder.newComm(pid, comm) ? comm : '';
  }
}
