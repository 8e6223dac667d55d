// Two recordings of one workload side by side: what appeared and vanished, what could be checked, and the figures.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DiffDocument, diffResults } from '../../src/findings/diff.ts';
import { Waits } from '../../src/replay/figures.ts';
import { runIn } from '../support/in-process.ts';
import { temporaryFolder } from '../support/program.ts';
import { type EventJson, replayEvents, traceText } from '../support/replay.ts';
import { passingResult, switchEvents, violatingResult } from '../support/results.ts';

describe('findings', () => {
  test('that appeared, vanished, and stayed', async () => {
    const good = await passingResult();
    const bad = await violatingResult();
    const later = await violatingResult({ pid: 109, comm: 'slp-7', start: 9000 });
    const worse = diffResults(good, bad);
    expect(worse.appeared).toMatchObject([{ rule: 'switch-chain-broken', subject: 'slp-#', count: { a: 0, b: 1 } }]);
    expect([worse.vanished, worse.common, worse.exit_code]).toEqual([[], [], 1]);
    expect(worse.rules).toContainEqual({
      id: 'switch-chain-broken',
      verdict: { a: 'pass', b: 'violation' },
      checked: { a: expect.any(Number), b: expect.any(Number) },
    });
    const better = diffResults(bad, good);
    expect([better.vanished.length, better.appeared.length, better.exit_code]).toEqual([1, 0, 0]);
    // Another task of the same kind, at another time, is the same bug.
    const same = diffResults(bad, later);
    expect([same.appeared, same.vanished, same.exit_code]).toEqual([[], [], 0]);
    expect(same.common).toMatchObject([{ count: { a: 1, b: 1 } }]);
  });

  test('a side that says nothing gives no verdict', async () => {
    const empty = await replayEvents([{ ts: 1, cpu: 0, type: 'mark', text: 'nothing else' }], { kernel: '7.3' });
    expect(diffResults(await passingResult(), empty).exit_code).toBe(125);
  });
});

describe('figures', () => {
  /** A task that becomes runnable, waits, and runs, on the CPUs given. */
  function runs(cpus: readonly number[], wait: number): EventJson[] {
    return cpus.flatMap((rq, i): EventJson[] => {
      const at = 1000 + i * (wait + 5000);
      const base = { pid: 101, rq, cpu: rq };
      return [
        // SCX_TASK_RESET_RUNNABLE_AT
        { ...base, ts: at, type: 'enqueue', scx_flags: '0x4' },
        { ...base, ts: at + wait, type: 'run' },
        { ...base, ts: at + wait + 1000, type: 'dequeue' },
        { ...base, ts: at + wait + 1100, type: 'stop' },
      ];
    });
  }

  test('picks by CPU, migrations, and rates per second', async () => {
    const header = { kernel: '7.3', tasks: [{ pid: 101, comm: 'hog-1', cpus: '0-3' }] };
    const a = await replayEvents(runs([0, 0, 1, 1], 2000), header, { figures: true });
    const b = await replayEvents(runs([0, 1, 0, 2], 2000), header, { figures: true });
    expect(a.figures).toMatchObject({ picks: { 0: 2, 1: 2 }, migrations: 1 });
    const wait = { count: 4, mean_ns: 2000, p50_ns: 2000, p99_ns: 2000, max_ns: 2000 };
    expect(a.figures).toMatchObject({ waits: wait, waits_by_name: { 'hog-#': wait } });
    const diff = diffResults(a, b);
    expect(diff.picks).toEqual({ 0: { a: 2, b: 2 }, 1: { a: 2, b: 1 }, 2: { a: 0, b: 1 } });
    expect(diff.rates.migrations_per_pick).toEqual({ a: 0.25, b: 0.75 });
  });

  test('percentiles of waits are exact to a 32nd', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000_000_000), { minLength: 1, maxLength: 200 }), (values) => {
        const waits = new Waits();
        for (const value of values) waits.add(value);
        const sorted = values.toSorted((x, y) => x - y);
        const figures = waits.figures();
        for (const [share, found] of [
          [0.5, figures.p50_ns],
          [0.95, figures.p95_ns],
          [0.99, figures.p99_ns],
        ] as const) {
          const exact = sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
          expect(found).toBeGreaterThanOrEqual(exact);
          expect(found).toBeLessThanOrEqual(exact * (1 + 1 / 32) + 1);
        }
        expect([figures.count, figures.max_ns]).toEqual([values.length, sorted.at(-1)]);
      }),
    );
  });
});

test('the command prints both sides, and its exit code says whether something broke', async () => {
  const root = temporaryFolder();
  writeFileSync(join(root, 'a.jsonl'), traceText(switchEvents(), { kernel: '7.3' }));
  writeFileSync(join(root, 'b.jsonl'), traceText(switchEvents({ broken: true }), { kernel: '7.3' }));
  const worse = await runIn(root, ['diff', 'a.jsonl', 'b.jsonl']);
  expect(worse.code).toBe(1);
  expect(worse.stdout).toContain('+ switch-chain-broken slp-#: ');
  expect(worse.stdout).toContain('A  a.jsonl: pass');
  const better = await runIn(root, ['diff', 'b.jsonl', 'a.jsonl']);
  expect([better.code, better.stdout]).toEqual([0, expect.stringContaining('- switch-chain-broken slp-#: ')]);
  const json = await runIn(root, ['diff', 'a.jsonl', 'a.jsonl', '--format', 'json']);
  const document = JSON.parse(json.stdout) as DiffDocument;
  expect([json.code, document.appeared, document.vanished]).toEqual([0, [], []]);
  expect((await runIn(root, ['diff', 'a.jsonl', 'none.jsonl'])).code).toBe(125);
});
