// `scx-check dump` and `explain` as users call them: exit codes, messages, the form of what is printed.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { DumpResult } from '../../src/diagnosis/result.ts';
import { parseDumpText } from '../../src/dump/parse.ts';
import type { ExplainDocument } from '../../src/explain/topic.ts';
import { renderDump as renderReport } from '../../src/report/dump-terminal.ts';
import { PLAIN } from '../../src/report/style.ts';
import { runCli } from '../support/cli.ts';
import { traceText } from '../support/replay.ts';

const DUMPS = join(import.meta.dirname, '../../fixtures/dumps');
const STALL = readFileSync(join(DUMPS, 'stall.txt'), 'utf8');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'scx-check-dump-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, contents: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

async function result(path: string, ...args: string[]): Promise<DumpResult> {
  const { output } = await runCli(['dump', path, '--format', 'json', ...args]);
  return JSON.parse(output ?? '') as DumpResult;
}

describe('texts', () => {
  test('the report of a tool: the exit, told twice, is one; the task that waits is found and is the same matter', async () => {
    const { code, output } = await runCli(['dump', join(DUMPS, 'stall.txt')]);
    expect(code).toBe(1);
    expect(output).toContain('hog-1[1792] failed to run for 1.712s');
    const document = await result(join(DUMPS, 'stall.txt'));
    expect(document.exits).toHaveLength(1);
    expect(document.exits[0]).toMatchObject({
      sources: ['dump', 'tool'],
      kind: 1026,
      cpu: 3,
      error: true,
      explanation: { id: 'runnable-stall' },
    });
    const about = document.findings.filter(({ group }) => group === document.findings[0]?.group);
    expect(about.map(({ check }) => check)).toEqual(['scheduler-ejected', 'waiting-too-long', 'task-forgotten']);
    expect(document.dumps[0]?.kernel).toMatchObject({ releases: ['7.3'], source: 'shape', contradictory: false });
  });

  test('a journal, newest line first, in another language, with other processes in between', async () => {
    const document = await result(join(DUMPS, 'journal-newest-first.log'));
    expect(document.input.decoration).toMatchObject({ reversed: true });
    expect(document.input.lines).toMatchObject({ unknown: 0, foreign: expect.any(Number) });
    expect(document.exits[0]?.explanation).toMatchObject({ id: 'dispatch-disallowed-cpu', versions: '6.12 to 6.13' });
    expect(document.dumps[0]?.kernel.releases).toEqual(['6.12', '6.13']);
    expect(document.dumps[0]?.cpus[0]?.tasks.map(({ pid }) => pid)).toEqual([506, 508]);
  });

  test('the kernel log without a dump', async () => {
    const document = await result(join(DUMPS, 'dmesg.log'));
    expect(document).toMatchObject({ verdict: 'violation', exit_code: 1, dumps: [] });
    expect(document.exits[0]).toMatchObject({ scheduler: 'misb', explanation: { id: 'dsq-nonexistent' } });
    expect(document.notices.map(({ explanation }) => explanation?.id)).toEqual(['scheduler-enabled']);
  });

  test('compressed, with an exit that is no error', async () => {
    const path = file('exit.txt.gz', gzipSync('EXIT: unregistered from user space\n'));
    const { code, output } = await runCli(['dump', path]);
    expect(code).toBe(0);
    expect(output).toContain('PASS');
  });

  test('--timeout judges waits that are shorter than that of the message', async () => {
    expect((await result(join(DUMPS, 'stall.txt'))).dumps[0]?.timeout).toMatchObject({ source: 'message' });
    const document = await result(join(DUMPS, 'stall.txt'), '--timeout', '1s', '--kernel', '7.3');
    expect(document.dumps[0]).toMatchObject({ timeout: { source: 'option', ms: 1000 }, kernel: { source: 'option' } });
  });
});

describe('traces', () => {
  const lines = STALL.split('\n').slice(4, 129);
  const events = [
    { ts: 1000, cpu: 0, type: 'sched_attach', step: 'link', sched: 1, name: 'misb', level: 0, timeout_ms: 1500 },
    ...lines.map((text, i) => ({ ts: 2000 + i, cpu: 3, type: 'dump', text })),
    { ts: 3000, cpu: 3, type: 'sched_exit', step: 'claim', sched: 1, exit_kind: 1026, ret: 1 },
  ];

  test('the records of a trace are a dump: times, places and the timeout come with it', async () => {
    const path = file('trace.jsonl', traceText(events, { kernel: '7.3.0' }));
    const document = await result(path);
    expect(document.input).toMatchObject({ form: 'trace', kernel: '7.3.0' });
    expect(document.dumps[0]).toMatchObject({
      ts: 2000,
      kernel: { source: 'trace' },
      timeout: { source: 'trace', ms: 1500 },
    });
    expect(document.exits[0]).toMatchObject({ sources: ['dump', 'trace'], scheduler: 'misb' });
    expect(document.exits[0]?.positions[0]).toBe('line 3');
    const waits = document.findings.find(({ check }) => check === 'waiting-too-long');
    const line = lines.findIndex((text) => text.includes('hog-1[1792] *root'));
    expect(waits?.evidence[0]?.position).toBe(`line ${line + 3}`);
  });

  test('a trace without any of that has no verdict', async () => {
    const path = file('none.jsonl', traceText([{ ts: 1, cpu: 0, type: 'mark', text: 'x' }]));
    const { code, stderr } = await runCli(['dump', path]);
    expect(code).toBe(125);
    expect(stderr).toContain('[no-dump]');
  });

  test('what lies before damage is reported when asked for', async () => {
    const path = file('cut.jsonl', `${traceText(events)}{"ts": 9, `);
    const without = await runCli(['dump', path]);
    expect(without).toMatchObject({ code: 125, output: undefined });
    const { code, output, stderr } = await runCli(['dump', path, '--keep-going']);
    expect(code).toBe(1);
    expect(output).toContain('runnable task stall');
    expect(stderr).toContain('cut.jsonl');
  });
});

describe('bad input', () => {
  test.each([
    ['empty', '', '[empty]'],
    ['prose', 'Dear list,\nmy scheduler is slow.\n', '[no-dump]'],
    ['bytes', Uint8Array.from([1, 0, 2, 0, 3]), '[unknown-format]'],
  ])('%s: no verdict, and what to do', async (name, contents, code) => {
    const run = await runCli(['dump', file(name, contents)]);
    expect(run).toMatchObject({ code: 125, output: undefined });
    expect(run.stderr).toContain(code);
  });

  test('a file that is not there', async () => {
    expect(await runCli(['dump', join(folder, 'missing')])).toMatchObject({ code: 125 });
  });

  test.each([
    ['--timeout', 'soon'],
    ['--timeout', '0s'],
    ['--kernel', '5.4'],
    ['--limit', 'x'],
  ])('%s %s', async (...args) => {
    expect(await runCli(['dump', join(DUMPS, 'stall.txt'), ...args])).toMatchObject({ code: 129 });
  });
});

describe('explain', () => {
  const explain = async (...what: string[]): Promise<ExplainDocument> =>
    JSON.parse((await runCli(['explain', ...what, '--format', 'json'])).output ?? '') as ExplainDocument;

  test('a rule, a check of dumps, a counter, a message', async () => {
    expect(await explain('dispatch-disallowed-cpu')).toMatchObject({ kind: 'rule', id: 'dispatch-disallowed-cpu' });
    expect(await explain('task-forgotten')).toMatchObject({ kind: 'dump-check' });
    expect(await explain('scx_ev_dispatch_keep_last')).toMatchObject({ kind: 'counter' });
    expect(await explain('EXIT:', 'runtime', 'error', '(non-existent DSQ 0xbad)')).toMatchObject({
      kind: 'message',
      id: 'dsq-nonexistent',
    });
  });

  test('a rule shows what it finds in a trace that breaks it', async () => {
    const { output } = await runCli(['explain', 'insert-needs-cap']);
    expect(output).toMatch(/\nExample\n {2}error insert-needs-cap/);
    expect(output).toMatch(/ {4}→ \d+\.\d{9} {2}CPU/);
    expect(output).not.toContain('show it:');
    expect(await explain('insert-needs-cap')).toMatchObject({
      example: { rule: 'insert-needs-cap', evidence: expect.any(Array) },
    });
  });

  test('--kernel chooses among the same words', async () => {
    expect(await explain('non-existent DSQ 0xbad for hog-1[7]', '--kernel', '6.14')).toMatchObject({
      id: 'dsq-nonexistent',
      versions: '6.12 to 7.0',
    });
  });

  test('the answer for people', async () => {
    const { output } = await runCli(['explain', 'hog-1[1792] failed to run for 1.712s']);
    expect(output).toContain('check_rq_for_timeouts()');
    expect(output).toContain('scx-check record --rules runnable-stall');
    for (const line of (output ?? '').split('\n')) expect(line.length).toBeLessThanOrEqual(112);
  });

  test('what is not known is wrong usage, and says what is near', async () => {
    const { code, stderr } = await runCli(['explain', 'dispatch-disalowed-cpu']);
    expect(code).toBe(129);
    expect(stderr).toContain('dispatch-disallowed-cpu');
  });
});

test('a dump with anything in it is reported', () => {
  const pieces = STALL.split('\n');
  fc.assert(
    fc.property(
      fc.array(fc.record({ at: fc.nat(pieces.length), text: fc.string({ unit: 'binary' }) }), { maxLength: 8 }),
      fc.nat(STALL.length),
      (changes, end) => {
        const lines = [...pieces];
        for (const { at, text } of changes) lines[at] = text;
        const parsed = parseDumpText(lines.join('\n').slice(0, end));
        const document = diagnose(parsed, { input: { path: '-', form: 'text', format: null, kernel: null } });
        expect(renderReport(document, { style: PLAIN, limit: 3, verbose: true })).toContain('-');
        expect(JSON.parse(JSON.stringify(document))).toEqual(document);
      },
    ),
    { numRuns: 60 },
  );
});
