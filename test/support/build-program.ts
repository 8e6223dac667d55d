// Builds the program once for all tests that run it as a process of its own. Inside node_modules, so that the bundle finds
// its dependencies and nobody else finds the bundle.
import { mkdirSync, writeFileSync } from 'node:fs';
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
  const options = Array.isArray(config) ? config[0] : config;
  const bundle = await rolldown({ ...options, cwd: root, logLevel: 'silent' });
  await bundle.write({ ...options.output, dir: join(home, 'dist') });
  await bundle.close();
  mkdirSync(join(home, 'bin'), { recursive: true });
  writeFileSync(join(home, 'bin/scx-check.js'), "#!/usr/bin/env node\nimport '../dist/main.js';\n", { mode: 0o755 });
  writeFileSync(join(home, 'package.json'), '{"type":"module"}\n');
  project.provide('program', join(home, 'bin/scx-check.js'));
}
