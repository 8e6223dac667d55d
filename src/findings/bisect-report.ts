// The documents of `scx-check bisect`: what was searched, what was found, and how sure that is. Reporters are functions of them.

export const BISECT_SCHEMA = 'scx-check/bisect@1';

export interface BisectCommit {
  readonly hash: string;
  readonly subject: string;
}

/** One run of a commit. */
export interface BisectRun {
  readonly commit: string;
  readonly outcome: 'hit' | 'miss' | 'skip';
  readonly reason: string;
}

/** `bisect run`: a search in which every step was recorded anew. */
export interface SearchDocument {
  readonly schema: typeof BISECT_SCHEMA;
  readonly mode: 'run';
  readonly expect: string;
  readonly end: 'found' | 'not shown' | 'stuck' | 'out of runs';
  /** First commit with the bug; null: not found. */
  readonly culprit: BisectCommit | null;
  /** Commits that are left, with their probabilities, the likeliest first. */
  readonly suspects: readonly (BisectCommit & { readonly probability: number })[];
  readonly confidence: number;
  /** Probability that the first suspect is not the one. */
  readonly error: number;
  /** Share of the runs of a bad commit in which the bug shows: given, or as far as the runs tell. */
  readonly rate: number;
  readonly rate_given: boolean;
  /** Number of commits searched. */
  readonly commits: number;
  /** No search can do with fewer runs on average, at this rate. */
  readonly fewest_runs: number;
  readonly runs: readonly BisectRun[];
  /** Commits that were left out or nothing could be said of in some run. */
  readonly skipped: readonly (BisectCommit & { readonly reason: string })[];
  /** Lines for `git bisect replay`. */
  readonly git_bisect_log: readonly string[];
  readonly exit_code: number;
}

export type SeriesVerdict = 'good' | 'bad' | 'unknown';

export interface SeriesEntry {
  /** Commit or name that the recordings belong to. */
  readonly label: string;
  readonly subject: string | null;
  readonly verdict: SeriesVerdict;
  readonly hits: number;
  readonly misses: number;
  /** Why recordings say nothing. */
  readonly skips: readonly string[];
  /** Probability that it is bad all the same; null: no rate was given, or it is not good. */
  readonly doubt: number | null;
  readonly recordings: readonly string[];
}

/** Where the verdict changes: between the last entry of one kind and the first of the other. */
export interface SeriesChange {
  readonly from: string;
  readonly to: string;
  readonly verdict: 'good' | 'bad';
  /** Entries between them of which nothing is known. */
  readonly between: readonly string[];
}

/** `bisect traces` and `bisect --over`: a row of verdicts. */
export interface SeriesDocument {
  readonly schema: typeof BISECT_SCHEMA;
  readonly mode: 'traces' | 'over';
  readonly expect: string;
  /** What the entries are: recordings of commits, kernel releases, variants of a description. */
  readonly over: string;
  readonly entries: readonly SeriesEntry[];
  readonly changes: readonly SeriesChange[];
  /** The verdict changes at most once. */
  readonly monotone: boolean;
  readonly exit_code: number;
}

export interface PrefixEvent {
  readonly seq: number;
  readonly ts: number | string;
  readonly position: string;
  readonly text: string;
}

/** `bisect trace`: the point of no return inside one trace. */
export interface PrefixDocument {
  readonly schema: typeof BISECT_SCHEMA;
  readonly mode: 'trace';
  readonly path: string;
  readonly rule: string;
  readonly message: string;
  /** Where the violation is reported. */
  readonly reported: PrefixEvent;
  /** The request after which leaving out any later one does not avoid it; null: no request leads to it. */
  readonly decided: PrefixEvent | null;
  /** Events between the two, and the time, ns. */
  readonly events_between: number;
  readonly ns_between: number;
  readonly replays: number;
  readonly exit_code: number;
}

export type BisectDocument = SearchDocument | SeriesDocument | PrefixDocument;
