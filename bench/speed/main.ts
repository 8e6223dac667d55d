// `npm run bench`: how fast and in how much memory, beside the tools that people use today, in the same run.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openInput } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { PROJECT, recordings } from '../support/inputs.ts';
import { writeLongDat } from '../support/long-dat.ts';
import { compare, isInstalled, type Measure, measure } from '../support/run.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 5);
/** A trace of about this many records is measured; the other is ten times as long. */
const RECORDS = Number(process.env.RECORDS ?? 2_000_000);
/** MiB of peak memory; and the old generation of the heap that a trace ten times as long must get along with. */
const MEMORY_BAR = 200;
const SMALL_HEAP = 24;

/** A trace that a person can read. */
const SMALL = join(PROJECT, 'fixtures', 'recordings', 'healthy.jsonl');

const cli = join(PROJECT, 'bin', 'scx-check.js');
const replay = (path: string): readonly string[] => ['node', cli, 'replay', path, '--quiet'];

/** What most scripts do: a line at a time, JSON.parse, and nothing with it. */
const PARSE_LINES = `
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
let n = 0;
for await (const line of createInterface({ input: createReadStream(process.argv[2]) })) if (JSON.parse(line).type) n++;
`;

const [source] = recordings();
if (source === undefined) {
  console.error('no recording: SCX_CHECK_RECORDINGS names a directory of them');
  process.exit(129);
}
const folder = mkdtempSync(join(tmpdir(), 'scx-bench-'));
let missed = 0;
try {
  const records = await countRecords(source);
  const times = Math.max(1, Math.round(RECORDS / records));
  const dat = join(folder, 'long.dat');
  const longer = join(folder, 'longer.dat');
  const jsonl = join(folder, 'long.jsonl');
  const parser = join(folder, 'parse.mjs');
  await writeLongDat(source, times, dat);
  await writeLongDat(source, times * 10, longer);
  writeFileSync(parser, PARSE_LINES);
  measure(['node', cli, 'convert', dat, '-o', jsonl]);
  console.log(`${source}, ${times} times over: ${records * times} records, ${mib(dat)} MiB (.jsonl ${mib(jsonl)} MiB)`);
  console.log(`medians of ${ROUNDS}, whole processes, taken in turn\n`);

  const hasPeer = isInstalled('trace-cmd');
  const [own, peer] = compare([replay(dat), ...(hasPeer ? [['trace-cmd', 'report', dat]] : [])], ROUNDS);
  show('replay trace.dat, all rules', own, records * times);
  show('trace-cmd report', peer, records * times);
  if (hasPeer) judge('times faster than trace-cmd report', own, peer, 4);
  else console.log('  trace-cmd is not installed: nothing to compare with');

  const [lines, parse] = compare([replay(jsonl), ['node', parser, jsonl]], ROUNDS);
  show('replay .jsonl, all rules', lines, records * times);
  show('readline + JSON.parse', parse, records * times);
  judge('times faster than readline + JSON.parse', lines, parse, 1.5);

  const [converted] = compare([['node', cli, 'convert', jsonl, '--to', 'json']], Math.min(3, ROUNDS));
  show('convert .jsonl to .json', converted, records * times);

  // Garbage that is not collected yet looks like growth: what a trace needs shows where the heap is small.
  const [program = '', ...rest] = replay(longer);
  const large = measure([program, `--max-old-space-size=${SMALL_HEAP}`, ...rest]);
  show(`ten times as long, ${SMALL_HEAP} MiB of heap`, large, records * times * 10);
  bar(
    `peak memory ${(own?.memory ?? 0).toFixed(0)} MiB, of a trace ten times as long ${large.memory.toFixed(0)} MiB`,
    large.status <= 1 && Math.max(large.memory, own?.memory ?? 0) <= MEMORY_BAR,
    `at most ${MEMORY_BAR}`,
  );

  const [start, node] = compare([replay(SMALL), ['node', '-e', '0']], Math.max(ROUNDS, 5));
  bar(
    `a small trace in ${((start?.wall ?? 0) * 1000).toFixed(0)} ms (node alone ${((node?.wall ?? 0) * 1000).toFixed(0)} ms)`,
    (start?.wall ?? 1) < 0.2,
    'less than 200 ms',
  );
} finally {
  rmSync(folder, { recursive: true });
}
process.exitCode = missed > 0 ? 1 : 0;

function show(what: string, run: Measure | undefined, events: number): void {
  if (run === undefined) return;
  // A run that breaks off is fast.
  if (run.status > 1) bar(`${what}: exit code ${run.status}`, false, '0 or 1');
  const memory = run.memory === 0 ? '' : `${run.memory.toFixed(0).padStart(6)} MiB`;
  console.log(
    `${what.padEnd(32)} ${run.wall.toFixed(2).padStart(7)} s wall ${run.cpu.toFixed(2).padStart(7)} s CPU ${(events / run.cpu / 1e6).toFixed(2).padStart(7)} M/s CPU${memory}`,
  );
}

/** On a machine that does other things, too, the ratio of CPU times is the truer one. */
function judge(what: string, own: Measure | undefined, peer: Measure | undefined, least: number): void {
  if (own === undefined || peer === undefined) return;
  const wall = peer.wall / own.wall;
  bar(
    `${wall.toFixed(2)} ${what} (by CPU time ${(peer.cpu / own.cpu).toFixed(2)})`,
    wall >= least,
    `at least ${least}`,
  );
}

function bar(what: string, isMet: boolean, asked: string): void {
  if (!isMet) missed++;
  console.log(`  ${what}: ${isMet ? 'met' : 'NOT MET'}, ${asked}\n`);
}

function mib(path: string): string {
  return (statSync(path).size / 2 ** 20).toFixed(0);
}

/** Records of a recording, used or not. */
async function countRecords(path: string): Promise<number> {
  const input = await openInput(path);
  const trace = await openTrace(input);
  let events = 0;
  trace.run({
    event() {
      events++;
      return true;
    },
  });
  input.close();
  return events + trace.absorbed + [...trace.unused.values()].reduce((sum, n) => sum + n, 0);
}
