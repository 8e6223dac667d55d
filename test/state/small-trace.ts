// A small trace written by hand: two tasks, one scheduler, a verdict that is dropped, a switch, a loss.
import { traceText } from '../support/replay.ts';

const SCHED = 7;
const DSQ = '0x100';

/** Events by name, in order; their ordinals are in `AT`. */
const STEPS = {
  load: {
    cpu: 0,
    type: 'sched_attach',
    step: 'alloc',
    sched: SCHED,
    name: 'demo',
    level: 0,
    ops_flags: '0x2',
    max_batch: 4,
    timeout_ms: 1000,
  },
  link: { cpu: 0, type: 'sched_attach', step: 'link', sched: SCHED, level: 0 },
  queue: { cpu: 0, type: 'dsq_create', step: 'init', dsq: DSQ, sched: SCHED },
  bornA: { cpu: 0, type: 'fork', step: 'new', pid: 10, parent: 1, comm: 'alpha' },
  bornB: { cpu: 0, type: 'fork', step: 'new', pid: 11, parent: 1, comm: 'beta' },
  // alpha is given to the scheduler, which takes it.
  runnableA: { cpu: 0, type: 'enqueue', pid: 10, rq: 0, enq_flags: '0x1', scx_flags: '0x404' },
  enqueueA: {
    cpu: 0,
    type: 'ops_enqueue',
    phase: 'begin',
    pid: 10,
    rq: 0,
    sched: SCHED,
    enq_flags: '0x1',
    scx_flags: '0x401',
    slice: 0,
    vtime: 500,
    weight: 100,
    migration_disabled: 0,
    cpus: '0-1',
  },
  takenA: { cpu: 0, type: 'ops_enqueue', phase: 'end', pid: 10, rq: 0, ops_state: '0x6', scx_flags: '0x403' },
  // CPU 1 decides about it, but its mask changes before the verdict is carried out.
  pick: { cpu: 1, type: 'pick', phase: 'begin', rq: 1, curr: 0 },
  insertA: {
    cpu: 1,
    type: 'insert',
    step: 'commit',
    pid: 10,
    dsq: 'local_on:1',
    sched: SCHED,
    ops_state: '0x6',
    slice: 5000000,
    vtime: 0,
    enq_flags: '0x0',
  },
  offA: { cpu: 0, type: 'dequeue', pid: 10, rq: 0, deq_flags: '0x200000002', scx_flags: '0x403' },
  backA: {
    cpu: 0,
    type: 'ops_dequeue',
    pid: 10,
    rq: 0,
    deq_flags: '0x200000002',
    ops_state: '0x6',
    scx_flags: '0x403',
  },
  mask: { cpu: 0, type: 'affinity', pid: 10, cpus: '0', old_cpus: '0-1', on_rq: 1, task_cpu: 0 },
  againA: { cpu: 0, type: 'enqueue', pid: 10, rq: 0, enq_flags: '0x2', scx_flags: '0x400' },
  enqueueA2: {
    cpu: 0,
    type: 'ops_enqueue',
    phase: 'begin',
    pid: 10,
    rq: 0,
    sched: SCHED,
    enq_flags: '0x2',
    scx_flags: '0x401',
  },
  takenA2: { cpu: 0, type: 'ops_enqueue', phase: 'end', pid: 10, rq: 0, ops_state: '0xa', scx_flags: '0x403' },
  flush: { cpu: 1, type: 'flush', phase: 'begin', rq: 1, sched: SCHED, n: 1 },
  flushed: { cpu: 1, type: 'flush', phase: 'end', rq: 1, sched: SCHED },
  // beta and alpha are put on the DSQ, alpha first by its vtime.
  queueB: {
    cpu: 0,
    type: 'dsq_link',
    pid: 11,
    dsq: DSQ,
    sched: SCHED,
    nr: 0,
    dsq_seq: 1,
    dsq_flags: '0x1',
    vtime: 900,
    slice: 20000000,
    task_cpu: 0,
    cpus: '0-1',
  },
  queueA: {
    cpu: 0,
    type: 'dsq_link',
    pid: 10,
    dsq: DSQ,
    sched: SCHED,
    nr: 1,
    dsq_seq: 2,
    dsq_flags: '0x1',
    vtime: 500,
    slice: 4000000,
    task_cpu: 0,
    cpus: '0',
  },
  consume: { cpu: 1, type: 'consume', phase: 'begin', rq: 1, dsq: DSQ, sched: SCHED, nr: 2 },
  // CPU 1 may not run alpha: it takes beta, which is behind it.
  tookB: { cpu: 1, type: 'dsq_unlink', pid: 11, dsq: DSQ, sched: SCHED, nr: 2, task_cpu: 0 },
  localB: { cpu: 1, type: 'dsq_link', pid: 11, dsq: 'local', dsq_cpu: 1, nr: 0, task_cpu: 1 },
  consumed: { cpu: 1, type: 'consume', phase: 'end', rq: 1, ret: 1 },
  picked: { cpu: 1, type: 'pick', phase: 'end', rq: 1, pid: 11, verdict: 'task', local_nr: 1 },
  runB: { cpu: 1, type: 'run', pid: 11, rq: 1, scx_flags: '0x401', slice: 20000000 },
  leaveB: { cpu: 1, type: 'dsq_unlink', pid: 11, dsq: 'local', dsq_cpu: 1, nr: 1, task_cpu: 1 },
  switchB: { cpu: 1, type: 'switch', prev: 0, next: 11 },
  lost: { cpu: 0, type: 'lost', count: 12 },
  later: { cpu: 0, type: 'mark', text: 'the end' },
} as const;

export type StepName = keyof typeof STEPS;

const NAMES = Object.keys(STEPS) as StepName[];

/** Time between two events, and of the first, ns. */
export const STEP_NS = 1000;
export const START_NS = 5_000_000_000;

/** Ordinal of each event, as `@N`. */
export const AT = Object.fromEntries(NAMES.map((name, i) => [name, `@${i}`])) as Record<StepName, string>;

export function ordinal(name: StepName): number {
  return NAMES.indexOf(name);
}

/** The trace as jsonl: each event 1 µs after the one before. */
export const SMALL = traceText(
  NAMES.map((name, i) => ({ ts: START_NS + i * STEP_NS, ...STEPS[name] })),
  {
    kernel: '7.3',
    cpus: { possible: '0-1', online: '0-1' },
    recorded: [...new Set(Object.values(STEPS).map(({ type }) => type))],
  },
);
