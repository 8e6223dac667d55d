// The decompressors that a trace.dat of version 7 may name. Each is loaded when a file needs it.
import { InputError } from '../../errors.ts';

/** Decompresses one block of known size. `where` names it in errors. */
export type Inflate = (packed: Uint8Array, size: number, where: string) => Uint8Array;

/** More than any recorder packs into one block; a larger size is damage, not a reason to allocate. */
const MAX_BLOCK = 512 * 1024 * 1024;

/** The decompressor with that name, which stands at `position`; undefined for `none`. */
export async function inflaterFor(name: string, path: string, position: string): Promise<Inflate | undefined> {
  if (name === 'none' || name === '') return undefined;
  if (name === 'zstd') {
    const { zstdBlock } = await import('../../input/zstd.ts');
    return guarded(path, await zstdBlock());
  }
  if (name === 'zlib') {
    const { inflateSync } = await import('node:zlib');
    return guarded(path, (packed, size) => inflateSync(packed, { maxOutputLength: Math.max(1, size) }));
  }
  throw new InputError(
    {
      code: 'unsupported',
      path,
      position,
      expected: 'none, zlib or zstd',
      found: JSON.stringify(name),
      hint: 'write it anew with: trace-cmd convert --compression zstd',
    },
    'the compression of this trace.dat is not supported',
  );
}

function guarded(path: string, inflate: (packed: Uint8Array, size: number) => Uint8Array): Inflate {
  return (packed, size, where) => {
    try {
      if (size > MAX_BLOCK) throw new Error(`a block of ${size} bytes is impossible`);
      const bytes = inflate(packed, size);
      if (bytes.length !== size) throw new Error(`${bytes.length} bytes instead of ${size}`);
      return bytes;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InputError(
        {
          code: 'damaged',
          path,
          position: where,
          hint: 'the file is damaged; copy or record it again',
        },
        `compressed data cannot be unpacked: ${reason}`,
      );
    }
  };
}
