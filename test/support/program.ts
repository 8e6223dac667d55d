// Runs the program as users do: a process of its own, with its exit code, output and errors.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject, onTestFinished } from 'vitest';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

/** Environment of tests: no CI, no colours, no git configuration of the machine. */
export function testEnv(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const { CI: _ci, FORCE_COLOR: _color, ...rest } = process.env;
  return {
    ...rest,
    NO_COLOR: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_AUTHOR_NAME: 'test',
    GIT_AUTHOR_EMAIL: 'test@example.org',
    GIT_COMMITTER_NAME: 'test',
    GIT_COMMITTER_EMAIL: 'test@example.org',
    ...env,
  };
}

/** Runs `scx-check ARGS`. */
export function scxCheck(args: readonly string[], options: RunOptions = {}): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [inject('program'), ...args], {
    cwd: options.cwd,
    env: testEnv(options.env),
    encoding: 'utf8',
    input: options.input ?? '',
    maxBuffer: 1 << 28,
  });
  return { code: status, stdout, stderr };
}

/** A folder that is gone when the test is over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'scx-check-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
