// Fields of times are doubles from the start, in the program that is shipped as well.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, inject, test } from 'vitest';

const program = readFileSync(join(dirname(inject('program')), '../dist/program.cjs'), 'latin1');

/** Line of the program that defines the constant. */
function definition(pattern: RegExp): string {
  const line = pattern.exec(program)?.[0];
  if (line === undefined) throw new Error(`the program has no ${pattern.source}`);
  return line;
}

test('the bundler does not put numbers where the program has its own', () => {
  expect(program).toMatch(/\blinkTime = NEVER;/);
});

test('V8 does not take them for small integers', () => {
  const lines = [/^const \[NO_TIME.*$/m, /^const NEVER = .*$/m, /^const TIME_ZERO = .*$/m].map(definition);
  const script = `${lines.join('\n')}\nconsole.log(NEVER, TIME_ZERO, %IsSmi(NEVER), %IsSmi(TIME_ZERO), %IsSmi(-1));`;
  const output = execFileSync(process.execPath, ['--allow-natives-syntax', '-e', script], { encoding: 'utf8' });
  expect(output.trim()).toBe('-1 0 false false true');
});
