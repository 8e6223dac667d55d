// The option --baseline: reading and writing the file of known findings.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import { BASELINE_FORMAT, type Baseline, isBaseline, makeBaseline } from '../findings/baseline.ts';
import type { ReplayResult } from '../findings/result.ts';
import type { CommandContext } from './context.ts';

export interface BaselineOptions {
  readonly baseline?: string;
  readonly updateBaseline?: boolean;
}

/** The baseline to judge with; undefined: none was asked for, or it is about to be written. */
export function readBaseline({ baseline: path, updateBaseline }: BaselineOptions): Baseline | undefined {
  if (path === undefined) {
    if (updateBaseline === true) throw new UsageError('--update-baseline needs --baseline FILE');
    return undefined;
  }
  if (updateBaseline === true) return undefined;
  if (!existsSync(path))
    throw new UsageError(`--baseline: there is no file ${path}; --update-baseline writes it from what is found now`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--baseline: ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isBaseline(json))
    throw new UsageError(`--baseline: ${path}: not a baseline, expected "format": "${BASELINE_FORMAT}"`);
  return json;
}

/** Writes what was found as the baseline. Never in CI: a gate that rewrites what it compares with lets everything pass. */
export function writeBaseline(path: string, results: readonly ReplayResult[]): void {
  writeFileSync(path, `${JSON.stringify(makeBaseline(results), null, 2)}\n`);
}

/** Refuses an option that rewrites expectations when a CI system runs the program. */
export function refuseInCi(option: string, context: CommandContext): void {
  const { CI } = context.env;
  if (CI !== undefined && CI !== '' && CI !== 'false' && CI !== '0')
    throw new UsageError(
      `${option} is refused in CI (the environment has CI=${CI}): rewrite it by hand, look at it, commit it`,
    );
}
