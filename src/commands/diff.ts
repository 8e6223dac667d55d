// `scx-check diff`: replays two recordings of one workload and compares what was found, checked and measured.
import { explained } from '../errors.ts';
import { diffResults } from '../findings/diff.ts';
import type { ReplayResult } from '../findings/result.ts';
import { openInput } from '../input/open.ts';
import type { KernelVersion } from '../kernel/release.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import { runReplay } from '../replay/run.ts';
import type { CommandContext } from './context.ts';
import { type DomainOptions, domainOption } from './domain-option.ts';
import { kernelOption } from './options.ts';
import { Progress } from './progress.ts';
import { renderDiff } from './render.ts';
import { selectRules } from './replay.ts';

export interface DiffOptions extends DomainOptions {
  readonly rules?: string;
  readonly skip?: string;
  readonly kernel?: string;
  readonly format: 'terminal' | 'json';
  readonly output?: string;
  readonly verbose?: boolean;
}

export async function diffCommand(
  a: string,
  b: string,
  options: DiffOptions,
  context: CommandContext,
): Promise<number> {
  const { rules } = selectRules(options.rules, options.skip);
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const replay = async (path: string): Promise<ReplayResult> => {
    const source = await openInput(path);
    const progress = new Progress(context, path);
    try {
      const trace = await openTrace(source, { onProgress: (done) => progress.update(done) });
      const domain = await domainOption(options, trace.header);
      return runReplay(trace, { path, rules, domain, figures: true, ...kernelOf(kernel) });
    } catch (error) {
      throw await explained(error);
    } finally {
      progress.end();
      source.close();
    }
  };
  const document = diffResults(await replay(a), await replay(b));
  const output = new OutputFile(options.output);
  output.write(await renderDiff(document, options, context));
  output.close();
  return document.exit_code;
}

function kernelOf(kernel: KernelVersion | undefined): { readonly kernel?: KernelVersion } {
  return kernel === undefined ? {} : { kernel };
}
