// Declares the commands of the gate on the command line; each is loaded when it is called.
import { type Command, Option } from 'commander';
import type { CommandContext } from './context.ts';
import type { DiffOptions } from './diff.ts';
import { REPORT_FORMATS } from './formats.ts';
import type { MinimizeCommandOptions } from './minimize.ts';
import type { ReportOptions } from './report.ts';
import type { TestCommandOptions } from './test.ts';

/** Turns a command into an action that keeps its exit code. */
export type Runner = <A extends unknown[]>(
  command: (...args: A) => Promise<number> | number,
) => (...args: A) => Promise<void>;

export function formatOption(): Option {
  return new Option('--format <format>', 'form of the report').choices([...REPORT_FORMATS]).default('terminal');
}

const collect = (value: string, list: readonly string[] = []): string[] => [...list, value];

export function declareTest(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('test')
    .description('replay every trace that has an expectation, and compare')
    .argument('[paths...]', 'traces and folders of traces (default: the current folder)')
    .option('--update', 'rewrite expectations that differ; refused in CI')
    .option('--shard <i/n>', 'test the i-th of n parts')
    .option('--jobs <n>', 'number of processes (default: by the size of the traces)')
    .option('--baseline <file>', 'findings that are known and may appear')
    .addOption(formatOption())
    .option('-o, --output <file>', 'write the report to a file')
    .option('-v, --verbose', 'name every trace')
    .action(
      run(async (paths: string[], options: TestCommandOptions) =>
        (await import('./test.ts')).testCommand(paths, options, context),
      ),
    );
}

export function declareMinimize(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('minimize')
    .description('cut a violating trace down to the events that a finding needs')
    .argument('<trace>', 'trace file; - is standard input')
    .requiredOption('--rule <id>', 'rule that the trace violates')
    .option('--pid <pid>', 'only a finding about this task')
    .option('--kernel <version>', 'replay under the semantics of this kernel release')
    .option('--domain <name|file>', 'how the scheduler keeps vtime: a built-in description, or a file')
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .option('-o, --output <file>', 'file to write (.json, .jsonl, .csv); default: standard output')
    .option('--fixture <folder>', 'write the trace and its expectation into this folder')
    .option('--keep-values', 'leave values, times and header as they were recorded')
    .action(
      run(async (path: string, options: MinimizeCommandOptions) =>
        (await import('./minimize.ts')).minimizeCommand(path, options, context),
      ),
    );
}

export function declareDiff(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('diff')
    .description('compare two recordings of one workload: findings, rules, fidelity, waits, picks, migrations, drops')
    .argument('<a>', 'trace before')
    .argument('<b>', 'trace after')
    .option('--rules <ids>', 'check only these rules, separated by commas')
    .option('--skip <ids>', 'do not check these rules')
    .option('--kernel <version>', 'replay both under the semantics of this kernel release')
    .option('--domain <name|file>', 'how the scheduler keeps vtime: a built-in description, or a file')
    .option('--set <key=value>', 'change a value of that description', collect)
    .addOption(new Option('--format <format>', 'form of the report').choices(['terminal', 'json']).default('terminal'))
    .option('-o, --output <file>', 'write the report to a file')
    .option('-v, --verbose', 'also tasks with few waits')
    .action(
      run(async (a: string, b: string, options: DiffOptions) =>
        (await import('./diff.ts')).diffCommand(a, b, options, context),
      ),
    );
}

export function declareReport(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('report')
    .description('render a stored result (--format json) in another form')
    .argument('<result>', 'result of replay or test; - is standard input')
    .addOption(formatOption())
    .option('-o, --output <file>', 'write the report to a file')
    .option('--limit <n>', 'show this many findings of each rule in full (default: 5)')
    .option('-q, --quiet', 'only the verdict and one line a finding')
    .option('-v, --verbose', 'name every trace of a test')
    .action(
      run(async (path: string, options: ReportOptions) =>
        (await import('./report.ts')).reportCommand(path, options, context),
      ),
    );
}
