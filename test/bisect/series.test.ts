// Bisections for which nothing is built: of recordings by commit, inside one trace, over releases.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PrefixDocument, SeriesDocument } from '../../src/findings/bisect-report.ts';
import { affinityRace, RACE_HEADER } from '../support/affinity-race.ts';
import { runIn } from '../support/in-process.ts';
import { Mitosis, SLICE, type Version } from '../support/mitosis.ts';
import { type Run, temporaryFolder } from '../support/program.ts';
import { type EventJson, replayEvents, traceText } from '../support/replay.ts';
import { switchEvents } from '../support/results.ts';

const RULE = 'switch-chain-broken';
const GOOD = traceText(switchEvents(), { kernel: '7.3' });
const BAD = traceText(switchEvents({ broken: true }), { kernel: '7.3' });

function series(files: Readonly<Record<string, string>>): string {
  const root = temporaryFolder();
  mkdirSync(join(root, 'series'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, 'series', name), text);
  return root;
}
const traces = (root: string, args: readonly string[] = []): Promise<Run> =>
  runIn(root, ['bisect', 'traces', join(root, 'series'), '--expect', RULE, ...args]);

describe('recordings by commit', () => {
  test('one change', async () => {
    const run = await traces(series({ 'v1.jsonl': GOOD, 'v2.jsonl': GOOD, 'v10.jsonl': BAD, 'v9.jsonl': GOOD }));
    expect(run.code).toBe(0);
    expect(run.stdout).toBe(
      `BREAKS  ${RULE} between v9 and v10\n\n  v1   good\n  v2   good\n  v9   good\n  v10  bad\n`,
    );
  });

  test('a history that is not monotone gives a warning, and every change', async () => {
    const root = series({
      '1.a': '',
      'a.jsonl': GOOD,
      'b.jsonl': BAD,
      'c.jsonl': 'damaged',
      'd.jsonl': GOOD,
      'e.jsonl': BAD,
    });
    const run = await traces(root);
    expect(run.code).toBe(0);
    expect(run.stdout).toContain(`WARNING  the verdict of ${RULE} changes 3 times`);
    expect(run.stdout).toContain(`BREAKS  ${RULE} between a and b\n`);
    expect(run.stdout).toContain(`FIXED  ${RULE} between b and d (nothing is known of c between them)\n`);
    expect(run.stdout).toContain(`BREAKS  ${RULE} between d and e\n`);
    const document = JSON.parse((await traces(root, ['--format', 'json'])).stdout) as SeriesDocument;
    expect(document.monotone).toBe(false);
    expect(document.changes).toMatchObject([
      { from: 'a', to: 'b', verdict: 'bad' },
      { from: 'b', to: 'd', verdict: 'good', between: ['c'] },
      { from: 'd', to: 'e', verdict: 'bad' },
    ]);
  });

  test('several runs of a commit, with the doubt that is left', async () => {
    const root = series({
      'a.1.jsonl': GOOD,
      'a.2.jsonl': GOOD,
      'a.3.jsonl': GOOD,
      'b.1.jsonl': GOOD,
      'b.2.jsonl': BAD,
    });
    const { stdout } = await traces(root, ['--rate', '25%', '--format', 'json']);
    const { entries } = JSON.parse(stdout) as SeriesDocument;
    expect(entries).toMatchObject([
      { label: 'a', verdict: 'good', hits: 0, misses: 3, doubt: expect.closeTo(0.4219 / 1.4219, 3) },
      { label: 'b', verdict: 'bad', hits: 1, misses: 1, doubt: null },
    ]);
  });

  test('in the order of a list', async () => {
    const root = series({ 'x.jsonl': BAD, 'y.jsonl': GOOD });
    writeFileSync(join(root, 'order.txt'), '# oldest first\nsecond y.jsonl\nfirst x.jsonl\n');
    const { stdout } = await traces(root, ['--list', 'order.txt']);
    expect(stdout).toContain(`BREAKS  ${RULE} between second and first`);
  });

  test('without a change there is no answer', async () => {
    const run = await traces(series({ 'a.jsonl': GOOD, 'b.jsonl': GOOD }));
    expect([run.code, run.stdout]).toEqual([125, expect.stringContaining('NO CHANGE')]);
    const empty = await traces(series({}));
    expect([empty.code, empty.stderr]).toEqual([129, expect.stringContaining('there are no recordings')]);
  });
});

describe('inside one trace', () => {
  const RACE = 'dispatch-disallowed-cpu';

  test('the last request that the violation needs, and where it is reported', async () => {
    const root = temporaryFolder();
    const events = affinityRace({ noise: 400 });
    writeFileSync(join(root, 'race.jsonl'), traceText(events, RACE_HEADER));
    const run = await runIn(root, ['bisect', 'trace', 'race.jsonl', '--rule', RACE, '--format', 'json']);
    expect(run.code).toBe(0);
    const document = JSON.parse(run.stdout) as PrefixDocument;
    const verdict = events.findIndex(({ dsq }) => dsq === 'local_on:1');
    expect(document.decided).toMatchObject({ seq: verdict, ts: events[verdict]?.ts });
    expect(document.reported.seq).toBe(verdict + 1);

    // The law: without the request nothing of that kind can be proven.
    const violates = async (list: readonly EventJson[]): Promise<boolean> =>
      (await replayEvents(list, RACE_HEADER)).findings.some(
        ({ message, evidence }) => message === document.message && evidence.some(({ type }) => type === 'insert'),
      );
    expect(await violates(events)).toBe(true);
    expect(await violates(events.filter((_, i) => i !== verdict))).toBe(false);
    const terminal = await runIn(root, ['bisect', 'trace', 'race.jsonl', '--rule', RACE]);
    expect(terminal.stdout).toContain('Decided at   0.000');
  });

  test('says when there is no such violation', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'clean.jsonl'), GOOD);
    const run = await runIn(root, ['bisect', 'trace', 'clean.jsonl', '--rule', RULE]);
    expect([run.code, run.stderr]).toEqual([125, expect.stringContaining('no violation of switch-chain-broken')]);
  });
});

describe('over variants', () => {
  test('kernel: the release from which on the core raises the error', async () => {
    const root = temporaryFolder();
    const events: EventJson[] = [
      { ts: 1000, cpu: 2, type: 'sched_attach', step: 'link', sched: 1, name: 'misb' },
      { ts: 2000, cpu: 3, type: 'pick', phase: 'begin', rq: 3 },
    ];
    writeFileSync(join(root, 'trace.jsonl'), traceText(events, { kernel: '7.3' }));
    const run = await runIn(root, ['bisect', 'trace', 'trace.jsonl', '--rule', 'reenq-limit', '--over', 'kernel']);
    // Nothing happens in this trace: no release has an opinion.
    expect(run.code).toBe(125);
    expect(run.stdout).toContain('nothing can be said about reenq-limit');
  });

  test('an axis that does not exist is wrong usage', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'trace.jsonl'), GOOD);
    for (const axis of ['time', 'domain:nobody']) {
      const run = await runIn(root, ['bisect', 'trace', 'trace.jsonl', '--rule', RULE, '--over', axis]);
      expect(run.code).toBe(129);
    }
  });
});

describe('the history of the advance rule of mitosis', () => {
  const VERSIONS: readonly Version[] = ['M0', 'M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'F'];

  /** A task of weight 1, pinned to a CPU that another cell owns, runs alone until the scheduler ends itself, or 100 times. */
  function recording(version: Version): string {
    const sim = new Mitosis(version, [2, 1]);
    sim.task(100, { weight: 1, home: 2, pin: 1 });
    for (let i = 0; i < 100 && sim.enqueue(100, 1); i++) sim.run(100, 1, SLICE);
    const domain = { extends: 'mitosis', name: `mitosis ${version}`, variant: version };
    return traceText(sim.story.events, { kernel: '7.3', domain });
  }
  function recordings(): string {
    const root = series(Object.fromEntries(VERSIONS.map((version) => [`${version}.jsonl`, recording(version)])));
    writeFileSync(join(root, 'order.txt'), VERSIONS.map((version) => `${version} ${version}.jsonl`).join('\n'));
    return root;
  }
  const changes = async (args: readonly string[]): Promise<readonly string[]> => {
    const root = recordings();
    const list = join(root, 'order.txt');
    const run = await runIn(root, [
      'bisect',
      'traces',
      join(root, 'series'),
      '--list',
      list,
      '--format',
      'json',
      ...args,
    ]);
    expect(run.code).toBe(0);
    const document = JSON.parse(run.stdout) as SeriesDocument;
    expect(document.monotone).toBe(false);
    return document.changes.map(({ from, to, verdict }) => `${from}..${to} ${verdict}`);
  };

  test('by the error that the scheduler itself checks: bad, good, bad again, until the fix', async () => {
    const rest = ['--skip', 'vtime-drift,vtime-hidden-runtime'];
    expect(await changes(['--expect', 'vtime-too-far-ahead', ...rest])).toEqual([
      'M2..M3 bad',
      'M3..M4 good',
      'M4..M5 bad',
      'M6..F good',
    ]);
  });

  test('by the gap to competitors: bad in M1, and from M3 on', async () => {
    expect(await changes(['--expect', 'vtime-drift'])).toEqual([
      'M0..M1 bad',
      'M1..M2 good',
      'M2..M3 bad',
      'M6..F good',
    ]);
  });

  test('one recording under every variant', async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, 'm6.jsonl'), recording('M6'));
    const run = await runIn(root, [
      'bisect',
      'trace',
      'm6.jsonl',
      '--rule',
      'vtime-drift',
      '--over',
      'domain:mitosis',
      '--format',
      'json',
    ]);
    const { entries, changes: found } = JSON.parse(run.stdout) as SeriesDocument;
    const verdicts = Object.fromEntries(entries.map(({ label, verdict }) => [label, verdict]));
    // By M4, the scheduler would have printed another error: the recording contradicts it, so nothing is said.
    expect(verdicts).toMatchObject({ M2: 'good', M3: 'bad', M4: 'unknown', M5: 'bad', M6: 'bad', F: 'good' });
    expect(found.map(({ from, to }) => [from, to])).toContainEqual(['M2', 'M3']);
  });
});
