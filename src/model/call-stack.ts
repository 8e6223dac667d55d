// The calls of the core that have begun on one CPU and not ended, the outermost first. No function is in it twice.

export class CallStack {
  readonly #kinds: Uint8Array;
  readonly #seqs: Float64Array;
  readonly #pids: Int32Array;
  length = 0;

  /** `capacity`: number of functions that are followed. */
  constructor(capacity: number) {
    this.#kinds = new Uint8Array(capacity);
    this.#seqs = new Float64Array(capacity);
    this.#pids = new Int32Array(capacity);
  }

  /** Event kind of the call at a place. */
  kindAt(place: number): number {
    return this.#kinds[place] ?? 0;
  }

  /** Event with which it began. */
  seqAt(place: number): number {
    return place >= 0 && place < this.length ? (this.#seqs[place] ?? -1) : -1;
  }

  pidAt(place: number): number {
    return this.#pids[place] ?? -1;
  }

  /** Place of the call of that kind; -1: it has not begun. */
  find(kind: number): number {
    for (let i = this.length - 1; i >= 0; i--) if (this.#kinds[i] === kind) return i;
    return -1;
  }

  push(kind: number, seq: number, pid: number): void {
    this.#kinds[this.length] = kind;
    this.#seqs[this.length] = seq;
    this.#pids[this.length] = pid;
    this.length++;
  }

  /** Takes out the call at a place; those inside it stay. */
  remove(place: number): void {
    this.#kinds.copyWithin(place, place + 1, this.length);
    this.#seqs.copyWithin(place, place + 1, this.length);
    this.#pids.copyWithin(place, place + 1, this.length);
    this.length--;
  }

  /** The calls from this place on are over. */
  cut(place: number): void {
    this.length = place;
  }
}
