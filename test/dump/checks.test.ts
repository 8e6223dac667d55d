// Checks of dumps: each finds what it is about in a dump that has it, and nothing in one that has not.
import { describe, expect, test } from 'vitest';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import type { DumpFinding, DumpResult } from '../../src/diagnosis/result.ts';
import { DUMP_CHECKS } from '../../src/dump/checks/index.ts';
import { parseDumpText } from '../../src/dump/parse.ts';
import { type CpuModel, type DumpModel, renderDump, type TaskModel } from '../support/dump-model.ts';

const LOCAL = 0x8000000000000002n;
const INF = 2n ** 64n - 1n;
const USER = 0x100n;

function task(pid: number, change: Partial<TaskModel> = {}): TaskModel {
  return {
    comm: 'job',
    pid,
    state: 'R',
    sub: undefined,
    delta: -3,
    scxState: 4,
    flags: 0x9,
    opsState: 0,
    qseq: 0,
    sticky: -1,
    holding: -1,
    dsq: USER,
    vtime: 1000n,
    slice: 20_000_000n,
    weight: 100,
    cpus: 0x3,
    noMig: 0,
    ops: [],
    stack: [],
    ...change,
  };
}

function cpu(tasks: readonly TaskModel[], change: Partial<CpuModel> = {}): CpuModel {
  return {
    flags: 1,
    released: false,
    seqs: [1, 1],
    rescuing: undefined,
    other: { comm: 'swapper/0', pid: 0, class: 'idle_sched_class' },
    runsExt: tasks.length > 0,
    kick: 0,
    ops: [],
    tasks,
    ...change,
  };
}

const running = (pid: number, change: Partial<TaskModel> = {}): TaskModel => task(pid, { dsq: undefined, ...change });

/** Two CPUs that run a task each; `waiting` wait on the first. */
function dumpOf(waiting: readonly TaskModel[], change: Partial<DumpModel> = {}): DumpModel {
  return {
    shape: '7.3',
    name: 'demo',
    trigger: 'sysrq',
    message: '',
    backtrace: [],
    ops: [],
    cpus: [cpu([running(1), ...waiting]), cpu([running(2)])],
    counters: [0n, 0n, 0n, 0n],
    ...change,
  };
}

const diagnosed = (text: string): DumpResult =>
  diagnose(parseDumpText(text), {
    input: { path: 'dump', form: 'text', format: null, kernel: null },
    timeoutMs: 5000,
  });

const idleCpu = cpu([], { other: { comm: 'swapper/1', pid: 0, class: 'idle_sched_class' }, kick: 1 });
const realtime = { comm: 'rt', pid: 9, class: 'rt_sched_class' };

test('a healthy dump has no finding, and says how often each check was made', () => {
  const result = diagnosed(renderDump(dumpOf([task(3), task(4, { dsq: LOCAL })])));
  expect(result.findings).toEqual([]);
  expect(result.verdict).toBe('pass');
  const rows = result.dumps[0]?.checks ?? [];
  expect(rows.map(({ id }) => id)).toEqual(DUMP_CHECKS.map(({ id }) => id));
  for (const row of rows) expect(row.verdict === 'pass' ? row.checked > 0 : row.reason !== null).toBe(true);
});

interface Case {
  readonly check: string;
  readonly class?: string;
  readonly verdict: string;
  readonly dump: DumpModel;
  /** The same without what the check is about. */
  readonly clean: DumpModel;
}

const old = { delta: -6000 };
const half = { delta: -3000 };
const CASES: readonly Case[] = [
  {
    check: 'waiting-too-long',
    class: 'user-dsq',
    verdict: 'violation',
    dump: dumpOf([task(3, old)]),
    clean: dumpOf([task(3, { delta: -4999 })]),
  },
  {
    check: 'task-forgotten',
    verdict: 'possible',
    dump: dumpOf([task(3, { ...half, dsq: undefined, opsState: 2, qseq: 7 })]),
    clean: dumpOf([task(3, { dsq: undefined, opsState: 2, qseq: 7 })]),
  },
  {
    check: 'dsq-not-consumed',
    verdict: 'possible',
    dump: dumpOf([task(3, half)], { cpus: [cpu([running(1), task(3, half)]), idleCpu] }),
    clean: dumpOf([task(3, half)], { cpus: [cpu([running(1), task(3, { ...half, cpus: 1 })]), idleCpu] }),
  },
  {
    check: 'dsq-starved',
    class: 'slice-inf',
    verdict: 'possible',
    dump: dumpOf([], { cpus: [cpu([running(1, { slice: INF }), task(3, { ...half, cpus: 1 })])] }),
    clean: dumpOf([], { cpus: [cpu([running(1, { slice: INF }), task(3, { cpus: 1 })])] }),
  },
  {
    check: 'vtime-spread',
    class: 'wide',
    verdict: 'info',
    dump: dumpOf([task(3, { flags: 0x9, vtime: 0n }), task(4, { vtime: 900_000_000_000n })]),
    clean: dumpOf([task(3, { vtime: 0n }), task(4, { vtime: 20_000_000n })]),
  },
  {
    check: 'local-not-run',
    class: 'higher-class',
    verdict: 'possible',
    dump: dumpOf([], { cpus: [cpu([task(3, { ...half, dsq: LOCAL })], { runsExt: false, other: realtime })] }),
    clean: dumpOf([], { cpus: [cpu([task(3, { dsq: LOCAL })], { runsExt: false, other: realtime })] }),
  },
  {
    check: 'parked-task',
    class: 'reject',
    verdict: 'possible',
    dump: dumpOf([task(3, { ...half, dsq: 0x8000000000000004n })]),
    clean: dumpOf([task(3, { dsq: 0x8000000000000004n })]),
  },
  {
    check: 'task-stranded',
    class: 'unexplained',
    verdict: 'possible',
    dump: dumpOf([task(3, { ...half, dsq: undefined })]),
    clean: dumpOf([task(3, { dsq: undefined })]),
  },
  {
    check: 'task-outside-mask',
    class: 'waiting',
    verdict: 'possible',
    dump: dumpOf([task(3, { cpus: 0x2 })]),
    clean: dumpOf([task(3, { cpus: 0x2, noMig: 1 })]),
  },
  {
    check: 'task-state',
    verdict: 'possible',
    dump: dumpOf([task(3, { scxState: 3 })]),
    clean: dumpOf([task(3, { scxState: 4 })]),
  },
  {
    check: 'cpu-offline',
    class: 'stuck',
    verdict: 'possible',
    dump: dumpOf([], { cpus: [cpu([running(1), task(3, half)], { flags: 0 })] }),
    clean: dumpOf([], { cpus: [cpu([running(1), task(3, half)], { flags: 1 })] }),
  },
  {
    check: 'bypass-in-use',
    class: 'in-use',
    verdict: 'info',
    dump: dumpOf([task(3, { dsq: 0x8000000000000003n })]),
    clean: dumpOf([task(3)]),
  },
  {
    check: 'queued-without-slice',
    verdict: 'info',
    dump: dumpOf([task(3, { slice: 0n })]),
    clean: dumpOf([task(3, { slice: 1n })]),
  },
  {
    check: 'counter-doubtful',
    class: 'SCX_EV_DISPATCH_LOCAL_DSQ_OFFLINE',
    verdict: 'info',
    dump: dumpOf([], { counters: [0n, 2n, 0n, 0n] }),
    clean: dumpOf([], { counters: [5n, 0n, 9n, 0n] }),
  },
  {
    check: 'duplicate-task',
    class: 'moved',
    verdict: 'info',
    dump: dumpOf([], { cpus: [cpu([running(1), task(3)]), cpu([running(3)])] }),
    clean: dumpOf([], { cpus: [cpu([running(1), task(3)]), cpu([running(4)])] }),
  },
];

describe.each(CASES)('$check', ({ check, dump, clean, ...expected }) => {
  /** In the check about vtimes the tasks are ordered by them on their DSQ. */
  const textOf = (model: DumpModel): string =>
    check === 'vtime-spread' ? renderDump(model).replaceAll('dsq_flags=0x0', 'dsq_flags=0x1') : renderDump(model);
  const of = (model: DumpModel): DumpFinding | undefined =>
    diagnosed(textOf(model)).findings.find((finding) => finding.check === check);

  test('finds it', () => {
    const finding = of(dump);
    expect(finding).toMatchObject(expected);
    expect(finding?.evidence.length).toBeGreaterThan(0);
    expect(finding?.evidence.every(({ line }) => line > 0)).toBe(true);
    if (expected.verdict === 'possible') expect(finding?.proven_by).not.toBeNull();
  });

  test('finds nothing without it', () => {
    expect(of(clean)).toBeUndefined();
  });
});

test('lines that are missing are noticed', () => {
  const text = renderDump(dumpOf([task(3), task(4)], { trigger: { comm: 'kworker', pid: 5, kind: 1024, cpu: 0 } }));
  const result = diagnosed(text.replace('nr_run=3', 'nr_run=4'));
  expect(result.findings.find(({ check }) => check === 'lines-missing')).toMatchObject({ verdict: 'info', cpu: 0 });
});

test('every check has a case', () => {
  const tested = new Set([...CASES.map(({ check }) => check), 'lines-missing']);
  expect(DUMP_CHECKS.map(({ id }) => id).filter((id) => !tested.has(id))).toEqual([]);
});
