// The delta debugging algorithm as it is in the literature (subsets, then complements, then finer), over single events: what
// slicing is compared with.

/** Ordinals of a part of `0..length-1` for which the test holds and from which no single event can be taken. */
export function plainDdmin(length: number, test: (ordinals: Uint32Array) => boolean): Uint32Array {
  let kept: Uint32Array = Uint32Array.from({ length }, (_, i) => i);
  let n = 2;
  while (kept.length >= 2) {
    const size = Math.ceil(kept.length / n);
    const chunks = Math.ceil(kept.length / size);
    const next = subset(kept, size, chunks, test) ?? complement(kept, size, chunks, test);
    if (next !== undefined) {
      n = next.length <= size ? 2 : Math.max(n - 1, 2);
      kept = next;
    } else if (size === 1) break;
    else n = Math.min(kept.length, n * 2);
  }
  return kept;
}

function subset(
  kept: Uint32Array,
  size: number,
  chunks: number,
  test: (part: Uint32Array) => boolean,
): Uint32Array | undefined {
  for (let i = 0; i < chunks; i++) {
    const part = kept.slice(i * size, (i + 1) * size);
    if (part.length < kept.length && test(part)) return part;
  }
  return undefined;
}

function complement(
  kept: Uint32Array,
  size: number,
  chunks: number,
  test: (part: Uint32Array) => boolean,
): Uint32Array | undefined {
  if (chunks === 2) return undefined;
  for (let i = 0; i < chunks; i++) {
    const part = new Uint32Array(kept.length - (Math.min(kept.length, (i + 1) * size) - i * size));
    part.set(kept.subarray(0, i * size));
    part.set(kept.subarray(Math.min(kept.length, (i + 1) * size)), i * size);
    if (test(part)) return part;
  }
  return undefined;
}
