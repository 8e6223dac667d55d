// Buffered synchronous text output to a file or to standard output. A reader that goes away is not an error.
import { closeSync, openSync, writeSync } from 'node:fs';
import { notWritable } from '../errors.ts';

const FLUSH_CHARS = 256 * 1024;
/** How long to leave the reader of a full pipe alone: asking again at once would take the CPU from it. */
const FULL_PIPE_MS = 2;
const NEVER_CHANGES = new Int32Array(new SharedArrayBuffer(4));

export class OutputFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #owned: boolean;
  #pending = '';
  #closed = false;

  /** `path` undefined: standard output. */
  constructor(path?: string) {
    this.#owned = path !== undefined;
    this.#path = path ?? 'standard output';
    try {
      this.#fd = path === undefined ? 1 : openSync(path, 'w');
    } catch (error) {
      throw notWritable(this.#path, error);
    }
  }

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= FLUSH_CHARS) this.flush();
  }

  flush(): void {
    const bytes = Buffer.from(this.#pending);
    this.#pending = '';
    for (let done = 0; done < bytes.length && !this.#closed; ) done += this.#writeSome(bytes, done);
  }

  close(): void {
    this.flush();
    if (this.#owned) closeSync(this.#fd);
  }

  #writeSome(bytes: Buffer, from: number): number {
    try {
      return writeSync(this.#fd, bytes, from);
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      // A pipe that is full for the moment, when it is not blocking.
      if (code === 'EAGAIN') {
        Atomics.wait(NEVER_CHANGES, 0, 0, FULL_PIPE_MS);
        return 0;
      }
      if (code === 'EPIPE') {
        this.#closed = true;
        return 0;
      }
      throw notWritable(this.#path, error);
    }
  }
}
