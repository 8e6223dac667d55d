// Bisections of real git repositories: by git itself with the exit codes of replay, and by `bisect run` where the bug shows
// only sometimes.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import type { SearchDocument } from '../../src/findings/bisect-report.ts';
import { git, type Planted, plantedRepository } from '../support/git-repository.ts';
import { type Run, scxCheck, temporaryFolder, testEnv } from '../support/program.ts';
import { randomFrom } from '../support/random.ts';

const RULE = 'switch-chain-broken';

/** Which runs would show the bug: a share of them, by a seed. */
function luck(rate: number, seed: number): string {
  const random = randomFrom(seed);
  return Array.from({ length: 500 }, () => (random() < rate ? '1' : '0')).join('');
}

function bisectRun({ folder, commits, record }: Planted, args: readonly string[] = []): Run {
  return scxCheck(
    [
      ...['bisect', 'run', '--good', commits[0] ?? '', '--bad', 'main', '--record', record, '--expect', RULE],
      ...['--format', 'json', ...args],
    ],
    { cwd: folder },
  );
}
const documentOf = (run: Run): SearchDocument => JSON.parse(run.stdout) as SearchDocument;

/** All that a search could leave behind where the user works. */
const stateOf = (folder: string): unknown => [
  git(folder, 'status', '--porcelain', '--ignored', '--branch'),
  git(folder, 'rev-parse', 'HEAD'),
  git(folder, 'for-each-ref'),
  git(folder, 'worktree', 'list'),
  existsSync(join(folder, '.git/scx-check-bisect')),
];

describe('git bisect run', () => {
  test('works with scx-check replay as it is', () => {
    const root = temporaryFolder();
    const planted = plantedRepository(root, { commits: 16, culprit: 11, luck: '1'.repeat(100), broken: [7] });
    const { folder, commits } = planted;
    const trace = join(root, 'run.jsonl');
    const script = join(root, 'step.sh');
    const record = planted.record.replaceAll('{trace}', trace);
    writeFileSync(
      script,
      `SCX_CHECK_RUN=1\n${record}\nexec '${process.execPath}' '${inject('program')}' replay -q ${trace}\n`,
    );
    git(folder, 'bisect', 'start', 'main', commits[0] ?? '');
    const { stdout } = spawnSync('git', ['bisect', 'run', 'sh', script], {
      cwd: folder,
      encoding: 'utf8',
      env: testEnv(),
    });
    expect(stdout).toContain(`${commits[11]} is the first`);
  });

  test('is wrong about a bug that shows in one run of four, on runs for which bisect run is right', () => {
    const root = temporaryFolder();
    const planted = plantedRepository(root, { commits: 64, culprit: 21, luck: luck(0.25, 5) });
    const { folder, commits } = planted;
    const trace = join(root, 'run.jsonl');
    const script = join(root, 'step.sh');
    const record = planted.record.replaceAll('{trace}', trace);
    writeFileSync(
      script,
      `SCX_CHECK_RUN=$(( $(cat ${root}/n 2>/dev/null || echo 0) + 1 ))\necho $SCX_CHECK_RUN > ${root}/n\n` +
        `${record}\nexec '${process.execPath}' '${inject('program')}' replay -q ${trace}\n`,
    );
    git(folder, 'bisect', 'start', 'main', commits[0] ?? '');
    const { stdout } = spawnSync('git', ['bisect', 'run', 'sh', script], {
      cwd: folder,
      encoding: 'utf8',
      env: testEnv(),
    });
    expect(stdout).toMatch(/[0-9a-f]{40} is the first/);
    expect(stdout).not.toContain(`${commits[21]} is the first`);
    git(folder, 'bisect', 'reset');

    const before = stateOf(folder);
    const run = bisectRun(planted, ['--rate', '25%']);
    expect(run.code).toBe(0);
    const document = documentOf(run);
    expect(document.culprit).toEqual({ hash: commits[21], subject: 'change 21' });
    expect(document.error).toBeLessThanOrEqual(0.01);
    expect(document.runs.length).toBeLessThan(120);
    expect(stateOf(folder)).toEqual(before);
    // What it found can be handed to git.
    const log = join(root, 'log');
    writeFileSync(log, `${document.git_bisect_log.join('\n')}\n`);
    git(folder, 'bisect', 'replay', log);
  });
});

describe('bisect run', () => {
  test('lists commits that do not build, and finds the culprit beside them', () => {
    const planted = plantedRepository(temporaryFolder(), {
      commits: 16,
      culprit: 9,
      luck: '1'.repeat(99),
      broken: [7, 12],
    });
    const run = bisectRun(planted, ['--rate', '1']);
    const document = documentOf(run);
    expect(document.culprit?.hash).toBe(planted.commits[9]);
    for (const { hash, reason } of document.skipped) {
      expect([planted.commits[7], planted.commits[12]]).toContain(hash);
      expect(reason).toContain('exit code 125');
    }
  });

  test('calls a commit good only when the situation occurred', () => {
    const planted = plantedRepository(temporaryFolder(), { commits: 4, culprit: 2, luck: '1'.repeat(99) });
    const run = bisectRun(planted, ['--rate', '1', '--require', `${RULE} checked >= 5`]);
    // The good recordings check the rule less often, so nothing is known of the commits before.
    expect(run.code).toBe(125);
    const document = documentOf(run);
    expect([document.end, document.culprit]).toEqual(['stuck', null]);
    expect(document.skipped.map(({ reason }) => reason).join()).toContain('the situation did not occur');
  });

  test('another subject, or another rule, is no hit', () => {
    const planted = plantedRepository(temporaryFolder(), { commits: 4, culprit: 2, luck: '1'.repeat(99) });
    const args = ['bisect', 'run', '--good', planted.commits[0] ?? '', '--bad', 'main', '--record', planted.record];
    const other = scxCheck([...args, '--expect', `${RULE}:hog-*`, '--learn-runs', '4'], { cwd: planted.folder });
    expect(other.code).toBe(125);
    expect(other.stdout).toContain(`the bad commit did not show ${RULE}:hog-* in 4 runs`);
    expect(other.stdout).toContain('another violation: switch-chain-broken');
    const same = scxCheck([...args, '--expect', `${RULE}:slp-*`, '--rate', '1'], { cwd: planted.folder });
    expect([same.code, same.stdout]).toEqual([0, expect.stringContaining('FIRST BAD COMMIT')]);
    expect(same.stdout).toContain('change 2');
  });

  test('interrupted, it goes on where it was, and makes no run twice', () => {
    const options = { commits: 32, culprit: 13, luck: luck(0.5, 3) };
    const whole = plantedRepository(temporaryFolder(), options);
    const expected = documentOf(bisectRun(whole, ['--rate', '0.5']));

    const root = temporaryFolder();
    const planted = plantedRepository(root, options);
    const before = git(planted.folder, 'status', '--porcelain', '--ignored', '--branch');
    writeFileSync(join(root, 'interrupt'), '');
    const cut = bisectRun(planted, ['--rate', '0.5']);
    expect([cut.code, cut.stdout, cut.stderr]).toEqual([129, '', expect.stringContaining('--resume goes on')]);
    expect(git(planted.folder, 'status', '--porcelain', '--ignored', '--branch')).toBe(before);
    rmSync(join(root, 'interrupt'));
    expect(bisectRun(planted, ['--rate', '0.5']).stderr).toContain('was interrupted; --resume goes on with it');
    expect(bisectRun(planted, ['--rate', '0.4', '--resume']).stderr).toContain('asked something else');
    const resumed = documentOf(bisectRun(planted, ['--rate', '0.5', '--resume']));
    expect(resumed.runs.map(({ outcome }) => outcome)).toEqual(expected.runs.map(({ outcome }) => outcome));
    expect(resumed.culprit?.subject).toBe('change 13');
    // One call was cut short.
    expect(readFileSync(join(root, 'calls'), 'utf8').trim().split('\n')).toHaveLength(resumed.runs.length + 1);
    expect(git(planted.folder, 'worktree', 'list').split('\n')).toHaveLength(1);
  });

  test('keeps recordings for bisect traces', () => {
    const root = temporaryFolder();
    const planted = plantedRepository(root, { commits: 8, culprit: 5, luck: '1'.repeat(99) });
    const kept = join(root, 'kept');
    bisectRun(planted, ['--rate', '1', '--keep', kept]);
    const run = scxCheck(['bisect', 'traces', kept, '--expect', RULE], { cwd: planted.folder });
    expect(run.code).toBe(0);
    const short = (index: number): string => planted.commits[index]?.slice(0, 12) ?? '';
    expect(run.stdout).toContain(`BREAKS  ${RULE} between ${short(4)} and ${short(5)}`);
  });

  test.each([
    [['--good', 'nowhere'], '"nowhere" is no commit here'],
    [['--rate', '0'], 'expected a share such as 0.25'],
    [['--confidence', '1'], 'nothing that runs show is certain'],
    [['--expect', 'no-rule'], 'there is no rule "no-rule"'],
    [['--require', 'often'], "expected 'RULE checked >= N'"],
    [['--record', 'true'], 'wrote no trace'],
    [['--record', 'exit 127'], 'exit code 127'],
    [['--resume'], 'no search was interrupted here'],
  ])('%j is wrong usage', (args, message) => {
    const planted = plantedRepository(temporaryFolder(), { commits: 3, culprit: 1, luck: '1' });
    const run = bisectRun(planted, args);
    expect([run.code, run.stderr]).toEqual([129, expect.stringContaining(message)]);
  });
});
