// `npm run bench:gate`: how long the gate takes for a folder of many small fixtures, and the program to start at all.
//   npm run bench:gate -- [FIXTURES]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [fixtures = '1000'] = process.argv.slice(2);
const ROUNDS = 7;
const program = join(import.meta.dirname, '../../bin/scx-check.js');
const folder = mkdtempSync(join(tmpdir(), 'scx-check-bench-'));

/** Median and smallest wall time of some runs of the program, ms. */
function measure(args: readonly string[]): string {
  return measureNode([program, ...args]);
}

function measureNode(args: readonly string[]): string {
  const times = Array.from({ length: ROUNDS }, () => {
    const begin = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`node ${args.join(' ')}: exit code ${status}: ${stderr}`);
    return performance.now() - begin;
  }).toSorted((a, b) => a - b);
  return `median ${(times[ROUNDS >> 1] ?? 0).toFixed(0)} ms, best ${(times[0] ?? 0).toFixed(0)} ms`;
}

try {
  for (let i = 0; i < Number(fixtures); i++) {
    const pid = 100 + i;
    const broken = i % 3 === 0;
    const events = [
      { ts: 1000, cpu: 0, type: 'switch', prev: 0, next: pid, next_comm: `t-${i}` },
      { ts: 1500, cpu: 1, type: 'switch', prev: 0, next: 7, next_comm: 'other' },
      { ts: 2000, cpu: 0, type: 'switch', prev: broken ? 99 : pid, next: 0 },
      { ts: 2500, cpu: 1, type: 'switch', prev: 7, next: 0 },
    ];
    const findings = broken ? [{ rule: 'switch-chain-broken', cpu: 0, ts: 2000 }] : [];
    const header = { format: 'scx-trace@1', kernel: '7.3', expect: { findings } };
    writeFileSync(
      join(folder, `${i}.jsonl`),
      `${[header, ...events].map((line) => JSON.stringify(line)).join('\n')}\n`,
    );
  }
  process.stdout.write(`Node itself             ${measureNode(['-e', '0'])}\n`);
  process.stdout.write(`start (--version)       ${measure(['--version'])}\n`);
  process.stdout.write(`replay of one fixture   ${measure(['replay', join(folder, '1.jsonl')])}\n`);
  process.stdout.write(`${fixtures} fixtures           ${measure(['test', folder])}\n`);
  process.stdout.write(`the same, --jobs 1      ${measure(['test', folder, '--jobs', '1'])}\n`);
} finally {
  rmSync(folder, { recursive: true });
}
