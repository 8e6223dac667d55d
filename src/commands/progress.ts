// A progress line on stderr, only when stderr is a terminal and the work takes long enough to notice.
import type { CommandContext } from './context.ts';

const FIRST_AFTER_MS = 500;
const EVERY_MS = 100;

export class Progress {
  readonly #context: CommandContext;
  readonly #path: string;
  readonly #start = Date.now();
  #last = 0;
  #shown = false;

  constructor(context: CommandContext, path: string) {
    this.#context = context;
    this.#path = path;
  }

  /** `done` is the number of records read so far. */
  update(done: number): void {
    if (!this.#context.stderr.isTTY) return;
    const now = Date.now();
    if (now - this.#start < FIRST_AFTER_MS || now - this.#last < EVERY_MS) return;
    this.#last = now;
    this.#shown = true;
    this.#context.stderr.write(`\r${this.#path}: ${(done / 1e6).toFixed(1)} M records\u001b[K`);
  }

  end(): void {
    if (this.#shown) this.#context.stderr.write('\r\u001b[K');
    this.#shown = false;
  }
}
