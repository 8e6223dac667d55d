// `scx-check state` as users call it: exit codes, messages, the form of what is printed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StateDocument } from '../../src/state/document.ts';
import { AT, ordinal, SMALL } from '../state/small-trace.ts';
import { type CliRun, runCli } from '../support/cli.ts';

let folder = '';
let trace = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scx-check-state-'));
  trace = join(folder, 'small.jsonl');
  writeFileSync(trace, SMALL);
});
afterAll(() => rmSync(folder, { recursive: true }));

const state = (...args: string[]): Promise<CliRun> => runCli(['state', trace, ...args]);

describe('output', () => {
  test('the overview names what is running, queued and waiting', async () => {
    const { code, output } = await state('--at', AT.queueA);
    expect(code).toBe(0);
    expect(output).toContain(`after event ${AT.queueA}`);
    expect(output).toContain(
      'demo (id 7)  root; not bypassing; 1 known task: 0 running, 1 waiting, 0 of them held by it',
    );
    expect(output).toMatch(/0x100 {2}2 tasks, vtime: alpha\[10\], beta\[11\]/);
    expect(output).toMatch(/alpha\[10\] +on DSQ 0x100, position 1 of 2; CPU 0, may run on 0\n/);
  });

  test('what is not known is printed as such', async () => {
    const { output } = await state('--at', AT.lost, '--pid', '10', '--cpu', '1', '--dsq', '0x100', '--sched', 'demo');
    expect(output).toContain(`records were lost at 5.000028000 (${AT.lost})`);
    expect(output).toMatch(/custody +\?\n/);
    expect(output).toMatch(/affinity +\?, migration-disabled \?\n/);
    expect(output).toMatch(/slice +\?, vtime \?, weight \?\n/);
    expect(output).toMatch(/current +\?\n/);
    expect(output).toMatch(/contents +\? tasks, 0 of them known/);
    expect(output).toMatch(/bypass +depth \?; on CPUs none; \? on CPUs 0-1\n/);
    expect(output).not.toMatch(/undefined|NaN|null/);
  });

  test('every part in full', async () => {
    const { output } = await state('--at', AT.insertA, '--pid', '10', '--cpu', '1', '--sched', '7');
    expect(output).toContain('callback    ops.dispatch(), for 1 µs');
    expect(output).toContain('alpha[10] to DSQ local_on:1 in the dispatch buffer here');
    expect(output).toContain('for round 1; still valid');
    expect(output).toContain('custody     the scheduler owes a decision, 2 µs, since 5.000007000 (@7)');
    expect(output).toContain('flags       ENQ_LAST');
    const later = await state('--at', AT.takenA2, '--pid', '10');
    expect(later.output).toContain('stale: the kernel will drop it');
  });

  test('JSON is the document', async () => {
    const { output } = await state('--at', AT.picked, '--format', 'json', '--pid', '11');
    const document = JSON.parse(output ?? '') as StateDocument;
    expect(document).toMatchObject({ schema: 'scx-check/state@1', event: { event: ordinal('picked') }, cpus: [] });
    expect(document.tasks).toMatchObject([{ pid: 11, dsq: 'local:1' }]);
  });

  test('a follow in words and as JSON', async () => {
    const words = await state('--follow', '10');
    expect(words.output).toMatch(/^alpha\[10\] in .*small\.jsonl/);
    expect(words.output).toContain('custody begins');
    expect(words.output).toContain('mask 0-1 → 0');
    expect(words.output).toContain(`is dropped: dequeued by an affinity change 6 µs before`);
    expect(words.output).toMatch(/decisions 2 enqueues, 2 of them taken by the scheduler; 1 insert, 1 of them dropped/);
    const json = await state('--follow', '10', '--format', 'json');
    const document = JSON.parse(json.output ?? '') as { entries: unknown[]; count: number; schema: string };
    expect(document).toMatchObject({ schema: 'scx-check/follow@1', subject: { kind: 'task' }, summary: { drops: 1 } });
    expect(document.entries).toHaveLength(document.count);
  });

  test('an empty follow is JSON, too', async () => {
    const { output } = await state('--follow', '10', '--from', AT.later, '--format', 'json');
    expect(JSON.parse(output ?? '')).toMatchObject({ entries: [], count: 0, summary: { runs: 0 } });
  });

  test('--brief leaves out what changed nothing', async () => {
    const all = await state('--follow', 'cpu:1');
    const brief = await state('--follow', 'cpu:1', '--brief');
    expect(brief.output?.length).toBeLessThan(all.output?.length ?? 0);
    expect(brief.output).toContain('beta[11]: it is at the head of the local DSQ of CPU 1');
  });
});

describe('exit codes', () => {
  test.each([
    [['--at', 'soon'], /no place in a trace/],
    [['--pid', 'x'], /--pid: expected a number/],
    [['--pid', '1,,2'], /--pid: an empty value/],
    [['--context', '-1'], /--context: expected a number/],
    [['--from', '1'], /--from needs --follow/],
    [['--brief'], /--brief needs --follow/],
    [['--follow', 'bad'], /expected a pid, cpu:N or dsq:NAME/],
    [['--follow', 'cpu:x'], /expected a pid, cpu:N or dsq:NAME/],
    [['--follow', '10', '--pid', '10'], /exclude each other/],
    [['--follow', '10', '--sched', '7'], /only for a DSQ/],
    [['--follow', '10', '--before'], /--before makes no sense/],
    [['--follow', '10', '--at', '@1', '--to', '@2'], /either --at or --from and --to/],
    [['--follow', '10', '--context', '3'], /--context needs --at/],
    [['--kernel', '5.0'], /--kernel/],
  ])('129 for %j', async (args, message) => {
    const { code, stderr, output } = await state(...args);
    expect([code, output]).toEqual([129, undefined]);
    expect(stderr).toMatch(message);
  });

  test.each([
    [['--at', '@99'], /expected an event up to @29/],
    [['--pid', '99'], /names pid 99.*\[not-in-trace\]; known are alpha\[10\], beta\[11\]/],
    [['--follow', '99'], /names pid 99/],
    [['--follow', 'dsq:0x77'], /names DSQ 0x77/],
    [['--follow', '10', '--from', '5.1'], /no event lies between/],
  ])('125 for %j', async (args, message) => {
    const { code, stderr, output } = await state(...args);
    expect([code, output]).toEqual([125, undefined]);
    expect(stderr).toMatch(message);
  });

  test('125 for a file that is no trace, or none at all', async () => {
    const other = join(folder, 'other.txt');
    writeFileSync(other, 'hello\n');
    expect((await runCli(['state', other])).code).toBe(125);
    expect((await runCli(['state', join(folder, 'missing')])).code).toBe(125);
  });
});

describe('damaged input', () => {
  test('what lies before the damage can be looked at', async () => {
    const damaged = join(folder, 'damaged.jsonl');
    const lines = SMALL.split('\n');
    writeFileSync(damaged, [...lines.slice(0, 9), '{"ts":', ...lines.slice(9)].join('\n'));
    const early = await runCli(['state', damaged, '--at', '@3']);
    expect(early.code).toBe(0);
    for (const args of [[], ['--at', '@20'], ['--follow', '10']]) {
      const { code, stderr } = await runCli(['state', damaged, ...args]);
      expect(code).toBe(125);
      expect(stderr).toMatch(/damaged\.jsonl: line 10/);
    }
    const rest = await runCli(['state', damaged, '--keep-going', '--context', '0']);
    expect(rest.output).toContain('after event @7');
    expect(rest.output).toMatch(/incomplete .*line 10/);
    const followed = await runCli(['state', damaged, '--keep-going', '--follow', '10', '--format', 'json']);
    expect(JSON.parse(followed.output ?? '')).toMatchObject({
      incomplete: { error: expect.stringContaining('line 10') },
    });
  });
});
