// Delta debugging: removes parts of a list, large ones first, as long as a test still holds. Deterministic.

/** The test for what is kept; true: it still holds. */
export type KeepTest<T> = (kept: readonly T[]) => boolean;

/**
 * A sublist of `items` for which the test holds and that does not stand the removal of any single item. The test must hold
 * for `items` itself. Chunks are tried from the beginning on, so that of several items that would do the last one stays. `first`
 * is the size of the largest chunks: where most items are known to be needed, trying more than one at a time is in vain.
 */
export function ddmin<T>(items: readonly T[], test: KeepTest<T>, first = items.length >> 1): readonly T[] {
  let kept = items;
  let size = Math.max(1, first);
  for (;;) {
    const before = kept.length;
    kept = removeChunks(kept, size, test);
    if (size > 1) size = Math.min(size >> 1, Math.max(1, kept.length >> 1));
    else if (kept.length === before) return kept;
  }
}

/** One pass: each chunk of `size` items is taken out if the test holds without it. */
function removeChunks<T>(items: readonly T[], size: number, test: KeepTest<T>): readonly T[] {
  let kept = items;
  for (let start = 0; start < kept.length; ) {
    const candidate = [...kept.slice(0, start), ...kept.slice(start + size)];
    if (test(candidate)) kept = candidate;
    else start += size;
  }
  return kept;
}
