// The kinds of break: dropped, doubled and reordered events, and wrong values of every field that the model stands on.
import { formatDsqId } from '../../src/kernel/dsq-id.ts';
import { newTraceEvent, type TraceEvent } from '../../src/trace/event.ts';
import type { EventType } from '../../src/trace/vocabulary/index.ts';
import type { Mutant, Mutation } from './mutation.ts';
import type { Random } from './random.ts';
import type { Recording } from './recording.ts';

type Filter = (event: TraceEvent, index: number, recording: Recording) => boolean;
type Why = (event: TraceEvent, index: number, recording: Recording) => string;

/** Events are looked for from this share of the recording on: by then a scheduler is loaded and the model has settled. */
const SETTLED = 0.1;
const TRIES = 200;

function copyOf(event: TraceEvent): TraceEvent {
  const copy = newTraceEvent();
  copy.copy(event);
  return copy;
}

/** A random event of a type for which the filter holds. */
function choose(recording: Recording, random: Random, types: readonly EventType[], filter: Filter): number {
  for (let i = 0; i < TRIES; i++) {
    const list = recording.byType.get(random.pick(types) ?? 'switch') ?? [];
    const index = random.pick(list);
    if (index === undefined) continue;
    const event = recording.events[index];
    if (event === undefined || (index < recording.events.length * SETTLED && list.length > 20)) continue;
    if (filter(event, index, recording)) return index;
  }
  return -1;
}

function mutantAt(
  recording: Recording,
  at: number,
  replaced: number,
  by: readonly TraceEvent[],
  unobservable: string,
): Mutant {
  const touched = [...by, ...recording.events.slice(at, at + replaced)];
  const pids = touched.flatMap((event) => [event.pid, event.prev, event.next].filter((pid) => pid > 0));
  const cpus = touched.flatMap((event) => [event.cpu, event.rq, event.target, event.dst].filter((cpu) => cpu >= 0));
  const named = touched.find((event) => event.has('dsq'));
  return {
    at,
    replaced,
    by,
    pids,
    cpus,
    dsq: named === undefined ? '' : formatDsqId(named.dsq_hi, named.dsq_lo),
    unobservable,
  };
}

const always: Filter = () => true;
const seen: Why = () => '';

export function drop(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  filter: Filter = always,
  why: Why = seen,
): Mutation {
  const list = typeof types === 'string' ? [types] : types;
  return {
    id,
    title,
    make(recording, random) {
      const at = choose(recording, random, list, filter);
      const event = recording.events[at];
      return event === undefined ? undefined : mutantAt(recording, at, 1, [], why(event, at, recording));
    },
  };
}

export function double(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  filter: Filter = always,
  why: Why = seen,
): Mutation {
  const list = typeof types === 'string' ? [types] : types;
  return {
    id,
    title,
    make(recording, random) {
      const at = choose(recording, random, list, filter);
      const event = recording.events[at];
      if (event === undefined) return undefined;
      return mutantAt(recording, at, 1, [event, copyOf(event)], why(event, at, recording));
    },
  };
}

/** `change` alters a copy of the event; false: this one does not lend itself to it. */
export function alter(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  change: (event: TraceEvent, recording: Recording, random: Random) => boolean,
  filter: Filter = always,
  why: Why = seen,
): Mutation {
  const list = typeof types === 'string' ? [types] : types;
  return {
    id,
    title,
    make(recording, random) {
      for (let i = 0; i < TRIES; i++) {
        const at = choose(recording, random, list, filter);
        const event = recording.events[at];
        if (event === undefined) return undefined;
        const copy = copyOf(event);
        if (change(copy, recording, random)) return mutantAt(recording, at, 1, [copy], why(event, at, recording));
      }
      return undefined;
    },
  };
}

/** Swaps an event with the next one of the same CPU. */
export function swap(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  filter: Filter = always,
  why: Why = seen,
): Mutation {
  const list = typeof types === 'string' ? [types] : types;
  return {
    id,
    title,
    make(recording, random) {
      const at = choose(recording, random, list, filter);
      const event = recording.events[at];
      if (event === undefined) return undefined;
      let next = at + 1;
      while (next < recording.events.length && recording.events[next]?.cpu !== event.cpu) next++;
      const other = recording.events[next];
      if (other === undefined) return undefined;
      const between = recording.events.slice(at + 1, next);
      return mutantAt(recording, at, next - at + 1, [other, ...between, event], why(event, at, recording));
    },
  };
}

function otherPid(event: TraceEvent, recording: Recording, random: Random): number {
  for (let i = 0; i < TRIES; i++) {
    const pid = random.pick(recording.pids) ?? -1;
    if (pid > 0 && pid !== event.pid && pid !== event.next && pid !== event.prev) return pid;
  }
  return -1;
}

export function otherTask(event: TraceEvent, recording: Recording, random: Random): boolean {
  const pid = otherPid(event, recording, random);
  if (pid < 0) return false;
  event.pid = pid;
  return true;
}

function otherCpu(recording: Recording, random: Random, cpu: number): number {
  const others = recording.cpus.filter((other) => other !== cpu);
  return random.pick(others) ?? -1;
}

function otherDsq(event: TraceEvent, recording: Recording, random: Random): boolean {
  const others = recording.dsqs.filter((dsq) => dsq.addrHi !== event.dsq_addr_hi || dsq.addrLo !== event.dsq_addr_lo);
  const dsq = random.pick(others);
  if (dsq === undefined) return false;
  event.dsq_hi = dsq.hi;
  event.dsq_lo = dsq.lo;
  event.dsq_addr_hi = dsq.addrHi;
  event.dsq_addr_lo = dsq.addrLo;
  event.drop('dsq_cpu');
  return true;
}

const begins: Filter = (event) => event.phase === 'begin';
const ends: Filter = (event) => event.phase === 'end';
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
  drop('drop-task-state', 'a change of the life-cycle state is missing', 'task_state'),
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
