// Texts and what may follow them, in one array that stays in the processor's cache.
import { tailMask } from './word-patterns.ts';

/** Steps are known by their place in `steps`, which has at these distances: */
/** another step that may be there instead, 0: none; */
const OTHER = 0;
/** the first of the steps that may follow, 0: none; */
export const NEXT = 1;
/** four numbers of the owner's; */
export const OWN = 2;
/** the length of the text in bytes, and which bits of its last word count; */
const LENGTH = 6;
const TAIL = 7;
/** and the text, by words of four bytes. */
const TEXT = 8;

/** Words that all steps together may take. */
const CAPACITY = 1 << 16;

export class ShapeTree {
  /** Made with the first step: most traces are small. */
  steps = new Int32Array(0);
  #end = 1;

  get isFull(): boolean {
    return this.#end > CAPACITY / 2;
  }

  clear(): void {
    this.#end = 1;
  }

  /** The step from `first` on, among those that may be there, whose text is at `from` and ends before `to`; 0: none. */
  find(first: number, view: DataView, from: number, to: number): number {
    const { steps } = this;
    let step = first;
    while (step !== 0 && !this.#isAt(step, view, from, to)) step = steps[step + OTHER] ?? 0;
    return step;
  }

  lengthOf(step: number): number {
    return this.steps[step + LENGTH] ?? 0;
  }

  /** Adds a step for the text at `from..to`, before `other`; 0: there is no room for it. */
  add(view: DataView, from: number, to: number, other: number, own: readonly number[]): number {
    if (this.steps.length === 0) this.steps = new Int32Array(CAPACITY);
    const { steps } = this;
    const words = (to - from + 3) >> 2;
    const step = this.#end;
    if (step + TEXT + words > CAPACITY) return 0;
    this.#end += TEXT + words;
    steps[step + OTHER] = other;
    steps[step + NEXT] = 0;
    steps.set(own, step + OWN);
    steps[step + LENGTH] = to - from;
    steps[step + TAIL] = tailMask(to - from);
    for (let i = 0; i < words; i++) steps[step + TEXT + i] = view.getInt32(from + i * 4, true);
    const last = step + TEXT + words - 1;
    steps[last] = (steps[last] ?? 0) & tailMask(to - from);
    return step;
  }

  #isAt(step: number, view: DataView, from: number, to: number): boolean {
    const { steps } = this;
    const length = steps[step + LENGTH] ?? 0;
    if (from + length > to) return false;
    const last = from + length - 4;
    let word = step + TEXT;
    let at = from;
    for (; at < last; at += 4, word++) if (view.getInt32(at, true) !== steps[word]) return false;
    return (view.getInt32(at, true) & (steps[step + TAIL] ?? 0)) === steps[word];
  }
}
