// Records in a virtual machine with a real kernel and replays what came out: `npm run test:vm`, not part of the suite.
//
// SCX_CHECK_VM is a command that boots the machine and runs a script in it as root:
//   $SCX_CHECK_VM -o OUTDIR -m 3584M -t SECONDS --add FILE_OR_FOLDER:PATH_IN_VM … -- SCRIPT [ARGS…]
// What the script leaves in /o must come back in OUTDIR. The machine needs scx_simple, scx_qmap, misb (a scheduler that misbehaves
// on request), wl (a workload) and pp (a ping-pong that prints µs per switch).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ReplayResult } from '../../src/findings/result.ts';
import { openInput } from '../../src/input/open.ts';
import { PROBES } from '../../src/probes/catalogue.ts';
import { openTrace } from '../../src/readers/index.ts';
import { recordingScript } from '../../src/recorder/script.ts';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';

const ROOT = join(import.meta.dirname, '../..');
const VM = process.env.SCX_CHECK_VM;
/** A folder with the results of an earlier run: then no machine is booted. */
const OUT = process.env.SCX_CHECK_VM_OUT ?? mkdtempSync(join(tmpdir(), 'scx-check-vm-'));

const file = (name: string): string => readFileSync(join(OUT, name), 'utf8');
const status = (step: string): number => Number(file(`${step}.status`));

async function replay(name: string): Promise<ReplayResult> {
  const path = join(OUT, name);
  return runReplay(await openTrace(await openInput(path)), { path, rules: RULES });
}

beforeAll(() => {
  if (existsSync(join(OUT, 'killed.status'))) return;
  if (VM === undefined) throw new Error('SCX_CHECK_VM is not set: a command that runs a script in a virtual machine');
  const script = join(OUT, 'record.sh');
  writeFileSync(
    script,
    recordingScript({ probes: PROBES, level: 1, about: 'Made for the test in a virtual machine.' }),
  );
  const run = spawnSync(
    VM,
    [
      ...['-o', OUT, '-c', '2', '-m', '3584M', '-t', '5400', '--add', `${script}:/root/record.sh`],
      ...['--add', `${process.execPath}:/usr/local/bin/node`, '--add', `${join(ROOT, 'dist')}:/root/app/dist`],
      ...['--add', `${join(ROOT, 'bin')}:/root/app/bin`],
      ...['chalk', 'zod', 'csv-parse', 'xz-decompress', 'zstddec'].flatMap((name) => [
        '--add',
        `${join(ROOT, 'node_modules', name)}:/root/app/node_modules/${name}`,
      ]),
      ...['--', join(import.meta.dirname, 'in-vm.sh'), '/root/record.sh', '/root/app/bin/scx-check.js'],
    ],
    { stdio: 'inherit' },
  );
  if (run.status !== 0) throw new Error(`the machine ended with status ${run.status}`);
}, 6_000_000);

describe.each([
  ['simple.dat', 'without trace-cmd, level 1'],
  ['qmap.dat', 'with trace-cmd, level 2'],
  ['level3.dat', 'without trace-cmd, level 3'],
  ['program.dat', 'by the program, for two rules'],
])('%s (%s)', (name) => {
  test('is explained whole, with nothing found', async () => {
    const result = await replay(name);
    expect(result.findings.filter((finding) => finding.verdict !== 'info')).toEqual([]);
    expect(result.verdict).toBe('pass');
    expect(result.trace.events.lost).toBe(0);
    for (const [line, { observed, explained }] of Object.entries(result.fidelity))
      expect(explained, line).toBe(observed);
    expect(result.fidelity.picks.observed).toBeGreaterThan(100);
  });
});

test('a misbehaving scheduler is found out, as the kernel did', async () => {
  const result = await replay('misb.dat');
  expect(result.verdict).toBe('violation');
  const [finding] = result.findings.filter((entry) => entry.verdict === 'violation');
  expect(finding).toMatchObject({ rule: 'dsq-nonexistent', kernel: 'confirmed' });
  expect(file('misb.log')).toContain(finding?.kernel_message);
});

test.each([
  ['toolarge', 125, 'missing: memory'],
  ['noclock', 125, 'missing: the clock sundial'],
  ['dropped', 130, 'interrupted, the recording is dropped'],
  ['ended', 0, 'events in'],
  ['killed', 0, ''],
])('%s ends with status %d', (step, code, message) => {
  expect(status(step)).toBe(code);
  expect(file(`${step}.out`)).toContain(message);
});

test.each([
  'simple',
  'qmap',
  'misb',
  'level0',
  'level2',
  'level3',
  'toolarge',
  'noclock',
  'dropped',
  'ended',
  'killed',
  'program',
])('after %s tracefs is as it was before', (step) => {
  expect(file(`${step}.tracefs`)).toBe('');
});

test('the recording that a signal ended can be replayed', async () => {
  expect((await replay('ended.dat')).verdict).not.toBe('violation');
});

test('cost of each level', () => {
  const us = (step: string): number => Number(/([\d.]+) us per switch/.exec(file(`${step}.out`))?.[1]);
  const rows = ['pingpong-none', 'level0', 'simple', 'level2', 'level3'].map((step) => [step, us(step)] as const);
  for (const [step, value] of rows) console.info(`${step}: ${value} µs per switch`);
  for (const [, value] of rows) expect(value).toBeGreaterThan(0);
});
