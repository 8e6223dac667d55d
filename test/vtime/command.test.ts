// `scx-check vtime`: the books add up, in every format.
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { VtimeDocument } from '../../src/findings/vtime-document.ts';
import { Series } from '../../src/vtime/ledger.ts';
import { runCli } from '../support/cli.ts';

const PIN = join(import.meta.dirname, '../../fixtures/vtime/pin-error.json');

async function documentOf(...words: readonly string[]): Promise<VtimeDocument> {
  const { code, output = '' } = await runCli(['vtime', PIN, '--format', 'json', ...words]);
  expect(code).toBe(0);
  return JSON.parse(output) as VtimeDocument;
}

test('five runs that reach no basis are five runs hidden from both', async () => {
  const { limit_ns, schedulers } = await documentOf();
  expect(limit_ns).toBe(163.84e9);
  const [sched] = schedulers;
  const [task] = sched?.tasks ?? [];
  expect(sched?.mismatch).toBeNull();
  expect(task).toMatchObject({ pid: 100, weight: 1 });
  expect(task?.charged).toEqual([
    { group: 1, borrowed: false, pinned: true, runs: 5, runtime_ns: 2e9, charge_ns: 200e9 },
  ]);
  for (const label of ['cpu[1]', 'cell[1]']) {
    const drift = task?.drifts.find(({ basis }) => basis === label);
    expect(drift).toMatchObject({ largest_ns: 200e9, hidden_ns: 2e9, hidden_runs: 5 });
    expect(drift?.samples.map(({ min_ns }) => min_ns)).toEqual(
      expect.arrayContaining([40e9, 80e9, 120e9, 160e9, 200e9]),
    );
    expect(sched?.bases.find(({ basis }) => basis === label)).toMatchObject({ hidden_tasks: 1, hidden_ns: 2e9 });
  }
});

test('with another version of the scheduler the same runs are hidden from less', async () => {
  const { schedulers } = await documentOf('--set', 'variant=M4', '--domain', 'mitosis');
  const hidden = schedulers[0]?.bases.filter(({ hidden_ns }) => hidden_ns > 0).map(({ basis }) => basis);
  expect(hidden).toEqual(['cell[1]']);
});

describe('formats', () => {
  test('the chart names the task, its bases and what they missed', async () => {
    const { output } = await runCli(['vtime', PIN]);
    expect(output).toContain('kworker/1:1[100] weight 1');
    expect(output).toMatch(/cpu\[1\] .*█.* up to 200 s ahead/);
    expect(output).toContain('2 s in 5 runs did not reach it');
  });

  test('csv has one line a sample', async () => {
    const { output = '' } = await runCli(['vtime', PIN, '--format', 'csv']);
    const [head, ...lines] = output.trimEnd().split('\n');
    expect(head).toBe('scheduler,pid,comm,weight,basis,ts,drift_min_ns,drift_max_ns');
    const samples = (await documentOf()).schedulers.flatMap(({ tasks }) => tasks).flatMap(({ drifts }) => drifts);
    expect(lines).toHaveLength(samples.reduce((sum, { samples: { length } }) => sum + length, 0));
  });

  test('a description that is none is wrong usage', async () => {
    const { code, stderr } = await runCli(['vtime', PIN, '--domain', 'nothing']);
    expect([code, stderr]).toEqual([129, expect.stringContaining('no built-in description "nothing"')]);
  });
});

test('a series that thins itself out keeps its largest value and its order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 5000 }), (values) => {
      const series = new Series();
      values.forEach((value, t) => {
        series.add(t, value, value);
      });
      expect(series.times.length).toBeLessThan(512);
      expect(Math.max(...series.mins)).toBe(Math.max(...values));
      expect(series.times).toEqual(series.times.toSorted((a, b) => a - b));
    }),
    { numRuns: 30 },
  );
});
