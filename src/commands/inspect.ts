// `scx-check inspect`: what is in a file, and what can be decided from it. One pass without a replay.
import { explained, InputError } from '../errors.ts';
import { EXIT, worseExitCode } from '../findings/verdict.ts';
import { openInput } from '../input/open.ts';
import { inspectTrace } from '../inspect/inspect.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import { RULES } from '../rules/index.ts';
import { type CommandContext, reportError } from './context.ts';
import { Progress } from './progress.ts';

export interface InspectOptions {
  readonly format: 'terminal' | 'json';
  readonly output?: string;
  readonly snapshot?: string;
  readonly inputFormat?: string;
  readonly verbose?: boolean;
}

export async function inspectCommand(
  paths: readonly string[],
  options: InspectOptions,
  context: CommandContext,
): Promise<number> {
  let code: number = EXIT.ok;
  const inspections = [];
  for (const path of paths) {
    try {
      const inspection = await inspectOne(path, options, context);
      inspections.push(inspection);
      if (inspection.damage !== undefined) code = worseExitCode(code, EXIT.noVerdict);
    } catch (error) {
      const cause = await explained(error);
      if (!(cause instanceof InputError)) throw cause;
      code = worseExitCode(code, reportError(context, cause));
    }
  }
  if (inspections.length === 0) return code;
  const output = new OutputFile(options.output);
  if (options.format === 'json')
    output.write(`${JSON.stringify(inspections.length === 1 ? inspections[0] : inspections, null, 1)}\n`);
  else {
    const { renderInspection } = await import('../report/inspection.ts');
    const { makeStyle } = await import('../report/style.ts');
    const style = await makeStyle({
      isTerminal: options.output === undefined && context.stdout.isTTY,
      env: context.env,
    });
    output.write(
      inspections
        .map((inspection) => renderInspection(inspection, { style, verbose: options.verbose === true }))
        .join('\n'),
    );
  }
  output.close();
  return code;
}

async function inspectOne(path: string, options: InspectOptions, context: CommandContext) {
  const source = await openInput(path);
  const progress = new Progress(context, path);
  try {
    const trace = await openTrace(source, {
      ...(options.inputFormat === undefined ? {} : { format: options.inputFormat }),
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      explainsAtOnce: true,
      onProgress: (done) => progress.update(done),
    });
    return inspectTrace(trace, { path, bytes: source.size, rules: RULES });
  } finally {
    progress.end();
    source.close();
  }
}
