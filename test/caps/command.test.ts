// `scx-check caps` as users run it: the chart, the state at a time, the history of a cid, and the same as JSON.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CapsDocument, CapsStateDocument } from '../../src/findings/caps-document.ts';
import { runIn } from '../support/in-process.ts';
import { type Run, temporaryFolder } from '../support/program.ts';
import { traceText } from '../support/replay.ts';
import { Script, WORKED_EXAMPLE } from './script.ts';

const ESCAPE = String.fromCharCode(27);

const caps = (...args: string[]): Promise<Run> => runIn(temporaryFolder(), ['caps', WORKED_EXAMPLE, ...args]);

/** The line of the chart about a cid, in the block of a scheduler. */
function row(picture: string, block: string, cid: string): string {
  const lines = picture.split('\n');
  const from = lines.indexOf(block);
  return lines.slice(from).find((line) => line.trimStart().startsWith(`cid ${cid} |`)) ?? '';
}

describe('the chart', () => {
  test('shows who held which cid when, in a fixed width and without colours where there is no terminal', async () => {
    const { code, stdout } = await caps();
    expect(code).toBe(0);
    expect(stdout).not.toContain(ESCAPE);
    const lines = stdout.split('\n').filter((line) => line.includes('|') && line.trimStart().startsWith('cid'));
    expect(new Set(lines.map((line) => line.length))).toEqual(new Set([100]));
    expect(row(stdout, 'A /A', '0-7')).toMatch(/\|\.+\|$/);
    // Granted, in effect, revoked, gone with an eviction, a rejection.
    expect(row(stdout, 'A /A', '8')).toMatch(/\|\.\++p+-+\.*!\.+x\.+\|$/);
    expect(row(stdout, 'A1 /A/A1', '12')).toMatch(/\| +\.\++e+\++p+-+\.*!\.+ +\|$/);
    expect(row(stdout, 'A1 /A/A1', '14')).toMatch(/\| +\.+\++e+ +\|$/);
    expect(stdout).toContain('1x  A /A on cid 8, enq missing: rejected');
    expect(stdout).toContain('no violation');
  });

  test('is the same every time, and as wide as asked for', async () => {
    expect((await caps()).stdout).toBe((await caps()).stdout);
    const { stdout } = await caps('--width', '60');
    expect(row(stdout, 'A /A', '0-7')).toHaveLength(60);
  });

  test('marks violations, and they decide the exit code', async () => {
    const script = new Script().edit(11, 'cap_sync', { step: 'entry' }, { ecaps: '0x1' });
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'bad.jsonl'), traceText(script.events, script.header));
    const { code, stdout } = await runIn(folder, ['caps', 'bad.jsonl']);
    expect(code).toBe(1);
    expect(row(stdout, 'A /A', '8')).toContain('#');
    expect(stdout).toContain('ecaps-is-closure');
  });

  test('says when there is nothing to show', async () => {
    const folder = temporaryFolder();
    const event = { ts: 1000, cpu: 0, type: 'sched_attach', step: 'link', sched: 1, name: 'demo', level: 0 };
    writeFileSync(join(folder, 'root.jsonl'), traceText([event], { kernel: '7.3' }));
    const { code, stdout } = await runIn(folder, ['caps', 'root.jsonl']);
    // One event that no rule can be checked at: no verdict.
    expect(code).toBe(125);
    expect(stdout).toContain('no sub-scheduler in this trace');
  });
});

describe('--at', () => {
  test('prints what holds at that time', async () => {
    const { stdout } = await caps('--at', `${new Script().begin(11)}ns`);
    expect(stdout).toContain('cids 8,12: given none, in effect enq_immed|enq|preempt, told enq_immed|enq|preempt');
    expect(stdout).toContain('CPU 12 = cid 12: u0[110] of A1 /A/A1; folds due for A1 /A/A1, A /A');
  });

  test('as JSON, from the first event on, and before it', async () => {
    const { stdout } = await caps('--at', '+0s', '--format', 'json');
    const state = JSON.parse(stdout) as CapsStateDocument;
    expect(state).toMatchObject({ schema: 'scx-check/caps-state@1', event: 1000, at: 1000 });
    const before = JSON.parse((await caps('--at', '1ns', '--format', 'json')).stdout) as CapsStateDocument;
    expect(before).toMatchObject({ event: null, schedulers: [] });
  });
});

describe('--cid', () => {
  test('tells the history of one CPU', async () => {
    const { stdout } = await caps('--cid', '12');
    const texts = stdout.split('\n').map((line) => line.replace(/^ +\+[\d.]+ us {2}/, ''));
    expect(texts).toEqual(
      expect.arrayContaining([
        'history of cid 12, CPU 12, shard 1',
        'R (root) grants enq_immed|enq|preempt to A /A',
        'A /A was given enq_immed|enq|preempt, in effect: none (a fold is due)',
        'R (root) revokes enq_immed|enq|preempt from A /A',
        'u0[110] of A1 /A/A1: evicted, enq missing',
        'A /A grants enq_immed to A1 /A/A1, refused',
        'a kick of A1 /A/A1: kick-denied, enq_immed missing',
      ]),
    );
    expect(stdout).not.toContain('t2[102]');
  });

  test('that does not exist is wrong usage', async () => {
    const { code, stderr } = await caps('--cid', '16');
    expect(code).toBe(129);
    expect(stderr).toContain('has cids 0 to 15');
  });
});

test('JSON holds every change, call and rejection', async () => {
  const { stdout } = await caps('--format', 'json');
  const document = JSON.parse(stdout) as CapsDocument;
  expect(document.schema).toBe('scx-check/caps@1');
  expect(document.layout).toMatchObject({ cids: 16, source: 'recorded', shards: ['0-7', '8-15'] });
  expect(document.schedulers.map(({ name, level, parent }) => [name, level, parent])).toEqual([
    ['R', 0, null],
    ['A', 1, 1],
    ['A1', 2, 2],
  ]);
  expect(document.calls.filter(({ kind }) => kind === 'grant').map(({ ret, denied }) => [ret, denied])).toEqual([
    [0, null],
    [0, null],
    [-1, '6-7'],
    [-1, '12'],
    [-1, '9'],
  ]);
  expect(document.deeds.find(({ kind }) => kind === 'rejected')).toMatchObject({
    sched: 2,
    cid: 8,
    pid: 102,
    missing: 'enq',
  });
  expect(document.fidelity.explained).toBe(document.fidelity.observed);
  // The times of the document are those of the trace.
  const times = (JSON.parse(readFileSync(WORKED_EXAMPLE, 'utf8')) as { events: { ts: number }[] }).events;
  expect(document.end).toBe(times.at(-1)?.ts);
});

test('options that exclude each other, and values that make no sense', async () => {
  expect((await caps('--cid', '1', '--at', '1s')).code).toBe(129);
  expect((await caps('--width', '10')).code).toBe(129);
  expect((await caps('--at', 'soon')).code).toBe(129);
});
