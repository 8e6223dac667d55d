// Runs the command line inside the test: no process to start. For what does not depend on one.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../../src/cli.ts';
import type { Run } from './program.ts';

/**
 * Runs `scx-check ARGS -o FILE` as if in `folder`: words that name something there become paths, and the folder is taken
 * out of what was written.
 */
export async function runIn(
  folder: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  name = '.out',
): Promise<Run> {
  const out = join(folder, name);
  const written = { stdout: '', stderr: '' };
  const collect = (name: 'stdout' | 'stderr') => ({
    isTTY: false,
    write: (text: string): void => {
      written[name] += text;
    },
  });
  const words = args.map((word) => (/^[\w-]+(?:\/[\w.-]+)*\.\w+(?:\.\w+)*$/.test(word) ? join(folder, word) : word));
  const code = await main([...words, '-o', out], {
    stdout: collect('stdout'),
    stderr: collect('stderr'),
    env: { NO_COLOR: '1', ...env },
  });
  if (existsSync(out)) written.stdout += readFileSync(out, 'utf8');
  rmSync(out, { force: true });
  const short = (text: string): string =>
    text.replaceAll(`file://${folder}/`, '').replaceAll(`${folder}/`, '').replaceAll(folder, '.');
  return { code, stdout: short(written.stdout), stderr: short(written.stderr) };
}
