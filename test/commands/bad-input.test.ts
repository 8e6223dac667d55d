// Whatever is wrong with what a command is given: one message that names it, the right exit code, and never a stack trace.
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../src/findings/verdict.ts';
import { runCli } from '../support/cli.ts';
import { scxCheck, temporaryFolder } from '../support/program.ts';

const TRACE = readFileSync(join(import.meta.dirname, '../../fixtures/state/affinity-race.jsonl'), 'utf8');
const LINES = TRACE.trimEnd().split('\n');
const GARBAGE = Uint8Array.from({ length: 3000 }, (_, i) => (i * 7919 + 13) % 256);

/** The first five lines, then one that is wrong. */
const withLine = (line: string): string => `${LINES.slice(0, 5).join('\n')}\n${line}\n`;
const event = (pattern: RegExp | string, by: string): string => withLine((LINES[5] ?? '').replace(pattern, by));

/** Inputs that are no trace: bytes, and what the message must say. */
const BAD_TRACES: Readonly<Record<string, readonly [bytes: string | Uint8Array, says: RegExp]>> = {
  empty: ['', /the file is empty \[empty\]; record again/],
  garbage: [GARBAGE, /byte 0: .*expected trace\.dat .* found (?:[0-9a-f]{2} ){11}[0-9a-f]{2} \[unknown-format\]/],
  zeros: [new Uint8Array(5000), /byte 0: .*\[unknown-format\]/],
  text: ['hello\nworld\n', /byte 0: .*found "hello\\nworld\\n" \[unknown-format\]/],
  'another JSON': ['{"a":1}\n', /byte 0: .*\[unknown-format\]; a canonical trace begins/],
  'a JSON array': ['[1,2,3]', /\[unknown-format\]/],
  'UTF-16': [Buffer.from(TRACE, 'utf16le'), /\[unknown-format\]/],
  'another version': [
    TRACE.replace('scx-trace@1', 'scx-trace@9'),
    /line 1: .*"scx-trace@1".*found "scx-trace@9" \[bad-header\]/,
  ],
  'a header cut off': [(LINES[0] ?? '').slice(0, 300), /\[(?:bad-header|truncated|bad-json)\]/],
  'an event cut off': [
    withLine((LINES[5] ?? '').slice(0, 30)).trimEnd(),
    /line 6: the file ends too early.*\[truncated\]; .*copy or record/,
  ],
  'no JSON': [withLine('not json'), /line 6: not a JSON object.*\[bad-json\]/],
  'a wrong type': [
    event(/"cpu":\d+/, '"cpu":"x"'),
    /line 6: .*"cpu": wrong value: expected a CPU number, 0 to 8191, found "x" \[bad-event\]/,
  ],
  'a fraction': [event(/"cpu":\d+/, '"cpu":1.5'), /line 6: .*found 1\.5 \[bad-event\]/],
  null: [event(/"cpu":\d+/, '"cpu":null'), /line 6: .*found null \[bad-event\]/],
  'a huge number': [event(/"cpu":\d+/, `"cpu":${'9'.repeat(400)}`), /line 6: .*expected a CPU number.*\[bad-event\]/],
  'a huge time': [event(/"ts":\d+/, `"ts":${'9'.repeat(40)}`), /line 6: .*"ts".*\[bad-event\]/],
  'a missing field': [event(/"cpu":\d+,/, ''), /line 6: .*cpu.*\[bad-event\]/],
  'an unknown type': [
    event(/"type":"\w+"/, '"type":"enqeue"'),
    /line 6: unknown event type: found "enqeue" \[unknown-event-type\]; did you mean "enqueue"\?/,
  ],
  'an unknown field': [event(/^\{/, '{"pidd":3,'), /line 6: .*"pidd" \[bad-event\]; did you mean "pid"\?/],
  'a key twice': [event(/^\{/, '{"cpu":1,'), /line 6: the key "cpu" comes twice.*\[bad-event\]/],
  unsorted: [withLine(LINES[1] ?? ''), /line 6: .*expected a time of at least \d+, found \d+ \[unsorted\]; sort/],
  'gzip cut off': [
    gzipSync(TRACE).subarray(0, 900),
    /after \d+ decompressed bytes: .*unexpected end of file \[bad-compression\]/,
  ],
  'bad gzip': [joined([0x1f, 0x8b], GARBAGE), /\[bad-compression\]/],
  'bad zstd': [
    joined([0x28, 0xb5, 0x2f, 0xfd], GARBAGE),
    /after 0 decompressed bytes: .*\[bad-compression\]; the file is damaged/,
  ],
  'zstd cut off': [Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 4, 0, 9]), /\[bad-compression\]/],
  'bad xz': [joined([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], GARBAGE), /\[bad-compression\]/],
  'a CSV with a wrong column': [
    `# ${LINES[0] ?? ''}\nts,cpu,type,pidd\n1,0,idle,\n`,
    /line 2: unknown column: found "pidd" \[bad-header\]/,
  ],
  'a CSV row that is too short': [
    `# ${LINES[0] ?? ''}\nts,cpu,type,pid\n1,0\n`,
    /line 3: .*expected 4 cells, found 2 \[bad-csv\]/,
  ],
  'a trace.dat cut off': [datHead(), /\[truncated\]/],
};

function joined(head: readonly number[], rest: Uint8Array): Uint8Array {
  return Uint8Array.from([...head, ...rest]);
}

function datHead(): Uint8Array {
  return readFileSync(join(import.meta.dirname, '../readers/trace-dat/v7-zstd.dat')).subarray(0, 3000);
}

/** Commands that read a trace. */
const READING: Readonly<Record<string, readonly string[]>> = {
  replay: ['replay'],
  state: ['state'],
  convert: ['convert', '--to', 'json'],
  inspect: ['inspect'],
  caps: ['caps'],
  vtime: ['vtime'],
};

function expectMessage(stderr: string, path: string): void {
  expect(stderr).toMatch(new RegExp(`^scx-check: ${path.replaceAll('.', '\\.')}: .+ \\[[a-z-]+\\].*\\n$`));
  expect(stderr).not.toMatch(/\n\s+at |internal error/);
}

describe.each(Object.entries(READING))('%s refuses, and says why:', (_name, command) => {
  test.each(Object.entries(BAD_TRACES))('%s', async (_what, [bytes, says]) => {
    const path = join(temporaryFolder(), 'input');
    writeFileSync(path, bytes);
    const { code, output = '', stderr } = await runCli([...command, path]);
    // What inspect says of damage is part of what it has found.
    expect(stderr === '' ? output : stderr).toMatch(says);
    if (stderr !== '') expectMessage(stderr, path);
    else expect(command).toEqual(['inspect']);
    expect(code).toBe(125);
  });

  test('a missing file, a directory', async () => {
    const folder = temporaryFolder();
    const missing = join(folder, 'missing.dat');
    expect(await runCli([...command, missing])).toMatchObject({
      code: 125,
      stderr: `scx-check: ${missing}: cannot read: no such file [not-readable]\n`,
    });
    expect(await runCli([...command, folder])).toMatchObject({
      code: 125,
      stderr: `scx-check: ${folder}: cannot read: is a directory [not-readable]\n`,
    });
  });

  test.each([
    ['missing', undefined, /cannot read: no such file \[not-readable\]/],
    ['empty', '', /\[bad-snapshot\]/],
    ['cut off', '{"tasks":', /\[bad-snapshot\]/],
    ['something else', '[]', /expected an object, found an array \[bad-snapshot\]/],
    ['of a wrong type', '{"tasks": 5}', /tasks: .*expected an array, found 5 \[bad-snapshot\]/],
  ])('a snapshot that is %s', async (_what, text, says) => {
    const folder = temporaryFolder();
    const trace = join(folder, 'trace.jsonl');
    const snapshot = join(folder, 'other.json');
    writeFileSync(trace, TRACE);
    if (text !== undefined) writeFileSync(snapshot, text);
    const { code, stderr } = await runCli([...command, '--snapshot', snapshot, trace]);
    expect(stderr).toMatch(says);
    expectMessage(stderr, snapshot);
    expect(code).toBe(125);
  });

  test.each([
    ['in no folder', 'none/output', /cannot write: no such folder/],
    ['that is a folder', '.', /cannot write: is a directory/],
  ])('an output %s', (_what, output, says) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'trace.jsonl'), TRACE);
    const { code, stderr } = scxCheck([...command, 'trace.jsonl', '-o', output], { cwd: folder });
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(code).toBe(129);
  });

  test.runIf(process.platform === 'linux')('a device that is full', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'trace.jsonl'), TRACE);
    const { code, stderr } = scxCheck([...command, 'trace.jsonl', '-o', '/dev/full'], { cwd: folder });
    expect(stderr).toBe('scx-check: /dev/full: cannot write: no space left on the device\n');
    expect(code).toBe(129);
  });
});

test('what lies before the damage is reported on request, and is no verdict', async () => {
  const path = join(temporaryFolder(), 'input');
  writeFileSync(path, event(/"cpu":\d+/, '"cpu":"x"'));
  const { code, output } = await runCli(['replay', '--keep-going', path]);
  expect(output).toMatch(/line 6: .*found "x" \[bad-event\]/);
  expect(output).toMatch(/^INCONCLUSIVE +the input is damaged; \d+ rules checked up to there, nothing found$/m);
  expect(code).toBe(125);
});

test('several inputs: one bad one does not hide the others, and the worst exit code counts', async () => {
  const folder = temporaryFolder();
  const good = join(folder, 'good.jsonl');
  writeFileSync(good, TRACE);
  const { code, output, stderr } = await runCli(['replay', '--quiet', join(folder, 'missing'), good]);
  expect(output).toContain('VIOLATION');
  expectMessage(stderr, join(folder, 'missing'));
  expect(code).toBe(1);
});

test.each([
  ['missing', undefined, /cannot read: no such file \[not-readable\]/],
  ['empty', '', /not a result/],
  ['garbage', GARBAGE, /not a result/],
  ['of another kind', '{"schema":"other@1"}', /expected .*found "other@1"/],
])('report refuses a result that is %s', async (_what, bytes, says) => {
  const path = join(temporaryFolder(), 'result.json');
  if (bytes !== undefined) writeFileSync(path, bytes);
  const { code, stderr } = await runCli(['report', path]);
  expect(stderr).toMatch(says);
  expectMessage(stderr, path);
  expect(code).toBe(125);
});

test.each([
  [['replay', '--rules', 'nope', 'x'], /there is no rule "nope"; scx-check rules/],
  [['replay', '--from', 'soon', 'x'], /not a time: "soon"; write seconds/],
  [['replay', '--pid', 'x', 'x'], /--pid: expected a number, found "x"/],
  [['replay', '--kernel', '5.4', 'x'], /--kernel: "5\.4" is no release/],
  [['replay', '--format', 'yaml', 'x'], /Allowed choices/],
  [['replay'], /missing required argument/],
  [['replay', '--nope', 'x'], /unknown option/],
  [['nope'], /unknown command/],
  [['convert', 'x'], /cannot tell the spelling to write/],
  [['explain', 'nope'], /"nope" is no rule/],
])('wrong usage: %j', (args, says) => {
  const { code, stdout, stderr } = scxCheck(args);
  expect(stderr).toMatch(says);
  expect(stderr).not.toMatch(/\n\s+at |internal error/);
  expect(stdout).toBe('');
  expect(code).toBe(129);
});

test.each(['empty', 'garbage', 'an event cut off', 'a wrong type', 'bad zstd'])('minimize refuses: %s', (what) => {
  const path = join(temporaryFolder(), 'input');
  const [bytes, says] = BAD_TRACES[what] ?? ['', /never/];
  writeFileSync(path, bytes);
  const { code, stderr } = scxCheck(['minimize', '--rule', 'task-lost', path]);
  expect(stderr).toMatch(says);
  expectMessage(stderr, path);
  expect(code).toBe(125);
});

test('convert does not write onto its own input', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.jsonl'), TRACE);
  const { code, stderr } = scxCheck(['convert', 'a.jsonl', '-o', './a.jsonl'], { cwd: folder });
  expect(stderr).toMatch(/is the input itself/);
  expect(code).toBe(129);
  expect(readFileSync(join(folder, 'a.jsonl'), 'utf8')).toBe(TRACE);
});

test.skipIf(process.getuid?.() === 0)('a file without permission', async () => {
  const path = join(temporaryFolder(), 'secret');
  writeFileSync(path, TRACE, { mode: 0 });
  expect((await runCli(['replay', path])).stderr).toMatch(/no permission to read \[not-readable\]/);
});

describe('a trace that cannot even be looked at', () => {
  test.each([
    ['a name that is too long', (folder: string) => join(folder, 'x'.repeat(300))],
    ['a file as a folder', (folder: string) => join(folder, 'file', 'trace.dat')],
    ['a link to itself', (folder: string) => join(folder, 'loop')],
    ['nothing', (folder: string) => join(folder, 'nothing')],
  ])('%s', (_, nameIn) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'loop'), join(folder, 'loop'));
    // The program itself, which looks at the files of a replay before the command does.
    const { code, stdout, stderr } = scxCheck(['replay', nameIn(folder)]);
    expect({ code, stdout }).toEqual({ code: EXIT.noVerdict, stdout: '' });
    expect(stderr).toMatch(/^scx-check: .*\n$/);
    expect(stderr).not.toContain('    at ');
  });
});
