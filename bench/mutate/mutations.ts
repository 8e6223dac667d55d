// The kinds of break: dropped, doubled and reordered events, and wrong values of every field that the model stands on.
import { detectKernel } from '../../src/kernel/detect.ts';
import { semanticsOf } from '../../src/kernel/semantics.ts';
import type { TraceEvent } from '../../src/trace/event.ts';
import type { EventType } from '../../src/trace/vocabulary/index.ts';
import { alter, double, drop, type Filter, otherCpu, otherDsq, otherPid, otherTask, swap, type Why } from './breaks.ts';
import type { Mutation } from './mutation.ts';
import type { Random } from './random.ts';
import type { Recording } from './recording.ts';

const begins: Filter = (event) => event.phase === 'begin';
const ends: Filter = (event) => event.phase === 'end';

/** The kfunc itself writes slice and vtime of the task, so that nothing carries them to the DSQ. */
const writtenByKfunc: Why = (_event, _index, { header }) =>
  semanticsOf(detectKernel(header, undefined).version).verdictCarriesSlice
    ? ''
    : 'before 7.3 the slice of a verdict is written at once, and nothing later repeats it';

/** Nothing later shows p->scx.flags of the task. */
const lastOfTask: Why = (event, index, { events }) => {
  for (let i = index + 1; i < events.length; i++) {
    const later = events[i];
    if (later?.pid === event.pid && (later.has('scx_flags') || later.has('old_state'))) return '';
    if (later?.next === event.pid && later.has('next_scx_flags')) return '';
  }
  return 'no later event shows the state of the task';
};

/** A recorder that has no probe for the end of a call records just this: only an earlier end tells that it has one. */
const firstEnd: Why = (event, index, recording) => {
  const earlier = recording.byType.get(event.type)?.some((at) => at < index && recording.events[at]?.phase === 'end');
  return earlier === true ? '' : 'no earlier end of this call shows that ends are recorded';
};
const commits: Filter = (event) => event.step === 'commit';

const plus =
  (
    field:
      | 'nr'
      | 'local_nr'
      | 'n'
      | 'dsq_seq'
      | 'reenq_cnt'
      | 'depth'
      | 'weight'
      | 'nr_tasks'
      | 'nr_balanced'
      | 'before_min'
      | 'before_max',
  ) =>
  (event: TraceEvent, _recording: Recording, random: Random): boolean => {
    if (!event.has(field)) return false;
    event[field] = event[field] + (event[field] > 0 && random.next() < 0.5 ? -1 : 1);
    return true;
  };

const cpuField =
  (field: 'rq' | 'task_cpu' | 'cpu' | 'dst' | 'src' | 'dest_cpu' | 'orig_cpu' | 'target' | 'selected_cpu') =>
  (event: TraceEvent, recording: Recording, random: Random): boolean => {
    if (field !== 'cpu' && !event.has(field)) return false;
    const cpu = otherCpu(recording, random, event[field]);
    if (cpu < 0) return false;
    event[field] = cpu;
    return true;
  };

const flipMask =
  (field: 'cpus' | 'new_cpus' | 'next_cpus') =>
  (event: TraceEvent, recording: Recording, random: Random): boolean => {
    if (!event.has(field)) return false;
    const cpu = random.pick(recording.cpus) ?? 0;
    const mask = event[field];
    if (mask.has(cpu)) {
      if (mask.size <= 1) return false;
      mask.delete(cpu);
    } else mask.add(cpu);
    return true;
  };

const flipFlag =
  (bit: number) =>
  (event: TraceEvent): boolean => {
    if (!event.has('scx_flags')) return false;
    event.scx_flags_lo = event.scx_flags_lo ^ bit;
    return true;
  };

const FLAGGED: readonly EventType[] = ['enqueue', 'dequeue', 'ops_enqueue', 'ops_dequeue', 'run', 'stop', 'dsq_link'];

export const MUTATIONS: readonly Mutation[] = [
  drop('drop-link', 'an insertion into a DSQ is missing', 'dsq_link'),
  double('double-link', 'an insertion into a DSQ is there twice', 'dsq_link'),
  drop('drop-unlink', 'a removal from a DSQ is missing', 'dsq_unlink'),
  double('double-unlink', 'a removal from a DSQ is there twice', 'dsq_unlink'),
  alter('link-task', 'another task is put on the DSQ', 'dsq_link', otherTask),
  alter('unlink-task', 'another task is taken off the DSQ', 'dsq_unlink', otherTask),
  alter('link-dsq', 'a task is put on another DSQ', 'dsq_link', otherDsq),
  alter('unlink-dsq', 'a task is taken off another DSQ', 'dsq_unlink', otherDsq),
  alter('link-nr', 'a DSQ has another length at an insertion', 'dsq_link', plus('nr')),
  alter('unlink-nr', 'a DSQ has another length at a removal', 'dsq_unlink', plus('nr')),
  alter('link-seq', 'the insertion counter of a DSQ is another', 'dsq_link', plus('dsq_seq')),
  alter('link-mask', 'a task on a DSQ has another mask', 'dsq_link', flipMask('cpus')),
  alter('link-task-cpu', 'a task on a DSQ belongs to another run queue', 'dsq_link', cpuField('task_cpu')),
  swap('swap-link', 'an insertion changes places with the next event of its CPU', 'dsq_link'),
  swap('swap-unlink', 'a removal changes places with the next event of its CPU', 'dsq_unlink'),

  drop('drop-pick-begin', 'the beginning of a pick is missing', 'pick', begins),
  drop('drop-pick-end', 'the end of a pick is missing', 'pick', ends),
  alter('pick-task', 'another task is picked', 'pick', otherTask, (event) => ends(event, 0, NONE) && event.pid > 0),
  alter(
    'pick-none',
    'nothing is picked instead of a task',
    'pick',
    (event) => {
      event.verdict = 'none';
      event.drop('pid');
      return true;
    },
    (event) => event.phase === 'end' && event.verdict === 'task',
  ),
  alter('pick-nr', 'the local DSQ has another length at a pick', 'pick', plus('local_nr')),
  alter('pick-rq', 'a pick is for another CPU', 'pick', cpuField('rq')),

  drop('drop-switch', 'a context switch is missing', 'switch'),
  double('double-switch', 'a context switch is there twice', 'switch', (event) => event.prev !== event.next),
  alter('switch-next', 'a CPU switches to another task', 'switch', (event, recording, random) => {
    const pid = otherPid(event, recording, random);
    if (pid < 0) return false;
    event.next = pid;
    return true;
  }),
  alter('switch-prev', 'a CPU switches from another task', 'switch', (event, recording, random) => {
    const pid = otherPid(event, recording, random);
    if (pid < 0) return false;
    event.prev = pid;
    return true;
  }),
  alter('switch-cpu', 'a context switch happens on another CPU', 'switch', cpuField('cpu')),
  alter('switch-mask', 'a task runs with another mask', 'switch', flipMask('next_cpus'), (event) => event.next > 0),
  alter(
    'switch-class',
    'a task runs in another scheduling class',
    'switch',
    (event, recording) => {
      const fair = recording.header.schedClasses.get('fair') ?? 0n;
      event.next_class_hi = Number(BigInt.asIntN(32, fair >> 32n));
      event.next_class_lo = Number(BigInt.asIntN(32, fair));
      return fair !== 0n;
    },
    (event, _at, recording) => recording.pids.includes(event.next) && isExt(event, recording),
  ),
  alter(
    'switch-state',
    'a task that blocks leaves its CPU as runnable, or the other way round',
    'switch',
    (event) => {
      event.prev_state = event.prev_state === 0 ? 1 : 0;
      event.preempt = false;
      return true;
    },
    (event, _at, recording) => recording.pids.includes(event.prev) && isExtPrev(event, recording),
  ),

  drop('drop-run', 'ops.running() is missing', 'run'),
  double('double-run', 'ops.running() is there twice', 'run'),
  alter('run-task', 'ops.running() names another task', 'run', otherTask),
  alter('run-rq', 'ops.running() is for another CPU', 'run', cpuField('rq')),
  drop('drop-stop', 'ops.stopping() is missing', 'stop'),
  double('double-stop', 'ops.stopping() is there twice', 'stop'),
  alter('stop-task', 'ops.stopping() names another task', 'stop', otherTask),

  drop('drop-enqueue', 'an enqueue is missing', 'enqueue'),
  double('double-enqueue', 'an enqueue is there twice', 'enqueue'),
  alter('enqueue-task', 'another task is enqueued', 'enqueue', otherTask),
  alter('enqueue-rq', 'a task is enqueued on another run queue', 'enqueue', cpuField('rq')),
  drop('drop-dequeue', 'a dequeue is missing', 'dequeue'),
  double('double-dequeue', 'a dequeue is there twice', 'dequeue'),
  alter('dequeue-task', 'another task is dequeued', 'dequeue', otherTask),
  drop('drop-ops-enqueue-begin', 'the beginning of ops.enqueue() is missing', 'ops_enqueue', begins),
  drop('drop-ops-enqueue-end', 'the end of ops.enqueue() is missing', 'ops_enqueue', ends),
  alter('ops-enqueue-task', 'ops.enqueue() is for another task', 'ops_enqueue', otherTask, begins),
  drop('drop-ops-dequeue', 'ops_dequeue() is missing', 'ops_dequeue'),
  double('double-ops-dequeue', 'ops_dequeue() is there twice', 'ops_dequeue'),
  alter('flag-queued', 'QUEUED is flipped in p->scx.flags', FLAGGED, flipFlag(0x1)),
  alter('flag-custody', 'IN_CUSTODY is flipped in p->scx.flags', ['enqueue', 'dequeue', 'run', 'stop'], flipFlag(0x2)),
  alter('flag-state', 'the life-cycle state in p->scx.flags is another', FLAGGED, flipFlag(0x300)),

  drop('drop-consume-begin', 'the beginning of a consumption is missing', 'consume', begins),
  drop('drop-consume-end', 'the end of a consumption is missing', 'consume', ends),
  alter(
    'consume-result',
    'a consumption has the other result',
    'consume',
    (event) => {
      event.ret = event.ret > 0 ? 0 : 1;
      return true;
    },
    ends,
  ),
  alter(
    'can-run-result',
    'the test whether a task may run has the other result',
    'can_run_remote',
    (event) => {
      event.ret = event.ret > 0 ? 0 : 1;
      return true;
    },
    ends,
  ),
  drop('drop-insert', 'an accepted insert is missing', 'insert', commits),
  alter('insert-task', 'an insert names another task', 'insert', otherTask, commits),
  alter(
    'insert-dsq',
    'an insert names another DSQ',
    'insert',
    (event) => {
      event.dsq_lo = event.dsq_lo ^ 1;
      return true;
    },
    commits,
  ),
  alter(
    'insert-slice',
    'an insert carries another slice',
    'insert',
    (event) => {
      event.slice_lo = (event.slice_lo + 1000) | 0;
      return event.has('slice');
    },
    commits,
    writtenByKfunc,
  ),
  alter('flush-count', 'another number of verdicts is worked off', 'flush', plus('n'), begins),
  alter(
    'found-dsq',
    'another DSQ is found than was asked for',
    'find_dsq',
    (event) => {
      if (!event.has('found')) return false;
      event.found_lo = event.found_lo ^ 3;
      return true;
    },
    ends,
  ),
  alter('dispatch-task', 'another task is about to be linked', 'dispatch_enqueue', otherTask),
  drop('drop-dispatch-enqueue', 'the call that links a task is missing', 'dispatch_enqueue'),

  alter(
    'affinity-mask',
    'another mask comes into effect',
    'affinity',
    flipMask('cpus'),
    (event) => event.phase === 'end' && event.step === 'scx',
  ),
  drop(
    'drop-affinity',
    'a change of the mask is missing',
    'affinity',
    (event) => event.step === 'scx' && event.phase === 'end',
    firstEnd,
  ),
  drop('drop-migrate', 'a migration is missing', 'migrate'),
  alter('migrate-dest', 'a task migrates to another CPU', 'migrate', cpuField('dest_cpu')),
  alter(
    'wakeup-target',
    'a task is awake on another CPU',
    'wakeup',
    cpuField('target'),
    (event) => event.step === 'wakeup',
  ),
  alter('update-curr-task', 'another task is charged', 'update_curr', otherTask),
  alter('slice-grows', 'the slice of a running task grows', 'update_curr', (event) => {
    event.slice_lo = (event.slice_lo + 50_000_000) | 0;
    return event.slice_hi === 0;
  }),
  alter('tick-task', 'a tick interrupts another task', 'tick', otherTask),
  alter('weight', 'a task has another weight', 'ops_enqueue', plus('weight'), begins),
  alter('reenq-count', 'a task has another number of re-enqueues', 'ops_enqueue', plus('reenq_cnt'), begins),

  drop('drop-bypass', 'the beginning of a bypass switch is missing', 'bypass', begins),
  alter('bypass-depth', 'the bypass depth is another', 'bypass', plus('depth')),
  alter(
    'bypass-direction',
    'bypass goes off instead of on',
    'bypass',
    (event) => {
      event.bypass = !event.bypass;
      return true;
    },
    begins,
  ),
  alter(
    'lb-tasks',
    'the balancer counts other tasks',
    'bypass_lb',
    plus('nr_tasks'),
    (event) => event.step !== 'timer',
  ),
  alter(
    'lb-balanced',
    'the balancer counts other moves',
    'bypass_lb',
    plus('nr_balanced'),
    (event) => event.step !== 'timer',
  ),
  alter(
    'lb-max',
    'the longest bypass DSQ is another',
    'bypass_lb',
    plus('before_max'),
    (event) => event.step !== 'timer',
  ),
  drop('drop-task-state', 'a change of the life-cycle state is missing', 'task_state', () => true, lastOfTask),
  drop('drop-task-init', 'ops.init_task() is missing', 'task_init', begins),
  drop('drop-task-enable', 'ops.enable() is missing', 'task_enable', begins),
  double('double-task-enable', 'ops.enable() is there twice', 'task_enable', begins),
  drop('drop-link-sched', 'the loading of a scheduler is missing', 'sched_attach', (event) => event.step === 'link'),
];

const NONE = {} as Recording;

function isExt(event: TraceEvent, recording: Recording): boolean {
  const ext = recording.header.schedClasses.get('ext');
  return ext !== undefined && event.value('next_class') === BigInt.asUintN(64, ext);
}

function isExtPrev(event: TraceEvent, recording: Recording): boolean {
  const ext = recording.header.schedClasses.get('ext');
  return ext !== undefined && event.value('prev_class') === BigInt.asUintN(64, ext);
}
