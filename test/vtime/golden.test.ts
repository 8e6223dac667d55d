// The interpreter of descriptions against scx_mitosis written out by hand: every version, every situation of its history.
import { describe, expect, test } from 'vitest';
import { loadDomain } from '../../src/vtime/load-domain.ts';
import { LIMIT, Mitosis, SLICE, type Version } from '../support/mitosis.ts';
import { ms, seconds } from '../support/story.ts';
import { type Followed, followVtime } from '../support/vtime.ts';

const VERSIONS: readonly Version[] = ['M0', 'M1', 'M2', 'M3', 'M4', 'M5', 'M6', 'F'];
const P = 100;
const Q = 200;

const mitosis = (version: Version) => loadDomain('mitosis', [`variant=${version}`]);

async function follow(sim: Mitosis): Promise<Followed> {
  const followed = await followVtime(sim.story.events, await mitosis(sim.version));
  expect(followed.mismatches).toEqual([]);
  return followed;
}

/** What the interpreter makes of every basis and task is what the scheduler had. */
async function expectSame(sim: Mitosis, pids: readonly number[]): Promise<Followed> {
  const followed = await follow(sim);
  sim.cpu.forEach((value, cpu) => {
    expect([cpu, followed.basis(`cpu[${cpu}]`) ?? 0n]).toEqual([cpu, value]);
  });
  sim.cell.forEach((value, cell) => {
    expect([cell, followed.basis(`cell[${cell}]`) ?? 0n]).toEqual([cell, value]);
  });
  for (const pid of pids) expect(followed.v(pid)).toBe(sim.v(pid));
  return followed;
}

/** One task of cell 2 pinned to CPU 1, which cell 1 owns. */
function pinned(version: Version, weight: number): Mitosis {
  const sim = new Mitosis(version, [2, 1]);
  sim.task(P, { weight, home: 2, pin: 1 });
  return sim;
}

describe('a task pinned across cells, alone, in runs of 20 ms', () => {
  test.each([
    [1, 82, seconds(2), seconds(164)],
    [2, 164, seconds(1), seconds(164)],
    [3, 246, 666_666_666n, 163_999_999_836n],
    [10, 820, ms(200), seconds(164)],
    [100, 8193, ms(20), seconds(163.86)],
  ])('of weight %d reaches the error after %d runs', async (weight, runs, charge, drift) => {
    const sim = pinned('M6', weight);
    let done = 0;
    while (sim.enqueue(P, 1)) {
      sim.run(P, 1, SLICE);
      done++;
    }
    expect(done).toBe(runs);
    expect(sim.v(P)).toBe(charge * BigInt(runs));
    expect(sim.error?.diff).toBe(drift);
    const followed = await expectSame(sim, [P]);
    const task = followed.engine.state.findTask(P);
    expect(task?.hidden.map(({ basis, runs }) => [basis.label, runs]).toSorted()).toEqual([
      ['cell[1]', runs],
      ['cpu[1]', runs],
    ]);
    expect(followed.drifts.at(-1)?.driftMin).toBe(Number(drift));
  });

  test.each([
    [75, 150],
    [81, 162],
  ])('of weight 1 is %d runs later %d s ahead, without an error', async (runs, ahead) => {
    const sim = pinned('M6', 1);
    for (let i = 0; i < runs; i++) {
      expect(sim.enqueue(P, 1)).toBe(true);
      sim.run(P, 1, SLICE);
    }
    expect(sim.enqueue(P, 1)).toBe(true);
    expect(sim.v(P)).toBe(seconds(ahead));
    expect(sim.v(P) < LIMIT).toBe(true);
    await expectSame(sim, [P]);
  });

  test('the first run is hidden, and its excess is reported at once for weight 1, at the second run for weight 100', async () => {
    for (const [weight, runs] of [
      [1, 1],
      [100, 2],
    ] as const) {
      const sim = pinned('M6', weight);
      for (let i = 0; i < 3; i++) {
        sim.enqueue(P, 1);
        sim.run(P, 1, SLICE);
      }
      const { drifts } = await follow(sim);
      const stops = drifts.filter(({ where, isEnqueueBasis }) => where === 'stop' && isEnqueueBasis);
      expect(stops.map(({ hidden, hiddenFromAll }) => hidden && hiddenFromAll)).toEqual([true, true, true]);
      expect(stops.findIndex(({ excessMin }) => excessMin > Number(SLICE)) + 1).toBe(runs);
    }
  });

  test('with the fix, 100 runs leave no drift at any of them', async () => {
    const sim = pinned('F', 1);
    for (let i = 0; i < 100; i++) {
      sim.enqueue(P, 1);
      sim.run(P, 1, SLICE);
    }
    expect([sim.v(P), sim.cpu[1], sim.cell[1], sim.cell[2]]).toEqual([seconds(200), seconds(200), seconds(200), 0n]);
    const { drifts } = await expectSame(sim, [P]);
    expect(drifts).toEqual([]);
  });
});

describe('two tasks that alternate on CPU 1, ten pairs of 20 ms', () => {
  test.each([
    ['M2', { p: 20, q: 20, cpu: 20, cell1: 20, cell2: 0, drift: 0, gap: 0 }],
    ['M4', { p: 20, q: 0.2, cpu: 20, cell1: 0.2, cell2: 20, drift: 0, gap: 19.8 }],
    ['M6', { p: 20, q: 0.2, cpu: 0.2, cell1: 0.2, cell2: 0, drift: 19.8, gap: 19.8 }],
    ['F', { p: 20, q: 20, cpu: 20, cell1: 20, cell2: 0, drift: 0, gap: 0 }],
  ] as const)('%s', async (version, wanted) => {
    const sim = pinned(version, 1);
    sim.task(Q, { weight: 100, home: 1 });
    for (let i = 0; i < 10; i++) {
      for (const pid of [P, Q]) {
        sim.enqueue(pid, 1);
        sim.run(pid, 1, SLICE);
      }
    }
    const followed = await expectSame(sim, [P, Q]);
    const [p = 0n, q = 0n] = [followed.v(P), followed.v(Q)];
    const [cpu = 0n, cell1 = 0n, cell2 = 0n] = ['cpu[1]', 'cell[1]', 'cell[2]'].map(
      (label) => followed.basis(label) ?? 0n,
    );
    const s = (value: bigint): number => Number(value) / 1e9;
    expect({
      p: s(p),
      cpu: s(cpu),
      cell1: s(cell1),
      cell2: s(cell2),
      drift: s(p - cpu),
      gap: s(p - cell1),
    }).toMatchObject(
      Object.fromEntries(
        Object.entries(wanted)
          .filter(([key]) => key !== 'q')
          .map(([key, value]) => [key, expect.closeTo(value, 1)]),
      ),
    );
    expect(s(q)).toBeCloseTo(wanted.q, 1);
  });
});

describe('the history of the advance rule: ten runs of 20 ms, weight 1, nobody else', () => {
  /** Drift against the basis of the queue, gap to the competitors, drift of a task on a borrowed CPU; in seconds. */
  const TABLE: Readonly<Record<Version, readonly [number, number, number | undefined]>> = {
    M0: [2, 2, undefined],
    M1: [0, 20, undefined],
    M2: [0, 0, undefined],
    M3: [20, 20, 0],
    M4: [0, 20, 0],
    M5: [20, 20, 20],
    M6: [20, 20, 20],
    F: [0, 0, 0],
  };

  test.each(VERSIONS)('%s, pinned across cells', async (version) => {
    const sim = pinned(version, 1);
    for (let i = 0; i < 10; i++) {
      sim.enqueue(P, 1);
      sim.run(P, 1, SLICE);
    }
    const followed = await expectSame(sim, [P]);
    const v = Number(followed.v(P)) / 1e9;
    const [drift, gap] = TABLE[version];
    expect(v - Number(followed.basis('cpu[1]') ?? 0n) / 1e9).toBe(drift);
    expect(v - Number(followed.basis('cell[1]') ?? 0n) / 1e9).toBe(gap);
    // What is reported agrees: a drift against that basis, and only there.
    const reported = new Set(followed.drifts.filter(({ excessMin }) => excessMin > 0).map(({ basis }) => basis.label));
    const wanted = [...(drift > 2 ? ['cpu[1]'] : []), ...(gap > 2 ? ['cell[1]'] : [])];
    expect([...reported].toSorted()).toEqual(wanted.toSorted());
  });

  test.each(VERSIONS.filter((version) => TABLE[version][2] !== undefined))('%s, on a borrowed CPU', async (version) => {
    const sim = new Mitosis(version, [2, 1]);
    sim.task(P, { weight: 1, home: 2 });
    for (let i = 0; i < 10; i++) {
      sim.direct(P, 1);
      sim.run(P, 1, SLICE);
    }
    sim.enqueue(P, 0);
    const followed = await expectSame(sim, [P]);
    const drift = Number(followed.v(P)) / 1e9 - Number(followed.basis('cell[2]') ?? 0n) / 1e9;
    expect(drift).toBe(TABLE[version][2]);
    expect(followed.drifts.length > 0).toBe(drift > 0);
  });
});

test('a single unbroken run of 1.5 s at weight 1 is one charge of 150 s, and moves the basis in one step', async () => {
  const sim = new Mitosis('M1', [1, 1]);
  sim.task(P, { weight: 1, home: 1 });
  sim.enqueue(P, 1);
  sim.run(P, 1, seconds(1.5));
  const followed = await expectSame(sim, [P]);
  expect(followed.basis('cell[1]')).toBe(seconds(150));
});
