// The command line: arguments to command to exit code. Commands are loaded when they are called.
import { Command, CommanderError, Option } from 'commander';
import { type CommandContext, reportError } from './commands/context.ts';
import type { ConvertOptions } from './commands/convert.ts';
import type { ReplayOptions } from './commands/replay.ts';
import { EXIT } from './findings/verdict.ts';
import { VERSION } from './version.ts';

const EXIT_CODES = `
Exit codes:
  0    no violation
  1    violation
  125  no verdict: unreadable or truncated input, missing evidence for a rule asked for by name
  129  wrong usage or configuration
  134  internal error`;

/** Runs the program; returns the exit code. */
export async function main(argv: readonly string[], context: CommandContext): Promise<number> {
  let code: number = EXIT.ok;
  const run =
    <A extends unknown[]>(command: (...args: A) => Promise<number> | number) =>
    async (...args: A): Promise<void> => {
      code = await command(...args);
    };
  const program = new Command('scx-check')
    .description(
      'Replays recorded sched_ext traces through a model of the scheduler core and reports which rule was broken, by which event.',
    )
    .version(VERSION)
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('(scx-check --help tells more)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    });

  program
    .command('replay')
    .description('replay traces and report violations')
    .argument('<trace...>', 'trace files; - is standard input')
    .option('--rules <ids>', 'check only these rules, separated by commas')
    .option('--skip <ids>', 'do not check these rules')
    .option('--kernel <version>', 'replay under the semantics of this kernel release')
    .option('--as <version>', 'also say what this kernel release would have done differently')
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .addOption(new Option('--format <format>', 'form of the report').choices(['terminal', 'json']).default('terminal'))
    .option('-o, --output <file>', 'write the report to a file')
    .option('--strict', 'possible and inconclusive verdicts are no success (exit code 125)')
    .option('--from <time>', 'only findings from this time on (33.082, 33082078025ns, +2.5s)')
    .option('--to <time>', 'only findings up to this time')
    .option('--pid <pid>', 'only findings about this task')
    .option('--limit <n>', 'show this many findings of each rule in full (default: 5)')
    .option('-q, --quiet', 'only the verdict and one line a finding')
    .option('-v, --verbose', 'list every rule, also those that passed')
    .option('--keep-going', 'report what lies before damage in the input')
    .option('--explain-fidelity', 'list what the model did not predict')
    .action(
      run(async (paths: string[], options: ReplayOptions) =>
        (await import('./commands/replay.ts')).replayCommand(paths, options, context),
      ),
    );

  program
    .command('convert')
    .description('write a trace in a canonical spelling (json, jsonl, csv)')
    .argument('<trace>', 'trace file; - is standard input')
    .option('-o, --output <file>', 'file to write; its ending tells the spelling')
    .addOption(new Option('--to <spelling>', 'spelling to write').choices(['json', 'jsonl', 'csv']))
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .action(
      run(async (path: string, options: ConvertOptions) =>
        (await import('./commands/convert.ts')).convertCommand(path, options, context),
      ),
    );

  program
    .command('rules')
    .description('list the rules')
    .addOption(new Option('--format <format>', 'form of the list').choices(['terminal', 'json']).default('terminal'))
    .action(
      run(async (options: { format: 'terminal' | 'json' }) =>
        (await import('./commands/rules.ts')).rulesCommand(options),
      ),
    );

  program
    .command('explain')
    .description('explain a rule')
    .argument('<rule>', 'id of the rule')
    .action(run(async (rule: string) => (await import('./commands/rules.ts')).explainCommand(rule)));

  program
    .command('schema')
    .description('print the JSON Schema of canonical traces')
    .option('-o, --output <file>', 'write it to a file')
    .action(run(async (options: { output?: string }) => (await import('./commands/schema.ts')).schemaCommand(options)));

  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportError(context, error);
  }
  return code;
}
