// From documents to text: the reporters by the name of their format, each loaded when it is used.
import type { BisectDocument } from '../findings/bisect-report.ts';
import type { DiffDocument } from '../findings/diff.ts';
import type { ReplayResult } from '../findings/result.ts';
import type { TestReport } from '../findings/test-report.ts';
import type { FailedInput } from '../report/place.ts';
import type { SarifOptions } from '../report/sarif.ts';
import { RULES } from '../rules/index.ts';
import { VERSION } from '../version.ts';
import type { CommandContext } from './context.ts';
import type { ReportFormat } from './formats.ts';

/** Findings of one rule that reports for people show in full unless --limit says otherwise. */
const DEFAULT_LIMIT = 5;

export interface RenderOptions {
  readonly format: ReportFormat;
  /** The report goes to this file, so not to a terminal. */
  readonly output?: string;
  readonly perRule?: number | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
}

export async function renderResults(
  results: readonly ReplayResult[],
  failed: readonly FailedInput[],
  options: RenderOptions,
  context: CommandContext,
): Promise<string> {
  const perRule = options.perRule ?? DEFAULT_LIMIT;
  switch (options.format) {
    case 'json':
      return results.length === 0 ? '' : (await import('../report/json.ts')).renderJson(results);
    case 'junit':
      return (await import('../report/junit.ts')).renderJunit(results, failed);
    case 'sarif':
      return (await import('../report/sarif.ts')).renderSarif(results, failed, sarifOptions());
    case 'github':
      return (await import('../report/github.ts')).renderGithub(results, failed, { perRule });
    case 'terminal': {
      const { renderTerminal } = await import('../report/terminal.ts');
      const style = await styleFor(options, context);
      return results
        .map((result) =>
          renderTerminal(result, { style, perRule, quiet: options.quiet === true, verbose: options.verbose === true }),
        )
        .join('\n');
    }
  }
}

export async function renderTestReport(
  report: TestReport,
  options: RenderOptions,
  context: CommandContext,
): Promise<string> {
  switch (options.format) {
    case 'json':
      return `${JSON.stringify(report, null, 1)}\n`;
    case 'junit':
      return (await import('../report/junit.ts')).renderTestJunit(report);
    case 'sarif':
      return (await import('../report/sarif.ts')).renderTestSarif(report, sarifOptions());
    case 'github':
      return (await import('../report/github.ts')).renderTestGithub(report);
    case 'terminal': {
      const { renderTestTerminal } = await import('../report/test-terminal.ts');
      return renderTestTerminal(report, { style: await styleFor(options, context), verbose: options.verbose === true });
    }
  }
}

export async function renderBisect(
  document: BisectDocument,
  options: { readonly format: 'terminal' | 'json'; readonly output?: string; readonly verbose?: boolean },
  context: CommandContext,
): Promise<string> {
  if (options.format === 'json') return `${JSON.stringify(document, null, 1)}\n`;
  const { renderBisectTerminal } = await import('../report/bisect-terminal.ts');
  return renderBisectTerminal(document, { style: await styleFor(options, context), verbose: options.verbose === true });
}

export async function renderDiff(
  document: DiffDocument,
  options: { readonly format: 'terminal' | 'json'; readonly output?: string; readonly verbose?: boolean },
  context: CommandContext,
): Promise<string> {
  if (options.format === 'json') return `${JSON.stringify(document, null, 1)}\n`;
  const { renderDiffTerminal } = await import('../report/diff-terminal.ts');
  return renderDiffTerminal(document, { style: await styleFor(options, context), verbose: options.verbose === true });
}

async function styleFor({ output }: Pick<RenderOptions, 'output'>, context: CommandContext) {
  const { makeStyle } = await import('../report/style.ts');
  return makeStyle({ isTerminal: output === undefined && context.stdout.isTTY, env: context.env });
}

function sarifOptions(): SarifOptions {
  return {
    version: VERSION,
    rules: RULES.map(({ id, title, meaning, avoid, severity }) => ({ id, title, meaning, avoid, severity })),
  };
}
