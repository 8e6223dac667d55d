// A set of CPU (or cid) numbers as a bit mask, with the kernel's cpulist spelling.

const LIST = /^\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*$/;
const HEX = /^0x[0-9a-f]+$/i;

/** Largest CPU number a cpulist may name: CONFIG_NR_CPUS never exceeds 8192. */
export const MAX_CPU = 8191;

/** A mutable set of small integers. Words hold 32 members each; words beyond `words.length` are empty. */
export class CpuMask {
  words: Int32Array;

  constructor(nrBits = 64) {
    this.words = new Int32Array(Math.max(1, (nrBits + 31) >> 5));
  }

  static fromList(list: string): CpuMask | undefined {
    const mask = new CpuMask();
    return mask.parse(list) ? mask : undefined;
  }

  static of(...cpus: readonly number[]): CpuMask {
    const mask = new CpuMask();
    for (const cpu of cpus) mask.add(cpu);
    return mask;
  }

  has(cpu: number): boolean {
    return cpu >= 0 && (((this.words[cpu >> 5] ?? 0) >>> (cpu & 31)) & 1) === 1;
  }

  add(cpu: number): void {
    this.#grow(cpu >> 5);
    const word = cpu >> 5;
    this.words[word] = (this.words[word] ?? 0) | (1 << (cpu & 31));
  }

  /** Adds the members of another mask. */
  addAll(other: CpuMask): void {
    this.#grow(other.words.length - 1);
    for (let i = 0; i < other.words.length; i++) this.words[i] = (this.words[i] ?? 0) | (other.words[i] ?? 0);
  }

  delete(cpu: number): void {
    const word = cpu >> 5;
    if (word < this.words.length) this.words[word] = (this.words[word] ?? 0) & ~(1 << (cpu & 31));
  }

  clear(): void {
    this.words.fill(0);
  }

  setWord(index: number, bits: number): void {
    if (bits !== 0) this.#grow(index);
    if (index < this.words.length) this.words[index] = bits;
  }

  copy(other: CpuMask): void {
    if (this.words.length < other.words.length) this.words = new Int32Array(other.words.length);
    this.words.fill(0);
    this.words.set(other.words);
  }

  clone(): CpuMask {
    const mask = new CpuMask(this.words.length << 5);
    mask.copy(this);
    return mask;
  }

  equals(other: CpuMask): boolean {
    const length = Math.max(this.words.length, other.words.length);
    for (let i = 0; i < length; i++) if ((this.words[i] ?? 0) !== (other.words[i] ?? 0)) return false;
    return true;
  }

  isSubsetOf(other: CpuMask): boolean {
    for (let i = 0; i < this.words.length; i++) if (((this.words[i] ?? 0) & ~(other.words[i] ?? 0)) !== 0) return false;
    return true;
  }

  intersects(other: CpuMask): boolean {
    const length = Math.min(this.words.length, other.words.length);
    for (let i = 0; i < length; i++) if (((this.words[i] ?? 0) & (other.words[i] ?? 0)) !== 0) return true;
    return false;
  }

  get isEmpty(): boolean {
    return this.words.every((word) => word === 0);
  }

  /** Number of members. */
  get size(): number {
    let n = 0;
    for (const word of this.words) for (let rest = word; rest !== 0; rest &= rest - 1) n++;
    return n;
  }

  /** Smallest member, or -1 when empty. */
  get first(): number {
    for (let i = 0; i < this.words.length; i++) {
      const word = this.words[i] ?? 0;
      if (word !== 0) return (i << 5) + (31 - Math.clz32(word & -word));
    }
    return -1;
  }

  /** Largest member, or -1 when empty. */
  get last(): number {
    for (let i = this.words.length - 1; i >= 0; i--) {
      const word = this.words[i] ?? 0;
      if (word !== 0) return (i << 5) + 31 - Math.clz32(word);
    }
    return -1;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let i = 0; i < this.words.length; i++) {
      for (let rest = this.words[i] ?? 0; rest !== 0; rest &= rest - 1)
        yield (i << 5) + (31 - Math.clz32(rest & -rest));
    }
  }

  /**
   * Replaces the contents with a cpulist such as `0-3,8`, or a hexadecimal mask such as `0x10f`; false (and empty) when the
   * text is neither.
   */
  parse(list: string): boolean {
    this.clear();
    if (list === '') return true;
    if (HEX.test(list)) return this.#parseHex(list.slice(2));
    if (!LIST.test(list)) return false;
    for (const part of list.split(',')) {
      const dash = part.indexOf('-');
      const from = Number(dash < 0 ? part : part.slice(0, dash));
      const to = Number(dash < 0 ? part : part.slice(dash + 1));
      if (to < from || to > MAX_CPU) {
        this.clear();
        return false;
      }
      for (let cpu = from; cpu <= to; cpu++) this.add(cpu);
    }
    return true;
  }

  #parseHex(digits: string): boolean {
    if (digits.length > (MAX_CPU + 1) / 4) return false;
    for (let end = digits.length, word = 0; end > 0; end -= 8, word++)
      this.setWord(word, Number.parseInt(digits.slice(Math.max(0, end - 8), end), 16) | 0);
    return true;
  }

  /** The cpulist spelling, `''` when empty. */
  toString(): string {
    const parts: string[] = [];
    let from = -1;
    let previous = -2;
    for (const cpu of this) {
      if (cpu !== previous + 1) {
        if (from >= 0) parts.push(from === previous ? `${from}` : `${from}-${previous}`);
        from = cpu;
      }
      previous = cpu;
    }
    if (from >= 0) parts.push(from === previous ? `${from}` : `${from}-${previous}`);
    return parts.join(',');
  }

  #grow(word: number): void {
    if (word < this.words.length) return;
    const words = new Int32Array(word + 1);
    words.set(this.words);
    this.words = words;
  }
}
