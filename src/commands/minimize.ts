// `scx-check minimize`: cuts a violating trace down to the few events that a finding needs, ready as a fixture.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { explained, InputError, UsageError } from '../errors.ts';
import { deriveExpectation } from '../findings/expectation.ts';
import { EXIT } from '../findings/verdict.ts';
import { expectationText } from '../gate/expectation-file.ts';
import { openInput } from '../input/open.ts';
import { type Minimized, minimize } from '../minimize/minimize.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import { findRule } from '../rules/index.ts';
import type { RuleSpec } from '../rules/rule.ts';
import { WRITERS, writerForPath } from '../writers/index.ts';
import type { WriterSpec } from '../writers/writer.ts';
import type { CommandContext } from './context.ts';
import { domainSource } from './domain-option.ts';
import { kernelOption, numberOption } from './options.ts';
import { Progress } from './progress.ts';

export interface MinimizeCommandOptions {
  readonly domain?: string;
  readonly rule: string;
  readonly pid?: string;
  readonly kernel?: string;
  readonly snapshot?: string;
  readonly output?: string;
  readonly fixture?: string;
  readonly keepValues?: boolean;
}

export async function minimizeCommand(
  path: string,
  options: MinimizeCommandOptions,
  context: CommandContext,
): Promise<number> {
  const rule = ruleOption(options.rule);
  const pid = options.pid === undefined ? undefined : numberOption('--pid', options.pid);
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const writer = chooseWriter(options.output);
  const target =
    options.fixture === undefined ? (options.output ?? 'minimal.json') : fixturePath(options.fixture, rule);
  const source = await openInput(path);
  const progress = new Progress(context, path);
  let minimized: Minimized | undefined;
  try {
    const trace = await openTrace(source, {
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      onProgress: (done) => progress.update(done),
    });
    const { keepValues } = options;
    const domain = domainSource(options.domain);
    minimized = await minimize(trace, {
      rule,
      pid,
      kernel,
      ...(domain === undefined ? {} : { domain }),
      keepValues,
      writer,
      path: target,
    });
  } catch (error) {
    throw await explained(error);
  } finally {
    progress.end();
    source.close();
  }
  if (minimized === undefined) {
    const whose = pid === undefined ? '' : ` about pid ${pid}`;
    throw new InputError(
      { code: 'no-finding', path, hint: `scx-check replay ${path} --rules ${rule.id} shows what there is` },
      `no violation of ${rule.id}${whose} to minimise`,
    );
  }
  if (options.fixture === undefined) {
    const output = new OutputFile(options.output);
    output.write(minimized.text);
    output.close();
  } else {
    mkdirSync(options.fixture, { recursive: true });
    writeFileSync(target, minimized.text);
    writeFileSync(target.replace(/\.json$/, '.expect.json'), expectationOf(minimized, rule));
  }
  context.stderr.write(
    `scx-check: ${summary(path, minimized, options.fixture === undefined ? options.output : target)}\n`,
  );
  return EXIT.ok;
}

/** Rule by its id; an unknown one is a usage error. */
export function ruleOption(id: string): RuleSpec {
  const rule = findRule(id);
  if (rule === undefined)
    throw new UsageError(`--rule: there is no rule ${JSON.stringify(id)}; scx-check rules lists them`);
  return rule;
}

function chooseWriter(output: string | undefined): WriterSpec {
  const [json] = WRITERS;
  const writer = output === undefined ? json : writerForPath(output);
  if (writer === undefined)
    throw new UsageError(`-o ${output}: end the name in ${WRITERS.map(({ extension }) => extension).join(', ')}`);
  return writer;
}

/** The first free name for a fixture of the rule. */
function fixturePath(folder: string, rule: RuleSpec): string {
  for (let n = 1; ; n++) {
    const path = join(folder, `${rule.id}${n === 1 ? '' : `-${n}`}.json`);
    if (!existsSync(path)) return path;
  }
}

/** The trace is a part of one, so only the rule that it was cut for is expected to say something. */
function expectationOf({ result }: Minimized, rule: RuleSpec): string {
  const keys = { rules: [rule.id], verdict: '', findings: [], exits: [], evaluated: [] };
  return expectationText(deriveExpectation(result, keys));
}

function summary(path: string, { events, originalEvents, effort }: Minimized, target: string | undefined): string {
  const grouped = (n: number): string => String(n).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
  return (
    `${path}: ${grouped(originalEvents)} events cut down to ${grouped(events)}${target === undefined ? '' : ` in ${target}`}` +
    ` (${grouped(effort.replays)} parts replayed, together as long as ${effort.wholeTraces.toFixed(1)} whole traces)`
  );
}
