// A ring of chunks in shared memory: one thread fills them, one empties them, each waits for the other where it must.

/** Words of a chunk (even), of which the first ones describe it. */
const CHUNK_WORDS = 1 << 16;
const CHUNKS = 32;

const USED = 0;
const FLAGS = 1;
const BASE_LO = 2;
const BASE_HI = 3;
/** First word of the contents; even, so that doubles can lie there. */
export const CHUNK_BEGIN = 4;
export const CHUNK_END = CHUNK_WORDS;

/** A message of definitions was sent for this chunk. */
const HAS_DEFINITIONS = 1;
/** The last chunk of a run; a message of how it ended was sent. */
const IS_LAST = 2;

/** Memory of events as 32-bit words; two of them are a double. */
export interface Chunk {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
}

// Words that the threads share beside the chunks, an even number. The counts wrap around.
const FILLED = 0;
const EMPTIED = 1;
const STOP = 2;
const PULSE = 3;
const CONTROL_WORDS = 4;

/** How long to wait for the other thread before looking whether it is alive, ms. */
const WAIT_MS = 5000;
/** After so many waits without a sign of life it is not. */
const MAX_WAITS = 12;

export interface ChunkInfo {
  /** End of the contents. */
  readonly end: number;
  readonly hasDefinitions: boolean;
  readonly isLast: boolean;
  /** Time of `t = 0` as far as the writer knows it. */
  readonly baseHi: number;
  readonly baseLo: number;
}

export class ChunkRing {
  readonly memory: SharedArrayBuffer;
  readonly #control: Int32Array;
  readonly #chunks: readonly Chunk[];

  constructor(memory = new SharedArrayBuffer((CONTROL_WORDS + CHUNKS * CHUNK_WORDS) * 4)) {
    this.memory = memory;
    this.#control = new Int32Array(memory, 0, CONTROL_WORDS);
    this.#chunks = Array.from({ length: CHUNKS }, (_, i) => {
      const from = (CONTROL_WORDS + i * CHUNK_WORDS) * 4;
      return {
        words: new Int32Array(memory, from, CHUNK_WORDS),
        doubles: new Float64Array(memory, from, CHUNK_WORDS / 2),
      };
    });
  }

  /** The chunk to be filled next, once it is free. */
  toFill(): Chunk {
    const filled = Atomics.load(this.#control, FILLED);
    // The reader takes its time, or is stopped in a debugger: the writer waits as long as it takes.
    for (;;) {
      const emptied = Atomics.load(this.#control, EMPTIED);
      if (((filled - emptied) | 0) < CHUNKS) return this.#chunk(filled);
      Atomics.wait(this.#control, EMPTIED, emptied);
    }
  }

  /** Passes on the chunk that `toFill` gave. */
  fill({ words }: Chunk, { end, hasDefinitions, isLast, baseHi, baseLo }: ChunkInfo): void {
    words[USED] = end;
    words[FLAGS] = (hasDefinitions ? HAS_DEFINITIONS : 0) | (isLast ? IS_LAST : 0);
    words[BASE_LO] = baseLo;
    words[BASE_HI] = baseHi;
    Atomics.add(this.#control, FILLED, 1);
    Atomics.notify(this.#control, FILLED);
  }

  /** The chunk to be emptied next, once it is there; undefined when the writer gave no sign of life for a minute. */
  toEmpty(): Chunk | undefined {
    const emptied = Atomics.load(this.#control, EMPTIED);
    let pulse = Atomics.load(this.#control, PULSE);
    for (let waits = 0; waits < MAX_WAITS; waits++) {
      if (Atomics.load(this.#control, FILLED) !== emptied) return this.#chunk(emptied);
      Atomics.wait(this.#control, FILLED, emptied, WAIT_MS);
      const now = Atomics.load(this.#control, PULSE);
      if (now !== pulse) waits = 0;
      pulse = now;
    }
    return undefined;
  }

  infoOf({ words }: Chunk): ChunkInfo {
    const flags = words[FLAGS] ?? 0;
    return {
      end: words[USED] ?? 0,
      hasDefinitions: (flags & HAS_DEFINITIONS) !== 0,
      isLast: (flags & IS_LAST) !== 0,
      baseHi: words[BASE_HI] ?? 0,
      baseLo: words[BASE_LO] ?? 0,
    };
  }

  /** Gives back the chunk that `toEmpty` gave. */
  empty(): void {
    Atomics.add(this.#control, EMPTIED, 1);
    Atomics.notify(this.#control, EMPTIED);
  }

  /** Asks the writer to end. */
  stop(): void {
    Atomics.store(this.#control, STOP, 1);
  }

  /** Should the writer end? A run that begins anew takes the wish back. */
  get stopped(): boolean {
    return Atomics.load(this.#control, STOP) === 1;
  }

  start(): void {
    Atomics.store(this.#control, STOP, 0);
  }

  /** A sign of life of the writer. */
  beat(): void {
    Atomics.add(this.#control, PULSE, 1);
  }

  #chunk(count: number): Chunk {
    const chunk = this.#chunks[(count >>> 0) % CHUNKS];
    if (chunk === undefined) throw new RangeError(`no chunk ${count}`);
    return chunk;
  }
}
