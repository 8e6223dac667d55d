// `scx-check vtime`: drift of every task from every basis over time, and where its runtime was charged.
import { explained } from '../errors.ts';
import { EXIT } from '../findings/verdict.ts';
import type { VtimeDocument } from '../findings/vtime-document.ts';
import { openInput } from '../input/open.ts';
import { OutputFile } from '../output/output-file.ts';
import { openTrace } from '../readers/index.ts';
import { runVtime } from '../replay/vtime-run.ts';
import type { CommandContext } from './context.ts';
import { type DomainOptions, domainOption } from './domain-option.ts';
import { countOption, kernelOption, numberOption } from './options.ts';
import { Progress } from './progress.ts';

export interface VtimeCommandOptions extends DomainOptions {
  readonly format: 'terminal' | 'json' | 'csv';
  readonly snapshot?: string;
  readonly kernel?: string;
  readonly pid?: string;
  readonly tasks?: string;
  readonly output?: string;
}

const TASKS = '10';
const CHART_COLUMNS = 48;

export async function vtimeCommand(
  path: string,
  options: VtimeCommandOptions,
  context: CommandContext,
): Promise<number> {
  const kernel = options.kernel === undefined ? undefined : kernelOption(options.kernel);
  const pid = options.pid === undefined ? undefined : numberOption('--pid', options.pid);
  const tasks = countOption('--tasks', options.tasks ?? TASKS);
  const source = await openInput(path);
  const progress = new Progress(context, path);
  let document: VtimeDocument;
  try {
    const trace = await openTrace(source, {
      ...(options.snapshot === undefined ? {} : { snapshot: options.snapshot }),
      onProgress: (done) => progress.update(done),
    });
    const domain = await domainOption(options, trace.header);
    document = runVtime(trace, {
      path,
      domain,
      ...(kernel === undefined ? {} : { kernel }),
      ...(pid === undefined ? {} : { pid }),
    });
  } catch (error) {
    throw await explained(error);
  } finally {
    progress.end();
    source.close();
  }
  const output = new OutputFile(options.output);
  output.write(await render(document, options, tasks, context));
  output.close();
  return EXIT.ok;
}

async function render(
  document: VtimeDocument,
  { format, output }: VtimeCommandOptions,
  tasks: number,
  context: CommandContext,
): Promise<string> {
  if (format === 'json') return `${JSON.stringify(document, null, 1)}\n`;
  if (format === 'csv') return (await import('../report/vtime-csv.ts')).renderVtimeCsv(document);
  const { renderVtime } = await import('../report/vtime-terminal.ts');
  const { makeStyle } = await import('../report/style.ts');
  const style = await makeStyle({ isTerminal: output === undefined && context.stdout.isTTY, env: context.env });
  return renderVtime(document, { style, width: CHART_COLUMNS, tasks });
}
