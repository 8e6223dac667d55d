// `scx-check replay`: replays traces and reports what the rules found. One verdict a trace, the worst exit code of all.
import { explained, InputError, UsageError } from '../errors.ts';
import { judgeWithBaseline } from '../findings/baseline.ts';
import type { ReplayResult } from '../findings/result.ts';
import { EXIT, worseExitCode } from '../findings/verdict.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { OutputFile } from '../output/output-file.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { runReplay } from '../replay/run.ts';
import type { FailedInput } from '../report/place.ts';
import { RULES } from '../rules/index.ts';
import type { RuleSpec } from '../rules/rule.ts';
import { readBaseline, refuseInCi, writeBaseline } from './baseline-option.ts';
import { type CommandContext, reportError } from './context.ts';
import { type DomainOptions, domainOption, spellDomainOptions } from './domain-option.ts';
import type { ReportFormat } from './formats.ts';
import { kernelOption, numberOption } from './options.ts';
import { renderResults } from './render.ts';
import { openReplayInput } from './replay-input.ts';
import { parseTime, relativeTo } from './time.ts';

export interface ReplayOptions extends DomainOptions {
  readonly rules?: string;
  readonly skip?: string;
  readonly kernel?: string;
  readonly as?: string;
  readonly snapshot?: string;
  readonly inputFormat?: string;
  readonly format: ReportFormat;
  readonly output?: string;
  readonly strict?: boolean;
  readonly failOn?: 'violation' | 'possible';
  readonly from?: string;
  readonly to?: string;
  readonly pid?: string;
  readonly limit?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly keepGoing?: boolean;
  readonly explainFidelity?: boolean;
  readonly baseline?: string;
  readonly updateBaseline?: boolean;
}

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
  if (options.updateBaseline === true) refuseInCi('--update-baseline', context);
  const baseline = readBaseline(options);

  const results: ReplayResult[] = [];
  const failed: FailedInput[] = [];
  let code: number = EXIT.ok;
  for (const path of paths) {
    try {
      const plain = await replayOne(path, options, selection, { kernel, as }, pid, context);
      const result =
        baseline === undefined
          ? plain
          : judgeWithBaseline(plain, baseline, {
              strict: options.strict === true,
              failOnPossible: options.failOn === 'possible',
            });
      results.push(result);
      code = worseExitCode(code, result.exit_code);
    } catch (error) {
      const cause = await explained(error);
      if (!(cause instanceof InputError)) throw cause;
      failed.push({ path, error: cause.describe() });
      code = worseExitCode(code, reportError(context, cause));
    }
  }
  if (options.updateBaseline === true && options.baseline !== undefined) {
    writeBaseline(options.baseline, results);
    context.stderr.write(`scx-check: ${options.baseline} now holds what was found\n`);
  }
  const text = await renderResults(results, failed, { ...options, perRule: limit }, context);
  if (text !== '') {
    const output = new OutputFile(options.output);
    output.write(text);
    output.close();
  }
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
  const input = await openReplayInput(path, options, context);
  try {
    const trace = await input.trace();
    const base = options.from === undefined && options.to === undefined ? 0n : firstTimeBase(trace);
    const from = options.from === undefined ? undefined : relativeTo(parseTime(options.from), base);
    const to = options.to === undefined ? undefined : relativeTo(parseTime(options.to), base);
    const filter = {
      ...(pid === undefined ? {} : { pid }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    };
    const domain = await domainOption(options, trace.header);
    return runReplay(trace, {
      path,
      domain,
      domainOptions: spellDomainOptions(options),
      rules,
      named,
      filter,
      ...(kernel === undefined ? {} : { kernel }),
      ...(as === undefined ? {} : { as }),
      strict: options.strict === true,
      failOnPossible: options.failOn === 'possible',
      keepGoing: options.keepGoing === true,
      explainFidelity: options.explainFidelity === true,
    });
  } finally {
    input.close();
  }
}

/** The time base is known once the first event was read. */
function firstTimeBase(trace: OpenTrace): bigint {
  trace.run({ event: () => false });
  return trace.timeBase;
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
