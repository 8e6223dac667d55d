// Finds the traces to test: files under the given paths that have an expectation, in a fixed order.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../errors.ts';
import { looksCanonical } from './peek.ts';

/** A trace, and where its expectation is. */
export interface Candidate {
  readonly path: string;
  /** File beside the trace; undefined: none. */
  readonly file: string | undefined;
  /** It was named on the command line, so it must have an expectation. */
  readonly named: boolean;
}

export const EXPECTATION_ENDING = '.expect.json';

const TRACE_ENDING = /\.(?:json|jsonl|csv|dat)(?:\.(?:gz|zst|xz))?$/;
const SKIPPED_FOLDERS = new Set(['node_modules', '.git']);

/** The expectation file beside a trace: `NAME.EXT.expect.json`, else `NAME.expect.json`. */
export function expectationBeside(path: string): string | undefined {
  const whole = `${path}${EXPECTATION_ENDING}`;
  if (existsSync(whole)) return whole;
  const stem = `${stemOf(path)}${EXPECTATION_ENDING}`;
  return existsSync(stem) ? stem : undefined;
}

/** Path without the endings of format and compression. */
export function stemOf(path: string): string {
  return path.replace(TRACE_ENDING, '');
}

/**
 * Files under `paths`, folders in the order of their names. A path that does not exist is an InputError. In folders, only
 * files count that have an expectation beside them or that are canonical traces.
 */
export function discover(paths: readonly string[]): Candidate[] {
  const found = new Map<string, Candidate>();
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined)
      throw new InputError({ code: 'not-readable', path, expected: 'a trace or a folder' }, 'there is no such file');
    if (!stat.isDirectory()) found.set(path, { path, file: expectationBeside(path), named: true });
    else {
      for (const file of walk(path)) {
        const beside = expectationBeside(file);
        if (found.has(file) || (beside === undefined && !looksCanonical(file))) continue;
        found.set(file, { path: file, file: beside, named: false });
      }
    }
  }
  return [...found.values()];
}

function* walk(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!SKIPPED_FOLDERS.has(entry.name)) yield* walk(path);
    } else if (TRACE_ENDING.test(entry.name) && !entry.name.endsWith(EXPECTATION_ENDING)) yield path;
  }
}
