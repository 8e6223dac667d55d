// Damaged and truncated trace.dat files: an error that names the place, and nothing but the events before it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../../src/errors.ts';
import { errorOf, type PlainEvent, type Reading, readBytes } from '../../support/events.ts';
import { buildTraceDat, dataOffset, eventDef, type FileSpec, type PageSpec, record } from '../../support/trace-dat.ts';
import { LINK, OTHER, SCX_EVENT, UNLINK, WAKING } from './defs.ts';

const EVENTS = [LINK, UNLINK, WAKING, SCX_EVENT, OTHER];

/** Three CPUs with a few pages of all kinds of records each. */
const SPEC: FileSpec = {
  events: EVENTS,
  clock: '[mono]',
  cpuCount: 3,
  cmdlines: '1 one\n',
  cpus: Array.from({ length: 3 }, (_, cpu) =>
    Array.from({ length: 5 }, (_, n): PageSpec => {
      const values = { pid: 10 * n + cpu + 1, did: 0x100n, lcpu: 0, tcpu: cpu, nr: n, seq: n, target_cpu: cpu };
      const items = [
        record(LINK, values, 0, 3),
        record(WAKING, { ...values, comm: `task-${n}` }, 40, 3),
        record(OTHER, { irq: 3 }, 20),
        record(UNLINK, values, 30),
        record(SCX_EVENT, { name: 'SCX_EV_SELECT_CPU_FALLBACK', delta: 1 }, 10),
      ];
      return { stamp: BigInt(10_000 + n * 1000 + cpu * 17), items };
    }),
  ),
};

const PAGE = 512;

async function tryRead(bytes: Uint8Array): Promise<Reading | InputError> {
  try {
    return await readBytes(bytes);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function expectPrefix(events: readonly PlainEvent[], of: readonly PlainEvent[]): void {
  expect(events).toEqual(of.slice(0, events.length));
}

function expectSaysWhere(error: InputError): void {
  expect(error.details.position ?? '').toMatch(/byte \d+|data of CPU \d+|format of|decompressed/);
  expect(error.describe()).toMatch(/^trace: .* \[(truncated|damaged|unsupported|unknown-format|empty)\]/);
}

describe.each([
  ['version 6', { version: 6 }],
  ['version 6, big endian', { version: 6, bigEndian: true }],
  ['version 7', { version: 7 }],
  ['version 7, zlib', { version: 7, compression: 'zlib' }],
] as const)('truncated at any byte: %s', (_name, layout) => {
  const whole = buildTraceDat({ ...SPEC, ...layout });

  test('an error, and only whole records from before the first missing one', async () => {
    const { events, positions } = await readBytes(whole);
    // A record needs at least the word at its place.
    const ends = positions.map((position) => Number(/byte (\d+)/.exec(position)?.[1]) + 4);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: whole.length - 1 }), async (length) => {
        const result = await tryRead(whole.subarray(0, length));
        if (result instanceof InputError) {
          expectSaysWhere(result);
          return;
        }
        expect(layout.version, 'version 7 has its table at the end').toBe(6);
        expectPrefix(result.events, events);
        const firstMissing = ends.findIndex((end) => end > length);
        if (firstMissing >= 0) expect(result.events.length).toBeLessThanOrEqual(firstMissing);
        expect(result.error?.details.code).toBe('truncated');
        if (result.error !== undefined) expectSaysWhere(result.error);
      }),
      { numRuns: 200 },
    );
  });
});

test('a page that is cut off gives its whole records', async () => {
  const page = (pid: number): PageSpec => ({
    stamp: 100n,
    items: [record(WAKING, { pid }), record(WAKING, { pid: pid + 1 }, 5), record(WAKING, { pid: pid + 2 }, 5)],
  });
  const whole = buildTraceDat({ events: [WAKING], cpus: [[page(1), { ...page(4), stamp: 200n }]] });
  const second = dataOffset(whole, 0) + PAGE;
  const recordBytes = 4 + WAKING.size;
  for (const [extra, expected] of [
    [0, [1, 2, 3]],
    [15, [1, 2, 3]],
    [16 + recordBytes - 1, [1, 2, 3]],
    [16 + recordBytes, [1, 2, 3, 4]],
    [16 + 2 * recordBytes + 3, [1, 2, 3, 4, 5]],
    [16 + 3 * recordBytes, [1, 2, 3, 4, 5, 6]],
  ] as const) {
    const { events, error } = await readBytes(whole.subarray(0, second + extra));
    expect(events.map((event) => event.pid)).toEqual(expected);
    expect(error?.details.code).toBe('truncated');
  }
});

describe('flipped bits', () => {
  const whole = buildTraceDat(SPEC);
  const flipped = (offset: number, bit: number): Uint8Array => {
    const bytes = whole.slice();
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit);
    return bytes;
  };
  const records = ({ events, trace }: Reading): number =>
    events.filter((event) => event.type !== 'lost').length + [...trace.unused.values()].reduce((sum, n) => sum + n, 0);

  test('in the data: noticed before a wrong record is passed on, or no record is missing', async () => {
    const good = await readBytes(whole);
    const at = dataOffset(whole, 1) + 2 * PAGE;
    for (let i = 0; i < 300; i++) {
      for (let bit = i < 16 ? 0 : i % 8; bit < 8; bit += i < 16 ? 1 : 8) {
        const result = await readBytes(flipped(at + i, bit));
        if (result.error !== undefined) {
          expectSaysWhere(result.error);
          expectPrefix(result.events, good.events);
        } else expect(records(result), `byte ${i} of the page, bit ${bit}`).toBe(records(good));
      }
    }
  });
});

describe('damage of one place', () => {
  const whole = buildTraceDat(SPEC);
  const second = (cpu: number): number => dataOffset(whole, cpu) + PAGE;
  const patched = (patches: readonly (readonly [at: number, bytes: readonly number[]])[], of = whole): Uint8Array => {
    const bytes = of.slice();
    for (const [at, patch] of patches) bytes.set(patch, at);
    return bytes;
  };
  const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
  const u64 = (value: bigint): number[] => [...new Uint8Array(BigUint64Array.of(value).buffer)];
  const find = (text: string, of = whole): number => Buffer.from(of).indexOf(text);

  test.each([
    ['more bytes than a page holds', [[second(1) + 8, u32(PAGE)]], 'a page is filled in an impossible way'],
    ['flags that no kernel sets', [[second(1) + 11, [0x20]]], 'a page is filled in an impossible way'],
    ['an upper half of the commit word', [[second(1) + 12, u32(1)]], 'a page is filled in an impossible way'],
    ['a time stamp before the page before', [[second(1), u64(10_000n)]], 'does not lie before|do not lie before'],
    ['a time stamp centuries ahead', [[second(1), u64(2n ** 62n)]], 'do not lie before|is impossible'],
    [
      'a record that is too long',
      [[second(1) + 16, [28]]],
      'reaches beyond|length that does not suit|does not begin like one|do not lie',
    ],
    ['a record without a type', [[second(1) + 20, [0, 0]]], 'a record does not begin like one'],
    ['a task that cannot be', [[second(1) + 24, u32(0x7fffffff)]], 'a record does not begin like one'],
    [
      'a record with the id of a longer one',
      [[second(1) + 20, [WAKING.id & 0xff, WAKING.id >> 8]]],
      'length that does not suit',
    ],
    [
      'a record with the type of padding',
      [[second(1) + 16, [29 | 32]]],
      'padding reaches beyond|does not begin like one',
    ],
  ] as const)('%s', async (_name, patches, words) => {
    const error = await errorOf(patched(patches as unknown as [number, number[]][]));
    expect(error.details.code).toBe('damaged');
    expect(error.message).toMatch(new RegExp(words));
    expect(error.details.position).toMatch(/^byte \d+ \(data of CPU [01]\)$/);
  });

  test('nothing of a damaged page is passed on, everything before it is', async () => {
    const { events } = await readBytes(whole);
    const nextRecord = second(1) + 16 + 4 + Math.ceil(LINK.size / 4) * 4;
    const result = await readBytes(patched([[nextRecord, [28]]]));
    expect(result.error?.details.code).toBe('damaged');
    const last = events.findLastIndex((event) => event.cpu === 1 && (event.ts as number) < 11_000);
    const after = events.slice(last + 1).findIndex((event) => event.cpu !== 1 && event.ts !== events[last]?.ts);
    expect(result.events).toEqual(events.slice(0, last + 1 + Math.max(0, after)));
  });

  test.each([{ tcpu: 8192 }, { tcpu: -1 }, { pid: 4_194_305 }, { pid: -1 }])(
    'a task or CPU that cannot be: %o',
    async (values) => {
      const def = eventDef('scx', 'dsq_insert', 1710, ['u64 did', 's32 pid', 's32 tcpu']);
      const items = [record(def, values)];
      const { error } = await readBytes(buildTraceDat({ events: [def], cpus: [[{ stamp: 1n, items }]] }));
      expect(error?.message).toBe('a record of event 1710 names an impossible task or CPU');
    },
  );

  test('records later than the recorder looked at its statistics', async () => {
    const cpuStats = ['CPU: 0\noverrun: 0\nnow ts:     0.000015\n'];
    const page = (stamp: bigint): PageSpec => ({ stamp, items: [record(WAKING)] });
    const read = (stamp: bigint) =>
      readBytes(buildTraceDat({ events: [WAKING], cpus: [[page(10_000n), page(stamp)]], cpuStats }));
    expect((await read(1_000_010_000n)).error).toBeUndefined();
    expect((await read(1_000_020_000n)).error?.message).toBe('the time stamp of a page is impossible');
  });

  test('fewer records than the recorder read', async () => {
    const stats = (cpu: number, read: number): string => `CPU: ${cpu}\nread events: ${read}\n`;
    const read = (cpuStats: readonly string[]) => readBytes(buildTraceDat({ ...SPEC, cpuStats }));
    expect((await read([stats(0, 25), stats(1, 25), stats(2, 25)])).error).toBeUndefined();
    const { error, events } = await read([stats(0, 25), stats(1, 27), stats(2, 25)]);
    expect(error?.describe()).toContain(
      'data of CPU 1: records are missing: expected 27 records, as the recorder counted, found 25',
    );
    expect(events).toHaveLength(60);
    // A file that was cut has fewer records of every CPU.
    expect((await read([stats(0, 100), stats(1, 100), stats(2, 100)])).error).toBeUndefined();
  });

  test('a table that hides data', async () => {
    const table = find('flyrecord') + 10;
    const shorter = await errorOf(patched([[table + 16 + 8, u64(BigInt(PAGE))]], wideFile()));
    expect(shorter.message).toBe('the table of per-CPU data makes no sense');
    const elsewhere = await errorOf(patched([[table + 16, u64(4096n)]]));
    expect(elsewhere.message).toBe('the table of per-CPU data makes no sense');
  });

  /** With more than a page of the file a CPU. */
  function wideFile(): Uint8Array {
    const pages = Array.from(
      { length: 20 },
      (_, i): PageSpec => ({ stamp: BigInt(1000 + i), items: [record(WAKING)] }),
    );
    return buildTraceDat({ ...SPEC, cpus: [pages, pages, pages] });
  }

  test.each([
    [
      'a format whose fields do not follow each other',
      'field:u64 did;\toffset:24',
      'field:u64 did;\toffset:84',
      'the format of an event makes no sense',
    ],
    ['a format without an id', 'ID: 1700', 'Ix: 1700', 'has no name and id'],
    [
      'a format without its common fields',
      'common_pid;\toffset:4',
      'common_pix;\toffset:4',
      'lacks the fields common_type and common_pid',
    ],
    ['two events with one id', 'ID: 1701', 'ID: 1700', 'have the same id 1700'],
    ['an event with an impossible id', 'ID: 1701', 'ID: 99999999999', 'has the impossible id 99999999999'],
    ['a page header without a commit word', 'local_t commit', 'local_t commix', 'the page header is not understood'],
    ['another mark', 'flyrecord', 'flyRecord', 'data mark missing'],
    ['another header mark', 'header_event', 'header_Event', 'the header is damaged'],
  ])('%s', async (_name, text, replacement, words) => {
    const error = await errorOf(patched([[find(text), [...Buffer.from(replacement)]]]));
    expect(error.message).toContain(words);
    expectSaysWhere(error);
  });

  test('a latency trace, an unknown version, an unknown compression, an unknown byte order', async () => {
    const messages = [
      patched([[find('flyrecord\0'), [...Buffer.from('latency  \0')]]]),
      patched([[10, [0x39]]]),
      patched([[12, [7]]]),
      patched([[18, [...Buffer.from('lz77')]]], buildTraceDat({ ...SPEC, version: 7 })),
    ].map(async (bytes) => (await errorOf(bytes)).describe());
    expect(await Promise.all(messages)).toEqual([
      expect.stringContaining('holds no ring-buffer data [unsupported]'),
      expect.stringContaining('this version of trace.dat is not supported: expected 6 or 7, found "9" [unsupported]'),
      expect.stringContaining('the byte order is unknown: expected 0 or 1, found 7 [damaged]'),
      expect.stringContaining(
        'the compression of this trace.dat is not supported: expected none, zlib or zstd, found "lz77" [unsupported]',
      ),
    ]);
  });

  test('compressed data', async () => {
    const packed = buildTraceDat({ ...SPEC, version: 7, compression: 'zlib' });
    let noticed = 0;
    const { events } = await readBytes(packed);
    for (let at = 40; at < packed.length; at += 97) {
      const result = await tryRead(patched([[at, [(packed[at] ?? 0) ^ 0x40]]], packed));
      const error = result instanceof InputError ? result : result.error;
      if (error !== undefined) {
        noticed++;
        expectSaysWhere(error);
      } else if (!(result instanceof InputError)) expect(result.events).toEqual(events);
    }
    expect(noticed).toBeGreaterThan(10);
  });
});

test('damage of the metadata is noticed, or changes no record, or leaves records of unknown events', async () => {
  const whole = buildTraceDat(SPEC);
  const total = (await readBytes(whole)).events.length + 15;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 10, max: dataOffset(whole, 0) - 1 }), fc.nat({ max: 7 }), async (at, bit) => {
      const bytes = whole.slice();
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
      const result = await tryRead(bytes);
      if (result instanceof InputError) expectSaysWhere(result);
      else if (result.error === undefined) {
        const unused = [...result.trace.unused.values()].reduce((sum, n) => sum + n, 0);
        expect(result.events.length + unused).toBe(total);
      }
    }),
    { numRuns: 400 },
  );
});
