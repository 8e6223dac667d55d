// Drives a search: learns the hit rate at the commit that is known to be bad, then runs what tells most until one commit is
// sure enough. Knows nothing of git, commands and traces.
import type { History } from './history.ts';
import { knownRate, NoisySearch, unknownRate } from './noisy-search.ts';

/** What a run says about its commit. */
export interface Outcome {
  /** `hit`: the bug showed; `miss`: its situation occurred and it did not; `skip`: nothing can be said. */
  readonly kind: 'hit' | 'miss' | 'skip';
  /** Why. */
  readonly reason: string;
  /** A skip that a further run of the same commit will not change, such as a build that fails. */
  readonly lasting?: boolean;
}

export interface SearchOptions {
  /** Probability with which the commit must be the right one. */
  readonly confidence: number;
  /** Hit rate, where it is known. */
  readonly rate?: number | undefined;
  /** Give up after this many runs. */
  readonly maxRuns: number;
  /** Runs of the bad commit after which it is given up when the bug never shows. */
  readonly learnRuns: number;
}

/** Hits at the bad commit before the search begins, where the rate is not known. */
const LEARN_HITS = 2;
/**
 * Part of the allowed error probability that is used. The search ends at a moment at which luck looks best, and the hit rate
 * is an estimate: without a reserve the share of wrong answers would be a little above what was asked for.
 */
const ERROR_SHARE = 0.25;
/** Runs of a commit that say nothing before it is left out. */
const SKIPS = 3;

export interface RunRecord extends Outcome {
  /** Index of the commit. */
  readonly index: number;
}

export type SearchEnd = 'found' | 'not shown' | 'stuck' | 'out of runs';

export interface SearchReport {
  readonly end: SearchEnd;
  /** Commits by falling probability, until they reach the confidence together; one of them if found. */
  readonly suspects: readonly { readonly index: number; readonly probability: number }[];
  /** Probability that the first suspect is not the one, if hit rate and runs are what they seem to be. */
  readonly error: number;
  /** Expected hit rate of a bad commit. */
  readonly rate: number;
  readonly runs: readonly RunRecord[];
}

/**
 * Searches the history. `run` tests a commit once. Runs of an earlier, interrupted search are taken in first, in their order,
 * and are not made again.
 */
export async function search(
  history: History,
  options: SearchOptions,
  run: (index: number, number: number) => Promise<Outcome> | Outcome,
  earlier: readonly RunRecord[] = [],
): Promise<SearchReport> {
  const noisy = new NoisySearch(history, options.rate === undefined ? unknownRate() : knownRate(options.rate));
  const runs: RunRecord[] = [];
  const skips = new Map<number, number>();
  const bad = history.length - 1;
  let current: number | undefined;
  let learned = 0;

  const take = (record: RunRecord): void => {
    runs.push(record);
    current = record.index;
    if (record.kind !== 'skip') {
      noisy.observe(record.index, record.kind === 'hit');
      if (record.kind === 'hit' && record.index === bad) learned++;
      return;
    }
    const n = (skips.get(record.index) ?? 0) + 1;
    skips.set(record.index, n);
    const said = runs.some(({ index, kind }) => index === record.index && kind !== 'skip');
    if (record.lasting === true || (n >= SKIPS && !said)) noisy.exclude(record.index);
  };
  const test = async (index: number): Promise<void> => {
    const { length } = runs;
    take({ index, ...(earlier[length] ?? (await run(index, length))) });
  };
  const report = (end: SearchEnd): SearchReport => {
    const posterior = noisy.posterior();
    const order = [...posterior.keys()].toSorted((a, b) => (posterior[b] ?? 0) - (posterior[a] ?? 0) || a - b);
    const suspects: { index: number; probability: number }[] = [];
    let sum = 0;
    for (const index of order) {
      if (sum >= options.confidence) break;
      const probability = posterior[index] ?? 0;
      suspects.push({ index, probability });
      sum += probability;
    }
    return { end, suspects, error: Math.max(0, 1 - (suspects[0]?.probability ?? 0)), rate: noisy.rate(), runs };
  };

  const sure = 1 - (1 - options.confidence) * ERROR_SHARE;
  const isShown = (): boolean => runs.some(({ kind }) => kind === 'hit');
  if (options.rate === undefined) {
    while (learned < LEARN_HITS) {
      if (runs.length >= options.maxRuns) return report('out of runs');
      if (runs.at(-1)?.lasting === true || (learned === 0 && runs.length >= options.learnRuns))
        return report('not shown');
      await test(bad);
    }
  }
  for (;;) {
    const isSure = Math.max(...noisy.posterior()) >= sure;
    if (isSure && isShown()) return report('found');
    const choice = noisy.choose(current);
    if (runs.length >= options.maxRuns) return report('out of runs');
    // Without any hit, nothing shows that the bug can be seen at all.
    if (isShown()) {
      if (choice === undefined) return report('stuck');
      await test(choice.index);
    } else if (runs.filter(({ index }) => index === bad).length >= options.learnRuns) return report('not shown');
    else await test(isSure || choice === undefined ? bad : choice.index);
  }
}
