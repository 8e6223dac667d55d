// `scx-check replay`: replays traces and reports what the rules found. One verdict a trace, the worst exit code of all.
import { explained, InputError, UsageError } from '../errors.ts';
import type { ReplayResult } from '../findings/result.ts';
import { EXIT } from '../findings/verdict.ts';
import { openInput } from '../input/open.ts';
import { type KernelVersion, parseKernelVersion, RELEASES } from '../kernel/release.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { runReplay } from '../replay/run.ts';
import { RULES } from '../rules/index.ts';
import type { RuleSpec } from '../rules/rule.ts';
import { type CommandContext, reportError } from './context.ts';
import { Progress } from './progress.ts';
import { parseTime, relativeTo } from './time.ts';

export interface ReplayOptions {
  readonly rules?: string;
  readonly skip?: string;
  readonly kernel?: string;
  readonly as?: string;
  readonly snapshot?: string;
  readonly format: 'terminal' | 'json';
  readonly output?: string;
  readonly strict?: boolean;
  readonly from?: string;
  readonly to?: string;
  readonly pid?: string;
  readonly limit?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly keepGoing?: boolean;
  readonly explainFidelity?: boolean;
}

/** Findings of one rule that the terminal shows in full unless --limit says otherwise. */
const DEFAULT_LIMIT = 5;

interface Selection {
  readonly rules: readonly RuleSpec[];
  readonly named: ReadonlySet<string>;
}

export async function replayCommand(
  paths: readonly string[],
  options: ReplayOptions,
  context: CommandContext,
): Promise<number> {
  const selection = selectRules(options.rules, options.skip);
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const as = options.as === undefined ? undefined : kernelOption(options.as, '--as');
  const pid = options.pid === undefined ? undefined : numberOption('--pid', options.pid);
  const limit = options.limit === undefined ? undefined : numberOption('--limit', options.limit);
  if (options.from !== undefined) parseTime(options.from);
  if (options.to !== undefined) parseTime(options.to);

  const results: ReplayResult[] = [];
  let code: number = EXIT.ok;
  for (const path of paths) {
    try {
      const result = await replayOne(path, options, selection, { kernel, as }, pid, context);
      results.push(result);
      code = worseCode(code, result.exit_code);
    } catch (error) {
      const cause = await explained(error);
      if (!(cause instanceof InputError)) throw cause;
      code = worseCode(code, reportError(context, cause));
    }
  }
  if (results.length > 0) await print(results, options, limit, context);
  return code;
}

async function replayOne(
  path: string,
  options: ReplayOptions,
  { rules, named }: Selection,
  { kernel, as }: { readonly kernel: KernelVersion | undefined; readonly as: KernelVersion | undefined },
  pid: number | undefined,
  context: CommandContext,
): Promise<ReplayResult> {
  const source = await openInput(path);
  const progress = new Progress(context, path);
  try {
    const trace = await openTrace(source, {
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      onProgress: (done) => progress.update(done),
    });
    const base = options.from === undefined && options.to === undefined ? 0n : firstTimeBase(trace);
    const from = options.from === undefined ? undefined : relativeTo(parseTime(options.from), base);
    const to = options.to === undefined ? undefined : relativeTo(parseTime(options.to), base);
    const filter = {
      ...(pid === undefined ? {} : { pid }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    };
    return runReplay(trace, {
      path,
      rules,
      named,
      filter,
      ...(kernel === undefined ? {} : { kernel }),
      ...(as === undefined ? {} : { as }),
      strict: options.strict === true,
      keepGoing: options.keepGoing === true,
      explainFidelity: options.explainFidelity === true,
    });
  } finally {
    progress.end();
    source.close();
  }
}

/** The time base is known once the first event was read. */
function firstTimeBase(trace: OpenTrace): bigint {
  trace.run({ event: () => false });
  return trace.timeBase;
}

async function print(
  results: readonly ReplayResult[],
  options: ReplayOptions,
  limit: number | undefined,
  context: CommandContext,
): Promise<void> {
  const output = new OutputFile(options.output);
  if (options.format === 'json') {
    const { renderJson } = await import('../report/json.ts');
    output.write(renderJson(results));
  } else {
    const { renderTerminal } = await import('../report/terminal.ts');
    const { makeStyle } = await import('../report/style.ts');
    const style = makeStyle({ isTerminal: options.output === undefined && context.stdout.isTTY, env: context.env });
    const reports = results.map((result) =>
      renderTerminal(result, {
        style,
        perRule: limit ?? DEFAULT_LIMIT,
        quiet: options.quiet === true,
        verbose: options.verbose === true,
      }),
    );
    output.write(reports.join('\n'));
  }
  output.close();
}

/** Rules by `--rules` and `--skip`. A name that no rule has is a usage error. */
export function selectRules(only: string | undefined, skip: string | undefined): Selection {
  const parse = (option: string, text: string | undefined): ReadonlySet<string> => {
    const ids = (text ?? '')
      .split(',')
      .map((id) => id.trim())
      .filter((id) => id !== '');
    for (const id of ids) {
      if (!RULES.some((rule) => rule.id === id))
        throw new UsageError(`${option}: there is no rule ${JSON.stringify(id)}; scx-check rules lists them`);
    }
    return new Set(ids);
  };
  const named = parse('--rules', only);
  const skipped = parse('--skip', skip);
  if (only !== undefined && named.size === 0) throw new UsageError('--rules: no rule is named');
  return { rules: RULES.filter((rule) => (only === undefined || named.has(rule.id)) && !skipped.has(rule.id)), named };
}

export function kernelOption(text: string, option = '--kernel'): KernelVersion {
  const version = parseKernelVersion(text);
  if (version === undefined || version.beyond === 'older') {
    throw new UsageError(
      `${option}: ${JSON.stringify(text)} is no release that is known; ${RELEASES[0]} to ${RELEASES.at(-1)} are`,
    );
  }
  return version;
}

function numberOption(option: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`${option}: expected a number, found ${JSON.stringify(text)}`);
  return Number(text);
}

/** A violation outranks a missing verdict, which outranks success. */
function worseCode(a: number, b: number): number {
  const rank = (code: number): number =>
    [EXIT.ok, EXIT.noVerdict, EXIT.violation, EXIT.usage, EXIT.internal].indexOf(code as 0);
  return rank(b) > rank(a) ? b : a;
}
