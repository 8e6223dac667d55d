// What becomes of the bytes of a record: numbers of every size, strings, masks, values that are valid only under a condition.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { errorOf, type PlainEvent, readBytes } from '../../support/events.ts';
import { buildTraceDat, type EventDef, eventDef, type FileSpec, record, type Value } from '../../support/trace-dat.ts';
import { LOCAL_DSQ, OTHER, SCHED_SWITCH, STACK, SWITCH, WAKING } from './defs.ts';

async function decode(
  event: EventDef,
  values: Readonly<Record<string, Value>>,
  layout: Partial<FileSpec> = {},
): Promise<PlainEvent | undefined> {
  const bytes = buildTraceDat({
    events: [event],
    cpus: [[{ stamp: 1n, items: [record(event, values)] }], [], []],
    ...layout,
  });
  const { events, error } = await readBytes(bytes);
  expect(error).toBeUndefined();
  return events[0];
}

const TYPES = ['u8', 's8', 'u16', 's16', 'u32', 's32', 'u64', 's64'] as const;
const RANGES: Readonly<Record<(typeof TYPES)[number], readonly [bigint, bigint]>> = {
  u8: [0n, 0xffn],
  s8: [-0x80n, 0x7fn],
  u16: [0n, 0xffffn],
  s16: [-0x8000n, 0x7fffn],
  u32: [0n, 0xffff_ffffn],
  s32: [-0x8000_0000n, 0x7fff_ffffn],
  u64: [0n, 0xffff_ffff_ffff_ffffn],
  s64: [-0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn],
};

describe('numbers', () => {
  test.each(TYPES)('%s, at any offset and in both byte orders, in narrow and wide fields', async (type) => {
    const [min, max] = RANGES[type];
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min, max }), fc.nat({ max: 3 }), fc.boolean(), async (value, shift, bigEndian) => {
        const pad = Array.from({ length: shift }, (_, i) => `u8 pad${i}`);
        const def = eventDef('scx', 'dsq_unlink', 9, [
          ...pad,
          'u64 did',
          's32 pid',
          `${type} hold`,
          `${type} nr`,
          `${type} vtime`,
        ]);
        const event = await decode(def, { did: 7n, pid: 3, hold: value, nr: value, vtime: value }, { bigEndian });
        expect(event?.holding_cpu).toBe(Number(BigInt.asIntN(32, value)));
        expect(event?.nr).toBe(Number(BigInt.asUintN(32, value)));
        expect(BigInt(event?.vtime as number | string)).toBe(BigInt.asUintN(64, value));
      }),
      { numRuns: 40 },
    );
  });

  test('an argument that the kernel did not provide leaves its field absent', async () => {
    const def = eventDef('scx', 'dsq_unlink', 9, ['u64 did', 's32 pid']);
    expect(await decode(def, { did: 7n, pid: 3 })).toEqual({ ts: 1, cpu: 0, type: 'dsq_unlink', pid: 3, dsq: 7 });
  });
});

describe('strings', () => {
  test('command names are passed on when they are news', async () => {
    const items = ['a', 'a', 'b', 'b', 'a'].map((comm) => record(WAKING, { comm, pid: 5 }, 1));
    const other = record(WAKING, { comm: 'a', pid: 6 }, 1);
    const { events } = await readBytes(
      buildTraceDat({ events: [WAKING], cpus: [[{ stamp: 1n, items: [...items, other] }]] }),
    );
    expect(events.map((event) => event.comm)).toEqual(['a', undefined, 'b', undefined, 'a', 'a']);
  });

  test.each(['__data_loc', '__rel_loc'])('%s strings, empty and UTF-8 ones too', async (kind) => {
    const def = eventDef('sched_ext', 'sched_ext_exit', 9, [
      `${kind} char[] name`,
      's32 level',
      `${kind} char[] cgrp_path`,
    ]);
    const event = await decode(def, { name: 'größe', level: -1, cgrp_path: '' });
    expect(event).toMatchObject({ type: 'sched_exit', name: 'größe', level: -1, path: '' });
  });

  test('a string beyond its record is damage', async () => {
    const def = eventDef('sched_ext', 'sched_ext_event', 9, ['u32 name', 's64 delta']);
    const text = eventDef('sched_ext', 'sched_ext_event', 9, ['__data_loc char[] name', 's64 delta']);
    const bytes = buildTraceDat({
      events: [text],
      cpus: [[{ stamp: 1n, items: [record(def, { name: (9 << 16) | 20, delta: 1 })] }]],
    });
    expect((await errorOf(bytes)).describe()).toContain('a string lies outside its record');
  });

  test('a text without a size goes to the end of its record', async () => {
    const print = eventDef('ftrace', 'print', 5, ['u64 ip', 'char buf[0]']);
    const text = 'x'.repeat(150);
    expect(await decode(print, { buf: text })).toMatchObject({ type: 'mark', text });
  });
});

describe('masks', () => {
  test('bits beyond the machine are junk', async () => {
    const def = eventDef('scx', 'dsq_insert', 9, ['u64 did', 's32 pid', 'u64 m0']);
    expect(await decode(def, { did: 7n, pid: 1, m0: 0xffff_ffff_ffff_fff5n })).toMatchObject({ cpus: '0,2' });
  });

  test('a machine with more CPUs than the recorded words say how far the mask goes', async () => {
    const def = eventDef('scx', 'dsq_insert', 9, ['u64 did', 's32 pid', 'u64 m0']);
    const event = await decode(def, { did: 7n, pid: 1, m0: 1n << 63n }, { cpuCount: 100 });
    expect(event).toMatchObject({ cpus: '63', cpus_bits: 64 });
  });

  test('cid masks begin at their base', async () => {
    const def = eventDef('scx', 'k_sub_grant', 9, [
      'u64 cgid',
      'u64 caps',
      'u32 base',
      'u32 ncids',
      'u64 w0',
      'u64 w1',
    ]);
    const values = { cgid: 5n, caps: 1n, base: 66, ncids: 64, w0: (1n << 2n) | (1n << 1n), w1: 0b111n };
    for (const bigEndian of [false, true])
      expect(await decode(def, values, { bigEndian, cpuCount: 256 })).toMatchObject({ cids: '66,128-129' });
  });

  test('a mask of one record does not show in the next', async () => {
    const def = eventDef('scx', 'k_sub_grant', 9, ['u64 cgid', 'u64 caps', 'u32 base', 'u32 ncids', 'u64 w0']);
    const items = [0b11n, 0n, 0b100n].map((w0) => record(def, { cgid: 5n, caps: 1n, base: 0, ncids: 64, w0 }));
    const { events } = await readBytes(buildTraceDat({ events: [def], cpus: [[{ stamp: 1n, items }]] }));
    expect(events.map((event) => event.cids)).toEqual(['0-1', '', '2']);
  });
});

describe('values under a condition', () => {
  test.each([
    ['a local DSQ has a CPU', LOCAL_DSQ, 2],
    ['another DSQ has none', 0x100n, undefined],
    ['LOCAL_ON is no local DSQ', 0xc000000000000001n, undefined],
  ])('%s', async (_name, did, expected) => {
    const def = eventDef('scx', 'dsq_insert', 9, ['u64 did', 's32 pid', 's32 lcpu']);
    expect((await decode(def, { did, pid: 1, lcpu: 2 }))?.dsq_cpu).toBe(expected);
  });

  test.each([
    ['NULL', 0n, 'none', undefined],
    ['a task', 0xffff888000000000n, 'task', 42],
    ['RETRY_TASK, an error pointer', 2n ** 64n - 1n, 'retry', undefined],
    ['the lowest error pointer', 2n ** 64n - 4095n, 'retry', undefined],
    ['the value below', 2n ** 64n - 4096n, 'task', 42],
  ])('a pick that returns %s', async (_name, ret, verdict, pid) => {
    const def = eventDef('scx', 'pick_task_r', 9, ['s32 cpu', 'u64 ret', 's32 pid']);
    for (const bigEndian of [false, true]) {
      const event = await decode(def, { cpu: 1, ret, pid: 42 }, { bigEndian });
      expect([event?.verdict, event?.pid]).toEqual([verdict, pid]);
    }
  });

  test('a value whose condition was not recorded is not believed', async () => {
    const def = eventDef('scx', 'pick_task_r', 9, ['s32 cpu', 's32 pid']);
    expect(await decode(def, { cpu: 1, pid: 42 })).not.toHaveProperty('pid');
  });

  test('a condition that holds in one record does not carry over to the next', async () => {
    const def = eventDef('scx', 'dsq_insert', 9, ['u64 did', 's32 pid', 's32 lcpu']);
    const items = [LOCAL_DSQ, 1n, LOCAL_DSQ].map((did) => record(def, { did, pid: 1, lcpu: 2 }));
    const { events } = await readBytes(buildTraceDat({ events: [def], cpus: [[{ stamp: 1n, items }], [], []] }));
    expect(events.map((event) => event.dsq_cpu)).toEqual([2, undefined, 2]);
  });
});

describe('switches', () => {
  const spec = (events: readonly EventDef[]): FileSpec => ({
    events,
    cpus: [
      [
        {
          stamp: 10n,
          items: [
            record(SCHED_SWITCH, { prev_pid: 0, prev_comm: 'swapper/0', next_pid: 5, next_comm: 'one' }),
            record(SWITCH, { prev: 0, next: 5, pstate: 0, preempt: 1 }, 1),
            record(SCHED_SWITCH, { prev_pid: 5, prev_comm: 'one', next_pid: 6, next_comm: 'two' }, 1),
            record(SWITCH, { prev: 5, next: 6, pstate: 2 }, 1),
            record(SWITCH, { prev: 6, next: 5 }, 1),
          ],
        },
      ],
    ],
  });

  test('the tracepoint passes its names on to the record of the probe', async () => {
    const { events, trace } = await readBytes(buildTraceDat(spec([SCHED_SWITCH, SWITCH])));
    expect(
      events.map(({ ts, prev, next, prev_comm, next_comm }) => ({ ts, prev, next, prev_comm, next_comm })),
    ).toEqual([
      { ts: 11, prev: 0, next: 5, prev_comm: undefined, next_comm: 'one' },
      { ts: 13, prev: 5, next: 6, prev_comm: undefined, next_comm: 'two' },
      { ts: 14, prev: 6, next: 5, prev_comm: undefined, next_comm: undefined },
    ]);
    expect(trace.absorbed).toBe(2);
  });

  test('without the probe the tracepoint is the switch', async () => {
    const { events, trace } = await readBytes(buildTraceDat(spec([SCHED_SWITCH])));
    expect(events.map((event) => event.type)).toEqual(['switch', 'switch']);
    expect(trace.absorbed).toBe(0);
    expect([...trace.unused]).toEqual([['unknown event 1702', 3]]);
  });
});

test('what is not used is counted by name, what is not described by number', async () => {
  const unknown = eventDef('x', 'x', 511, []);
  const { events, trace, error } = await readBytes(
    buildTraceDat({
      events: [OTHER, STACK],
      cpus: [[{ stamp: 1n, items: [record(OTHER), record(unknown), record(OTHER), record(unknown, {}, 1)] }]],
    }),
  );
  expect([events, error]).toEqual([[], undefined]);
  expect(Object.fromEntries(trace.unused)).toEqual({ 'irq:irq_handler_entry': 2, 'unknown event 511': 2 });
});

test('a stack of ftrace may be shorter than its format says', async () => {
  const short = eventDef('ftrace', 'kernel_stack', STACK.id, ['s32 size', 'u64 c0']);
  const { trace, error } = await readBytes(
    buildTraceDat({ events: [STACK], cpus: [[{ stamp: 1n, items: [record(short), record(STACK)] }]] }),
  );
  expect(error).toBeUndefined();
  expect(trace.unused.get('ftrace:kernel_stack')).toBe(2);
});
