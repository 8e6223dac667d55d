// scx_bpf_cid_override(): the first failing check decides, an accepted override is a valid layout, and no change of a
// layout goes unnoticed.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CidLayout, defaultCidLayout } from '../../src/kernel/cid-layout.ts';
import { checkCidLayout, layoutDifference } from '../../src/kernel/cid-layout-check.ts';
import { type CidOverride, checkCidOverride, overrideCidLayout } from '../../src/kernel/cid-override.ts';
import { cmaskStorageWords, cmaskUsedWords, cmaskWordIndex, isValidCmask } from '../../src/kernel/cmask.ts';
import { errorSite } from '../../src/kernel/error-sites.ts';
import { formatKernel } from '../../src/kernel/format.ts';
import { anyMachine, range, topologyOf } from './topologies.ts';

const SIX = range(0, 5);
const REVERSED: CidOverride = { cpuToCid: [5, 4, 3, 2, 1, 0], shardStart: [0, 4] };

function message(override: CidOverride, possible: readonly number[] = SIX): string | undefined {
  const error = checkCidOverride(override, possible);
  return error === undefined ? undefined : formatKernel(errorSite(error.site).format, error.args);
}

describe('checks, in the order of the kernel', () => {
  const wide = range(0, 1199);
  test.each<[string, CidOverride, readonly number[], string]>([
    ['entries', { ...REVERSED, cpuToCid: [0, 1] }, SIX, 'scx_bpf_cid_override: cpu_to_cid expected 6 entries, got 2'],
    ['no shard', { ...REVERSED, shardStart: [] }, SIX, 'scx_bpf_cid_override: invalid shard_start count 0'],
    [
      'too many shards',
      { ...REVERSED, shardStart: range(0, 6) },
      SIX,
      'scx_bpf_cid_override: invalid shard_start count 7',
    ],
    ['first', { ...REVERSED, shardStart: [1, 4] }, SIX, 'scx_bpf_cid_override: shard_start[0] must be 0, got 1'],
    ['order', { ...REVERSED, shardStart: [0, 3, 3] }, SIX, 'scx_bpf_cid_override: shard_start not increasing at [2]'],
    ['range', { ...REVERSED, shardStart: [0, 6] }, SIX, 'scx_bpf_cid_override: shard_start[1]=6 >= 6'],
    ['order before range', { ...REVERSED, shardStart: [0, 9, 8] }, SIX, 'scx_bpf_cid_override: shard_start[1]=9 >= 6'],
    ['span', { cpuToCid: wide, shardStart: [0, 600] }, wide, 'scx_bpf_cid_override: shard[0] span 600 exceeds max 512'],
    [
      'last span',
      { cpuToCid: wide, shardStart: [0, 500] },
      wide,
      'scx_bpf_cid_override: shard[1] span 700 exceeds max 512',
    ],
    ['cid', { ...REVERSED, cpuToCid: [5, 4, 3, 2, 1, 6] }, SIX, 'invalid cid 6'],
    ['duplicate', { ...REVERSED, cpuToCid: [5, 4, 3, 2, 1, 5] }, SIX, 'cid 5 assigned to multiple cpus'],
    [
      'shards before cids',
      { cpuToCid: [9, 4, 3, 2, 1, 0], shardStart: [0, 9] },
      SIX,
      'scx_bpf_cid_override: shard_start[1]=9 >= 6',
    ],
  ])('%s', (_, override, possible, expected) => {
    expect(message(override, possible)).toBe(expected);
  });

  test('entries of CPUs that are not possible are ignored', () => {
    expect(message({ cpuToCid: [1, -7, 0], shardStart: [0] }, [0, 2])).toBeUndefined();
  });
});

test('an accepted override names CPUs and shards as it says, and no units but shards', () => {
  const layout = overrideCidLayout(REVERSED, SIX, (cpu) => (cpu < 3 ? 0 : 1));
  expect(layout.cidToCpu).toEqual([5, 4, 3, 2, 1, 0]);
  expect(layout.shards).toEqual([
    { base: 0, nr: 4, node: 1 },
    { base: 4, nr: 2, node: 0 },
  ]);
  expect(layout.topo?.[4]).toEqual({
    coreCid: -1,
    coreIdx: -1,
    llcCid: -1,
    llcIdx: -1,
    nodeCid: -1,
    nodeIdx: -1,
    shardCid: 4,
    shardIdx: 1,
  });
  expect(checkCidLayout(layout, SIX)).toEqual([]);
});

/** A permutation of the cids and a cut into shards. */
const anyOverride = anyMachine.chain((machine) =>
  fc
    .record({
      cids: fc.shuffledSubarray([...machine.possible.keys()], {
        minLength: machine.possible.length,
        maxLength: machine.possible.length,
      }),
      cuts: fc.uniqueArray(fc.integer({ min: 1, max: Math.max(1, machine.possible.length - 1) }), { maxLength: 4 }),
    })
    .map(({ cids, cuts }) => {
      const cpuToCid = new Array<number>((machine.possible.at(-1) ?? 0) + 1).fill(-1);
      for (const [i, cpu] of machine.possible.entries()) cpuToCid[cpu] = cids[i] ?? 0;
      const inside = cuts.filter((cut) => cut < machine.possible.length).toSorted((a, b) => a - b);
      return { machine, override: { cpuToCid, shardStart: [0, ...inside] } };
    }),
);

test('a permutation with increasing shards is accepted and keeps every invariant', () => {
  fc.assert(
    fc.property(anyOverride, ({ machine, override }) => {
      expect(checkCidOverride(override, machine.possible)).toBeUndefined();
      const layout = overrideCidLayout(override, machine.possible, topologyOf(machine).nodeOf);
      expect(checkCidLayout(layout, machine.possible)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('no change of one CPU, one shard or one unit goes unnoticed', () => {
  fc.assert(
    fc.property(anyMachine, fc.nat(), fc.nat(2), (machine, at, what) => {
      const layout = defaultCidLayout(topologyOf(machine), machine.shardSize);
      const cid = at % layout.cidToCpu.length;
      const shard = at % layout.shards.length;
      const corrupt: CidLayout =
        what === 0
          ? { ...layout, cidToCpu: layout.cidToCpu.with(cid, (layout.cidToCpu[cid] ?? 0) + 1) }
          : what === 1
            ? {
                ...layout,
                shards: layout.shards.map((entry, i) => (i === shard ? { ...entry, nr: entry.nr + 1 } : entry)),
              }
            : {
                ...layout,
                topo: layout.topo?.map((entry, i) => (i === cid ? { ...entry, coreIdx: entry.coreIdx + 1 } : entry)),
              };
      const found = checkCidLayout(corrupt, machine.possible);
      expect(found.length).toBeGreaterThan(0);
      if (what < 2) expect(layoutDifference(corrupt, layout)).toBeDefined();
      expect(layoutDifference(layout, layout)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

describe('struct scx_cmask', () => {
  test('words lie on the grid of 64 cids', () => {
    expect([cmaskUsedWords(0, 0), cmaskUsedWords(0, 64), cmaskUsedWords(63, 2), cmaskUsedWords(70, 64)]).toEqual([
      0, 1, 2, 2,
    ]);
    expect([cmaskStorageWords(0), cmaskStorageWords(64), cmaskStorageWords(65)]).toEqual([1, 2, 3]);
    expect([cmaskWordIndex(70, 70), cmaskWordIndex(70, 128), cmaskWordIndex(0, 63)]).toEqual([0, 1, 0]);
  });

  test('every cid of an accepted window lies in the words that the window must provide', () => {
    fc.assert(
      fc.property(fc.nat(8191), fc.nat(512), (base, nr) => {
        const words = cmaskStorageWords(nr);
        expect(isValidCmask(base, nr, words, 9000)).toBe(true);
        expect(isValidCmask(base, nr, words - 1, 9000)).toBe(false);
        expect(isValidCmask(base, nr, words, base)).toBe(false);
        if (nr > 0) expect(cmaskWordIndex(base, base + nr - 1)).toBeLessThan(words);
        if (nr > 0) expect(cmaskWordIndex(base, base + nr - 1)).toBe(cmaskUsedWords(base, nr) - 1);
      }),
      { numRuns: 300 },
    );
  });
});
