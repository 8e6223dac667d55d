// A seekable input: an open file, or bytes in memory. Every reader works on one, so that any input can be read again.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../errors.ts';

/** Bytes read at a time by sequential readers. */
export const CHUNK_BYTES = 256 * 1024;

export interface Source {
  /** Path as the user gave it; `-` for standard input. */
  readonly path: string;
  /** Bytes after decompression. */
  readonly size: number;
  /** How the input was compressed, for the report. */
  readonly compression: 'none' | 'gzip' | 'zstd' | 'xz';
  /** Descriptor of the file that holds the bytes, where one does: another thread can read by it. */
  readonly fd?: number;
  /** Fills `target` from byte `position` on; returns the number of bytes read, fewer only at the end. */
  readAt(position: number, target: Uint8Array): number;
  close(): void;
}

/** Bytes that are already in memory. */
export class MemorySource implements Source {
  readonly path: string;
  readonly compression: Source['compression'];
  readonly #bytes: Uint8Array;

  constructor(path: string, bytes: Uint8Array, compression: Source['compression'] = 'none') {
    this.path = path;
    this.#bytes = bytes;
    this.compression = compression;
  }

  get size(): number {
    return this.#bytes.length;
  }

  readAt(position: number, target: Uint8Array): number {
    const part = this.#bytes.subarray(position, position + target.length);
    target.set(part);
    return part.length;
  }

  close(): void {}
}

/** An open regular file (possibly already unlinked). */
export class FileSource implements Source {
  readonly path: string;
  readonly size: number;
  readonly compression: Source['compression'];
  readonly fd: number;

  constructor(path: string, fd: number, compression: Source['compression'] = 'none') {
    this.path = path;
    this.fd = fd;
    this.size = fstatSync(fd).size;
    this.compression = compression;
  }

  static open(path: string): FileSource {
    return new FileSource(path, openForReading(path));
  }

  readAt(position: number, target: Uint8Array): number {
    let done = 0;
    while (done < target.length) {
      const n = this.#read(target, done, position + done);
      if (n === 0) break;
      done += n;
    }
    return done;
  }

  close(): void {
    closeSync(this.fd);
  }

  #read(target: Uint8Array, from: number, position: number): number {
    try {
      return readSync(this.fd, target, from, target.length - from, position);
    } catch (error) {
      throw notReadable(this.path, error);
    }
  }
}

/** Opens a file, turning the system's error into one that says what to do. */
export function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw notReadable(path, error);
  }
}

/** Words for an error of the file system. */
export function notReadable(path: string, error: unknown): InputError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reasons: Record<string, string> = {
    ENOENT: 'no such file',
    EACCES: 'no permission to read',
    EISDIR: 'is a directory',
    ENOTDIR: 'no such file',
  };
  const what = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return new InputError({ code: 'not-readable', path }, `cannot read: ${what}`);
}

/** The first bytes of a source, at most `length`. */
export function readHead(source: Source, length: number): Uint8Array {
  const head = new Uint8Array(Math.min(length, source.size));
  return head.subarray(0, source.readAt(0, head));
}

/** The bytes of a source in order. The chunk is reused: copy what must outlive the next step. */
export function* chunksOf(source: Source, chunkBytes = CHUNK_BYTES): Generator<Uint8Array> {
  const buffer = new Uint8Array(chunkBytes);
  for (let position = 0; ; ) {
    const n = source.readAt(position, buffer);
    if (n === 0) return;
    position += n;
    yield buffer.subarray(0, n);
  }
}
