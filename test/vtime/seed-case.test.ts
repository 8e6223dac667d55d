// The bug that the vtime rules are made for: runs that are charged and move no basis, by two paths, with two ends.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ReplayResult, ResultFinding } from '../../src/findings/result.ts';
import { loadDomain } from '../../src/vtime/load-domain.ts';
import { Mitosis, SLICE, type Version } from '../support/mitosis.ts';
import { replayEvents, replayFile } from '../support/replay.ts';

const fixture = (name: string): string => join(import.meta.dirname, '../../fixtures/vtime', `${name}.json`);

interface FixtureEvent {
  readonly ts: number;
  readonly type: string;
  readonly pid?: number;
}

const eventsOf = (name: string): readonly FixtureEvent[] =>
  (JSON.parse(readFileSync(fixture(name), 'utf8')) as { events: FixtureEvent[] }).events;

const of = (result: ReplayResult, rule: string): readonly ResultFinding[] =>
  result.findings.filter((finding) => finding.rule === rule);

/** The finding and what it is a symptom of, up to the root. */
function chainOf(result: ReplayResult, finding: ResultFinding | undefined): readonly string[] {
  const chain: string[] = [];
  for (let at = finding; at !== undefined; at = at.cause === null ? undefined : result.findings[at.cause])
    chain.push(at.rule);
  return chain;
}

describe.each(['pin', 'borrow'])('%s', (path) => {
  test('up to the error: found at the first run, and the end is explained by it', async () => {
    const name = `${path}-error`;
    const result = await replayFile(fixture(name));
    const events = eventsOf(name);
    const firstRun = events.find(({ type, pid }) => type === 'run' && pid === 100);
    const firstStop = events.find(({ type, pid }) => type === 'stop' && pid === 100);
    const [hidden] = of(result, 'vtime-hidden-runtime');
    expect(hidden).toMatchObject({ verdict: 'violation', pid: 100 });
    expect(Number(hidden?.ts)).toBeLessThanOrEqual(firstStop?.ts ?? 0);
    expect(hidden?.evidence[0]?.ts).toBe(firstRun?.ts);
    const [ahead] = of(result, 'vtime-too-far-ahead');
    expect(ahead).toMatchObject({ verdict: 'violation', pid: 100, details: { predicted: true, diff_ns: 200e9 } });
    const [ejected] = of(result, 'scheduler-ejected');
    expect(chainOf(result, ejected).at(-1)).toBe('vtime-hidden-runtime');
    expect(of(result, 'vtime-model-mismatch')).toEqual([]);
  });

  test('up to the stall: every decision lost, back to the first hidden run', async () => {
    const name = `${path}-stall`;
    const result = await replayFile(fixture(name));
    const [starved] = of(result, 'vtime-starvation');
    expect(starved).toMatchObject({ verdict: 'violation', pid: 100, details: { stall_class: 'order' } });
    const { decisions, lost, winners } = starved?.details ?? {};
    expect(lost).toBe(decisions);
    expect(Number(lost)).toBeGreaterThanOrEqual(10);
    expect(winners).toContain('hog-1[101]');
    expect(chainOf(result, starved).at(-1)).toBe('vtime-hidden-runtime');
    const run = eventsOf(name).find(({ type, pid }) => type === 'run' && pid === 100);
    expect(of(result, 'vtime-hidden-runtime')[0]?.evidence[0]?.ts).toBe(run?.ts);
    expect(of(result, 'vtime-model-mismatch')).toEqual([]);
  });

  test('with the fix nothing is found', async () => {
    const result = await replayFile(fixture(`${path}-fixed`));
    expect(result.findings.filter(({ rule }) => rule.startsWith('vtime-'))).toEqual([]);
    const rule = result.rules.find(({ id }) => id === 'vtime-hidden-runtime');
    expect(rule).toMatchObject({ verdict: 'pass', checked: 5 });
  });
});

test('the history of the pinned task is not monotone, and only the whole comparison set shows it', async () => {
  const sim = new Mitosis('M6', [2, 1]);
  sim.task(100, { weight: 1, home: 2, pin: 1 });
  for (let i = 0; i < 3; i++) {
    sim.enqueue(100, 1);
    sim.run(100, 1, SLICE);
  }
  const bad = async (version: Version, set: readonly string[]): Promise<boolean> => {
    const domain = await loadDomain('mitosis', [`variant=${version}`, ...set]);
    const result = await replayEvents(sim.story.events, { kernel: '7.3' }, { domain });
    expect(of(result, 'vtime-model-mismatch')).toEqual([]);
    return of(result, 'vtime-hidden-runtime').some(({ verdict }) => verdict === 'violation');
  };
  const history = async (set: readonly string[]): Promise<string> => {
    const versions = ['M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'F'] as const;
    const marks: string[] = [];
    for (const version of versions) if (await bad(version, set)) marks.push(version);
    return marks.join(' ');
  };
  expect(await history([])).toBe('M1 M3 M4 M5 M6');
  // Only the basis that the scheduler's own check looks at: the error is fixed at M4 and comes back with M5.
  expect(await history(['limits.set=enqueue'])).toBe('M3 M5 M6');
});
