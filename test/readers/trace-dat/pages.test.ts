// Ring-buffer pages: time stamps of every kind, padding, and losses in the places where they happened.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBytes } from '../../support/events.ts';
import { buildTraceDat, type Item, type PageSpec, record } from '../../support/trace-dat.ts';
import { PRINT, WAKING } from './defs.ts';

const waking = (pid: number, delta: number): Item => record(WAKING, { pid }, delta);

async function times(cpus: readonly (readonly PageSpec[])[], bigEndian = false): Promise<unknown[]> {
  const { events, error } = await readBytes(buildTraceDat({ events: [WAKING, PRINT], cpus, bigEndian }));
  expect(error).toBeUndefined();
  return events.map((event) => event.ts);
}

describe('time', () => {
  test.each([false, true])('deltas, extends and absolute time stamps (big endian: %s)', async (bigEndian) => {
    const stamp = (5n << 59n) | 1000n;
    const items: Item[] = [
      waking(1, 0),
      waking(1, 2 ** 27 - 1),
      { extend: 2 ** 40 + 7 },
      waking(1, 3),
      { absolute: 2n ** 41n },
      waking(1, 4),
    ];
    const at = await times([[{ stamp, items }]], bigEndian);
    const base = stamp;
    expect(at.map((ts) => BigInt(ts as string) - base)).toEqual(
      [0n, 2n ** 27n - 1n, 2n ** 27n - 1n + 2n ** 40n + 10n, 2n ** 41n - 1000n + 4n].map(BigInt),
    );
  });

  test('an absolute time stamp of a nested interrupt may lie a little before the record before it', async () => {
    const items: Item[] = [waking(1, 0), waking(2, 500), { absolute: 5300n }, waking(3, 0), waking(4, 900)];
    expect(await times([[{ stamp: 5000n, items }]])).toEqual([5000, 5500, 5500, 6200]);
  });

  test('discarded records take time but are none; padding ends a page', async () => {
    const items: Item[] = [
      waking(1, 0),
      { discarded: 24, delta: 5 },
      waking(2, 7),
      { discarded: 4, delta: 1 },
      waking(3, 0),
      { endPadding: true },
    ];
    expect(await times([[{ stamp: 100n, items }]])).toEqual([100, 112, 113]);
  });

  test('a page may begin before the nanosecond that a discarded record took without having it', async () => {
    const first: PageSpec = { stamp: 100n, items: [{ discarded: 4, delta: 1 }, waking(1, 10)] };
    expect(await times([[first, { stamp: 110n, items: [waking(2, 0), waking(3, 1)] }]])).toEqual([111, 111, 111]);
  });

  test('empty pages, whatever their time stamp, are nothing', async () => {
    const empty: PageSpec = { stamp: 0n, items: [] };
    expect(
      await times([[{ stamp: 100n, items: [waking(1, 1)] }, empty, { stamp: 300n, items: [waking(2, 0)] }, empty]]),
    ).toEqual([101, 300]);
  });

  test('bytes behind the records of a page are nothing', async () => {
    expect(
      await times([
        [
          { stamp: 100n, items: [waking(1, 1)], rest: 0x5a },
          { stamp: 200n, items: [waking(1, 1)] },
        ],
      ]),
    ).toEqual([101, 201]);
  });

  test('the merge is the sorted union, CPUs with equal times by number, each CPU in its own order', async () => {
    const lane = fc.array(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 3 })), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(lane, { minLength: 1, maxLength: 5 }), async (lanes) => {
        const expected: { ts: number; cpu: number; pid: number }[] = [];
        const cpus = lanes.map((pages, cpu) => {
          let t = 1000;
          return pages.map(([gap, n]): PageSpec => {
            const stamp = t;
            const items = Array.from({ length: n }, (_, i) => {
              const delta = i === 0 ? 0 : gap;
              t += delta;
              expected.push({ ts: t, cpu, pid: expected.length + 1 });
              return waking(expected.length, delta);
            });
            t += gap;
            return { stamp: BigInt(stamp), items };
          });
        });
        const { events, error } = await readBytes(buildTraceDat({ events: [WAKING], cpus }));
        expect(error).toBeUndefined();
        const got = events.map(({ ts, cpu, pid }) => ({ ts, cpu, pid }));
        expect(got).toEqual(expected.toSorted((a, b) => a.ts - b.ts || a.cpu - b.cpu || a.pid - b.pid));
      }),
      { numRuns: 60 },
    );
  });
});

describe('TSC ticks', () => {
  test('are converted exactly, as trace-cmd report does: (ticks * mult) >> shift', async () => {
    const tick = fc.bigInt({ min: 0n, max: 2n ** 50n });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(tick, { minLength: 1, maxLength: 6 }),
        fc.nat({ max: 2 ** 32 - 2 }),
        fc.integer({ min: 0, max: 32 }),
        async (ticks, mult, shift) => {
          const sorted = ticks.toSorted((a, b) => (a < b ? -1 : 1));
          fc.pre(((sorted.at(-1) ?? 0n) * BigInt(mult + 1)) >> BigInt(shift) < 2n ** 53n);
          const pages = sorted.map((stamp): PageSpec => ({ stamp, items: [waking(1, 0)] }));
          const tsc = { mult: mult + 1, shift, offset: 77n };
          const { events } = await readBytes(
            buildTraceDat({ events: [WAKING], cpus: [pages], tsc, clock: 'tsc2nsec' }),
          );
          const expected = sorted.map((ticks) => (ticks * BigInt(tsc.mult)) >> BigInt(shift));
          expect(events.map((event) => BigInt(event.ts as number | string))).toEqual(expected);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe('losses', () => {
  const stats = (cpu: number, lines: string): string => `CPU: ${cpu}\nentries: 0\n${lines}`;
  const page = (stamp: number, missed?: PageSpec['missed']): PageSpec => ({
    stamp: BigInt(stamp),
    items: [waking(1, 0), waking(1, 10)],
    ...(missed === undefined ? {} : { missed }),
  });
  const read = async (
    cpus: readonly (readonly PageSpec[])[],
    cpuStats: readonly string[] = [],
    layout: object = {},
  ) => {
    const { events, error, trace } = await readBytes(buildTraceDat({ events: [WAKING], cpus, cpuStats, ...layout }));
    expect(error).toBeUndefined();
    return {
      trace,
      events: events.map(({ ts, cpu, type, phase, count }) => [
        ts,
        cpu,
        type,
        ...(phase === undefined ? [] : [phase]),
        ...(count === undefined ? [] : [count]),
      ]),
    };
  };

  test.each([{}, { unsignedFlags: true }, { bigEndian: true }, { commitSize: 4 }, { version: 7, compression: 'zlib' }])(
    'between pages: from the last record before to the first behind (%o)',
    async (layout) => {
      const { events } = await read([[page(100), page(200, 7), page(300, 'some')], [page(105)]], [], layout);
      expect(events).toEqual([
        [100, 0, 'wakeup'],
        [105, 1, 'wakeup'],
        [110, 0, 'wakeup'],
        [110, 0, 'lost', 'begin', 7],
        [115, 1, 'wakeup'],
        [200, 0, 'lost', 'end'],
        [200, 0, 'wakeup'],
        [210, 0, 'wakeup'],
        [210, 0, 'lost', 'begin'],
        [300, 0, 'lost', 'end'],
        [300, 0, 'wakeup'],
        [310, 0, 'wakeup'],
      ]);
    },
  );

  test('before the first record of a CPU: from the beginning of the trace on', async () => {
    const { events } = await read([[page(100)], [page(300, 9)]]);
    expect(events).toEqual([
      [100, 1, 'lost', 'begin', 9],
      [100, 0, 'wakeup'],
      [110, 0, 'wakeup'],
      [300, 1, 'lost', 'end'],
      [300, 1, 'wakeup'],
      [310, 1, 'wakeup'],
    ]);
  });

  test('on empty pages they add up; at the end of the data they have no end', async () => {
    const empty = (missed: number): PageSpec => ({ stamp: 0n, items: [], missed });
    const { events } = await read([[page(100), empty(2), empty(3), page(200, 4), empty(1)]]);
    expect(events.filter((event) => event[2] === 'lost')).toEqual([
      [110, 0, 'lost', 'begin', 9],
      [200, 0, 'lost', 'end'],
      [210, 0, 'lost', 'begin', 1],
    ]);
  });

  test('that only the statistics know: overwritten before the first record, dropped behind the last', async () => {
    const cpuStats = [stats(0, 'overrun: 5\ndropped events: 0\n'), stats(1, 'overrun: 0\ndropped events: 3\n')];
    const { events, trace } = await read([[page(200)], [page(100)]], cpuStats);
    expect(events).toEqual([
      [100, 0, 'lost', 'begin', 5],
      [100, 1, 'wakeup'],
      [110, 1, 'wakeup'],
      [110, 1, 'lost', 'begin', 3],
      [200, 0, 'lost', 'end'],
      [200, 0, 'wakeup'],
      [210, 0, 'wakeup'],
    ]);
    expect(trace.header.losses).toEqual([
      { cpu: 0, overrun: 5, dropped: 0 },
      { cpu: 1, overrun: 0, dropped: 3 },
    ]);
  });

  test('that the pages account for are not counted twice', async () => {
    const lost = async (overrun: number): Promise<unknown> => {
      const { events } = await read([[page(100, 5), page(200, 2)]], [stats(0, `overrun: ${overrun}\n`)]);
      return events.filter((event) => event[2] === 'lost' && event[3] === 'begin').map((event) => event[4]);
    };
    expect(await lost(7)).toEqual([5, 2]);
    expect(await lost(10)).toEqual([8, 2]);
  });

  test('of nested writers may be anywhere: they have no end', async () => {
    const { events } = await read([[page(100)]], [stats(0, 'overrun: 0\ncommit overrun: 2\n')]);
    expect(events.filter((event) => event[2] === 'lost')).toEqual([[100, 0, 'lost', 'begin', 2]]);
  });

  test('none are invented', async () => {
    const { events, trace } = await read(
      [[page(100)]],
      [stats(0, 'overrun: 0\ncommit overrun: 0\ndropped events: 0\n')],
    );
    expect(events).toHaveLength(2);
    expect(trace.header.losses).toEqual([]);
  });
});
