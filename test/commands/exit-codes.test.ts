// Exit codes of every command, as a table: 0 ok, 1 violation, 125 no verdict, 129 wrong usage, 134 internal error.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { runIn } from '../support/in-process.ts';
import { scxCheck, testEnv } from '../support/program.ts';
import { traceText } from '../support/replay.ts';
import { switchEvents } from '../support/results.ts';

let root = '';

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'scx-check-'));
  const write = (name: string, text: string): void => {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  const good = traceText(switchEvents(), { kernel: '7.3' });
  const bad = traceText(switchEvents({ broken: true }), { kernel: '7.3' });
  write('good.jsonl', good);
  write('bad.jsonl', bad);
  write('cut.jsonl', bad.slice(0, -20));
  write('noise.bin', 'what is this');
  write('unrecorded.jsonl', traceText(switchEvents(), { kernel: '7.3', recorded: ['wakeup'] }));
  write('nothing.jsonl', traceText([{ ts: 1, cpu: 0, type: 'mark', text: 'x' }], { kernel: '7.3' }));
  write('pass/a.jsonl', traceText(switchEvents(), { kernel: '7.3', expect: { verdict: 'pass' } }));
  write('fail/a.jsonl', traceText(switchEvents(), { kernel: '7.3', expect: { verdict: 'violation' } }));
  write('cut/a.jsonl', `${traceText(switchEvents(), { kernel: '7.3', expect: {} })}{"ts":`);
  write('wrong/a.jsonl', traceText(switchEvents(), { kernel: '7.3', expect: { evaluated: ['no-rule'] } }));
  write('without/a.jsonl', good);
  write('series/v1.jsonl', good);
  write('series/v2.jsonl', bad);
  write('flat/v1.jsonl', good);
  write('flat/v2.jsonl', good);
  write('known.json', '{"format":"scx-baseline@1","findings":[]}');
  for (const name of ['good', 'bad', 'nothing'])
    write(`${name}.json`, (await runIn(root, ['replay', join(root, `${name}.jsonl`), '--format', 'json'])).stdout);
});
afterAll(() => rmSync(root, { recursive: true }));

/** Words, then the code. A word with a slash or dot that names a file here becomes its path. */
const TABLE: readonly (readonly [string, number])[] = [
  ['replay good.jsonl', 0],
  ['replay bad.jsonl', 1],
  ['replay good.jsonl bad.jsonl', 1],
  ['replay bad.jsonl noise.bin', 1],
  ['replay good.jsonl noise.bin', 125],
  ['replay cut.jsonl', 125],
  ['replay nothing.jsonl', 125],
  ['replay none.jsonl', 125],
  ['replay unrecorded.jsonl --rules switch-chain-broken', 125],
  ['replay bad.jsonl --baseline known.json', 1],
  ['replay good.jsonl --rules no-rule', 129],
  ['replay good.jsonl --kernel 5.4', 129],
  ['replay good.jsonl --nonsense', 129],
  ['replay', 129],
  ['test pass', 0],
  ['test fail', 1],
  ['test pass fail', 1],
  ['test cut', 125],
  ['test wrong', 129],
  ['test without', 129],
  ['test pass --shard 3/2', 129],
  ['report good.json', 0],
  ['report bad.json', 1],
  ['report nothing.json', 125],
  ['report none.json', 125],
  ['report good.json --format smoke', 129],
  ['minimize bad.jsonl --rule switch-chain-broken', 0],
  ['minimize good.jsonl --rule switch-chain-broken', 125],
  ['minimize noise.bin --rule switch-chain-broken', 125],
  ['minimize bad.jsonl --rule no-rule', 129],
  ['minimize bad.jsonl', 129],
  ['diff good.jsonl good.jsonl', 0],
  ['diff bad.jsonl good.jsonl', 0],
  ['diff good.jsonl bad.jsonl', 1],
  ['diff good.jsonl nothing.jsonl', 125],
  ['diff good.jsonl noise.bin', 125],
  ['diff good.jsonl', 129],
  ['bisect traces series --expect switch-chain-broken', 0],
  ['bisect traces flat --expect switch-chain-broken', 125],
  ['bisect traces none --expect switch-chain-broken', 125],
  ['bisect traces series --expect no-rule', 129],
  ['bisect traces series --expect switch-chain-broken --skip switch-chain-broken', 129],
  ['bisect trace bad.jsonl --rule switch-chain-broken', 0],
  ['bisect trace good.jsonl --rule switch-chain-broken', 125],
  ['bisect trace bad.jsonl --rule switch-chain-broken --over kernel', 125],
  ['bisect trace bad.jsonl --rule switch-chain-broken --over time', 129],
  ['bisect run --good a --bad b --record true --expect no-rule', 129],
  ['bisect run --good a', 129],
  ['bisect', 129],
  ['convert good.jsonl --to json', 0],
  ['convert noise.bin --to json', 125],
  ['convert good.jsonl --to smoke', 129],
  ['state good.jsonl --at end', 0],
  ['state noise.bin --at end', 125],
  ['state good.jsonl --at nowhere', 129],
  ['inspect good.jsonl', 0],
  ['inspect noise.bin', 125],
  ['schema', 0],
  ['explain no-rule', 129],
  ['no-command', 129],
  ['--help', 0],
  ['--version', 0],
];
/** Commands that print at once, without an option for a file. */
const PRINTING: readonly (readonly [string, number])[] = [
  ['rules', 0],
  ['explain switch-chain-broken', 0],
  ['--version', 0],
];

describe('exit codes', () => {
  test.each(TABLE)('%s: %d', async (line, code) => {
    const words = line
      .split(' ')
      .map((word) => (/^(?:pass|fail|cut|wrong|without|series|flat|none)$/.test(word) ? join(root, word) : word));
    const takesFile = !/^(?:explain|no-command|--)/.test(line);
    const name = /^(?:minimize|convert)/.test(line) ? '.out.json' : '.out';
    const run = takesFile ? await runIn(root, words, {}, name) : scxCheck(words, { cwd: root });
    expect(run.code).toBe(code);
    // Whoever gets no answer is told why.
    if (code === 129 || code === 125) expect(run.stderr + run.stdout).not.toBe('');
  });

  test.each(PRINTING)('%s: %d', (line, code) => {
    expect(scxCheck(line.split(' ')).code).toBe(code);
  });

  test('of every command there is, an option that it does not have: 129', async () => {
    const { stdout } = scxCheck(['--help']);
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].flatMap(([, name]) => name ?? []);
    expect(commands.length).toBeGreaterThan(8);
    for (const name of commands.filter((entry) => entry !== 'help'))
      expect([name, (await runIn(root, [name, '--no-such-option'])).code]).toEqual([name, 129]);
  });

  test('an error of the program itself: 134', () => {
    // A module that breaks standard output before the program writes to it.
    const preload = join(root, 'broken.mjs');
    writeFileSync(preload, "process.stdout.write = () => { throw new Error('broken on purpose'); };\n");
    const { status, stderr } = spawnSync(process.execPath, ['--import', preload, inject('program'), '--version'], {
      encoding: 'utf8',
      env: testEnv(),
    });
    expect([status, stderr]).toEqual([134, expect.stringContaining('internal error, please report it')]);
  });
});
