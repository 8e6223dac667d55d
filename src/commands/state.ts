// `scx-check state`: the model at any event of a trace, and the life of one task, DSQ or CPU.
import { explained, UsageError } from '../errors.ts';
import { EXIT } from '../findings/verdict.ts';
import { openInput } from '../input/open.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace } from '../readers/reader.ts';
import type { Selection } from '../state/document.ts';
import { stateAt } from '../state/state.ts';
import type { CommandContext } from './context.ts';
import { parsePlace } from './place.ts';
import { Progress } from './progress.ts';
import { kernelOption } from './replay.ts';

export interface StateCommandOptions {
  readonly at?: string;
  readonly before?: boolean;
  readonly context?: string;
  readonly pid?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dsq?: readonly string[];
  readonly sched?: readonly string[];
  readonly kernel?: string;
  readonly snapshot?: string;
  readonly format: 'terminal' | 'json';
  readonly output?: string;
  readonly limit?: string;
  readonly keepGoing?: boolean;
}

/** Events shown that lead to the moment, on its CPU and about its tasks each. */
const DEFAULT_CONTEXT = 5;
/** Lines of the longest lists of the overview. */
const DEFAULT_LIMIT = 20;

export async function stateCommand(
  path: string,
  options: StateCommandOptions,
  context: CommandContext,
): Promise<number> {
  const at = parsePlace(options.at ?? 'end', '--at', path);
  const selection = parseSelection(options);
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const events = numberOption('--context', options.context, DEFAULT_CONTEXT);
  const limit = numberOption('--limit', options.limit, DEFAULT_LIMIT);
  await withTrace(path, options, context, async (trace) => {
    const document = stateAt(trace, {
      path,
      at,
      before: options.before === true,
      selection,
      context: events,
      kernel,
      keepGoing: options.keepGoing,
    });
    const output = new OutputFile(options.output);
    if (options.format === 'json') output.write(`${JSON.stringify(document, null, 1)}\n`);
    else {
      const { renderState } = await import('../report/state-terminal.ts');
      const { makeStyle } = await import('../report/style.ts');
      const style = makeStyle({ isTerminal: options.output === undefined && context.stdout.isTTY, env: context.env });
      output.write(renderState(document, { style, limit }));
    }
    output.close();
  });
  return EXIT.ok;
}

async function withTrace(
  path: string,
  options: StateCommandOptions,
  context: CommandContext,
  use: (trace: OpenTrace) => Promise<void>,
): Promise<void> {
  const source = await openInput(path);
  const progress = new Progress(context, path);
  try {
    const trace = await openTrace(source, {
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      onProgress: (done) => progress.update(done),
    });
    await use(trace);
  } catch (error) {
    throw await explained(error);
  } finally {
    progress.end();
    source.close();
  }
}

/** What the filters ask for; null when there is none. Each may be given several times, or as a list with commas. */
function parseSelection(options: StateCommandOptions): Selection | null {
  const { pid, cpu, dsq, sched } = options;
  if (pid === undefined && cpu === undefined && dsq === undefined && sched === undefined) return null;
  return {
    pids: listOf('--pid', pid).map((text) => parseNumber('--pid', text)),
    cpus: listOf('--cpu', cpu).map((text) => parseNumber('--cpu', text)),
    dsqs: listOf('--dsq', dsq),
    scheds: listOf('--sched', sched),
  };
}

function listOf(option: string, texts: readonly string[] | undefined): string[] {
  const items = (texts ?? []).flatMap((text) => text.split(',')).map((text) => text.trim());
  if (items.includes('')) throw new UsageError(`${option}: an empty value`);
  return items;
}

function numberOption(option: string, text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : parseNumber(option, text);
}

function parseNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${option}: expected a number, found ${JSON.stringify(text)}`);
  return Number(text);
}
