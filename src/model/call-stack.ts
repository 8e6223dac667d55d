// The calls that one CPU is inside of: kind, begin and task of each.

/** The functions followed do not call themselves, so that there are never more calls than kinds of them. */
const DEPTH = 32;

/** A stack of calls without an object per call. */
export class CallStack {
  depth = 0;
  readonly #kinds = new Int32Array(DEPTH);
  readonly #seqs = new Float64Array(DEPTH);
  readonly #pids = new Int32Array(DEPTH);

  push(kind: number, seq: number, pid: number): void {
    if (this.depth >= DEPTH) this.remove(0);
    const { depth } = this;
    this.#kinds[depth] = kind;
    this.#seqs[depth] = seq;
    this.#pids[depth] = pid;
    this.depth++;
  }

  /** Place of the innermost call of that kind; -1 none. */
  find(kind: number): number {
    for (let i = this.depth - 1; i >= 0; i--) if (this.#kinds[i] === kind) return i;
    return -1;
  }

  /** Kind of the call at a place; -1 when there is none. */
  kindAt(place: number): number {
    return place >= 0 && place < this.depth ? (this.#kinds[place] ?? -1) : -1;
  }

  /** Ordinal of the event at which the call at a place began; -1 when there is none. */
  seqAt(place: number): number {
    return place >= 0 && place < this.depth ? (this.#seqs[place] ?? -1) : -1;
  }

  pidAt(place: number): number {
    return place >= 0 && place < this.depth ? (this.#pids[place] ?? -1) : -1;
  }

  /** Takes one call out of the middle. */
  remove(place: number): void {
    this.#kinds.copyWithin(place, place + 1, this.depth);
    this.#seqs.copyWithin(place, place + 1, this.depth);
    this.#pids.copyWithin(place, place + 1, this.depth);
    this.depth--;
  }
}
