// A result compared with what its author expects: every kind of difference, and that what was derived is fulfilled.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareWithExpectation, deriveExpectation } from '../../src/findings/expectation.ts';
import type { ExpectationJson } from '../../src/trace/expectation.ts';
import { replayEvents } from '../support/replay.ts';
import { passingResult, switchEvents, violatingResult } from '../support/results.ts';

const found = { rule: 'switch-chain-broken', task: 'slp-1[101]', cpu: 0, ts: 2000 };
const kinds = async (expectation: ExpectationJson, result = violatingResult()): Promise<string[]> =>
  compareWithExpectation(await result, expectation).map(({ kind }) => kind);

describe('what is compared', () => {
  test('nothing that is not given', async () => {
    expect(await kinds({})).toEqual([]);
  });

  test('findings by the keys that are given', async () => {
    expect(await kinds({ findings: [found] })).toEqual([]);
    expect(await kinds({ findings: [{ rule: 'switch-chain-broken' }] })).toEqual([]);
    expect(await kinds({ findings: [{ ...found, ts: '2000' }] })).toEqual([]);
  });

  test('a finding too many appeared, with its message and place', async () => {
    const [difference] = compareWithExpectation(await violatingResult(), { findings: [] });
    expect(difference).toEqual({
      kind: 'appeared',
      rule: 'switch-chain-broken',
      expected: null,
      found: 'switch-chain-broken slp-1[101] CPU 0 at 2000 ns',
      message: 'CPU 0 switches away from pid 101, but it had switched to pid 100',
      position: 'line 3',
    });
  });

  test('a finding that is missing vanished', async () => {
    expect(await kinds({ findings: [found] }, passingResult())).toEqual(['vanished']);
  });

  test('a finding about the same subject that differs has changed', async () => {
    const differences = compareWithExpectation(await violatingResult(), { findings: [{ ...found, ts: 1999 }] });
    expect(differences).toMatchObject([
      {
        kind: 'changed',
        expected: 'switch-chain-broken slp-1[101] CPU 0 at 1999 ns',
        found: 'switch-chain-broken slp-1[101] CPU 0 at 2000 ns',
      },
    ]);
  });

  test('one finding fulfils one entry', async () => {
    expect(await kinds({ findings: [found, found] })).toEqual(['vanished']);
  });

  test('a number of findings', async () => {
    const events = [1, 2, 3].flatMap((i) => switchEvents({ broken: true, start: i * 10_000 }));
    const result = replayEvents(events, { kernel: '7.3' });
    expect(await kinds({ findings: [{ rule: 'switch-chain-broken', count: 3 }] }, result)).toEqual([]);
    expect(await kinds({ findings: [{ rule: 'switch-chain-broken', count: 2 }] }, result)).toEqual(['changed']);
    expect(await kinds({ findings: [found] }, result)).toEqual(['changed', 'appeared', 'appeared']);
  });

  test('verdict, exit code, fidelity, rules that must have been evaluated, schedulers that must have ended', async () => {
    expect(await kinds({ verdict: 'pass' })).toEqual(['verdict']);
    expect(await kinds({ exit_code: 0 })).toEqual(['exit code']);
    expect(await kinds({ fidelity: { picks: 1 } })).toEqual([]);
    expect(await kinds({ fidelity: { nonsense: 1 } })).toEqual(['fidelity']);
    expect(await kinds({ evaluated: ['switch-chain-broken'] })).toEqual([]);
    expect(await kinds({ evaluated: ['task-lost'] })).toEqual(['not evaluated']);
    expect(await kinds({ exits: [] })).toEqual([]);
    expect(await kinds({ exits: [{ scheduler: 'misb' }] })).toEqual(['exit']);
  });

  test('fidelity below the share that is asked for', async () => {
    const result = await passingResult();
    const line = { observed: 3, explained: 2, unknown: 0 };
    const [difference] = compareWithExpectation(
      { ...result, fidelity: { ...result.fidelity, picks: line } },
      { fidelity: { picks: 0.9 } },
    );
    expect(difference).toMatchObject({
      kind: 'fidelity',
      expected: 'picks: at least 90.00 % predicted',
      found: 'picks: 66.67 % predicted (2 of 3)',
    });
  });

  test('findings that a rule counted and did not list have appeared', async () => {
    const result = await violatingResult();
    const rules = result.rules.map((rule) => (rule.id === 'switch-chain-broken' ? { ...rule, findings: 7 } : rule));
    expect(compareWithExpectation({ ...result, rules }, { findings: [found] })).toMatchObject([
      { kind: 'appeared', found: '6 more findings of switch-chain-broken' },
    ]);
    expect(
      compareWithExpectation({ ...result, rules }, { findings: [{ rule: 'switch-chain-broken', count: 7 }] }),
    ).toEqual([]);
  });
});

describe('what is derived', () => {
  test('is fulfilled by the result it was derived from, whatever was found', async () => {
    const step = fc.record({ cpu: fc.nat(2), prev: fc.nat(3), next: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const events = steps.map((entry, i) => ({ ts: i * 10, type: 'switch', ...entry }));
        const result = await replayEvents(events, { kernel: '7.3' });
        expect(compareWithExpectation(result, deriveExpectation(result))).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  test('keeps the keys of the expectation that it replaces', async () => {
    const result = await violatingResult();
    const derived = deriveExpectation(result, { rules: ['switch-chain-broken'], findings: [] });
    expect(derived).toEqual({ rules: ['switch-chain-broken'], findings: [found] });
  });

  test('counts the findings of a rule that has many', async () => {
    const events = Array.from({ length: 25 }, (_, i) => switchEvents({ broken: true, start: (i + 1) * 10_000 })).flat();
    const derived = deriveExpectation(await replayEvents(events, { kernel: '7.3' }));
    expect(derived.findings).toContainEqual({ rule: 'switch-chain-broken', count: 25 });
  });
});
