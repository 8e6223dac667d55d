// Bundles the program. Types are emitted beside it by tsc.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { defineConfig, type InputOptions, type OutputOptions, type Plugin } from 'rolldown';

const ROOT = import.meta.dirname;

/** What the replay of a small trace loads: one file is found, read and compiled faster than seventy. */
const PROGRAM = new Set(
  [
    'cli',
    'commands/replay',
    'readers/canonical/json-trace',
    'readers/canonical/jsonl-trace',
    'report/style',
    'report/terminal',
  ].map((name) => join(ROOT, `src/${name}.ts`)),
);

/** Bundled, since the program needs it at every start. */
const BUNDLED = 'commander';

/** `import text from './file?raw'`, as vite has it. */
const raw: Plugin = {
  name: 'raw',
  resolveId: (id, importer) =>
    id.endsWith('?raw') && importer !== undefined ? resolve(dirname(importer), id) : undefined,
  load: (id) =>
    id.endsWith('?raw')
      ? {
          code: `export default ${JSON.stringify(readFileSync(id.slice(0, -'?raw'.length), 'utf8'))}`,
          moduleType: 'js',
        }
      : undefined,
};

/** Commander can start other programs as its commands. None of ours is one, and what starts programs takes long to load. */
const startsPrograms = (id: string, importer: string | undefined): boolean =>
  id === 'node:child_process' && importer?.includes(`node_modules/${BUNDLED}/`) === true;
const withoutProcesses: Plugin = {
  name: 'without-processes',
  resolveId: (id, importer) => (startsPrograms(id, importer) ? '\0no-processes' : undefined),
  load: (id) => (id === '\0no-processes' ? 'module.exports = {};' : undefined),
};

/** The programming interface is made of ES modules, and knows the names of what it exports. */
const interfaceModule: Plugin = {
  name: 'interface-module',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'index.js', source: "export * from './index.cjs';\n" });
  },
};

/** The licence of what is bundled asks for it. */
const licences: Plugin = {
  name: 'licences',
  generateBundle() {
    const text = readFileSync(join(ROOT, `node_modules/${BUNDLED}/LICENSE`), 'utf8');
    this.emitFile({ type: 'asset', fileName: 'licences.txt', source: `program.cjs contains ${BUNDLED}:\n\n${text}` });
  },
};

const codeCache: Plugin = {
  name: 'code-cache',
  writeBundle({ dir }) {
    if (dir === undefined) return;
    // Code that was compiled with options of V8 is good for these options only.
    const env = { ...process.env, NODE_OPTIONS: '' };
    execFileSync(process.execPath, [join(ROOT, 'build/code-cache.cjs'), dir], { env, stdio: 'inherit' });
  },
};

const options = {
  platform: 'node',
  external: (id, importer) =>
    !id.startsWith('.') && !id.startsWith('\0') && !isAbsolute(id) && id !== BUNDLED && !startsPrograms(id, importer),
} satisfies InputOptions;

const output = {
  dir: 'dist',
  // CommonJS loads faster than ES modules, and only its code can be cached. Code from a cache cannot call import().
  format: 'cjs',
  dynamicImportInCjs: false,
  entryFileNames: '[name].cjs',
  // Minified code is no faster; what is not ASCII would take V8 twice the memory for the whole text.
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
} satisfies OutputOptions;

export default defineConfig([
  {
    ...options,
    input: { main: 'src/main.ts', index: 'src/index.ts' },
    plugins: [raw, withoutProcesses, interfaceModule, licences, codeCache],
    output: {
      ...output,
      cleanDir: true,
      chunkFileNames: ({ name }) => (name === 'program' ? 'program.cjs' : 'chunks/[name]-[hash].cjs'),
      codeSplitting: {
        groups: [{ name: 'program', test: (id) => PROGRAM.has(id) || id.includes('rolldown/runtime') }],
      },
    },
  },
  {
    // The thread that reads must not load the program: it knows neither model nor rules.
    ...options,
    input: { 'reader-thread': 'src/readers/thread/reader-thread.ts' },
    output: { ...output, chunkFileNames: 'chunks/thread-[name]-[hash].cjs' },
  },
]);
