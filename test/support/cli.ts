// Runs the command line in this process and collects what it writes.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../src/cli.ts';

export interface CliRun {
  readonly code: number;
  /** What the command wrote to its output; undefined: it opened none. */
  readonly output: string | undefined;
  readonly stderr: string;
}

/** Runs a command that takes `-o`, with its output in a file of its own. */
export async function runCli(argv: readonly string[]): Promise<CliRun> {
  const folder = mkdtempSync(join(tmpdir(), 'scx-check-'));
  const file = join(folder, 'output');
  let stderr = '';
  try {
    const code = await main([...argv, '-o', file], {
      stdout: { isTTY: false, write: () => {} },
      stderr: {
        isTTY: false,
        write: (text) => {
          stderr += text;
        },
      },
      env: {},
    });
    return { code, output: readIfThere(file), stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
