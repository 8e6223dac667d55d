// Builds the program once for all tests that run it as a process of its own. Inside node_modules, so that the bundle finds
// its dependencies and nobody else finds the bundle.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import type { TestProject } from 'vitest/node';
import config from '../../rolldown.config.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of the program, to be run with node. */
    readonly program: string;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const root = join(import.meta.dirname, '../..');
  const home = join(root, 'node_modules/.scx-check-test');
  for (const part of [config].flat()) {
    const bundle = await rolldown({ ...part, cwd: root, logLevel: 'silent' });
    for (const output of [part.output ?? {}].flat()) await bundle.write({ ...output, dir: join(home, 'dist') });
    await bundle.close();
  }
  cpSync(join(root, 'bin'), join(home, 'bin'), { recursive: true });
  cpSync(join(root, 'package.json'), join(home, 'package.json'));
  project.provide('program', join(home, 'bin/scx-check.js'));
}
