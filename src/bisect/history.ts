// The commits between good and bad, and which of them contain which: a commit shows a bug if the commit that brought it is
// among its ancestors.

/** A commit to test. */
export interface Commit {
  readonly hash: string;
  /** First line of its message. */
  readonly subject: string;
  /** Hashes of its parents; those outside of the history are known to be good. */
  readonly parents: readonly string[];
}

/** Commits from the oldest to the newest; the last one is known to be bad, what is not listed is good. */
export class History {
  readonly commits: readonly Commit[];
  /** For each commit a bit set of the commits that it contains, itself included; undefined where history is one line. */
  readonly #contained: readonly Uint32Array[] | undefined;

  /** `commits` in topological order, parents first. */
  constructor(commits: readonly Commit[]) {
    this.commits = commits;
    this.#contained = isOneLine(commits) ? undefined : containment(commits);
  }

  get length(): number {
    return this.commits.length;
  }

  /** Does commit `i` contain commit `k`? */
  contains(i: number, k: number): boolean {
    if (this.#contained === undefined) return k <= i;
    return (((this.#contained[i]?.[k >> 5] ?? 0) >>> (k & 31)) & 1) === 1;
  }

  /** For each commit the sum of the values of all commits that it contains. */
  sums(values: Float64Array): Float64Array {
    const sums = new Float64Array(values.length);
    if (this.#contained === undefined) {
      let sum = 0;
      for (let i = 0; i < values.length; i++) {
        sum += values[i] ?? 0;
        sums[i] = sum;
      }
      return sums;
    }
    for (const [i, bits] of this.#contained.entries()) {
      let sum = 0;
      for (let word = 0; word <= i >> 5; word++) {
        for (let rest = bits[word] ?? 0; rest !== 0; rest &= rest - 1)
          sum += values[word * 32 + (31 - Math.clz32(rest & -rest))] ?? 0;
      }
      sums[i] = sum;
    }
    return sums;
  }
}

function isOneLine(commits: readonly Commit[]): boolean {
  return commits.every(({ parents }, i) => i === 0 || (parents.length === 1 && parents[0] === commits[i - 1]?.hash));
}

function containment(commits: readonly Commit[]): Uint32Array[] {
  const index = new Map(commits.map(({ hash }, i) => [hash, i]));
  const words = (commits.length + 31) >> 5;
  const contained: Uint32Array[] = [];
  for (const [i, { parents }] of commits.entries()) {
    const bits = new Uint32Array(words);
    for (const parent of parents) {
      const of = contained[index.get(parent) ?? -1];
      if (of !== undefined) for (let word = 0; word < words; word++) bits[word] = (bits[word] ?? 0) | (of[word] ?? 0);
    }
    bits[i >> 5] = (bits[i >> 5] ?? 0) | (1 << (i & 31));
    contained.push(bits);
  }
  return contained;
}

/** A history without names and branches, for series and simulations. */
export function oneLine(length: number): History {
  return new History(
    Array.from({ length }, (_, i) => ({
      hash: String(i),
      subject: '',
      parents: i === 0 ? [] : [String(i - 1)],
    })),
  );
}
