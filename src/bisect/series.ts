// A row of verdicts in the order of history: where it changes, and whether it changes more than once.
import type { SeriesChange, SeriesEntry, SeriesVerdict } from '../findings/bisect-report.ts';
import type { Outcome } from './drive.ts';

/** A commit, release or variant with what its recordings said. */
export interface SeriesItem {
  readonly label: string;
  readonly subject: string | null;
  readonly outcomes: readonly (Outcome & { readonly recording: string })[];
}

/** One hit makes an entry bad; misses make it good, with a doubt where the hit rate is known. */
export function seriesEntry({ label, subject, outcomes }: SeriesItem, rate: number | undefined): SeriesEntry {
  const count = (kind: Outcome['kind']): number => outcomes.filter((outcome) => outcome.kind === kind).length;
  const hits = count('hit');
  const misses = count('miss');
  const verdict: SeriesVerdict = hits > 0 ? 'bad' : misses > 0 ? 'good' : 'unknown';
  // As likely bad as good before the first run.
  const unseen = rate === undefined ? 0 : (1 - rate) ** misses;
  return {
    label,
    subject,
    verdict,
    hits,
    misses,
    skips: outcomes.filter(({ kind }) => kind === 'skip').map(({ recording, reason }) => `${recording}: ${reason}`),
    doubt: verdict === 'good' && rate !== undefined ? unseen / (1 + unseen) : null,
    recordings: outcomes.map(({ recording }) => recording),
  };
}

/** Where the verdict changes along the row; entries of which nothing is known lie between. */
export function changesOf(entries: readonly SeriesEntry[]): SeriesChange[] {
  const changes: SeriesChange[] = [];
  let last: SeriesEntry | undefined;
  let between: string[] = [];
  for (const entry of entries) {
    if (entry.verdict === 'unknown') {
      between.push(entry.label);
      continue;
    }
    if (last !== undefined && last.verdict !== entry.verdict)
      changes.push({ from: last.label, to: entry.label, verdict: entry.verdict, between });
    last = entry;
    between = [];
  }
  return changes;
}
