// Recognises compressed input, apart from what undoes it: most input is not.
import type { Source } from './source.ts';

/** Compression by magic number. */
export function sniffCompression(head: Uint8Array): Source['compression'] {
  const [a, b, c, d, e, f] = head;
  if (a === 0x1f && b === 0x8b) return 'gzip';
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return 'zstd';
  if (a === 0xfd && b === 0x37 && c === 0x7a && d === 0x58 && e === 0x5a && f === 0x00) return 'xz';
  return 'none';
}
