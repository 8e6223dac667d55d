// The metadata of trace.dat files: which buffer is read, what the header of the trace takes from options and tables.
import { describe, expect, test } from 'vitest';
import { readBytes } from '../../support/events.ts';
import { buildTraceDat, type FileSpec, type PageSpec, record } from '../../support/trace-dat.ts';
import { LINK, OTHER, WAKING } from './defs.ts';

const page = (stamp: bigint, event: typeof WAKING): PageSpec => ({ stamp, items: [record(event, { pid: 1 })] });

async function header(spec: Partial<FileSpec>) {
  const { trace } = await readBytes(buildTraceDat({ events: [WAKING], cpus: [[page(1n, WAKING)]], ...spec }));
  return trace.header;
}

test.each([
  ['Linux host 7.3-cloud-amd64 x86_64', '7.3-cloud-amd64'],
  ['Linux (none) 6.12.0+ aarch64', '6.12.0+'],
  ['Linux  7.2.13 x', '7.2.13'],
  ['nothing here', undefined],
])('uname %j', async (uname, kernel) => {
  expect((await header({ uname })).kernel).toBe(kernel);
});

test.each([
  ['local global [mono] boot\n', 'mono'],
  ['x86-tsc', 'x86-tsc'],
])('clock %j', async (text, clock) => {
  expect((await header({ clock: text })).clock).toBe(clock);
});

test('version 7 keeps the clock with the buffer', async () => {
  expect((await header({ version: 7 })).clock).toBe('mono');
});

test('scheduling classes come from kallsyms', async () => {
  const kallsyms = [
    'ffffffffa42b3150 D ext_sched_class',
    'ffffffffa42b3330 d idle_sched_class',
    '0000000000000000 D fair_sched_class',
    'ffffffffa42b3331 T not_a_class',
  ].join('\n');
  expect(Object.fromEntries((await header({ kallsyms })).schedClasses)).toEqual({
    ext: 0xffffffffa42b3150n,
    idle: 0xffffffffa42b3330n,
  });
});

test('saved command lines keep their blanks', async () => {
  expect((await header({ cmdlines: '1 init\n22 a b \n\nx y\n' })).tasks).toEqual([
    { pid: 1, comm: 'init' },
    { pid: 22, comm: 'a b ' },
  ]);
});

test.each([6, 7] as const)('version %s: the number of CPUs of the machine', async (version) => {
  expect((await header({ version, cpuCount: 6 })).possible?.toString()).toBe('0-5');
});

test('features are the tracepoints of sched_ext', async () => {
  const exit = { ...OTHER, system: 'sched_ext', name: 'sched_ext_exit' };
  expect([...(await header({ events: [WAKING, exit] })).features]).toEqual(['tracepoint:sched_ext_exit']);
});

describe.each([6, 7] as const)('instances, version %s', (version) => {
  const spec = (top: readonly (readonly PageSpec[])[], one: readonly (readonly PageSpec[])[]): FileSpec => ({
    version,
    events: [WAKING, LINK],
    cpus: top,
    instances: [
      { name: 'empty', cpus: [[], []] },
      { name: 'scx', cpus: one },
    ],
  });

  test('the only one with data is read', async () => {
    const { events, trace } = await readBytes(buildTraceDat(spec([[], []], [[page(5n, WAKING)], [page(6n, LINK)]])));
    expect(events.map(({ ts, cpu, type }) => [ts, cpu, type])).toEqual([
      [5, 0, 'wakeup'],
      [6, 1, 'dsq_link'],
    ]);
    expect([...trace.unused]).toEqual([]);
  });

  test('of several the one with the events of the probes is read, the others are counted', async () => {
    const top = [[page(1n, WAKING), page(2n, WAKING)], []];
    const one = [[page(5n, LINK)], []];
    const { events, trace } = await readBytes(buildTraceDat(spec(top, one)));
    expect(events.map(({ type }) => type)).toEqual(['dsq_link']);
    expect([...trace.unused]).toEqual([['records of the top buffer', 2]]);
    const swapped = await readBytes(buildTraceDat(spec(one, top)));
    expect(swapped.events.map(({ type }) => type)).toEqual(['dsq_link']);
    expect([...swapped.trace.unused]).toEqual([['records of buffer scx', 2]]);
  });

  test('statistics belong to their buffer', async () => {
    const cpuStats = ['CPU: 0\noverrun: 0\n', '\nBuffer: scx\n\n', 'CPU: 0\noverrun: 4\n'];
    const top = { ...spec([[page(1n, LINK)]], [[page(5n, WAKING)]]), cpuStats };
    expect((await readBytes(buildTraceDat(top))).events.map(({ type }) => type)).toEqual(['dsq_link']);
    const instance = { ...spec([[page(1n, WAKING)]], [[page(5n, LINK)]]), cpuStats };
    expect((await readBytes(buildTraceDat(instance))).events.map(({ type }) => type)).toEqual([
      'lost',
      'lost',
      'dsq_link',
    ]);
  });
});

describe('no data', () => {
  test.each([6, 7] as const)('version %s: no CPU recorded anything', async (version) => {
    const { events, error, trace } = await readBytes(buildTraceDat({ version, events: [WAKING], cpus: [[], []] }));
    expect([events, error, trace.unused.size]).toEqual([[], undefined, 0]);
  });

  test('no CPU at all', async () => {
    expect((await readBytes(buildTraceDat({ events: [WAKING], cpus: [] }))).events).toEqual([]);
  });
});
