// Trials of a search for a bug that shows only sometimes: commits and runs come from a seed. Shared by tests and benchmark.
import { type SearchReport, search } from '../../src/bisect/drive.ts';
import { oneLine } from '../../src/bisect/history.ts';
import { randomFrom } from './random.ts';

export interface Trial {
  /** Index of the commit that brought the bug. */
  readonly culprit: number;
  readonly found: number | undefined;
  readonly report: SearchReport;
}

export interface TrialOptions {
  readonly commits: number;
  readonly rate: number;
  /** The search is told the rate. */
  readonly told: boolean;
  readonly confidence?: number;
}

export async function flakyTrial(seed: number, options: TrialOptions): Promise<Trial> {
  const random = randomFrom(seed);
  const culprit = Math.floor(random() * options.commits);
  const report = await search(
    oneLine(options.commits),
    {
      confidence: options.confidence ?? 0.99,
      rate: options.told ? options.rate : undefined,
      maxRuns: 10_000,
      learnRuns: 200,
    },
    (index) => ({ kind: index >= culprit && random() < options.rate ? 'hit' : 'miss', reason: '' }),
  );
  return { culprit, found: report.end === 'found' ? report.suspects[0]?.index : undefined, report };
}

/** What `git bisect run` makes of the same bug: one run a commit, believed. */
export function plainTrial(
  seed: number,
  { commits, rate }: TrialOptions,
): { culprit: number; found: number; runs: number } {
  const random = randomFrom(seed);
  const culprit = Math.floor(random() * commits);
  let low = -1;
  let high = commits - 1;
  let runs = 0;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    runs++;
    if (middle >= culprit && random() < rate) high = middle;
    else low = middle;
  }
  return { culprit, found: high, runs };
}
