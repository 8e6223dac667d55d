// The command line: arguments to command to exit code. Commands are loaded when they are called.
import { Command, CommanderError } from 'commander';
import { declareBisect } from './commands/bisect-commands.ts';
import { type CommandContext, reportError } from './commands/context.ts';
import { declareDiff, declareMinimize, declareReport, declareTest, type Runner } from './commands/gate-commands.ts';
import { declareDump, declareExplain, declareRules, declareSchema } from './commands/lookup-commands.ts';
import {
  declareCaps,
  declareConvert,
  declareInspect,
  declareRecord,
  declareReplay,
  declareState,
  declareVtime,
} from './commands/trace-commands.ts';
import { explained } from './errors.ts';
import { EXIT } from './findings/verdict.ts';
import { VERSION } from './version.ts';

const EXIT_CODES = `
Exit codes:
  0    no violation
  1    violation
  125  no verdict: unreadable or truncated input, missing evidence for a rule asked for by name
  129  wrong usage or configuration
  134  internal error`;

/** The commands, in the order of the help. */
const COMMANDS: Readonly<Record<string, (program: Command, run: Runner, context: CommandContext) => void>> = {
  replay: declareReplay,
  state: declareState,
  record: declareRecord,
  caps: declareCaps,
  inspect: declareInspect,
  convert: declareConvert,
  test: declareTest,
  minimize: declareMinimize,
  diff: declareDiff,
  report: declareReport,
  bisect: declareBisect,
  vtime: declareVtime,
  rules: declareRules,
  dump: declareDump,
  explain: declareExplain,
  schema: declareSchema,
};

/** Runs the program; returns the exit code. */
export async function main(argv: readonly string[], context: CommandContext): Promise<number> {
  let code: number = EXIT.ok;
  const run: Runner =
    (command) =>
    async (...args) => {
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

  // A command line that begins with a command needs no other; help and suggestions are about all of them.
  const [first = ''] = argv;
  const named = Object.hasOwn(COMMANDS, first) ? [COMMANDS[first]] : Object.values(COMMANDS);
  for (const declare of named) declare?.(program, run, context);

  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return reportError(context, await explained(error));
  }
  return code;
}
