// The program starts from its code cache, never from one that is not for it, and without one just as well.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, inject, test } from 'vitest';
import { EXIT } from '../src/findings/verdict.ts';
import * as source from '../src/index.ts';
import { temporaryFolder, testEnv } from './support/program.ts';

const HOME = join(dirname(inject('program')), '..');
const CACHE = `dist/program.cjs.${process.version}-${process.arch}.cache`;

/** A copy of the package, and its help, of which every word stands in the text of the program. */
function copy(): { readonly path: (name: string) => string; readonly help: () => string } {
  const folder = temporaryFolder();
  cpSync(HOME, folder, { recursive: true, preserveTimestamps: true });
  const path = (name: string): string => join(folder, name);
  const help = (): string => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [path('bin/scx-check.js'), '--help'], {
      encoding: 'utf8',
      env: testEnv({ NODE_OPTIONS: '' }),
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  };
  return { path, help };
}

test('the code comes from the cache, unless the text is newer', () => {
  const { path, help } = copy();
  const program = path('dist/program.cjs');
  const seconds = statSync(path(CACHE)).mtimeMs / 1000;
  // Of the same length: V8 does not notice.
  writeFileSync(program, readFileSync(program, 'latin1').replaceAll('Replays recorded', 'Replays RECORDED'), 'latin1');
  utimesSync(program, seconds, seconds);
  expect(help()).toContain('Replays recorded');
  utimesSync(program, seconds + 90, seconds + 90);
  expect(help()).toContain('Replays RECORDED');
});

test('the code that is cached calls no import()', () => {
  const calls = readFileSync(join(HOME, 'dist/program.cjs'), 'latin1').match(/\bimport\(["'][^"']*["']\)[^.]/g);
  expect(calls).toBeNull();
});

test.each([
  ['is missing', (file: string) => rmSync(file)],
  ['is empty', (file: string) => writeFileSync(file, '')],
  ['is cut off', (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 100_000))],
  ['is of another V8', (file: string) => writeFileSync(file, readFileSync(file).fill(0, 4, 8))],
])('a cache that %s changes nothing but the time', (_, damage) => {
  const { path, help } = copy();
  const before = help();
  expect(existsSync(path(CACHE))).toBe(true);
  damage(path(CACHE));
  expect(help()).toBe(before);
});

test('a program that cannot be loaded is an internal error, not a violation', () => {
  const { path } = copy();
  rmSync(path(CACHE));
  writeFileSync(path('dist/program.cjs'), 'this is no program');
  const { status, stderr } = spawnSync(process.execPath, [path('bin/scx-check.js'), 'rules'], { encoding: 'utf8' });
  expect(status).toBe(EXIT.internal);
  expect(stderr).toMatch(/^scx-check: internal error, please report it/);
});

test('the programming interface of the package is that of the source', async () => {
  const built = (await import(pathToFileURL(join(HOME, 'dist/index.js')).href)) as object;
  expect(
    Object.keys(built)
      .filter((name) => name !== 'module.exports')
      .toSorted(),
  ).toEqual(Object.keys(source).toSorted());
});
