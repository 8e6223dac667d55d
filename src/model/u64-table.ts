// Objects by 64-bit key (addresses, instance ids): open addressing over two halves, no BigInt, no strings.

export class U64Table<T> {
  #his = new Int32Array(64);
  #los = new Int32Array(64);
  #values: (T | undefined)[] = new Array<T | undefined>(64).fill(undefined);
  #used = 0;

  get(hi: number, lo: number): T | undefined {
    const mask = this.#values.length - 1;
    for (let i = hash(hi, lo) & mask; ; i = (i + 1) & mask) {
      const value = this.#values[i];
      if (value === undefined) return undefined;
      if (this.#los[i] === lo && this.#his[i] === hi) return value;
    }
  }

  set(hi: number, lo: number, value: T): void {
    if (this.#used * 2 >= this.#values.length) this.#grow();
    const mask = this.#values.length - 1;
    let i = hash(hi, lo) & mask;
    for (; this.#values[i] !== undefined; i = (i + 1) & mask) {
      if (this.#los[i] === lo && this.#his[i] === hi) {
        this.#values[i] = value;
        return;
      }
    }
    this.#his[i] = hi;
    this.#los[i] = lo;
    this.#values[i] = value;
    this.#used++;
  }

  delete(hi: number, lo: number): void {
    if (this.get(hi, lo) === undefined) return;
    const entries = [...this.entries()].filter((entry) => entry.hi !== hi || entry.lo !== lo);
    this.clear();
    for (const entry of entries) this.set(entry.hi, entry.lo, entry.value);
  }

  clear(): void {
    this.#values.fill(undefined);
    this.#used = 0;
  }

  *entries(): Generator<{ hi: number; lo: number; value: T }> {
    for (const [i, value] of this.#values.entries()) {
      if (value !== undefined) yield { hi: this.#his[i] ?? 0, lo: this.#los[i] ?? 0, value };
    }
  }

  *values(): Generator<T> {
    for (const value of this.#values) if (value !== undefined) yield value;
  }

  #grow(): void {
    const entries = [...this.entries()];
    const size = this.#values.length * 2;
    this.#his = new Int32Array(size);
    this.#los = new Int32Array(size);
    this.#values = new Array<T | undefined>(size).fill(undefined);
    this.#used = 0;
    for (const { hi, lo, value } of entries) this.set(hi, lo, value);
  }
}

/** Addresses differ in their middle bits; low bits are alignment. */
function hash(hi: number, lo: number): number {
  const mixed = Math.imul(lo ^ (lo >>> 15) ^ Math.imul(hi, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 13);
}
