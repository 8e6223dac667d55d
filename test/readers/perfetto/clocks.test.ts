// Times of other clocks than the trace's, told by snapshots. The traces are built here by field numbers.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBytes } from '../../support/events.ts';
import { concat } from '../../support/perfetto.ts';
import { ProtoWriter } from '../../support/proto-writer.ts';

const BOOTTIME = 6;
const MONOTONIC = 3;
const REALTIME = 1;

const packet = (inner: ProtoWriter): Uint8Array => new ProtoWriter().bytes(1, inner).finish();

interface Reading {
  readonly clock: number;
  readonly at: number | bigint;
  readonly incremental?: boolean;
  readonly unit?: number;
}

/** A ClockSnapshot. */
function snapshot(readings: readonly Reading[], { sequence = 1, primary = 0 } = {}): Uint8Array {
  const message = new ProtoWriter();
  for (const { clock, at, incremental, unit } of readings) {
    const reading = new ProtoWriter().varint(1, clock).varint(2, at);
    if (incremental === true) reading.varint(3, 1);
    if (unit !== undefined) reading.varint(4, unit);
    message.bytes(1, reading);
  }
  if (primary > 0) message.varint(2, primary);
  // The sequence is told behind the snapshot.
  return packet(new ProtoWriter().bytes(6, message).varint(10, sequence));
}

const track = (tid: number): Uint8Array =>
  packet(
    new ProtoWriter().bytes(
      60,
      new ProtoWriter().varint(1, 100 + tid).bytes(4, new ProtoWriter().varint(1, tid).varint(2, tid)),
    ),
  );

/** TracePacketDefaults with a clock. */
const defaults = (clock: number, sequence = 1): Uint8Array =>
  packet(new ProtoWriter().varint(10, sequence).varint(13, 1).bytes(59, new ProtoWriter().varint(58, clock)));

interface When {
  readonly clock?: number;
  readonly sequence?: number;
}

/** Half of an ONCPU slice on CPU 0: its beginning (1) or end (2). */
function half(type: 1 | 2, tid: number, ts: number | bigint, { clock, sequence = 1 }: When = {}): Uint8Array {
  const cpu = new ProtoWriter().text(10, 'cpu').varint(3, 0);
  const event = new ProtoWriter()
    .varint(9, type)
    .varint(11, 100 + tid)
    .text(22, 'ONCPU')
    .bytes(4, cpu);
  const message = new ProtoWriter().varint(8, ts).varint(10, sequence);
  if (clock !== undefined) message.varint(58, clock);
  return packet(message.bytes(11, event));
}

/** One thread leaves CPU 0 and the next one comes, both at the same time. */
const turn = (prev: number, next: number, ts: number | bigint, when: When = {}): Uint8Array =>
  concat([half(2, prev, ts, when), half(1, next, ts, when)]);

const TRACKS = concat([1, 2, 3].map(track));

async function switches(...parts: readonly Uint8Array[]) {
  const { events, trace } = await readBytes(concat([TRACKS, ...parts]));
  return {
    trace,
    seen: events.map(({ ts, type, prev, next }) => [ts, type, prev, next]),
    unused: [...trace.unused],
  };
}

test('a time is converted by the latest snapshot before it, or the first', async () => {
  const { seen, trace } = await switches(
    snapshot([
      { clock: MONOTONIC, at: 1000 },
      { clock: BOOTTIME, at: 2000 },
    ]),
    turn(1, 2, 900, { clock: MONOTONIC }),
    turn(2, 3, 1104, { clock: MONOTONIC }),
    // The machine slept.
    snapshot([
      { clock: MONOTONIC, at: 2000 },
      { clock: BOOTTIME, at: 3500 },
    ]),
    turn(3, 1, 1999, { clock: MONOTONIC }),
    turn(1, 2, 2004, { clock: MONOTONIC }),
    turn(2, 3, 3600),
  );
  expect(seen).toEqual([
    [1900, 'switch', 1, 2],
    [2104, 'switch', 2, 3],
    [2999, 'switch', 3, 1],
    [3504, 'switch', 1, 2],
    [3600, 'switch', 2, 3],
  ]);
  expect(trace.header.clock).toBe('boot');
});

test('a clock that shares no snapshot with the main one is reached over others', async () => {
  const { seen } = await switches(
    snapshot([
      { clock: MONOTONIC, at: 1200 },
      { clock: BOOTTIME, at: 5200 },
    ]),
    snapshot([
      { clock: 0x80000001, at: 3000 },
      { clock: MONOTONIC, at: 3200 },
    ]),
    turn(1, 2, 3503, { clock: 0x80000001, sequence: 9 }),
  );
  expect(seen).toEqual([[7703, 'switch', 1, 2]]);
});

test('clocks of a sequence are no clocks of another', async () => {
  const { seen, unused } = await switches(
    snapshot([
      { clock: 64, at: 10 },
      { clock: BOOTTIME, at: 1000 },
    ]),
    turn(1, 2, 20, { clock: 64 }),
    turn(2, 3, 30, { clock: 64, sequence: 2 }),
  );
  expect(seen).toEqual([[1010, 'switch', 1, 2]]);
  expect(unused).toEqual([['track event of a clock without a snapshot', 2]]);
});

test('incremental clocks with a unit, as default of the sequence', async () => {
  const { seen } = await switches(
    defaults(65),
    snapshot([
      { clock: 65, at: 7, incremental: true, unit: 1000 },
      { clock: BOOTTIME, at: 100_000 },
    ]),
    // 2 µs after the snapshot; both halves of a switch at one time.
    half(2, 1, 2),
    half(1, 2, 0),
    half(2, 2, 3),
    half(1, 3, 0),
    // The next snapshot begins a new count.
    snapshot([
      { clock: 65, at: 50, incremental: true, unit: 1000 },
      { clock: BOOTTIME, at: 150_000 },
    ]),
    half(2, 3, 1),
    half(1, 1, 0),
  );
  expect(seen).toEqual([
    [102_000, 'switch', 1, 2],
    [105_000, 'switch', 2, 3],
    [151_000, 'switch', 3, 1],
  ]);
});

test('defaults end when the sequence says that it tells everything anew', async () => {
  const { seen } = await switches(
    snapshot([
      { clock: MONOTONIC, at: 0 },
      { clock: BOOTTIME, at: 1000 },
    ]),
    defaults(MONOTONIC),
    turn(1, 2, 5),
    packet(new ProtoWriter().varint(10, 1).varint(13, 1)),
    turn(2, 3, 1006),
  );
  expect(seen).toEqual([
    [1005, 'switch', 1, 2],
    [1006, 'switch', 2, 3],
  ]);
});

test('the trace may name another clock as its own', async () => {
  const { seen, trace } = await switches(
    snapshot(
      [
        { clock: MONOTONIC, at: 1000 },
        { clock: BOOTTIME, at: 11_000 },
      ],
      { primary: MONOTONIC },
    ),
    turn(1, 2, 1000, { clock: MONOTONIC }),
    turn(2, 3, 12_000, { clock: BOOTTIME }),
    turn(3, 1, 2001),
  );
  expect(seen).toEqual([
    [1000, 'switch', 1, 2],
    [2000, 'switch', 2, 3],
    [2001, 'switch', 3, 1],
  ]);
  expect(trace.header.clock).toBe('mono');
});

test('a clock that went back says of no event when it was', async () => {
  const { seen, unused } = await switches(
    snapshot([
      { clock: REALTIME, at: 5000 },
      { clock: BOOTTIME, at: 1000 },
    ]),
    turn(1, 2, 5001, { clock: REALTIME }),
    snapshot([
      { clock: REALTIME, at: 4000 },
      { clock: BOOTTIME, at: 2000 },
    ]),
    turn(2, 3, 4001, { clock: REALTIME }),
  );
  expect(seen).toEqual([[1001, 'switch', 1, 2]]);
  expect(unused).toEqual([['track event of a clock without a snapshot', 2]]);
});

describe('laws', () => {
  const big = fc.bigInt(0n, 1n << 60n);

  test('any offset between two clocks, to the nanosecond', async () => {
    await fc.assert(
      fc.asyncProperty(big, big, fc.nat(1_000_000_000), async (mono, boot, passed) => {
        const { seen } = await switches(
          snapshot([
            { clock: MONOTONIC, at: mono },
            { clock: BOOTTIME, at: boot },
          ]),
          turn(1, 2, mono + BigInt(passed), { clock: MONOTONIC }),
        );
        expect(seen.map(([ts]) => BigInt(String(ts)))).toEqual([boot + BigInt(passed)]);
      }),
      { numRuns: 50 },
    );
  });

  test('any unit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.bigInt(0n, 1n << 40n),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.nat(1000),
        async (at, unit, n) => {
          const { seen } = await switches(
            snapshot([
              { clock: 64, at, unit },
              { clock: BOOTTIME, at: 5000 },
            ]),
            turn(1, 2, at + BigInt(n), { clock: 64 }),
          );
          expect(seen.map(([ts]) => Number(ts))).toEqual([5000 + n * unit]);
        },
      ),
      { numRuns: 50 },
    );
  });
});
