// `scx-check report`: renders a stored result again, in another form.
import { readFileSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { RESULT_SCHEMA, type ReplayResult } from '../findings/result.ts';
import { TEST_SCHEMA, type TestReport } from '../findings/test-report.ts';
import { worseExitCode } from '../findings/verdict.ts';
import { notReadable } from '../input/source.ts';
import { OutputFile } from '../output/output-file.ts';
import type { CommandContext } from './context.ts';
import type { ReportFormat } from './formats.ts';
import { numberOption } from './options.ts';
import { renderResults, renderTestReport } from './render.ts';

export interface ReportOptions {
  readonly format: ReportFormat;
  readonly output?: string;
  readonly limit?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
}

/** The exit code is that of the stored result. */
export async function reportCommand(path: string, options: ReportOptions, context: CommandContext): Promise<number> {
  const perRule = options.limit === undefined ? undefined : numberOption('--limit', options.limit);
  const document = readDocument(path);
  const output = new OutputFile(options.output);
  if (isTestReport(document)) {
    output.write(await renderTestReport(document, options, context));
    output.close();
    return document.exit_code;
  }
  output.write(await renderResults(document, [], { ...options, perRule }, context));
  output.close();
  return document.map((result) => result.exit_code).reduce(worseExitCode, 0);
}

function isTestReport(document: TestReport | readonly ReplayResult[]): document is TestReport {
  return !Array.isArray(document);
}

function readDocument(path: string): TestReport | readonly ReplayResult[] {
  let text: string;
  try {
    text = readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (error) {
    throw notReadable(path, error);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError({ code: 'bad-json', path, hint: 'store one with --format json' }, `not a result: ${reason}`);
  }
  if (schemaOf(json) === TEST_SCHEMA) return json as TestReport;
  const results = Array.isArray(json) ? json : [json];
  const stranger = results.find((result) => schemaOf(result) !== RESULT_SCHEMA);
  if (results.length === 0 || stranger !== undefined) {
    const found = schemaOf(stranger);
    throw new InputError(
      {
        code: 'unknown-format',
        path,
        expected: `"schema": "${RESULT_SCHEMA}" or "${TEST_SCHEMA}"`,
        found: found === undefined ? 'none' : JSON.stringify(found),
        hint: 'store a result with scx-check replay --format json',
      },
      'not a stored result',
    );
  }
  return results as ReplayResult[];
}

function schemaOf(json: unknown): unknown {
  return typeof json === 'object' && json !== null && 'schema' in json ? json.schema : undefined;
}
