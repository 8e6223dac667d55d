// zstd: the library, and what it does not notice by itself.

/** Decompresses a stream, block by block. Damaged and cut-off data is an Error. */
export async function zstdStream(): Promise<(blocks: Iterable<Uint8Array>) => Generator<Uint8Array>> {
  const { ZSTDDecoder } = await import('zstddec/stream');
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return (blocks) => withoutStandstill(blocks, (watched) => decoder.decodeStreaming(watched));
}

/** Decompresses a block; `size` is 0 where its size is not known. Damaged data is an Error, or has another size. */
export async function zstdBlock(): Promise<(packed: Uint8Array, size: number) => Uint8Array> {
  const [{ ZSTDDecoder }, stream] = await Promise.all([import('zstddec'), zstdStream()]);
  const decoder = new ZSTDDecoder();
  await decoder.init();
  return (packed, size) => (size > 0 ? decoder.decode(packed, size) : Buffer.concat([...stream([packed])]));
}

/**
 * On damaged data the library goes round for ever: it takes nothing and gives nothing. More empty results than the block has
 * bytes cannot come of anything else.
 */
function* withoutStandstill(
  blocks: Iterable<Uint8Array>,
  decode: (blocks: Iterable<Uint8Array>) => Generator<Uint8Array>,
): Generator<Uint8Array> {
  let patience = 0;
  const watched = function* (): Generator<Uint8Array> {
    for (const block of blocks) {
      patience = block.length;
      yield block;
    }
  };
  for (const chunk of decode(watched())) {
    if (chunk.length > 0) yield chunk;
    else if (--patience < 0) throw new Error('the data is damaged');
  }
}
