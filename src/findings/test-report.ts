// The document of `scx-check test`: one case a trace, with every difference from its expectation. Reporters are functions of it.
import type { Difference } from './expectation.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { Verdict } from './result.ts';

export const TEST_SCHEMA = 'scx-check/test@1';

/** `failed`: the trace or its expectation could not be used, so that nothing was compared. */
export type TestOutcome = 'as expected' | 'different' | 'failed' | 'updated';

export interface TestCase {
  readonly path: string;
  /** Where the expectation is written: a path (possibly that of the trace), or `events`. */
  readonly expectation: string;
  readonly outcome: TestOutcome;
  readonly verdict: Verdict | null;
  /** Number of checks that the rules made. */
  readonly checked: number;
  readonly differences: readonly Difference[];
  /** Why it failed. */
  readonly error: string | null;
  /** Exit code that this case alone leads to. */
  readonly exit_code: number;
}

export interface TestReport {
  readonly schema: typeof TEST_SCHEMA;
  readonly cases: readonly TestCase[];
  /** Traces that were met without an expectation. */
  readonly without_expectation: readonly string[];
  /** Present with a baseline: its entries that some trace shows, and those that none shows although it could. */
  readonly baseline?: { readonly shown: readonly Fingerprint[]; readonly fixed: readonly Fingerprint[] };
  readonly exit_code: number;
}
