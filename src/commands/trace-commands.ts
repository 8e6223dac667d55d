// Declares the commands that read or record a trace on the command line; each is loaded when it is called.
import { type Command, Option } from 'commander';
import type { CapsOptions } from './caps.ts';
import type { CommandContext } from './context.ts';
import type { ConvertOptions } from './convert.ts';
import { formatOption, type Runner } from './gate-commands.ts';
import type { InspectOptions } from './inspect.ts';
import type { RecordOptions } from './record.ts';
import type { ReplayOptions } from './replay.ts';
import type { StateCommandOptions } from './state.ts';
import type { VtimeCommandOptions } from './vtime.ts';

export function declareReplay(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('replay')
    .description('replay traces and report violations')
    .argument('<trace...>', 'trace files; - is standard input')
    .option('--rules <ids>', 'check only these rules, separated by commas')
    .option('--skip <ids>', 'do not check these rules')
    .option('--kernel <version>', 'replay under the semantics of this kernel release')
    .option('--as <version>', 'also say what this kernel release would have done differently')
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .option('--input-format <id>', 'format of the input (default: recognised by its content)')
    .addOption(formatOption())
    .option('-o, --output <file>', 'write the report to a file')
    .option(
      '--domain <name|file>',
      'how the scheduler keeps vtime: a built-in description, or a file (see docs/vtime.md)',
    )
    .option('--set <key=value>', 'change a value of that description, such as variant=M4 or slice=10ms', collect)
    .option('--strict', 'possible and inconclusive verdicts are no success (exit code 125)')
    .addOption(
      new Option('--fail-on <verdict>', 'from which verdict on the run fails')
        .choices(['violation', 'possible'])
        .default('violation'),
    )
    .option('--from <time>', 'only findings from this time on (33.082, 33082078025ns, +2.5s)')
    .option('--to <time>', 'only findings up to this time')
    .option('--pid <pid>', 'only findings about this task')
    .option('--limit <n>', 'show this many findings of each rule in full (default: 5)')
    .option('-q, --quiet', 'only the verdict and one line a finding')
    .option('-v, --verbose', 'list every rule, also those that passed')
    .option('--keep-going', 'report what lies before damage in the input')
    .option('--explain-fidelity', 'list what the model did not predict')
    .option('--baseline <file>', 'findings that are known: only new ones count')
    .option('--update-baseline', 'write what is found to the baseline; refused in CI')
    .action(
      run(async (paths: string[], options: ReplayOptions) =>
        (await import('./replay.ts')).replayCommand(paths, options, context),
      ),
    );
}

export function declareState(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('state')
    .description('print the model at any event of a trace, or follow a task through it')
    .argument('<trace>', 'trace file; - is standard input')
    .option(
      '--at <place>',
      "a time (33.082, +2.5s), an event (@1234), a place that a finding printed ('line 12'), start or end (default: end)",
    )
    .option('--before', 'the state before that event, not after it')
    .option('--context <n>', 'events to show that lead there (default: 5)')
    .option('--pid <pid>', 'only this task, in full; may be repeated', collect)
    .option('--cpu <cpu>', 'only this CPU; may be repeated', collect)
    .option('--dsq <name>', 'only this DSQ (local:3, global, bypass:2, 0x100); may be repeated', collect)
    .option('--sched <id>', 'only this scheduler, by id or name; may be repeated', collect)
    .option(
      '--follow <what>',
      'the life of a task (its pid), of cpu:N or of dsq:NAME: every event, what it changed and why',
    )
    .option('--from <place>', 'with --follow: begin there')
    .option('--to <place>', 'with --follow: end there')
    .option('--brief', 'with --follow: only events that changed something')
    .option('--kernel <version>', 'replay under the semantics of this kernel release')
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .addOption(new Option('--format <format>', 'form of the report').choices(['terminal', 'json']).default('terminal'))
    .option('-o, --output <file>', 'write the report to a file')
    .option('--limit <n>', 'lines of the longest lists')
    .option('--keep-going', 'show what lies before damage in the input')
    .action(
      run(async (path: string, options: StateCommandOptions) =>
        (await import('./state.ts')).stateCommand(path, options, context),
      ),
    );
}

export function declareRecord(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('record')
    .description('record the sched_ext core of the running kernel, or print a program that does')
    .argument('[command...]', 'command to run while recording, behind --')
    .option('-o, --output <file>', 'file to write (default: trace.dat; standard output for --script and --bpftrace)')
    .option(
      '--level <n>',
      '0 events of the kernel only, 1 all that rules need, 2 names and results, 3 everything (default: 1)',
    )
    .option('--rules <ids>', 'record only what these rules need, separated by commas')
    .option('--duration <time>', 'stop after this time: 5s, 500ms, 2m')
    .option(
      '--buffer <size>',
      'ring buffer of each CPU, such as 16M (default: a share of the free memory, at most 32M)',
    )
    .option('--clock <name>', 'trace clock (default: mono)')
    .option('--no-trace-cmd', 'write the file without trace-cmd, even if it is there')
    .option('-q, --quiet', 'report in one line')
    .option('--clean', 'remove what a recording left behind that was killed')
    .option('--script', 'print a POSIX shell script that does the same on a machine without scx-check')
    .option('--bpftrace', 'print a bpftrace program that prints a canonical trace')
    .option(
      '--btf <file>',
      'types of the kernel that the bpftrace program is for (default: those of the running kernel)',
    )
    .action(
      run(async (command: string[], options: RecordOptions) =>
        (await import('./record.ts')).recordCommand(command, options, context),
      ),
    );
}

export function declareCaps(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('caps')
    .description('show sub-schedulers: who delegated which CPUs to whom, and what came of it')
    .argument('<trace>', 'trace file; - is standard input')
    .option('--at <time>', 'the exact state at this time (33.082, 33082078025ns, +2.5s)')
    .option('--cid <n>', 'the history of one cid')
    .addOption(new Option('--format <format>', 'form of the output').choices(['terminal', 'json']).default('terminal'))
    .option('--width <columns>', 'width of the chart (default: 100)')
    .option('--limit <n>', 'show this many entries of each list (default: 20)')
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .option('-o, --output <file>', 'write to a file')
    .action(
      run(async (path: string, options: CapsOptions) =>
        (await import('./caps.ts')).capsCommand(path, options, context),
      ),
    );
}

export function declareInspect(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('inspect')
    .description('say what is in a file: format, kernel, clock, CPUs, events, losses, and which rules it can decide')
    .argument('<file...>', 'trace files; - is standard input')
    .addOption(new Option('--format <format>', 'form of the report').choices(['terminal', 'json']).default('terminal'))
    .option('-o, --output <file>', 'write the report to a file')
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .option('--input-format <id>', 'format of the input (default: recognised by its content)')
    .option('-v, --verbose', 'list every event type and every rule')
    .action(
      run(async (paths: string[], options: InspectOptions) =>
        (await import('./inspect.ts')).inspectCommand(paths, options, context),
      ),
    );
}

export function declareConvert(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('convert')
    .description('write a trace in a canonical spelling (json, jsonl, csv)')
    .argument('<trace>', 'trace file; - is standard input')
    .option('-o, --output <file>', 'file to write; its ending tells the spelling')
    .addOption(new Option('--to <spelling>', 'spelling to write').choices(['json', 'jsonl', 'csv']))
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .option('--input-format <id>', 'format of the input (default: recognised by its content)')
    .action(
      run(async (path: string, options: ConvertOptions) =>
        (await import('./convert.ts')).convertCommand(path, options, context),
      ),
    );
}

export function declareVtime(program: Command, run: Runner, context: CommandContext): void {
  program
    .command('vtime')
    .description('chart how far tasks drift from the clocks of their scheduler')
    .argument('<trace>', 'trace file; - is standard input')
    .option(
      '--domain <name|file>',
      'how the scheduler keeps vtime: a built-in description, or a file (see docs/vtime.md)',
    )
    .option('--set <key=value>', 'change a value of that description, such as variant=M4 or slice=10ms', collect)
    .addOption(
      new Option('--format <format>', 'output format').choices(['terminal', 'json', 'csv']).default('terminal'),
    )
    .option('--pid <pid>', 'only this task')
    .option('--tasks <n>', 'chart this many tasks of each scheduler (default: 10)')
    .option('--kernel <version>', 'replay under the semantics of this kernel release')
    .option('--snapshot <file>', 'initial state (default: snapshot.json beside the trace)')
    .option('-o, --output <file>', 'write the output to a file')
    .action(
      run(async (path: string, options: VtimeCommandOptions) =>
        (await import('./vtime.ts')).vtimeCommand(path, options, context),
      ),
    );
}

/** Values of an option that may be repeated. */
function collect(value: string, before: readonly string[] | undefined): readonly string[] {
  return [...(before ?? []), value];
}
