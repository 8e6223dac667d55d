// Declares the commands about rules, messages and dumps on the command line; each is loaded when it is called.
import { type Command, Option } from 'commander';
import type { CommandContext } from './context.ts';
import type { DumpCommandOptions } from './dump.ts';
import type { ExplainCommandOptions } from './explain.ts';
import type { Runner } from './gate-commands.ts';

export function declareRules(program: Command, run: Runner): void {
  program
    .command('rules')
    .description('list the rules')
    .addOption(new Option('--format <format>', 'form of the list').choices(['terminal', 'json']).default('terminal'))
    .action(
      run(async (options: { format: 'terminal' | 'json' }) => (await import('./rules.ts')).rulesCommand(options)),
    );
}

export function declareDump(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('dump')
    .description(
      'read debug dumps, exit lines and kernel logs of any form, check what one snapshot shows, explain the exit',
    )
    .argument('<file>', 'text or trace with dumps; - is standard input')
    .option('--kernel <version>', 'kernel release of the dump (default: as its shape tells)')
    .option('--timeout <time>', 'watchdog timeout of the scheduler: 5s, 500ms (default: as trace or message tell)')
    .addOption(new Option('--format <format>', 'form of the report').choices(['terminal', 'json']).default('terminal'))
    .option('-o, --output <file>', 'write the report to a file')
    .option('--limit <n>', 'lines of the longest lists (default: 10)')
    .option('-v, --verbose', 'also every check, every counter and every task')
    .option('--keep-going', 'report what lies before damage in a trace')
    .action(
      run(async (path: string, options: DumpCommandOptions) =>
        (await import('./dump.ts')).dumpCommand(path, options, context),
      ),
    );
}

export function declareExplain(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('explain')
    .description('explain a rule, a check of dumps, or a message of the kernel')
    .argument('<what...>', 'id of a rule, or the words of the kernel: a message, an EXIT line, a line of its log')
    .option('--kernel <version>', 'kernel release that printed it, where several have the same words')
    .addOption(new Option('--format <format>', 'form of the answer').choices(['terminal', 'json']).default('terminal'))
    .option('-o, --output <file>', 'write it to a file')
    .action(
      run(async (what: string[], options: ExplainCommandOptions) =>
        (await import('./explain.ts')).explainCommand(what.join(' '), options, context),
      ),
    );
}

export function declareSchema(program: Command, run: Runner): void {
  program
    .command('schema')
    .description('print the JSON Schema of canonical traces')
    .option('-o, --output <file>', 'write it to a file')
    .action(run(async (options: { output?: string }) => (await import('./schema.ts')).schemaCommand(options)));
}
