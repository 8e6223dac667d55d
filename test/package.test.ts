// What the package promises by its files: they exist, and README, scripts and CI speak of the same commands.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { runCli } from './support/cli.ts';
import { splitWords } from './support/examples.ts';
import { scxCheck } from './support/program.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  files: string[];
  scripts: Record<string, string>;
  bin: Record<string, string>;
};

/** Made by the build, not kept. */
const BUILT = new Set(['dist']);

test('every file of the package is there', () => {
  const missing = [...manifest.files, ...Object.values(manifest.bin)].filter(
    // Of a pattern the folder above it must be there.
    (file) => !BUILT.has(file) && !existsSync(join(ROOT, file.replace(/[^/]*\*.*$/, ''))),
  );
  expect(missing).toEqual([]);
});

test('every script that README and docs name exists', () => {
  const pages = ['README.md', 'docs/performance.md', 'docs/errors.md', 'docs/architecture.md'].map(read).join('\n');
  const named = [...pages.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name = '']) => name);
  expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
  expect(named.length).toBeGreaterThan(2);
});

test('every page that README links to exists', () => {
  const links = [...read('README.md').matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
  expect(links.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  expect(links.length).toBeGreaterThan(4);
});

test('the two commands of README: the first replays what is shipped, the second is what CI runs', async () => {
  const [first = '', second = ''] = [...read('README.md').matchAll(/^```sh\n([^\n]+)\n```$/gm)].map(
    ([, command = '']) => command,
  );
  const replay = first.replace(/^npm ci && node bin\/scx-check\.js /, '');
  expect(replay).not.toBe(first);
  const before = process.cwd();
  process.chdir(ROOT);
  try {
    const { code, output, stderr } = await runCli(splitWords(replay));
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(output).toMatch(/PASS +\d+ rules checked/);
  } finally {
    process.chdir(before);
  }
  expect(read('.ci/run').split('\n')).toContain(second);
  expect(statSync(join(ROOT, '.ci/run')).mode & 0o111).not.toBe(0);
});

test('README lists every command, and no other', () => {
  const listed = [...read('README.md').matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z]+)/g)].map(([, name = '']) => name),
  );
  const { stdout } = scxCheck(['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+) {2,}|^ {2}([a-z]+) [[<]/gm)]
    .map(([, bare, withArguments]) => bare ?? withArguments ?? '')
    .filter((name) => name !== 'help');
  expect(listed.toSorted()).toEqual(commands.toSorted());
  expect(commands).toContain('replay');
});
