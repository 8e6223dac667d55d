// The gate as users run it: which traces it finds, what it says when something differs, what it rewrites, and when it refuses.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TestReport } from '../../src/findings/test-report.ts';
import { type Candidate, discover } from '../../src/gate/discover.ts';
import { inShard } from '../../src/gate/run-tests.ts';
import { runIn } from '../support/in-process.ts';
import { type Run, scxCheck, temporaryFolder } from '../support/program.ts';
import { traceText } from '../support/replay.ts';
import { switchEvents } from '../support/results.ts';

const clean = (header: object = {}): string => traceText(switchEvents(), { kernel: '7.3', ...header });
const broken = (header: object = {}): string => traceText(switchEvents({ broken: true }), { kernel: '7.3', ...header });
const FINDING = { rule: 'switch-chain-broken', task: 'slp-1[101]', cpu: 0, ts: 2000 };

/** A folder with these files; objects are written as JSON. */
function folder(files: Readonly<Record<string, string | object>>): string {
  const root = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    const path = join(root, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
  return root;
}

/** Runs the gate over the folder, or over the traces that the arguments name. */
const gate = (root: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Run> =>
  runIn(root, ['test', ...args, ...(args.some((word) => word.endsWith('.jsonl')) ? [] : [root])], env);
const reportOf = (run: Run): TestReport => JSON.parse(run.stdout) as TestReport;
const file = (content: object): object => ({ format: 'scx-expect@1', ...content });

describe('which traces are tested', () => {
  test('those with an expectation in the header, beside them, or on their events', async () => {
    const root = folder({
      'a/header.jsonl': broken({ expect: { findings: [FINDING] } }),
      'a/beside.jsonl': broken(),
      'a/beside.expect.json': file({ verdict: 'violation' }),
      'b/whole-name.json': JSON.stringify({ format: 'scx-trace@1', kernel: '7.3', events: switchEvents() }),
      'b/whole-name.json.expect.json': file({ verdict: 'pass' }),
      'b/events.jsonl': broken().replace('"next":0', '"next":0,"expect":"switch-chain-broken"'),
      'without.jsonl': clean(),
      'package.json': { name: 'no trace' },
      'snapshot.json': { kernel: '7.3' },
      'notes.txt': 'nothing',
      'node_modules/x.jsonl': broken({ expect: { findings: [] } }),
    });
    const run = await gate(root, ['--format', 'json']);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    const report = reportOf(run);
    expect(report.cases.map(({ path, expectation, outcome }) => [path, expectation, outcome])).toEqual([
      ['a/beside.jsonl', 'a/beside.expect.json', 'as expected'],
      ['a/header.jsonl', 'a/header.jsonl', 'as expected'],
      ['b/events.jsonl', 'events', 'as expected'],
      ['b/whole-name.json', 'b/whole-name.json.expect.json', 'as expected'],
    ]);
    expect(report.without_expectation).toEqual(['without.jsonl']);
  });

  test('shards cover everything once', async () => {
    const candidates = Array.from(
      { length: 40 },
      (_, i): Candidate => ({ path: `t${i}`, file: undefined, named: false }),
    );
    fc.assert(
      fc.property(fc.nat(40), fc.integer({ min: 1, max: 12 }), (n, count) => {
        const some = candidates.slice(0, n);
        const parts = Array.from({ length: count }, (_, i) => inShard(some, { index: i + 1, count }));
        const byName = parts.flat().toSorted((a, b) => some.indexOf(a) - some.indexOf(b));
        expect(byName).toEqual(some);
      }),
    );
  });

  test('a path that does not exist is an error', async () => {
    expect(() => discover(['/does/not/exist'])).toThrow('there is no such file');
  });
});

describe('what it says', () => {
  test('what appeared, what vanished, what changed, as a diff', async () => {
    const root = folder({
      'appeared.jsonl': broken({ expect: { findings: [] } }),
      'changed.jsonl': broken({ expect: { findings: [{ ...FINDING, ts: 1 }] } }),
      'vanished.jsonl': clean({ expect: { findings: [FINDING] } }),
      'fine.jsonl': clean({ expect: { findings: [] } }),
    });
    const run = await gate(root);
    expect(run.code).toBe(1);
    const [diff, summary] = run.stdout.split(/(?=^1 of 4)/m);
    expect(summary).toMatch(/^1 of 4 traces as expected, 3 different, \d+ checks\n$/);
    expect(diff).toBe(`DIFFERENT  appeared.jsonl
  + switch-chain-broken slp-1[101] CPU 0 at 2000 ns  line 3
    CPU 0 switches away from pid 101, but it had switched to pid 100

DIFFERENT  changed.jsonl
  - switch-chain-broken slp-1[101] CPU 0 at 1 ns
  + switch-chain-broken slp-1[101] CPU 0 at 2000 ns  line 3
    CPU 0 switches away from pid 101, but it had switched to pid 100

DIFFERENT  vanished.jsonl
  - switch-chain-broken slp-1[101] CPU 0 at 2000 ns

`);
  });

  test('in the formats of CI systems', async () => {
    const root = folder({ 'a.jsonl': broken({ expect: { findings: [] } }) });
    expect((await gate(root, ['--format', 'github'])).stdout).toContain(
      '::error file=a.jsonl,line=3,title=switch-chain-broken appeared::',
    );
    expect((await gate(root, ['--format', 'junit'])).stdout).toContain('<testcase classname="." name="a.jsonl">');
    expect(JSON.parse((await gate(root, ['--format', 'sarif'])).stdout)).toMatchObject({
      runs: [{ results: [{ ruleId: 'switch-chain-broken' }] }],
    });
  });

  test('a trace that cannot be read fails, and the others are tested all the same', async () => {
    const root = folder({
      'a.jsonl': `${clean({ expect: { findings: [] } })}{"ts":1,`,
      'b.jsonl': clean({ expect: { findings: [] } }),
    });
    const run = await gate(root);
    expect(run.code).toBe(125);
    expect(run.stdout).toContain('FAILED  a.jsonl');
    expect(run.stdout).toContain('line 4');
    expect(run.stdout).toContain('1 of 2 traces as expected, 1 failed');
  });

  test.each([
    [{ format: 'scx-expect@9' }, '"format"'],
    [file({ findings: [{ rule: 'no-such-rule' }] }), 'there is no rule "no-such-rule"'],
    [file({ findings: [{ rul: 'x' }] }), 'findings.0'],
    [file({ verdict: 'good' }), 'expected one of violation'],
    [file({ kernel: 'new' }), 'no release'],
    ['{', 'not JSON'],
  ])('an expectation that makes no sense is a wrong configuration: %j', async (expectation, message) => {
    const run = await gate(folder({ 'a.jsonl': clean(), 'a.expect.json': expectation }));
    expect(run.code).toBe(129);
    expect(run.stdout).toContain(message);
  });

  test('a gate with nothing to compare does not pass', async () => {
    const run = await gate(folder({ 'a.jsonl': clean() }));
    expect(run).toMatchObject({ code: 129, stdout: '' });
    expect(run.stderr).toContain('no trace under . has an expectation (1 traces have none)');
  });
});

describe('the expectation decides how a trace is replayed', () => {
  test('with the rules and under the release that it names', async () => {
    const root = folder({
      'a.jsonl': broken({ expect: { rules: ['task-on-two-cpus'], kernel: '6.12', verdict: 'not evaluated' } }),
    });
    expect(await gate(root)).toMatchObject({ code: 0 });
  });
});

describe('--update', () => {
  test('writes an expectation for a named trace, which then passes', async () => {
    const root = folder({ 'a.jsonl': broken() });
    expect(await gate(root, ['a.jsonl'])).toMatchObject({ code: 129 });
    expect(await gate(root, ['--update', 'a.jsonl'])).toMatchObject({ code: 0 });
    expect(JSON.parse(readFileSync(join(root, 'a.expect.json'), 'utf8'))).toMatchObject({
      format: 'scx-expect@1',
      verdict: 'violation',
      findings: [FINDING],
      exits: [],
    });
    expect(await gate(root)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 of 1 traces as expected') });
  });

  test('rewrites the header and nothing else', async () => {
    const before = broken({ expect: { findings: [] }, comment: 'not {"expect": 1}' });
    const root = folder({ 'a.jsonl': before });
    expect(await gate(root, ['--update'])).toMatchObject({ code: 0 });
    const after = readFileSync(join(root, 'a.jsonl'), 'utf8');
    expect(after.split('\n').slice(1)).toEqual(before.split('\n').slice(1));
    expect(JSON.parse(after.split('\n')[0] ?? '')).toEqual({
      ...JSON.parse(before.split('\n')[0] ?? ''),
      expect: { findings: [FINDING] },
    });
    expect(await gate(root)).toMatchObject({ code: 0 });
  });

  test('rewrites the header of each spelling', async () => {
    const root = folder({ 'a.jsonl': broken({ expect: { findings: [] } }) });
    for (const spelling of ['json', 'csv']) {
      const { stdout } = await runIn(root, ['convert', 'a.jsonl', '--to', spelling]);
      writeFileSync(join(root, `b.${spelling}`), stdout);
    }
    expect(await gate(root)).toMatchObject({ code: 1 });
    expect(await gate(root, ['--update'])).toMatchObject({ code: 0 });
    expect(await gate(root)).toMatchObject({ code: 0, stdout: expect.stringContaining('3 of 3') });
  });

  test('leaves a trace that is as expected alone, and creates nothing for others in a folder', async () => {
    const root = folder({ 'a.jsonl': clean({ expect: { findings: [] } }), 'b.jsonl': broken() });
    const before = readFileSync(join(root, 'a.jsonl'));
    expect(await gate(root, ['--update'])).toMatchObject({ code: 0 });
    expect(readFileSync(join(root, 'a.jsonl'))).toEqual(before);
    expect(existsSync(join(root, 'b.expect.json'))).toBe(false);
  });

  test('is refused in CI, and what is there stays', async () => {
    const root = folder({ 'a.jsonl': broken({ expect: { findings: [] } }) });
    const before = readFileSync(join(root, 'a.jsonl'));
    const run = await gate(root, ['--update'], { CI: 'true' });
    expect(run.code).toBe(129);
    expect(run.stderr).toContain('--update is refused in CI');
    expect(readFileSync(join(root, 'a.jsonl'))).toEqual(before);
  });
});

describe('--baseline', () => {
  test('lets known findings appear, and says which are fixed', async () => {
    const root = folder({ 'a.jsonl': broken({ expect: { findings: [] } }) });
    expect(await runIn(root, ['replay', 'a.jsonl', '--baseline', 'known.json', '--update-baseline'])).toMatchObject({
      code: 1,
    });
    expect(await gate(root)).toMatchObject({ code: 1 });
    expect(await gate(root, ['--baseline', 'known.json'])).toMatchObject({ code: 0 });
    expect(await runIn(root, ['replay', 'a.jsonl', '--baseline', 'known.json'])).toMatchObject({ code: 0 });
    writeFileSync(join(root, 'a.jsonl'), clean({ expect: { findings: [] } }));
    const run = await gate(root, ['--baseline', 'known.json']);
    expect(run.stdout).toContain('fixed  switch-chain-broken slp-#');
  });

  test('a file that is none is a wrong configuration', async () => {
    const root = folder({ 'a.jsonl': clean({ expect: { findings: [] } }), 'x.json': '{}' });
    expect(await gate(root, ['--baseline', 'x.json'])).toMatchObject({ code: 129 });
    expect(await gate(root, ['--baseline', 'y.json'])).toMatchObject({ code: 129 });
  });
});

describe('shards and processes', () => {
  const files = Object.fromEntries(
    Array.from({ length: 7 }, (_, i) => [
      `t${i}.jsonl`,
      i === 3 ? broken({ expect: { findings: [] } }) : clean({ expect: { findings: [] } }),
    ]),
  );

  test('several processes give the report of one, also of a shard', () => {
    const root = folder(files);
    const run = (args: readonly string[]): Run => scxCheck(['test', '--format', 'json', ...args], { cwd: root });
    const one = run(['--jobs', '1']);
    expect(run(['--jobs', '3'])).toEqual(one);
    expect(one.code).toBe(1);
    const half = reportOf(run(['--shard', '1/2', '--jobs', '2']));
    expect(half.cases.map(({ path }) => path)).toEqual(['t0.jsonl', 't2.jsonl', 't4.jsonl', 't6.jsonl']);
  });

  test('a shard tests its part', async () => {
    const report = reportOf(await gate(folder(files), ['--shard', '2/3', '--format', 'json']));
    expect(report.cases.map(({ path }) => path)).toEqual(['t1.jsonl', 't4.jsonl']);
  });

  test.each(['0/2', '3/2', 'x', '1'])('--shard %s is a usage error', async (shard) => {
    expect(await gate(folder(files), ['--shard', shard])).toMatchObject({ code: 129 });
  });
});

test('a stored report can be rendered again, with its exit code', async () => {
  const root = folder({ 'a.jsonl': broken({ expect: { findings: [] } }) });
  writeFileSync(join(root, 'tests.json'), (await gate(root, ['--format', 'json'])).stdout);
  expect(await runIn(root, ['report', 'tests.json', '--format', 'junit'])).toEqual(
    await gate(root, ['--format', 'junit']),
  );
  writeFileSync(join(root, 'result.json'), (await runIn(root, ['replay', 'a.jsonl', '--format', 'json'])).stdout);
  for (const format of ['terminal', 'json', 'junit', 'sarif', 'github']) {
    const again = await runIn(root, ['report', 'result.json', '--format', format]);
    expect(again).toEqual(await runIn(root, ['replay', 'a.jsonl', '--format', format]));
  }
  expect(await runIn(root, ['report', 'a.jsonl'])).toMatchObject({ code: 125 });
  writeFileSync(join(root, 'other.json'), '{"schema":"other@1"}');
  const other = await runIn(root, ['report', 'other.json']);
  expect(other.code).toBe(125);
  expect(other.stderr).toContain('expected "schema": "scx-check/result@1"');
});
