// Declares the commands of the bisection on the command line; each is loaded when it is called.
import { type Command, Option } from 'commander';
import type { BisectRunOptions } from './bisect-run.ts';
import type { BisectTraceOptions, BisectTracesOptions } from './bisect-traces.ts';
import type { CommandContext } from './context.ts';
import type { Runner } from './gate-commands.ts';

const format = (): Option =>
  new Option('--format <format>', 'form of the report').choices(['terminal', 'json']).default('terminal');
const collect = (value: string, list: readonly string[] = []): string[] => [...list, value];

export function declareBisect(program: Command, run: Runner, context: CommandContext): void {
  const bisect = program
    .command('bisect')
    .description('find what brought a violation: the commit, the request, the kernel release, the variant')
    .addHelpText('after', '\nExit codes: 0 found, 125 not found, 129 wrong usage');

  bisect
    .command('run')
    .description('search commits, recording anew at each step; bugs may show only sometimes')
    .requiredOption('--good <commit>', 'commit without the bug; may be repeated', collect)
    .requiredOption('--bad <commit>', 'commit with the bug')
    .requiredOption(
      '--record <command>',
      'builds, runs and records into {trace}, by the shell, in a work tree of its own',
    )
    .requiredOption('--expect <rule[:subject]>', 'the bug: this rule is violated; * in the subject stands for anything')
    .option(
      '--require <requirement>',
      "proof that the situation occurred: 'RULE checked >= N'; may be repeated",
      collect,
    )
    .option('--rate <share>', 'share of the runs of a bad commit in which the bug shows (default: learned)')
    .option('--confidence <share>', 'probability with which the answer must be right', '0.99')
    .option('--max-runs <n>', 'give up after this many runs', '2000')
    .option('--learn-runs <n>', 'give up when the bad commit has not shown the bug in this many runs', '60')
    .option('--trace <file>', 'the command writes this file in the work tree, instead of {trace}')
    .option('--skip <ids>', 'violations of these rules do not matter')
    .option('--kernel <version>', 'replay under the semantics of this kernel release')
    .option('--keep <folder>', 'keep the recordings, named for bisect traces')
    .option('--resume', 'go on with an interrupted search')
    .option('--restart', 'forget an interrupted search')
    .addOption(format())
    .option('-o, --output <file>', 'write the report to a file')
    .option('-v, --verbose', 'list every run')
    .action(
      run(async (options: BisectRunOptions) => (await import('./bisect-run.ts')).bisectRunCommand(options, context)),
    );

  bisect
    .command('traces')
    .description('judge recordings that belong to commits, and say where the verdict changes')
    .argument('<folder>', 'recordings named COMMIT.EXT or COMMIT.N.EXT, or folders COMMIT with a trace.dat')
    .requiredOption('--expect <rule[:subject]>', 'the bug: this rule is violated')
    .option(
      '--require <requirement>',
      "proof that the situation occurred: 'RULE checked >= N'; may be repeated",
      collect,
    )
    .option('--list <file>', 'order of the recordings: lines COMMIT FILE, the oldest first')
    .option('--rate <share>', 'share of the runs of a bad commit in which the bug shows')
    .option('--skip <ids>', 'violations of these rules do not matter')
    .option('--kernel <version>', 'replay under the semantics of this kernel release')
    .addOption(format())
    .option('-o, --output <file>', 'write the report to a file')
    .option('-v, --verbose', 'name every recording')
    .action(
      run(async (folder: string, options: BisectTracesOptions) =>
        (await import('./bisect-traces.ts')).bisectTracesCommand(folder, options, context),
      ),
    );

  bisect
    .command('trace')
    .description('inside one trace: the last request that a violation needs; with --over: where its verdict flips')
    .argument('<trace>', 'trace file; - is standard input')
    .requiredOption('--rule <id>', 'rule that the trace violates')
    .option('--over <axis>', 'kernel: under every release; domain:NAME: under every variant of a description')
    .option('--pid <pid>', 'only a finding about this task')
    .option('--kernel <version>', 'replay under the semantics of this kernel release')
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .addOption(format())
    .option('-o, --output <file>', 'write the report to a file')
    .option('-v, --verbose', 'say why for every variant')
    .action(
      run(async (path: string, options: BisectTraceOptions) =>
        (await import('./bisect-traces.ts')).bisectTraceCommand(path, options, context),
      ),
    );
}
