// Random debug dumps, and how each kernel release prints them: written from the format, without the parser.
import fc from 'fast-check';

/** Releases whose dumps differ in shape. */
export type Shape = '6.12' | '6.12.17' | '6.14' | '6.15' | '6.18' | '6.19' | '7.0' | '7.1' | '7.2' | '7.3';
export const SHAPES: readonly Shape[] = ['6.12', '6.12.17', '6.14', '6.15', '6.18', '6.19', '7.0', '7.1', '7.2', '7.3'];

export interface TaskModel {
  readonly comm: string;
  readonly pid: number;
  readonly state: string;
  readonly sub: { readonly level: number; readonly cgroup: number } | undefined;
  readonly delta: number;
  readonly scxState: number;
  readonly flags: number;
  readonly opsState: number;
  readonly qseq: number;
  readonly sticky: number;
  readonly holding: number;
  readonly dsq: bigint | undefined;
  readonly vtime: bigint;
  readonly slice: bigint;
  readonly weight: number;
  readonly cpus: number;
  readonly noMig: number;
  readonly ops: readonly string[];
  readonly stack: readonly string[];
}

export interface CpuModel {
  readonly flags: number;
  readonly released: boolean;
  readonly seqs: readonly [number, number];
  readonly rescuing: { readonly comm: string; readonly pid: number } | undefined;
  /** Task that runs, when it is none of the ext class. */
  readonly other: { readonly comm: string; readonly pid: number; readonly class: string };
  readonly runsExt: boolean;
  readonly kick: number;
  readonly ops: readonly string[];
  readonly tasks: readonly TaskModel[];
}

export interface DumpModel {
  readonly shape: Shape;
  readonly name: string;
  readonly trigger:
    | 'sysrq'
    | { readonly comm: string; readonly pid: number; readonly kind: number; readonly cpu: number };
  readonly message: string;
  readonly backtrace: readonly string[];
  readonly ops: readonly string[];
  readonly cpus: readonly CpuModel[];
  readonly counters: readonly bigint[];
}

const ORDER: readonly Shape[] = SHAPES;
const since = (shape: Shape, first: Shape): boolean => ORDER.indexOf(shape) >= ORDER.indexOf(first);

const REASON: Readonly<Record<number, string>> = {
  1024: 'runtime error',
  1025: 'scx_bpf_error',
  1026: 'runnable task stall',
};

const COUNTERS = ['SELECT_CPU_FALLBACK', 'DISPATCH_LOCAL_DSQ_OFFLINE', 'DISPATCH_KEEP_LAST', 'ENQ_SKIP_EXITING'];
const DIGITS = 4;

/** The text of the dump, with a line end behind the last line. */
export function renderDump(dump: DumpModel): string {
  const { shape } = dump;
  const lines: string[] = [];
  if (since(shape, '7.1')) lines.push(`${dump.name}: root`);
  if (dump.trigger === 'sysrq') lines.push('Debug dump triggered by SysRq-D');
  else {
    const { comm, pid, kind, cpu } = dump.trigger;
    lines.push(
      `${comm}[${pid}] triggered exit kind ${kind}${since(shape, '7.2') ? ` on CPU ${cpu}` : ''}:`,
      `  ${REASON[kind] ?? '<UNKNOWN>'} (${dump.message})`,
      '',
      'Backtrace:',
      ...dump.backtrace.map((frame) => `  ${frame}`),
    );
  }
  if (dump.ops.length > 0) lines.push('', ...dump.ops);
  lines.push('', 'CPU states', '----------');
  for (const [i, cpu] of dump.cpus.entries()) lines.push('', ...renderCpu(cpu, i, shape));
  if (since(shape, '6.15')) {
    lines.push('', 'Event counters', '--------------');
    for (const [i, value] of dump.counters.entries()) {
      lines.push(`${`SCX_EV_${COUNTERS[i] ?? i}`.padStart(40)}: ${String(value).padStart(16)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function renderCpu(cpu: CpuModel, n: number, shape: Shape): string[] {
  const [qseq, sync] = cpu.seqs;
  const second = since(shape, '6.19') ? 'ksync' : 'pnt_seq';
  const seqs = since(shape, '7.3') ? `ksync=${sync}` : `ops_qseq=${qseq} ${second}=${sync}`;
  const current = cpu.runsExt ? cpu.tasks[0] : undefined;
  const { comm, pid } = current ?? cpu.other;
  const name = cpu.rescuing === undefined ? 'none[-1]' : `${cpu.rescuing.comm}[${cpu.rescuing.pid}]`;
  const lines = [
    `CPU ${String(n).padEnd(4)}: nr_run=${cpu.tasks.length} flags=0x${cpu.flags.toString(16)} cpu_rel=${Number(cpu.released)} ${seqs}`,
    ...(since(shape, '7.3') ? [`          rescue=1 budget=-7us rescuing=${name}`] : []),
    `          curr=${comm}[${pid}] class=${current === undefined ? cpu.other.class : 'ext_sched_class'}`,
    ...(cpu.kick === 0 ? [] : [`  cpus_to_kick   : ${cpu.kick.toString(16).padStart(DIGITS, '0')}`]),
  ];
  if (cpu.ops.length > 0) lines.push('', ...cpu.ops.map((line) => `  ${line}`));
  for (const task of cpu.tasks) lines.push('', ...renderTask(task, task === current, shape));
  return lines;
}

function renderTask(task: TaskModel, current: boolean, shape: Shape): string[] {
  const dsq = task.dsq === undefined ? '(n/a)' : `0x${task.dsq.toString(16)}`;
  const owner = task.sub === undefined ? '*root' : `sub${task.sub.level}-${task.sub.cgroup}`;
  const delta = `${task.delta >= 0 ? '+' : ''}${task.delta}ms`;
  const old = shape === '6.12' ? ` dsq_vtime=${task.vtime}` : ` dsq_vtime=${task.vtime} slice=${task.slice}`;
  const lines = [
    ` ${current ? '*' : ' '}${task.state} ${task.comm}[${task.pid}] ${since(shape, '7.1') ? `${owner} ` : ''}${delta}`,
    `      scx_state/flags=${task.scxState}/0x${task.flags.toString(16)} dsq_flags=0x0 ops_state/qseq=${task.opsState}/${task.qseq}`,
    `      sticky/holding_cpu=${task.sticky}/${task.holding} dsq_id=${dsq}${since(shape, '6.14') ? '' : old}`,
    ...(since(shape, '6.14') ? [`      dsq_vtime=${task.vtime} slice=${task.slice} weight=${task.weight}`] : []),
    `      cpus=${task.cpus.toString(16).padStart(DIGITS, '0')}${since(shape, '6.18') ? ` no_mig=${task.noMig}` : ''}`,
  ];
  if (task.ops.length > 0) lines.push('', ...task.ops.map((line) => `    ${line}`));
  if (task.stack.length > 0) lines.push('', ...task.stack.map((frame) => `    ${frame}`));
  return lines;
}

/** The lines of a user-space tool around a dump. */
export function renderReport(dump: DumpModel): string {
  const rule = '='.repeat(80);
  if (dump.trigger === 'sysrq') return renderDump(dump);
  const { kind, cpu } = dump.trigger;
  const onCpu = since(dump.shape, '7.2') ? ` on CPU ${cpu}` : '';
  return `\nDEBUG DUMP\n${rule}\n\n${renderDump(dump)}\n${rule}\n\nEXIT: ${REASON[kind]} (${dump.message})${onCpu}\n`;
}

/** What the dump says, in the names of the parser, for comparison. */
export function expectedDump(dump: DumpModel): object {
  const { shape, trigger } = dump;
  const owners = since(shape, '7.1');
  return {
    owner: owners ? { name: dump.name, level: 0 } : undefined,
    trigger:
      trigger === 'sysrq'
        ? { kind: 'sysrq', by: 'SysRq-D' }
        : {
            kind: 'exit',
            task: { comm: trigger.comm, pid: trigger.pid },
            exitKind: trigger.kind,
            exitCpu: since(shape, '7.2') ? trigger.cpu : undefined,
            namesCpu: since(shape, '7.2'),
          },
    reason: trigger === 'sysrq' ? undefined : REASON[trigger.kind],
    message: trigger === 'sysrq' ? undefined : dump.message,
    backtrace: trigger === 'sysrq' ? [] : dump.backtrace,
    ops: dump.ops,
    cpus: dump.cpus.map((cpu, n) => ({
      cpu: n,
      nrRun: cpu.tasks.length,
      flags: cpu.flags,
      cpuReleased: cpu.released,
      opsQseq: shape === '7.3' ? undefined : String(cpu.seqs[0]),
      pntSeq: since(shape, '6.19') ? undefined : String(cpu.seqs[1]),
      ksync: since(shape, '6.19') ? String(cpu.seqs[1]) : undefined,
      ...(since(shape, '7.3') ? { rescue: 1, rescueBudgetUs: -7, rescuing: cpu.rescuing ?? null } : {}),
      curr: cpu.runsExt
        ? { comm: cpu.tasks[0]?.comm, pid: cpu.tasks[0]?.pid }
        : { comm: cpu.other.comm, pid: cpu.other.pid },
      currClass: cpu.runsExt ? 'ext_sched_class' : cpu.other.class,
      masks: cpu.kick === 0 ? [] : [{ name: 'cpus_to_kick', cpus: bits(cpu.kick) }],
      ops: cpu.ops,
      tasks: cpu.tasks.map((task, i) => expectedTask(task, cpu.runsExt && i === 0, shape)),
    })),
    counters: since(shape, '6.15')
      ? dump.counters.map((value, i) => ({ name: `SCX_EV_${COUNTERS[i] ?? i}`, value: String(value) }))
      : [],
  };
}

function expectedTask(task: TaskModel, current: boolean, shape: Shape): object {
  return {
    current,
    state: task.state,
    comm: task.comm,
    pid: task.pid,
    own: since(shape, '7.1') ? task.sub === undefined : undefined,
    owner: !since(shape, '7.1')
      ? undefined
      : task.sub === undefined
        ? { level: 0 }
        : { level: task.sub.level, cgroup: String(task.sub.cgroup) },
    runnableDelta: task.delta,
    scxState: task.scxState,
    flags: task.flags,
    dsqFlags: 0,
    opsState: task.opsState,
    qseq: String(task.qseq),
    stickyCpu: task.sticky,
    holdingCpu: task.holding,
    dsq: task.dsq === undefined ? null : String(task.dsq),
    vtime: String(task.vtime),
    slice: shape === '6.12' ? undefined : String(task.slice),
    weight: since(shape, '6.14') ? task.weight : undefined,
    cpus: bits(task.cpus),
    noMig: since(shape, '6.18') ? task.noMig : undefined,
    ops: task.ops,
    stack: task.stack,
  };
}

/** A mask as a cpulist, ranges included. */
function bits(mask: number): string {
  const parts: string[] = [];
  for (let cpu = 0; cpu < 16; cpu++) {
    if (((mask >> cpu) & 1) === 0) continue;
    const from = cpu;
    while (((mask >> (cpu + 1)) & 1) === 1) cpu++;
    parts.push(from === cpu ? `${from}` : `${from}-${cpu}`);
  }
  return parts.join(',');
}

/** Names that a task can have, ordinary ones. */
const PLAIN_COMMS = ['hog-1', 'kworker/u16:1', 'swapper/2', 'rcu_preempt', 'Xorg', '(sd-pam)', 'a.out', 'tokio-rt-w'];
/** With blanks, brackets and words of dumps. */
const ODD_COMMS = [
  'Web Content',
  'Wolfenstein You',
  'CPU states',
  'a[1] +0ms',
  'x[7] *root',
  '[kthread]',
  'curr=a[1]',
  'it\'s <b> & "q"',
  'R b[2]',
  '* star',
  'a: root',
  'cpus=f',
  'EXIT: <UNKNOWN>',
];
/** With line ends: pieces look like other lines of a dump. */
const BROKEN_COMMS = [
  'a\nb',
  '\nCPU states\n',
  '\nBacktrace:\n',
  '\nDEBUG DUMP\n',
  '\n  R a[1] +0ms',
  '\ncurr=x[1]',
  '\ncpus=f\n',
  'x\nweight=1',
  '\nsched_ext: a\n',
  '\na+0x1/0x2\n',
];

export interface DumpChoice {
  readonly shapes?: readonly Shape[];
  readonly comms: 'plain' | 'odd' | 'broken';
  /** ops.dump callbacks print something. */
  readonly ops?: boolean;
}

const COMMS = {
  plain: PLAIN_COMMS,
  odd: [...PLAIN_COMMS, ...ODD_COMMS],
  broken: [...PLAIN_COMMS, ...ODD_COMMS, ...BROKEN_COMMS],
};
const MESSAGES: readonly (readonly [number, string])[] = [
  [1024, 'SCX_DSQ_LOCAL[_ON] target CPU 1 not allowed for hog-3[508]'],
  [1024, 'non-existent DSQ 0xbad'],
  [1025, 'main.bpf.c:200: giving up (again) on slp-3[8536]'],
  [1026, 'hog-1[1792] failed to run for 1.712s'],
  [1024, 'attempting to destroy in-use dsq 0x0000000000000100 (nr=9)'],
];
const FRAMES = [
  'scx_vexit+0x6e/0xa0',
  '__schedule+0x661/0x1080',
  'nvidia_isr+0x1/0x20 [nvidia]',
  'bpf_prog_4d372830b67f8015_grant+0x37c/0x4aa',
  '0xffffffffc0a01234',
];
const OPS_LINES = [
  'QMAP FIFO[0]: 1 2',
  '+ given_slice: 5000000',
  'dsq 3 -> 7',
  'weight=7 lag=3',
  'R looks like a task',
  'cells=2 (0-3)',
];

/** Dumps of a choice of shapes. */
export function arbitraryDump({ shapes = SHAPES, comms, ops = true }: DumpChoice): fc.Arbitrary<DumpModel> {
  const comm = fc.constantFrom(...COMMS[comms]);
  const lines = ops ? fc.array(fc.constantFrom(...OPS_LINES), { maxLength: 2 }) : fc.constant([]);
  const stack = fc.array(fc.constantFrom(...FRAMES), { maxLength: 3 });
  const small = fc.nat({ max: 99999 });
  const wide = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const task: fc.Arbitrary<TaskModel> = fc.record({
    comm,
    pid: fc.integer({ min: 1, max: 4194303 }),
    state: fc.constantFrom('R', 'S', 'D', 'I'),
    sub: fc.option(fc.record({ level: fc.integer({ min: 1, max: 3 }), cgroup: small }), { nil: undefined }),
    delta: fc.integer({ min: -40000, max: 40 }),
    scxState: fc.nat({ max: 5 }),
    flags: fc.nat({ max: 0x7fff }),
    opsState: fc.nat({ max: 3 }),
    qseq: small,
    sticky: fc.integer({ min: -1, max: 7 }),
    holding: fc.integer({ min: -1, max: 7 }),
    dsq: fc.option(fc.oneof(fc.constantFrom(0x8000000000000002n, 0x100n, 0n), wide), { nil: undefined }),
    vtime: wide,
    slice: wide,
    weight: fc.integer({ min: 1, max: 10000 }),
    cpus: fc.nat({ max: 0xffff }),
    noMig: fc.nat({ max: 2 }),
    ops: lines,
    stack,
  });
  const cpu: fc.Arbitrary<CpuModel> = fc.record({
    flags: fc.constantFrom(0, 1, 0x21, 0x10001),
    released: fc.boolean(),
    seqs: fc.tuple(small, small),
    rescuing: fc.option(fc.record({ comm, pid: small }), { nil: undefined }),
    other: fc.record({
      comm,
      pid: small,
      class: fc.constantFrom('idle_sched_class', 'rt_sched_class', '0xffffffff980d2f20'),
    }),
    runsExt: fc.boolean(),
    kick: fc.constantFrom(0, 0, 0x3, 0x8001),
    ops: lines,
    tasks: fc.array(task, { maxLength: 3 }),
  });
  return fc
    .record({
      shape: fc.constantFrom(...shapes),
      name: fc.constantFrom('misb', 'lavd_1.0.15_x86_64', 'simple: two'),
      trigger: fc.oneof(
        { weight: 1, arbitrary: fc.constant('sysrq' as const) },
        {
          weight: 4,
          arbitrary: fc.record({
            comm: fc.constantFrom(...COMMS[comms === 'broken' ? 'odd' : comms]),
            pid: small,
            cpu: fc.nat({ max: 40 }),
          }),
        },
      ),
      message: fc.constantFrom(...MESSAGES),
      backtrace: fc.array(fc.constantFrom(...FRAMES), { minLength: 1, maxLength: 3 }),
      ops: lines,
      cpus: fc.array(cpu, { minLength: 1, maxLength: 3 }),
      counters: fc.array(fc.bigInt({ min: -5n, max: 10n ** 12n }), { minLength: 4, maxLength: 4 }),
    })
    .map(({ message: [kind, message], trigger, ...rest }) => ({
      ...rest,
      message,
      trigger: trigger === 'sysrq' ? trigger : { ...trigger, kind },
      cpus: rest.cpus.map((block) => ({ ...block, runsExt: block.runsExt && block.tasks.length > 0 })),
    }));
}
