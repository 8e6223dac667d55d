// A bounded window that puts things in the order of time which come a little out of it.

interface Waiting<T> {
  readonly time: number;
  readonly order: number;
  readonly item: T;
}

/** Holds up to `capacity` things; the earliest leaves when another comes in. */
export class ReorderWindow<T> {
  readonly #capacity: number;
  /** A binary heap by time, equal times in the order in which they came. */
  readonly #heap: Waiting<T>[] = [];
  #order = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Takes a thing; returns the one that must leave for it, undefined while there is room. */
  push(time: number, item: T): T | undefined {
    const heap = this.#heap;
    heap.push({ time, order: this.#order++, item });
    this.#up(heap.length - 1);
    return heap.length > this.#capacity ? this.pop() : undefined;
  }

  /** The earliest thing; undefined when there is none. */
  pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (heap.length > 0) {
      heap[0] = last;
      this.#down(0);
    }
    return first.item;
  }

  #before(a: number, b: number): boolean {
    const x = this.#heap[a];
    const y = this.#heap[b];
    if (x === undefined || y === undefined) return false;
    return x.time < y.time || (x.time === y.time && x.order < y.order);
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const x = heap[a];
    const y = heap[b];
    if (x === undefined || y === undefined) return;
    heap[a] = y;
    heap[b] = x;
  }

  #up(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #down(from: number): void {
    for (let at = from; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (this.#before(left, least)) least = left;
      if (this.#before(right, least)) least = right;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }
}
