// The event record that shapes with the same beginning share: what one shape stored and another lacks is emptied.
import type { CpuMask } from '../../trace/cpu-mask.ts';
import { newTraceEvent, SLOT, SLOTS, type TraceEvent } from '../../trace/event.ts';
import { PRESENCE_WORDS } from './event-tables.ts';

/** What all events of a shape have in common. */
export interface Shape {
  readonly presence: Int32Array;
  readonly phase: string;
  readonly step: string;
  readonly hasNewline: boolean;
}

export class ShapeRecord {
  readonly event: TraceEvent = newTraceEvent();
  readonly kind: number;
  /** The shape that the fields of the event are those of. */
  shape: Shape | undefined = undefined;
  /** Fields of any shape. */
  readonly #fields = new Int32Array(PRESENCE_WORDS);
  /** The masks that the event has, where they are known. */
  readonly #masks: (CpuMask | undefined)[];

  constructor(kind: number) {
    this.kind = kind;
    this.event.begin(kind);
    this.#masks = this.event.masks.map(() => undefined);
  }

  /** Events are going to have these fields. */
  admit(presence: Int32Array): void {
    for (let i = 0; i < PRESENCE_WORDS; i++) this.#fields[i] = (this.#fields[i] ?? 0) | (presence[i] ?? 0);
  }

  /** Stores a mask that never changes. Most often it is the one that is there. */
  setMask(index: number, mask: CpuMask): void {
    if (this.#masks[index] === mask) return;
    this.event.masks[index]?.copy(mask);
    this.#masks[index] = mask;
  }

  /** Values were stored, but there is no event: any field may hold something. */
  spoil(): void {
    this.event.presence.set(this.#fields);
    this.shape = undefined;
  }

  /** The values that were stored are those of an event of the shape. */
  become(shape: Shape): void {
    const { event } = this;
    for (let i = 0; i < PRESENCE_WORDS; i++) {
      let stale = (event.presence[i] ?? 0) & ~(shape.presence[i] ?? 0);
      for (; stale !== 0; stale &= stale - 1) {
        const slot = SLOTS[(i << 5) + 31 - Math.clz32(stale & -stale)];
        if (slot === undefined) continue;
        event.dropSlot(slot);
        if (slot.kind === 'cpus') this.#masks[slot.index] = undefined;
      }
      event.presence[i] = shape.presence[i] ?? 0;
    }
    event.setText(SLOT.phase.index, shape.phase);
    event.setText(SLOT.step.index, shape.step);
    this.shape = shape;
  }
}
