// The recording script: it is one for every POSIX shell, carries the catalogue, and refuses what makes no sense.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { PROBES } from '../../src/probes/catalogue.ts';
import { probesFor } from '../../src/probes/needs.ts';
import { bpftraceProgram } from '../../src/recorder/bpftrace.ts';
import { probeTable } from '../../src/recorder/probe-table.ts';
import { recordingScript } from '../../src/recorder/script.ts';
import { findRule } from '../../src/rules/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'scx-check-test-'));
const path = join(folder, 'record.sh');
const text = recordingScript({ probes: PROBES, level: 1, about: 'a test' });
writeFileSync(path, text);
afterAll(() => rmSync(folder, { recursive: true }));

const sh = (...args: string[]) => spawnSync('sh', [path, ...args], { encoding: 'utf8', cwd: folder });

test('the shell accepts it', () => {
  expect(spawnSync('sh', ['-n', path], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
});

test('nothing of the template is left open', () => {
  expect(text).not.toMatch(/#?@[A-Z]+@/);
});

test.each([
  [['-l', '9'], 'expected a level from 0 to 3'],
  [['-b', 'much'], 'expected a number of kB'],
  [['-c', 'x86-tsc'], 'does not count ns'],
  [['-d', '5x'], 'expected a time'],
  [['-o', 'no/such/folder/t.dat'], 'no such directory'],
  [['--', 'no-such-command'], 'no such command'],
  [['-Z'], 'usage:'],
])('%j is wrong usage', (args, message) => {
  const run = sh(...args);
  expect(run.status).toBe(129);
  expect(run.stderr).toContain(message);
});

test('the table has one line a probe, and every field where the script expects it', () => {
  const lines = probeTable(PROBES, { chosen: false }).trimEnd().split('\n');
  expect(lines).toHaveLength(PROBES.filter((probe) => probe.system !== 'ftrace').length);
  for (const line of lines) expect(line.split('|')).toHaveLength(9);
});

test('a script for one rule carries its probes only', () => {
  const rule = findRule('dsq-nonexistent');
  const probes = probesFor(rule === undefined ? [] : [rule]);
  const script = recordingScript({ probes, level: undefined, about: 'a test' });
  expect(script).toContain('|find_dsq|');
  expect(script).toContain('|init_dsq|');
  expect(script).not.toContain('|reweight|');
});

test('without the types of a kernel bpftrace gets the program for the newest one', () => {
  const { text: program } = bpftraceProgram({ probes: PROBES.filter((probe) => probe.level === 1) });
  expect(program).toContain('scx-trace@1');
  expect(program).toContain('fentry:');
  expect(program.split('{').length).toBe(program.split('}').length);
});
