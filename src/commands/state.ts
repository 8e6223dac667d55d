// `scx-check state`: the model at any event of a trace, and the life of one task, DSQ or CPU.
import { explained, UsageError } from '../errors.ts';
import { EXIT } from '../findings/verdict.ts';
import { openInput } from '../input/open.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace } from '../readers/reader.ts';
import type { Selection } from '../state/document.ts';
import type { FollowSink } from '../state/follow/follow.ts';
import type { SubjectChoice } from '../state/follow/make-subject.ts';
import { stateAt } from '../state/state.ts';
import type { CommandContext } from './context.ts';
import { kernelOption } from './options.ts';
import { parsePlace } from './place.ts';
import { Progress } from './progress.ts';

export interface StateCommandOptions {
  readonly at?: string;
  readonly before?: boolean;
  readonly context?: string;
  readonly pid?: readonly string[];
  readonly cpu?: readonly string[];
  readonly dsq?: readonly string[];
  readonly sched?: readonly string[];
  readonly follow?: string;
  readonly from?: string;
  readonly to?: string;
  readonly brief?: boolean;
  readonly kernel?: string;
  readonly snapshot?: string;
  readonly format: 'terminal' | 'json';
  readonly output?: string;
  readonly limit?: string;
  readonly keepGoing?: boolean;
}

/** Events shown that lead to the moment, on its CPU and about its tasks each. */
const DEFAULT_CONTEXT = 5;

/** Entries shown before and after the event that a subject is followed around. */
const DEFAULT_AROUND = 20;

export async function stateCommand(
  path: string,
  options: StateCommandOptions,
  context: CommandContext,
): Promise<number> {
  if (options.follow !== undefined) return followCommand(path, options.follow, options, context);
  for (const name of ['from', 'to', 'brief'] as const)
    if (options[name] !== undefined) throw new UsageError(`--${name} needs --follow`);
  const at = parsePlace(options.at ?? 'end', '--at', path);
  const selection = parseSelection(options);
  const kernel = kernelOf(options);
  const events = numberOption('--context', options.context, DEFAULT_CONTEXT);
  const limit = options.limit === undefined ? undefined : parseNumber('--limit', options.limit);
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
      const style = await makeStyle({
        isTerminal: options.output === undefined && context.stdout.isTTY,
        env: context.env,
      });
      output.write(renderState(document, { style, limit }));
    }
    output.close();
  });
  return EXIT.ok;
}

async function followCommand(
  path: string,
  what: string,
  options: StateCommandOptions,
  context: CommandContext,
): Promise<number> {
  const chosen = parseSubject(what, options);
  if (options.before !== undefined) throw new UsageError('--before makes no sense with --follow');
  if (options.limit !== undefined) throw new UsageError('--limit makes no sense with --follow; --from and --to do');
  if (options.at !== undefined && (options.from !== undefined || options.to !== undefined))
    throw new UsageError('--follow takes either --at or --from and --to');
  if (options.context !== undefined && options.at === undefined) throw new UsageError('--context needs --at');
  const place = (option: string, text: string | undefined) =>
    text === undefined ? undefined : parsePlace(text, option, path);
  const at = place('--at', options.at);
  const from = place('--from', options.from);
  const to = place('--to', options.to);
  const kernel = kernelOf(options);
  const entries = numberOption('--context', options.context, DEFAULT_AROUND);
  const { follow } = await import('../state/follow/follow.ts');
  const { makeSubject, missingSubject } = await import('../state/follow/make-subject.ts');
  await withTrace(path, options, context, async (trace) => {
    const sink = await followSink(options, context);
    follow(
      trace,
      {
        path,
        kernel,
        subject: (view) => makeSubject(view, chosen),
        missing: (model) => missingSubject(model, chosen, path),
        from,
        to,
        around: at === undefined ? undefined : { at, entries },
        brief: options.brief,
        keepGoing: options.keepGoing,
      },
      sink,
    );
    sink.close();
  });
  return EXIT.ok;
}

function kernelOf({ kernel }: StateCommandOptions): KernelVersion | undefined {
  return kernel === undefined ? undefined : kernelOption(kernel);
}

/** A sink that opens its output with the first thing written: an error before that leaves no empty file. */
async function followSink(
  options: StateCommandOptions,
  context: CommandContext,
): Promise<FollowSink & { close(): void }> {
  let output: OutputFile | undefined;
  const write = (text: string): void => {
    output ??= new OutputFile(options.output);
    output.write(text);
  };
  const close = (): void => output?.close();
  if (options.format === 'json') {
    const { FollowJson } = await import('../report/follow-json.ts');
    return Object.assign(new FollowJson(write), { close });
  }
  const { FollowTerminal } = await import('../report/follow-terminal.ts');
  const { makeStyle } = await import('../report/style.ts');
  const style = await makeStyle({ isTerminal: options.output === undefined && context.stdout.isTTY, env: context.env });
  return Object.assign(new FollowTerminal(write, style), { close });
}

/** `508`, `task:508`, `cpu:3`, `dsq:0x100`; --sched tells which of several DSQs of that name. */
function parseSubject(text: string, options: StateCommandOptions): SubjectChoice {
  for (const name of ['pid', 'cpu', 'dsq'] as const)
    if (options[name] !== undefined) throw new UsageError(`--follow and --${name} exclude each other`);
  const [, kind = 'task', name = ''] = /^(?:(task|pid|cpu|dsq):)?(.+)$/.exec(text) ?? [];
  const scheds = listOf('--sched', options.sched);
  if (scheds.length > 0 && (kind !== 'dsq' || scheds.length > 1))
    throw new UsageError('--follow takes --sched only once, and only for a DSQ');
  if (kind === 'dsq') return { kind, name, ...(scheds[0] === undefined ? {} : { owner: scheds[0] }) };
  if (!/^\d{1,9}$/.test(name))
    throw new UsageError(`--follow: expected a pid, cpu:N or dsq:NAME, found ${JSON.stringify(text)}`);
  return kind === 'cpu' ? { kind, id: Number(name) } : { kind: 'task', pid: Number(name) };
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
      explainsAtOnce: options.keepGoing === true,
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
