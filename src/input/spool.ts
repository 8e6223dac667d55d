// Collects bytes that come as a stream into something seekable: memory first, an unlinked temporary file when it grows.
import { mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileSource, MemorySource, type Source } from './source.ts';

/** Above this many bytes the spool goes to disk, so that memory does not grow with the input. */
const MEMORY_LIMIT = 24 * 1024 * 1024;

export class Spool {
  readonly #path: string;
  readonly #compression: Source['compression'];
  #parts: Uint8Array[] = [];
  #size = 0;
  #fd: number | undefined;

  constructor(path: string, compression: Source['compression']) {
    this.#path = path;
    this.#compression = compression;
  }

  /** Number of bytes written so far. */
  get size(): number {
    return this.#size;
  }

  write(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#fd === undefined && this.#size <= MEMORY_LIMIT) {
      this.#parts.push(chunk.slice());
      return;
    }
    this.#fd ??= this.#openFile();
    writeAll(this.#fd, chunk);
  }

  finish(): Source {
    if (this.#fd !== undefined) return new FileSource(this.#path, this.#fd, this.#compression);
    const bytes = Buffer.concat(this.#parts);
    this.#parts = [];
    return new MemorySource(this.#path, bytes, this.#compression);
  }

  /** The file is unlinked while open: it is gone when the process ends, however it ends. */
  #openFile(): number {
    const directory = mkdtempSync(join(tmpdir(), 'scx-check-'));
    const fd = openSync(join(directory, 'spool'), 'w+', 0o600);
    rmSync(directory, { recursive: true });
    for (const part of this.#parts) writeAll(fd, part);
    this.#parts = [];
    return fd;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done, bytes.length - done);
}
