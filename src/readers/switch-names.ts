// One switch, two lines: that of the tracepoint (with command names) and that of the probe (with slices and masks).
import { SLOT, type TraceEvent } from '../trace/event.ts';

interface Names {
  readonly prev: number;
  readonly next: number;
  readonly prevComm: string;
  readonly nextComm: string;
}

/** Keeps the names of a tracepoint's switch for the probe's event, which follows on the same CPU. */
export class SwitchNames {
  readonly #pending = new Map<number, Names>();
  /** Number of events taken. */
  absorbed = 0;

  /** Takes the tracepoint's event, which becomes none of its own. */
  absorb(event: TraceEvent): void {
    this.absorbed++;
    if (event.prev_comm === '' && event.next_comm === '') return;
    this.#pending.set(event.cpu, {
      prev: event.prev,
      next: event.next,
      prevComm: event.prev_comm,
      nextComm: event.next_comm,
    });
  }

  /** Adds the names to the probe's event. */
  complete(event: TraceEvent): void {
    const names = this.#pending.get(event.cpu);
    if (names === undefined) return;
    this.#pending.delete(event.cpu);
    if (names.prev === event.prev && names.prevComm !== '') event.setString(SLOT.prev_comm, names.prevComm);
    if (names.next === event.next && names.nextComm !== '') event.setString(SLOT.next_comm, names.nextComm);
  }
}
