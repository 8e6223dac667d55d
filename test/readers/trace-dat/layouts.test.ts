// The same recording in every layout of the file format gives the same events.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type PlainEvent, readBytes } from '../../support/events.ts';
import { buildTraceDat, type FileSpec, type PageSpec, record } from '../../support/trace-dat.ts';
import { LINK, LOCAL_DSQ, OTHER, PRINT, SCX_EVENT, UNLINK, WAKING } from './defs.ts';

const link = (pid: number, nr: number, delta: number) =>
  record(
    LINK,
    {
      dsq: 0xffff888012345678n,
      did: LOCAL_DSQ,
      lcpu: 1,
      pid,
      nr,
      seq: nr + 1,
      enq_flags: 1n << 57n,
      slice: 2n ** 64n - 1n,
      vtime: 2n ** 53n + 1n,
      dsqf: 1,
      tcpu: 1,
      md: 2,
      m0: 0b10n,
    },
    delta,
  );

const CPUS: readonly (readonly PageSpec[])[] = [
  [
    {
      stamp: 5_000_000_100n,
      items: [record(WAKING, { comm: 'wl-hog', pid: 7, prio: 120, target_cpu: 1 }), link(7, 0, 50)],
    },
    {
      stamp: 5_000_000_400n,
      items: [record(UNLINK, { dsq: 1n, did: 0x100n, pid: 7, nr: 1, hold: -1 }), link(8, 0, 1)],
    },
    { stamp: 5_000_000_900n, items: [record(SCX_EVENT, { name: 'SCX_EV_BYPASS', delta: -3n })] },
  ],
  [
    { stamp: 5_000_000_120n, items: [record(PRINT, { ip: 1n, buf: 'hello\n' }), record(OTHER, { irq: 4 }, 10)] },
    { stamp: 5_000_000_400n, items: [link(9, 0, 0)] },
  ],
];

const SPEC: FileSpec = {
  events: [LINK, UNLINK, WAKING, SCX_EVENT, PRINT, OTHER],
  cpus: CPUS,
  clock: 'local global [mono] boot',
  uname: 'Linux host 7.3-cloud-amd64 x86_64',
  cmdlines: '7 wl-hog\n8 wl hog 2\n',
};

const EXPECTED: readonly PlainEvent[] = [
  { ts: 5_000_000_100, cpu: 0, type: 'wakeup', step: 'waking', pid: 7, comm: 'wl-hog', prio: 120, target: 1 },
  { ts: 5_000_000_120, cpu: 1, type: 'mark', text: 'hello\n' },
  linked(5_000_000_150, 0, 7),
  { ts: 5_000_000_400, cpu: 0, type: 'dsq_unlink', pid: 7, holding_cpu: -1, dsq: '0x100', dsq_addr: '0x1', nr: 1 },
  linked(5_000_000_400, 1, 9),
  linked(5_000_000_401, 0, 8),
  { ts: 5_000_000_900, cpu: 0, type: 'scx_event', name: 'SCX_EV_BYPASS', delta: -3 },
];

function linked(ts: number, cpu: number, pid: number): PlainEvent {
  return {
    ts,
    cpu,
    type: 'dsq_link',
    pid,
    slice: '18446744073709551615',
    vtime: '9007199254740993',
    migration_disabled: 2,
    cpus: '1',
    task_cpu: 1,
    enq_flags: '0x200000000000000',
    dsq: 'local',
    dsq_addr: '0xffff888012345678',
    dsq_cpu: 1,
    nr: 0,
    dsq_seq: 1,
    dsq_flags: '0x1',
  };
}

const LAYOUTS: readonly (readonly [string, Partial<FileSpec>])[] = [
  ['version 6', {}],
  ['version 6, big endian', { bigEndian: true }],
  ['version 6, commit word of 4 bytes', { commitSize: 4 }],
  ['version 6, big endian, commit word of 4 bytes', { bigEndian: true, commitSize: 4 }],
  ['version 6, large pages', { pageSize: 16384 }],
  ['version 7', { version: 7 }],
  ['version 7, big endian', { version: 7, bigEndian: true }],
  ['version 7, zlib', { version: 7, compression: 'zlib' }],
  ['version 7, zlib, a chunk a page', { version: 7, compression: 'zlib', pagesPerChunk: 1 }],
  ['version 7, zlib, all in a chunk', { version: 7, compression: 'zlib', pagesPerChunk: 9 }],
  ['version 7, zlib, sizes of trace-cmd 3.1', { version: 7, compression: 'zlib', sizeWithoutCount: true }],
  ['version 7, zlib, big endian', { version: 7, compression: 'zlib', bigEndian: true, commitSize: 4 }],
];

describe.each(LAYOUTS)('%s', (_name, layout) => {
  const bytes = buildTraceDat({ ...SPEC, ...layout });

  test('events are merged by time, CPUs with equal times by number', async () => {
    const { events, error } = await readBytes(bytes);
    expect(error).toBeUndefined();
    expect(events).toEqual(EXPECTED);
  });

  test('header, places and what was not used', async () => {
    const { trace, positions } = await readBytes(bytes);
    expect(trace.format).toBe(`trace.dat v${layout.version ?? 6}`);
    expect(trace.header).toMatchObject({ kernel: '7.3-cloud-amd64', clock: 'mono' });
    expect(trace.header.tasks).toEqual([
      { pid: 7, comm: 'wl-hog' },
      { pid: 8, comm: 'wl hog 2' },
    ]);
    expect(trace.header.possible?.toString()).toBe('0-1');
    expect([...(trace.header.recorded ?? [])].toSorted()).toEqual([
      'dsq_link',
      'dsq_unlink',
      'scx_event',
      'wakeup',
      'wakeup:waking',
    ]);
    expect([...trace.unused]).toEqual([['irq:irq_handler_entry', 1]]);
    expect(trace.timeBase).toBe(5_000_000_100n);
    expect(positions[0]).toMatch(/^CPU 0, byte \d+$/);
  });

  test('a second run starts over', async () => {
    const { trace, events } = await readBytes(bytes);
    const again: number[] = [];
    trace.run({
      event(event) {
        again.push(event.t);
        return again.length < 3;
      },
    });
    expect(again).toEqual([0, 20, 50]);
    expect(events).toHaveLength(EXPECTED.length);
  });
});

test('zstd as trace-cmd writes it', async () => {
  const { events, error, trace } = await readBytes(readFileSync(join(import.meta.dirname, 'v7-zstd.dat')));
  expect(error).toBeUndefined();
  expect(trace.format).toBe('trace.dat v7');
  expect(events).toEqual(EXPECTED);
});
