#!/usr/bin/env node
// Runs a benchmark that is written in TypeScript: `node bench/run.js minimize [ARGS]`. Bundled next to the dependencies.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const [name, ...args] = process.argv.slice(2);
if (name === undefined) {
  process.stderr.write('usage: node bench/run.js BENCHMARK [ARGS]\n');
  process.exitCode = 129;
} else {
  const root = join(import.meta.dirname, '..');
  const dir = join(root, 'node_modules/.scx-check-bench');
  const bundle = await rolldown({
    cwd: root,
    input: { [name]: `bench/${name}.ts` },
    platform: 'node',
    logLevel: 'silent',
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('bench/'),
  });
  await bundle.write({ dir, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name]-[hash].mjs' });
  await bundle.close();
  const { status } = spawnSync(process.execPath, [join(dir, `${name}.mjs`), ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 134;
}
