// Vtimes are 64-bit numbers that wrap: nothing that is found depends on where the clocks of a scheduler happen to stand.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { before, difference, highHalf, lowHalf } from '../../src/trace/u64.ts';
import { Basis } from '../../src/vtime/basis.ts';
import { loadDomain } from '../../src/vtime/load-domain.ts';
import { Mitosis, type Version } from '../support/mitosis.ts';
import { followVtime } from '../support/vtime.ts';

const MASK = (1n << 64n) - 1n;
const wide = fc.oneof(
  fc.bigInt(0n, MASK),
  fc.bigInt(0n, 1n << 40n),
  fc.bigInt(0n, 1n << 40n).map((x) => MASK - x),
  fc.bigInt(0n, 1n << 40n).map((x) => (1n << 63n) - x),
);
const near = fc.bigInt(-(1n << 52n), 1n << 52n);
const hi = (x: bigint): number => highHalf(x & MASK);
const lo = (x: bigint): number => lowHalf(x & MASK);

test('before(2^64 - 5, 3), and 3 is 8 ahead of it', () => {
  const low = MASK - 4n;
  expect(before(hi(low), lo(low), 0, 3)).toBe(true);
  expect(difference(0, 3, hi(low), lo(low))).toBe(8);
});

test('order and distance are those of signed 64-bit subtraction', () => {
  fc.assert(
    fc.property(wide, near, (a, delta) => {
      const b = (a + delta) & MASK;
      expect(before(hi(a), lo(a), hi(b), lo(b))).toBe(BigInt.asIntN(64, a - b) < 0n);
      expect(BigInt(difference(hi(b), lo(b), hi(a), lo(a)))).toBe(delta);
    }),
  );
});

test('a basis that follows the maximum is the wrap-aware maximum, wherever it stands', () => {
  fc.assert(
    fc.property(wide, fc.array(fc.bigInt(-(1n << 45n), 1n << 45n), { maxLength: 60 }), (start, steps) => {
      const basis = new Basis({ index: 0, id: 'b', scope: 'global', init: undefined }, 'b', -1);
      basis.setExact(hi(start), lo(start), 0);
      let top = start;
      steps.forEach((step, i) => {
        const v = (start + step) & MASK;
        if (BigInt.asIntN(64, v - top) > 0n) top = v;
        basis.advance(hi(v), lo(v), 0, 2 * i, 2 * i + 1, 1);
      });
      expect(basis.isExact).toBe(true);
      expect(basis.lo.toBigInt()).toBe(top);
    }),
  );
});

describe('a scheduler with clocks that wrap', () => {
  const action = fc.record({
    pid: fc.constantFrom(100, 200, 300),
    direct: fc.boolean(),
    ns: fc.bigInt(1_000n, 60_000_000n),
  });
  const version = fc.constantFrom<Version>('M1', 'M2', 'M3', 'M4', 'M6', 'F');
  type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

  /** Cells 1 (CPU 0) and 2 (CPU 1); 100 is pinned across, 200 and 300 are at home on CPU 0 and 1. */
  function play(which: Version, start: bigint, actions: readonly Action[]): Mitosis {
    const sim = new Mitosis(which, [1, 2], start);
    sim.task(100, { weight: 1, home: 1, pin: 1 });
    sim.task(200, { weight: 100, home: 1 });
    sim.task(300, { weight: 335, home: 2 });
    for (const { pid, direct, ns } of actions) {
      const cpu = pid === 200 ? 0 : 1;
      if (direct) sim.direct(pid, cpu);
      else if (!sim.enqueue(pid, cpu)) break;
      sim.run(pid, cpu, ns);
    }
    return sim;
  }

  async function facts(sim: Mitosis, start: bigint): Promise<unknown> {
    const inits = ['bases.0.init', 'bases.1.init'].map((path) => `${path}=${start}`);
    const domain = await loadDomain('mitosis', [`variant=${sim.version}`, ...inits]);
    const followed = await followVtime(sim.story.events, domain);
    expect(followed.mismatches).toEqual([]);
    const at = (label: string): bigint => ((followed.basis(label) ?? start) - start) & MASK;
    sim.cpu.forEach((value, cpu) => {
      expect(at(`cpu[${cpu}]`)).toBe((value - start) & MASK);
    });
    sim.cell.forEach((value, cell) => {
      expect(at(`cell[${cell}]`)).toBe((value - start) & MASK);
    });
    return followed.drifts.map(({ seq, where, basis, hidden, hiddenNs, driftMin, driftMax, excessMin }) => [
      seq,
      where,
      basis.label,
      hidden,
      hiddenNs,
      driftMin,
      driftMax,
      excessMin,
    ]);
  }

  test('is followed exactly, and the same is found as with clocks that begin at 0', async () => {
    await fc.assert(
      fc.asyncProperty(
        version,
        wide,
        fc.array(action, { minLength: 1, maxLength: 40 }),
        async (which, start, actions) => {
          const plain = await facts(play(which, 0n, actions), 0n);
          const wrapped = await facts(play(which, start, actions), start);
          expect(wrapped).toEqual(plain);
        },
      ),
      { numRuns: 60 },
    );
  });
});
