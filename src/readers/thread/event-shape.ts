// What packed events of one shape have in common: type, phase, step and fields, and so the order in which the values lie.
import { MAX_CPU } from '../../trace/cpu-mask.ts';
import { newTraceEvent, SLOT, SLOTS, type TraceEvent } from '../../trace/event.ts';
import { isWide } from '../../trace/vocabulary/fields.ts';

// A packed event begins at an even word: shape, cpu, t and position as doubles, the values, and a word to make it even.
export const CPU_WORD = 1;
export const TIME_DOUBLE = 1;
export const POSITION_DOUBLE = 2;
/** Words in front of the values. */
export const EVENT_WORDS = 6;

/** Words that a packed event takes at most. */
export const MAX_EVENT_WORDS = ((): number => {
  const { words, strings, masks } = newTraceEvent();
  return EVENT_WORDS + 1 + words.length + strings.length + masks.length * (1 + ((MAX_CPU + 1) >> 5));
})();

/** A shape as it goes from one thread to the other. */
export interface ShapeMessage {
  readonly kind: number;
  readonly phase: string;
  readonly step: string;
  readonly presence: Int32Array;
}

export class EventShape {
  readonly id: number;
  readonly kind: number;
  readonly phase: string;
  readonly step: string;
  /** Presence bits of the record. */
  readonly presence: Int32Array;
  /** Indexes of the values in `words`, `strings` and `masks` of the record, in the order in which they are packed. */
  readonly words: Int32Array;
  readonly strings: Int32Array;
  readonly masks: Int32Array;
  /** It has strings or masks. */
  readonly hasTexts: boolean;

  /** `id`: number by which packed events name the shape. */
  constructor({ kind, phase, step, presence }: ShapeMessage, id: number) {
    this.id = id;
    this.kind = kind;
    this.phase = phase;
    this.step = step;
    this.presence = presence;
    const words: number[] = [];
    const strings: number[] = [];
    const masks: number[] = [];
    for (const slot of SLOTS) {
      const { id, index, kind } = slot;
      if ((((presence[id >> 5] ?? 0) >>> (id & 31)) & 1) === 0 || slot === SLOT.phase || slot === SLOT.step) continue;
      if (kind === 'str') strings.push(index);
      else if (kind === 'cpus') masks.push(index);
      else if (isWide(kind)) words.push(index, index + 1);
      else words.push(index);
    }
    this.words = Int32Array.from(words);
    this.strings = Int32Array.from(strings);
    this.masks = Int32Array.from(masks);
    this.hasTexts = strings.length + masks.length > 0;
  }

  /** Has the event this shape? Its type is known to be the same. */
  isOf({ phase, presence, step }: TraceEvent): boolean {
    if (phase !== this.phase || step !== this.step) return false;
    const own = this.presence;
    for (let i = 0; i < own.length; i++) if (own[i] !== presence[i]) return false;
    return true;
  }
}
