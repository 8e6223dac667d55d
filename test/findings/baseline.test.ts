// Known findings pass, new ones fail, those that are gone are fixed; and what cannot be compared is new.
import { describe, expect, test } from 'vitest';
import { isBaseline, judgeWithBaseline, makeBaseline } from '../../src/findings/baseline.ts';
import { fingerprintOf } from '../../src/findings/fingerprint.ts';
import { replayEvents } from '../support/replay.ts';
import { passingResult, switchEvents, violatingResult } from '../support/results.ts';

const PLAIN = { strict: false };

describe('fingerprints', () => {
  test('hold across recordings: no pid, no number in the name', async () => {
    const [one] = (await violatingResult({ pid: 101, comm: 'kworker/1:2' })).findings;
    const [two] = (await violatingResult({ pid: 907, comm: 'kworker/3:0', start: 5000 })).findings;
    if (one === undefined || two === undefined) throw new Error('no findings');
    expect(fingerprintOf(one, [])).toEqual({ rule: 'switch-chain-broken', class: '', subject: 'kworker/#:#' });
    expect(fingerprintOf(two, [])).toEqual(fingerprintOf(one, []));
  });
});

describe('judging with a baseline', () => {
  test('what it knows passes', async () => {
    const baseline = makeBaseline([await violatingResult()]);
    expect(isBaseline(JSON.parse(JSON.stringify(baseline)))).toBe(true);
    const judged = judgeWithBaseline(await violatingResult({ pid: 202, comm: 'slp-2' }), baseline, PLAIN);
    expect(judged).toMatchObject({ exit_code: 0, verdict: 'violation', baseline: { known: 1, new: 0, fixed: [] } });
    expect(judged.findings.map(({ known }) => known)).toEqual([true]);
  });

  test('what it does not know fails', async () => {
    const baseline = makeBaseline([await violatingResult({ comm: 'other' })]);
    const judged = judgeWithBaseline(await violatingResult(), baseline, PLAIN);
    expect(judged).toMatchObject({ exit_code: 1, baseline: { known: 0, new: 1 } });
    expect(judged.baseline?.fixed).toEqual([{ rule: 'switch-chain-broken', class: '', subject: 'other' }]);
  });

  test('what is gone is fixed, if its rule was evaluated', async () => {
    const baseline = makeBaseline([await violatingResult()]);
    const entry = { rule: 'switch-chain-broken', class: '', subject: 'slp-#' };
    expect(judgeWithBaseline(await passingResult(), baseline, PLAIN).baseline?.fixed).toEqual([entry]);
    const silent = judgeWithBaseline(await replayEvents([], { kernel: '7.3' }), baseline, PLAIN);
    expect(silent.baseline).toMatchObject({ fixed: [], unchecked: [entry] });
  });

  test('findings beyond the list are new', async () => {
    const result = await violatingResult();
    const rules = result.rules.map((rule) => (rule.id === 'switch-chain-broken' ? { ...rule, findings: 9 } : rule));
    expect(judgeWithBaseline({ ...result, rules }, makeBaseline([result]), PLAIN).exit_code).toBe(1);
  });

  test('a missing verdict stays one', async () => {
    const baseline = makeBaseline([await violatingResult()]);
    const nothing = await replayEvents([], { kernel: '7.3' });
    expect(nothing.exit_code).toBe(125);
    expect(judgeWithBaseline(nothing, baseline, PLAIN).exit_code).toBe(125);
    const result = { ...(await violatingResult()), incomplete: { error: 'cut off' } };
    expect(judgeWithBaseline(result, baseline, PLAIN).exit_code).toBe(125);
    const missing = { ...(await violatingResult()), missing: ['task-lost'] };
    expect(judgeWithBaseline(missing, baseline, PLAIN).exit_code).toBe(125);
  });

  test('is the same for the same findings in any order', async () => {
    const a = await violatingResult({ comm: 'a' });
    const b = await replayEvents(switchEvents({ broken: true, comm: 'b' }), { kernel: '7.3' });
    expect(makeBaseline([a, b])).toEqual(makeBaseline([b, a]));
  });
});
