// The walk-throughs of the documentation are run as they stand: commands, output, exit codes; and so are the snippets for CI.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { temporaryFolder, testEnv } from '../support/program.ts';
import { traceText } from '../support/replay.ts';
import { switchEvents } from '../support/results.ts';

const ROOT = join(import.meta.dirname, '../..');
const page = (name: string): string => readFileSync(join(ROOT, 'docs', name), 'utf8');

interface Step {
  readonly command: string;
  readonly output: readonly string[];
}

/** Commands of the `console` blocks: `$ ` begins one, `> ` goes on with it, the rest is output. */
function steps(text: string): Step[] {
  const found: { command: string; output: string[] }[] = [];
  for (const [, block = ''] of text.matchAll(/^```console\n(.*?)^```$/gms)) {
    for (const line of block.split('\n').slice(0, -1)) {
      const last = found.at(-1);
      if (line.startsWith('$ ')) found.push({ command: line.slice(2), output: [] });
      else if (line.startsWith('> ') && last?.output.length === 0) last.command += `\n${line.slice(2)}`;
      else last?.output.push(line);
    }
  }
  return found;
}

/** Blocks of a language. */
function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block = '']) => block);
}

/** Output as it is written in the documentation: `...` stands for anything, also within a line. */
function pattern(lines: readonly string[]): RegExp {
  const escaped = lines.map((line) =>
    line === '...'
      ? '(?:.*\\n)*?'
      : `${line
          .split('...')
          .map((part) => part.replaceAll(/[\\^$.|?+()[\]{}*]/g, '\\$&'))
          .join('.*')}\\n`,
  );
  return new RegExp(`^${escaped.join('')}$`);
}

/** An environment in which `scx-check` is the program under test. */
function environment(folder: string): NodeJS.ProcessEnv {
  const bin = join(folder, '.bin');
  mkdirSync(bin);
  const shim = join(bin, 'scx-check');
  writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${inject('program')}' "$@"\n`);
  chmodSync(shim, 0o755);
  return testEnv({ PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}` });
}

function walk(name: string, folder: string): void {
  const env = environment(folder);
  let code = 0;
  for (const { command, output } of steps(page(name))) {
    if (command === 'echo $?') {
      expect(`${code}`, `exit code in ${name}`).toBe(output.join('\n'));
      continue;
    }
    const run = spawnSync('sh', ['-c', command], { cwd: folder, env, encoding: 'utf8' });
    code = run.status ?? -1;
    const all = command.startsWith('cd demo && git') || output.length === 1 ? `${run.stdout}${run.stderr}` : run.stdout;
    const text = all === '' || all.endsWith('\n') ? all : `${all}\n`;
    expect(text, `${name}: ${command}\n${run.stderr}`).toMatch(pattern(output));
  }
}

test('docs/ci.md', () => {
  expect(steps(page('ci.md')).length).toBeGreaterThan(12);
  walk('ci.md', temporaryFolder());
});

test('docs/bisect.md', () => {
  const folder = temporaryFolder();
  const [, race] = steps(page('ci.md'));
  writeFileSync(join(folder, 'race.jsonl'), `${race?.command.split('\n').slice(1, -1).join('\n')}\n`);
  walk('bisect.md', folder);
}, 60_000);

describe('snippets', () => {
  /** A folder with a trace that is as expected, and one that is not where asked for. */
  function gate(differs: boolean): { folder: string; env: NodeJS.ProcessEnv } {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'traces'));
    const text = traceText(switchEvents({ broken: differs }), { kernel: '7.3', expect: { findings: [] } });
    writeFileSync(join(folder, 'traces/a.jsonl'), text);
    return { folder, env: environment(folder) };
  }

  test.each([
    [false, 0],
    [true, 1],
  ])('the script for GitLab, where a trace differs: %s', (differs, code) => {
    const { folder, env } = gate(differs);
    const yaml = blocks(page('ci.md'), 'yaml').find((block) => block.includes('image: node')) ?? '';
    const [, script = ''] = /^ {2}script:\n((?: {4}- .*\n)+)/m.exec(yaml) ?? [];
    const lines = script.split('\n').map((line) => line.replace(/^ {4}- /, ''));
    expect(lines.length).toBeGreaterThan(3);
    // GitLab ends at the first command that fails.
    const run = spawnSync('bash', ['-e', '-c', lines.join('\n')], { cwd: folder, env, encoding: 'utf8' });
    expect([run.status, run.stderr]).toEqual([code, '']);
    expect(readFileSync(join(folder, 'scx-check.xml'), 'utf8')).toContain('<testsuite');
  });

  test.runIf(spawnSync('make', ['--version']).status === 0)('the Makefile', () => {
    const { folder, env } = gate(false);
    writeFileSync(join(folder, 'Makefile'), blocks(page('ci.md'), 'make')[0] ?? '');
    const make = () =>
      spawnSync('make', ['check-traces', 'SCX_CHECK=scx-check'], { cwd: folder, env, encoding: 'utf8' });
    expect(make().stdout).toContain('1 of 1 traces as expected');
    expect(make().stdout).not.toContain('as expected');
    const broken = gate(true);
    copyFileSync(join(folder, 'Makefile'), join(broken.folder, 'Makefile'));
    const failing = spawnSync('make', ['check-traces', 'SCX_CHECK=scx-check'], {
      cwd: broken.folder,
      env: broken.env,
      encoding: 'utf8',
    });
    expect(failing.status).toBe(2);
    expect(existsSync(join(broken.folder, 'traces.checked'))).toBe(false);
  });

  test.each([
    [false, 0],
    [true, 1],
  ])('the steps of the GitHub action, where a trace differs: %s', (differs, code) => {
    const { folder, env } = gate(differs);
    const action = readFileSync(join(ROOT, 'action.yml'), 'utf8');
    const runs = [...action.matchAll(/^ {6}run: \|\n((?: {8}.*\n|\n)+)/gm)].map(([, text = '']) =>
      text.replaceAll(/^ {8}/gm, ''),
    );
    expect(runs).toHaveLength(2);
    const output = join(folder, 'output');
    const summary = join(folder, 'summary');
    const github = {
      ...env,
      GITHUB_ACTION_PATH: join(dirname(inject('program')), '..'),
      GITHUB_OUTPUT: output,
      GITHUB_STEP_SUMMARY: summary,
      CI: 'true',
      SCX_PATHS: 'traces',
      SCX_BASELINE: '',
      SCX_SHARD: '1/1',
      SCX_JUNIT: 'junit.xml',
      SCX_SARIF: 'result.sarif',
    };
    // Every input is handed on, and nothing is put into a script as text.
    for (const [, name] of action.matchAll(/^ {2}([a-z]+):\n {4}description: .*\n {4}default/gm))
      expect(action).toContain(`SCX_${name?.toUpperCase()}: \${{ inputs.${name} }}`);
    for (const script of runs) expect(script).not.toContain('${{');
    const codes = runs.map((script) => {
      const run = spawnSync('bash', ['-e', '-o', 'pipefail', '-c', script], {
        cwd: folder,
        env: github,
        encoding: 'utf8',
      });
      expect(run.stderr).toBe('');
      if (differs && run.stdout !== '') expect(run.stdout).toMatch(/^::error file=traces\/a\.jsonl,line=3/m);
      return run.status;
    });
    expect(codes).toEqual([0, code]);
    expect(readFileSync(output, 'utf8')).toBe(`exit-code=${code}\n`);
    expect(readFileSync(summary, 'utf8')).toContain(differs ? 'DIFFERENT' : 'as expected');
    expect(existsSync(join(folder, 'junit.xml')) && existsSync(join(folder, 'result.sarif'))).toBe(true);
  });
});
