// Standard input and output: pipes that end early, that are empty, that hold compressed traces.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, inject, test } from 'vitest';
import { scxCheck, testEnv } from '../support/program.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/state/affinity-race.jsonl');
const TRACE = readFileSync(FIXTURE, 'utf8');

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
  readonly stdout: string;
}

/** Runs the program with bytes on its standard input; `close` ends its standard output after the first bytes. */
function run(args: readonly string[], input: Uint8Array | string, close = false): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [inject('program'), ...args], { env: testEnv() });
    let stderr = '';
    let stdout = '';
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
      if (close) child.stdout.destroy();
    });
    child.stdin.on('error', () => {});
    child.stdin.end(input);
    child.on('close', (code, signal) => resolve({ code, signal, stderr, stdout }));
  });
}

test('a trace on standard input, plain and compressed, is read like a file', async () => {
  const file = scxCheck(['replay', FIXTURE, '--format', 'json']);
  const plain = await run(['replay', '-', '--format', 'json'], TRACE);
  const packed = await run(['replay', '-', '--format', 'json'], gzipSync(TRACE));
  expect([file.code, plain.code, packed.code]).toEqual([1, 1, 1]);
  const withoutPath = (text: string): string => text.replaceAll(FIXTURE, '-');
  expect(plain.stdout).toBe(withoutPath(file.stdout));
  expect(packed.stdout).toBe(plain.stdout);
});

test('nothing on standard input is an empty file', async () => {
  const { code, stderr } = await run(['replay', '-'], '');
  expect(stderr).toBe('scx-check: -: the file is empty [empty]; record again, or name another file\n');
  expect(code).toBe(125);
});

test.each([
  [['replay', FIXTURE, '--verbose'], 1],
  [['convert', FIXTURE, '--to', 'json'], 0],
  [['state', FIXTURE], 0],
  [['rules', '--format', 'json'], 0],
  [['schema'], 0],
])('a reader that goes away is no error: %j', async (args, expected) => {
  const { code, signal, stderr } = await run(args, '', true);
  expect({ code, signal, stderr }).toEqual({ code: expected, signal: null, stderr: '' });
});
