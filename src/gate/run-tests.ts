// Runs the tests of one shard and sums them up. Larger sets are spread over processes, each a shard of its own.
import { spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Baseline } from '../findings/baseline.ts';
import { type Fingerprint, fingerprintKey } from '../findings/fingerprint.ts';
import { TEST_SCHEMA, type TestCase, type TestReport } from '../findings/test-report.ts';
import { EXIT, worseExitCode } from '../findings/verdict.ts';
import type { Candidate } from './discover.ts';
import { runCase } from './run-case.ts';

/** Part `index` (from 1) of `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** Every `count`-th candidate: neighbours, which are often alike in length, go to different shards. */
export function inShard(candidates: readonly Candidate[], { index, count }: Shard): Candidate[] {
  return candidates.filter((_, i) => i % count === index - 1);
}

export interface TestOptions {
  readonly update: boolean;
  readonly baseline?: Baseline | undefined;
}

/** Tests the candidates one after the other. */
export async function runTests(candidates: readonly Candidate[], options: TestOptions): Promise<TestReport> {
  const cases: TestCase[] = [];
  const without: string[] = [];
  const shown: Fingerprint[] = [];
  const fixed: Fingerprint[] = [];
  for (const candidate of candidates) {
    const result = await runCase(candidate, options);
    if (result.case === undefined) without.push(candidate.path);
    else cases.push(result.case);
    shown.push(...result.shown);
    fixed.push(...result.fixed);
  }
  return sumUp(cases, without, options.baseline === undefined ? undefined : { shown, fixed });
}

/** What a trace costs, and how much work pays for the start of another process. Rough, measured on small and large sets. */
const TRACE_MS = 1;
const BYTES_PER_MS = 60_000;
const JOB_MS = 1000;

/** How many processes are worth while. */
export function usefulJobs(candidates: readonly Candidate[], cpus: number): number {
  const bytes = candidates.reduce((sum, { path }) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  const work = candidates.length * TRACE_MS + bytes / BYTES_PER_MS;
  return Math.max(1, Math.min(cpus, candidates.length, Math.floor(work / JOB_MS)));
}

export interface Spread {
  /** Command and first arguments that test `shard` in a process of its own, which prints its report as JSON. */
  readonly program: readonly string[];
  readonly args: readonly string[];
  readonly shard: Shard;
  /** How many processes, this one included. */
  readonly jobs: number;
}

/**
 * Tests the candidates, which are those of `shard`, in several processes: the first part here, since this one has started
 * already, the others by `program test --shard …`. Puts the reports together in the order of the candidates.
 */
export async function runInProcesses(
  candidates: readonly Candidate[],
  options: TestOptions,
  { program, args, shard, jobs }: Spread,
): Promise<TestReport> {
  const others = Array.from({ length: jobs - 1 }, (_, i) => {
    const part = `${shard.index + shard.count * (i + 1)}/${shard.count * jobs}`;
    return runProcess(program, ['test', '--shard', part, '--format', 'json', ...args]);
  });
  const own = runTests(inShard(candidates, { index: 1, count: jobs }), options);
  const reports = await Promise.all([own, ...others]);
  const order = new Map(candidates.map(({ path }, i) => [path, i]));
  const place = (path: string): number => order.get(path) ?? order.size;
  const baselines = reports.flatMap((report) => report.baseline ?? []);
  return sumUp(
    reports.flatMap((report) => report.cases).toSorted((a, b) => place(a.path) - place(b.path)),
    reports.flatMap((report) => report.without_expectation).toSorted((a, b) => place(a) - place(b)),
    baselines.length === 0
      ? undefined
      : { shown: baselines.flatMap(({ shown }) => shown), fixed: baselines.flatMap(({ fixed }) => fixed) },
  );
}

function sumUp(
  cases: readonly TestCase[],
  without: readonly string[],
  baseline: TestReport['baseline'] | undefined,
): TestReport {
  return {
    schema: TEST_SCHEMA,
    cases,
    without_expectation: without,
    ...(baseline === undefined ? {} : { baseline: settle(baseline) }),
    exit_code: cases.map((entry) => entry.exit_code).reduce(worseExitCode, EXIT.ok),
  };
}

/** Each entry once; one that any trace shows is not fixed. */
function settle({ shown, fixed }: NonNullable<TestReport['baseline']>): NonNullable<TestReport['baseline']> {
  const byKey = (entries: readonly Fingerprint[]): Map<string, Fingerprint> =>
    new Map(entries.map((entry) => [fingerprintKey(entry), entry]));
  const there = byKey(shown);
  return {
    shown: [...there.values()],
    fixed: [...byKey(fixed)].filter(([key]) => !there.has(key)).map(([, entry]) => entry),
  };
}

function runProcess([command = '', ...first]: readonly string[], args: readonly string[]): Promise<TestReport> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', () => {
      try {
        resolve(JSON.parse(output) as TestReport);
      } catch {
        reject(new Error(`a test process ended without a report: ${[command, ...first, ...args].join(' ')}`));
      }
    });
  });
}
