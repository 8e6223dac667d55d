// `scx-check inspect` and `--input-format`: what a file is, and what can be decided from it.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Inspection } from '../../src/inspect/inspection.ts';
import { runCli } from '../support/cli.ts';

const READERS = join(import.meta.dirname, '../../fixtures/readers');
const REPORT = join(READERS, 'report/report.txt');
const PERF = join(READERS, 'perf/header.txt');

const inspect = async (...args: string[]): Promise<Inspection> =>
  JSON.parse((await runCli(['inspect', '--format', 'json', ...args])).output ?? '') as Inspection;

test('a trace of switches and wakeups', async () => {
  const found = await inspect(PERF);
  expect(found).toMatchObject({
    schema: 'scx-check/inspection@1',
    format: 'perf script',
    kernel: '6.18.44',
    cpus: { possible: '0-1', seen: '0-1' },
    may_be_filtered: true,
    lost: { records: 0 },
    events: { total: 20, by_type: { switch: 7 } },
  });
  expect(found.rules.decidable).toEqual(expect.arrayContaining(['task-on-two-cpus', 'switch-chain-broken']));
  const group = found.rules.undecidable.find(({ rules }) => rules.includes('dsq-membership'));
  expect(group?.reason).toBe('not recorded: dsq_link, dsq_unlink');
  expect(group?.record).toBe('scx-check record --level 1');
});

test('a recording with probes decides more', async () => {
  const found = await inspect(REPORT);
  expect(found.rules.decidable).toContain('dsq-nonexistent');
  expect(found.may_be_filtered).toBe(false);
});

test('for people: what it is, what it holds, what to record instead', async () => {
  const { output, code } = await runCli(['inspect', PERF]);
  expect(code).toBe(0);
  expect(output).toContain('perf script');
  expect(output).toContain('Linux 6.18');
  expect(output).toContain('scx-check record --level 1 records it');
});

test('--input-format overrides what the content looks like', async () => {
  const wrong = await runCli(['inspect', '--input-format', 'perfetto', PERF]);
  expect(wrong.code).toBe(125);
  const unknown = await runCli(['replay', '--input-format', 'vhs', PERF]);
  expect(unknown.code).toBe(129);
  expect(unknown.stderr).toContain('ftrace-text');
});

test('a file that is not there is named', async () => {
  const { code, stderr } = await runCli(['inspect', join(import.meta.dirname, 'no-such-file')]);
  expect(code).toBe(125);
  expect(stderr).toContain('no-such-file');
});
