// docs/sub-schedulers.md tells the truth: its examples are run, and it names every rule about sub-schedulers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { main } from '../../src/cli.ts';
import { CAPS_RULES } from '../../src/rules/caps/index.ts';
import { findRule } from '../../src/rules/index.ts';
import { temporaryFolder } from '../support/program.ts';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/sub-schedulers.md'), 'utf8');

const EXAMPLES = [...page.matchAll(/```console\n\$ scx-check (.+)\n([\s\S]*?)```\n/g)].map(
  ([, command = '', output = '']) => ({
    command,
    output,
  }),
);

test('there are examples', () => {
  expect(EXAMPLES.length).toBeGreaterThanOrEqual(3);
});

test.each(EXAMPLES)('$command', async ({ command, output }) => {
  const out = join(temporaryFolder(), 'out');
  const words = command.split(' ').map((word) => (word.startsWith('fixtures/') ? join(ROOT, word) : word));
  const silent = { isTTY: false, write: (): void => undefined };
  await main([...words, '-o', out], { stdout: silent, stderr: silent, env: {} });
  expect(readFileSync(out, 'utf8').replaceAll(`${ROOT}/`, '')).toBe(output);
});

test('every rule about sub-schedulers has its place on the page', () => {
  expect(CAPS_RULES.filter(({ id }) => !page.includes(`\`${id}\``)).map(({ id }) => id)).toEqual([]);
});

test('every rule that the page names exists', () => {
  const tables = page.slice(page.indexOf('## What the rules protect'), page.indexOf('## What is not a breach'));
  const named = [...tables.matchAll(/`([a-z]+(?:-[a-z]+)+)`/g)].map(([, id = '']) => id);
  expect(named.filter((id) => findRule(id) === undefined)).toEqual([]);
});
