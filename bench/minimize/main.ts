// Minimises long violating traces, and compares the effort with that of plain delta debugging over events.
//   npm run bench:minimize -- [RECORDINGS] [EVENTS] [PLAIN]
// RECORDINGS is a folder of recordings (default: SCX_CHECK_RECORDINGS); EVENTS the length of the trace (default:
// 1000000), PLAIN the length of that on which both ways are compared (default: EVENTS, which takes long).
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openInput } from '../../src/input/open.ts';
import { EventStore } from '../../src/minimize/event-store.ts';
import { minimize } from '../../src/minimize/minimize.ts';
import { Probe } from '../../src/minimize/probe.ts';
import { openTrace } from '../../src/readers/index.ts';
import { findRule } from '../../src/rules/index.ts';
import { WRITERS } from '../../src/writers/index.ts';
import { writeLongViolation } from './long-violation.ts';
import { plainDdmin } from './plain-ddmin.ts';

const [recordings = process.env.SCX_CHECK_RECORDINGS ?? '', length = '1000000', plainLength = length] =
  process.argv.slice(2);
const PAIRS = [
  { healthy: 'simple_vtime', violating: 'affinity_race', rule: 'dispatch-disallowed-cpu' },
  { healthy: 'simple_fifo', violating: 'misb_dsp_overflow', rule: 'dispatch-buffer-overflow' },
  { healthy: 'qmap', violating: 'stall_forgotten', rule: 'runnable-stall' },
];

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const program = join(import.meta.dirname, '../../bin/scx-check.js');
const folder = mkdtempSync(join(tmpdir(), 'scx-check-bench-'));
try {
  for (const { healthy, violating, rule: id } of PAIRS) {
    const of = (name: string): string => join(recordings, name, 'trace.dat');
    if (!existsSync(of(healthy)) || !existsSync(of(violating))) {
      process.stdout.write(`${violating}: no recording in ${recordings || '(no folder given)'}\n`);
      continue;
    }
    const path = join(folder, 'long.jsonl');
    const events = await writeLongViolation(path, {
      healthy: of(healthy),
      violating: of(violating),
      events: Number(length),
    });
    const out = join(folder, 'minimal.json');
    const begin = performance.now();
    const run = spawnSync(process.execPath, [program, 'minimize', path, '--rule', id, '-o', out], { encoding: 'utf8' });
    const whole = performance.now() - begin;
    process.stdout.write(
      `\n${violating}, ${id}, ${events} events\n  program   ${seconds(whole)}  exit code ${run.status}  ${run.stderr.trim()}\n`,
    );
    if (run.status !== 0) continue;
    const left = readFileSync(out, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('{"ts"')).length;
    process.stdout.write(`  left      ${left} events\n`);
    if (plainLength !== length)
      await writeLongViolation(path, {
        healthy: of(healthy),
        violating: of(violating),
        events: Number(plainLength),
      });
    await compare(path, id);
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** Effort of both ways on the same trace, for the same finding. */
async function compare(path: string, id: string): Promise<void> {
  const rule = findRule(id);
  const [writer] = WRITERS;
  if (rule === undefined || writer === undefined) return;
  const trace = await openTrace(await openInput(path));
  const own = await minimize(trace, { rule, writer, path: 'minimal.json' });
  const store = EventStore.of(trace);
  const probe = new Probe(store, { rule });
  const target = probe.findTarget(trace.header, {});
  if (own === undefined || target === undefined) return;
  const begin = performance.now();
  const plain = plainDdmin(store.length, (ordinals) => probe.keeps(trace.header, ordinals, target));
  const ms = performance.now() - begin;
  const wholeTraces = probe.events / store.length;
  process.stdout.write(
    `  both on ${store.length} events\n  sliced    ${own.events} events left, ${own.effort.replays} replays, as long as ${own.effort.wholeTraces.toFixed(2)} whole traces\n` +
      `  plain     ${plain.length} events left, ${probe.replays} replays, as long as ${wholeTraces.toFixed(2)} whole traces, ${seconds(ms)}\n` +
      `  ratio     ${(probe.replays / own.effort.replays).toFixed(1)} times fewer replays, ${(wholeTraces / own.effort.wholeTraces).toFixed(1)} times fewer events replayed\n`,
  );
}
