// What the survey noted of each line, so that reading the events need not look at its head again.

/** Lines noted together. */
const BLOCK = 1 << 16;
/** Lines beyond these are not noted: the memory stays bounded. */
const MAX_BLOCKS = 64;

/** Words of a note: ns since the line before; length, place of the arguments and number of the name; CPU. */
const WORDS = 3;
const MAX_LENGTH = 0xffff;
const MAX_BYTE = 0xff;

const NOTHING = new Uint32Array(0);

export class LineNotes {
  // The note that was read last.
  /** Bytes of the line. */
  length = 0;
  /** Time since the event before, ns. */
  delta = 0;
  cpu = 0;
  /** Number of the printed name. */
  name = 0;
  /** Place of the arguments in the line. */
  args = 0;
  readonly #blocks: Uint32Array[] = [];
  #block: Uint32Array = NOTHING;
  /** Number of the block in `#block`. */
  #index = -1;

  /** Notes line number `line`, from 1; what does not fit is left out. Lines are noted, and read, in their order. */
  add(line: number, length: number, delta: number, cpu: number, name: number, args: number): void {
    if (length > MAX_LENGTH || name > MAX_BYTE || args > MAX_BYTE || delta < 0 || delta > 0xffffffff) return;
    if (line >>> 16 !== this.#index) this.#begin(line >>> 16);
    const block = this.#block;
    const at = (line & (BLOCK - 1)) * WORDS;
    block[at] = delta;
    block[at + 1] = length | (args << 16) | (name << 24);
    block[at + 2] = cpu;
  }

  /** Reads what was noted of line number `line`; false when nothing was. */
  read(line: number): boolean {
    if (line >>> 16 !== this.#index) {
      this.#index = line >>> 16;
      this.#block = this.#blocks[this.#index] ?? NOTHING;
    }
    const block = this.#block;
    const at = (line & (BLOCK - 1)) * WORDS;
    const packed = block[at + 1] ?? 0;
    const length = packed & MAX_LENGTH;
    if (length === 0) return false;
    this.length = length;
    this.args = (packed >>> 16) & MAX_BYTE;
    this.name = packed >>> 24;
    this.delta = block[at] ?? 0;
    this.cpu = block[at + 2] ?? 0;
    return true;
  }

  #begin(index: number): void {
    this.#index = index;
    if (index >= MAX_BLOCKS) {
      // Writing outside of an array stores nothing.
      this.#block = NOTHING;
      return;
    }
    while (this.#blocks.length < index) this.#blocks.push(NOTHING);
    this.#block = new Uint32Array(BLOCK * WORDS);
    this.#blocks[index] = this.#block;
  }
}
