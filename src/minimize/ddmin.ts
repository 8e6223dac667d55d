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
  for (let size = Math.max(1, first); size > 1; size = Math.min(size >> 1, Math.max(1, kept.length >> 1)))
    kept = removeChunks(kept, size, test);
  return removeSingles(kept, test);
}

/** Takes out single items, round and round, until none of them can be spared beside all others that are left. */
function removeSingles<T>(items: readonly T[], test: KeepTest<T>): readonly T[] {
  let kept = items;
  let at = 0;
  // What was tried since the last removal was tried beside just those that are left now.
  for (let needed = 0; needed < kept.length; ) {
    if (at >= kept.length) at = 0;
    const candidate = [...kept.slice(0, at), ...kept.slice(at + 1)];
    if (test(candidate)) {
      kept = candidate;
      needed = 0;
    } else {
      at++;
      needed++;
    }
  }
  return kept;
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
