// `scx-check test`: the gate. Every trace that has an expectation is replayed and compared.
import { availableParallelism } from 'node:os';
import { UsageError } from '../errors.ts';
import type { TestReport } from '../findings/test-report.ts';
import { discover } from '../gate/discover.ts';
import { inShard, runInProcesses, runTests, type Shard, usefulJobs } from '../gate/run-tests.ts';
import { OutputFile } from '../output/output-file.ts';
import { readBaseline, refuseInCi } from './baseline-option.ts';
import type { CommandContext } from './context.ts';
import type { ReportFormat } from './formats.ts';
import { renderTestReport } from './render.ts';

export interface TestCommandOptions {
  readonly update?: boolean;
  readonly shard?: string;
  readonly jobs?: string;
  readonly format: ReportFormat;
  readonly output?: string;
  readonly baseline?: string;
  readonly verbose?: boolean;
}

export async function testCommand(
  paths: readonly string[],
  options: TestCommandOptions,
  context: CommandContext,
): Promise<number> {
  const shard = options.shard === undefined ? { index: 1, count: 1 } : parseShard(options.shard);
  if (options.update === true) refuseInCi('--update', context);
  const baseline = readBaseline(options);
  const all = discover(paths.length === 0 ? ['.'] : paths);
  const candidates = inShard(all, shard);
  const jobs = options.jobs === undefined ? usefulJobs(candidates, availableParallelism()) : parseJobs(options.jobs);
  const spread = Math.min(jobs, candidates.length);
  const testing = { update: options.update === true, baseline };
  const { program } = context;
  const report =
    spread > 1 && program !== undefined
      ? await runInProcesses(candidates, testing, { program, args: processArgs(paths, options), shard, jobs: spread })
      : await runTests(candidates, testing);
  // An empty shard is no mistake, but a gate with nothing to compare is.
  if (report.cases.length === 0 && (all.length === 0 || shard.count === 1)) throw nothingToTest(paths, report);
  const output = new OutputFile(options.output);
  output.write(await renderTestReport(report, options, context));
  output.close();
  return report.exit_code;
}

function processArgs(paths: readonly string[], options: TestCommandOptions): string[] {
  return [
    '--jobs',
    '1',
    ...(options.update === true ? ['--update'] : []),
    ...(options.baseline === undefined ? [] : ['--baseline', options.baseline]),
    '--',
    ...paths,
  ];
}

function nothingToTest(paths: readonly string[], report: TestReport): UsageError {
  const where = paths.length === 0 ? '.' : paths.join(', ');
  const seen = report.without_expectation.length;
  return new UsageError(
    `no trace under ${where} has an expectation${seen === 0 ? '' : ` (${seen} traces have none)`}; ` +
      'scx-check test --update TRACE writes one beside it',
  );
}

function parseShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [, index, count] = match === null ? [] : match.map(Number);
  if (index === undefined || count === undefined || index < 1 || index > count)
    throw new UsageError(`--shard: expected i/n with 1 <= i <= n, found ${JSON.stringify(text)}`);
  return { index, count };
}

function parseJobs(text: string): number {
  if (!/^[1-9]\d*$/.test(text))
    throw new UsageError(`--jobs: expected a number of processes, found ${JSON.stringify(text)}`);
  return Number(text);
}
