// The worked example of delegation: R grants to A, A to A1, R takes back. After each step the model holds what the kernel holds.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { stateAt } from '../../src/caps/state-at.ts';
import type { CapsStateDocument } from '../../src/findings/caps-document.ts';
import { sourceFromBytes } from '../../src/input/open.ts';
import { openTrace } from '../../src/readers/index.ts';
import { Script, WORKED_EXAMPLE } from './script.ts';

const NAMES: Readonly<Record<string, string>> = {
  none: '0',
  'enq_immed|enq': '3',
  'enq|preempt': '6',
  'enq_immed|enq|preempt': '7',
};

/** The state when a step is over. */
async function stateAfter(step: number): Promise<CapsStateDocument> {
  const trace = await openTrace(sourceFromBytes(readFileSync(WORKED_EXAMPLE), 'trace'), {});
  return stateAt(trace, 'trace', { ns: BigInt(new Script().begin(step + 1)), relative: false });
}

/** `8-15 7/0/0`: cids, and what is granted, in effect, and told; cids on which all are 0 are left out. */
function held(state: CapsStateDocument, name: string): string[] | undefined {
  return state.schedulers
    .find((sched) => sched.name === name)
    ?.holdings.map(
      ({ cids, literal, effective, reported }) =>
        `${cids} ${[literal, effective, reported].map((caps) => NAMES[caps ?? ''] ?? caps).join('/')}`,
    )
    .filter((entry) => !entry.endsWith(' 0/0/0'));
}

/** `8: 2`: CPUs with folds due, and the ids of the schedulers, newest first. */
function due(state: CapsStateDocument): string[] {
  return state.cpus.flatMap(({ cpu, pending }) =>
    pending === null || pending.length === 0 ? [] : [`${cpu}: ${pending.join(' ')}`],
  );
}

const on = (first: number, last: number, ids: string): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => `${first + i}: ${ids}`);

interface Expected {
  readonly step: number;
  readonly A?: readonly string[];
  readonly A1?: readonly string[];
  readonly due?: readonly string[];
  readonly untold?: string;
}

const ALL_7 = ['8-15 7/7/7'];
const LATE_A = ['8,12 0/0/0', '9-11,13-15 7/7/7'].slice(1);
const LATE_A1 = ['13 7/7/7', '14-15 3/3/3'];

const STEPS: readonly Expected[] = [
  { step: 1, A: ['8-15 7/0/0'], due: on(8, 15, '2'), untold: '8-15 enq_immed|enq|preempt' },
  { step: 2, A: ['8-15 7/7/0'], untold: '8-15 enq_immed|enq|preempt' },
  { step: 3, A: ['8-15 7/7/0'], due: on(8, 15, '2'), untold: '8-15 enq_immed|enq|preempt' },
  { step: 4, A: ['8-15 7/7/0'], due: on(8, 15, '2') },
  { step: 5, A: ALL_7 },
  { step: 6, A: ALL_7, A1: ['12-15 3/3/3'] },
  { step: 7, A: ALL_7, A1: ['12-13 7/3/3', '14-15 3/3/3'], due: on(12, 13, '3') },
  { step: 8, A: ALL_7, A1: ['12-13 7/7/7', '14-15 3/3/3'] },
  { step: 9, A: ALL_7, A1: ['12-13 7/7/7', '14-15 3/3/3'] },
  {
    step: 10,
    A: ['8,12 0/7/7', '9-11,13-15 7/7/7'],
    A1: ['12 0/7/7', '13 7/7/7', '14-15 3/3/3'],
    due: ['8: 2', '12: 3 2'],
  },
  { step: 11, A: ['9-11,13-15 7/7/7', '12 0/7/7'], A1: ['12 0/7/7', ...LATE_A1], due: ['12: 3 2'] },
  { step: 12, A: ['9-11,13-15 7/7/7', '12 0/7/7'], A1: ['12 0/7/7', ...LATE_A1], due: ['12: 3 2'] },
  { step: 13, A: LATE_A, A1: LATE_A1 },
  { step: 14, A: LATE_A, A1: LATE_A1 },
  { step: 15, A: LATE_A, A1: LATE_A1 },
  { step: 16, A: ['9 6/7/7', '10-11,13-15 7/7/7'], A1: LATE_A1 },
  { step: 17, A: ['9 6/7/7', '10-11,13-15 7/7/7'], A1: LATE_A1 },
  { step: 18, A: ['9 6/7/7', '10-11,13-15 7/7/7'], A1: LATE_A1 },
  { step: 19 },
];

describe('the state after each step', () => {
  test.each(STEPS)('step $step', async (expected) => {
    const state = await stateAfter(expected.step);
    expect(held(state, 'A')).toEqual(expected.A);
    expect(held(state, 'A1')).toEqual(expected.A1);
    expect(due(state)).toEqual(expected.due ?? []);
    const untold = state.schedulers.flatMap((sched) => (sched.untold ?? []).map(({ cids, caps }) => `${cids} ${caps}`));
    expect(untold).toEqual(expected.untold === undefined ? [] : [expected.untold]);
  });

  test('step 9: t0 and u0 are where they were inserted; step 12: t0 is not', async () => {
    const nine = await stateAfter(9);
    expect(nine.cpus[12]).toMatchObject({ current: 'u0[110]', owner: 3 });
    expect(nine.cpus[8]).toMatchObject({ current: 'r0[90]', owner: 1 });
  });

  test('step 14: the rejected task has gone back', async () => {
    const state = await stateAfter(14);
    expect(state.cpus.flatMap(({ rejected }) => rejected)).toEqual([]);
    expect(state.cpus[12]).toMatchObject({ current: 'idle' });
  });

  test('step 19: only R is left', async () => {
    const state = await stateAfter(19);
    expect(state.schedulers.map(({ name }) => name)).toEqual(['R']);
  });
});

test('nothing is wrong with it, and everything in it is explained', async () => {
  const result = await new Script().replay();
  expect(result.findings.map(({ rule, verdict }) => `${rule} ${verdict}`)).toEqual(['sub-kill-exit info']);
  expect(result.verdict).toBe('pass');
  const { caps, exits } = result.fidelity;
  expect(caps.observed).toBeGreaterThan(500);
  expect(caps.explained).toBe(caps.observed);
  expect(exits).toMatchObject({ observed: 2, explained: 2 });
});
