// Why a task does not run: for each class a wait that shows it, one that does not, and one of which too little was recorded.
import { describe, expect, test } from 'vitest';
import { autoDomain } from '../../src/vtime/compile.ts';
import type { StallClass } from '../../src/vtime/wait-fact.ts';
import { ms, Story } from '../support/story.ts';
import { followVtime } from '../support/vtime.ts';

const P = 100;
const IDLE = '0x20';
const RT = '0x30';
const EXT = '0x10';
const HEADER = {
  cpus: { possible: '0-1', online: '0-1' },
  sched_classes: { idle: IDLE, ext: EXT, rt: RT },
};

/** Two CPUs, DSQs 0x100 and 0x200. Task 100 may run on CPU 0 only, 101 to 103 on both. */
class Machine extends Story {
  constructor(cpus: string | null = '0') {
    super();
    this.attach();
    for (const dsq of ['0x100', '0x200']) this.add('dsq_create', 0, { step: 'init', dsq, sched: 1 });
    if (cpus === null) this.add('task_enable', 0, { pid: P, comm: 'waiter', weight: 100, sched: 1 });
    else this.task({ pid: P, comm: 'waiter', cpus });
    for (const pid of [101, 102, 103]) this.task({ pid, cpus: '0-1' });
    for (const cpu of [0, 1]) this.switchTo(cpu, 101 + cpu);
  }

  switchTo(cpu: number, next: number, next_class = EXT): this {
    return this.add('switch', cpu, { prev: 103, next, prev_class: EXT, next_class });
  }

  put(pid: number, key: bigint, dsq = 0x100): this {
    this.enqueue(pid, 0, dsq, key);
    const id = `0x${dsq.toString(16)}`;
    const flags = { enq_flags: '0x200000000000000', dsq_flags: '0x1' };
    return this.add('dsq_link', 0, { pid, dsq: id, sched: 1, vtime: key, ...flags });
  }

  look(cpu: number, dsq = 0x100): this {
    const id = `0x${dsq.toString(16)}`;
    this.add('consume', cpu, { phase: 'begin', rq: cpu, dsq: id, sched: 1 });
    return this.add('consume', cpu, { phase: 'end', rq: cpu, ret: 0 });
  }

  /** CPU takes a task, which runs for 1 ms and is put back with that key. */
  take(cpu: number, pid: number, key: bigint, next: bigint): this {
    this.add('consume', cpu, { phase: 'begin', rq: cpu, dsq: '0x100', sched: 1 });
    this.add('dsq_unlink', cpu, { pid, dsq: '0x100', sched: 1, vtime: key, task_cpu: cpu, holding_cpu: -1 });
    this.add('dsq_link', cpu, { pid, dsq: 'local', dsq_cpu: cpu, vtime: key, task_cpu: cpu });
    this.add('consume', cpu, { phase: 'end', rq: cpu, ret: 1 });
    this.add('run', cpu, { pid, rq: cpu });
    this.add('dsq_unlink', cpu, { pid, dsq: 'local', dsq_cpu: cpu, task_cpu: cpu, holding_cpu: -1 });
    this.switchTo(cpu, pid).wait(ms(1));
    this.add('stop', cpu, { pid, rq: cpu, scx_flags: '0x401' });
    return this.put(pid, next);
  }

  /** Time in which the CPUs go on with what they do. */
  pass(): this {
    return this.wait(ms(100));
  }

  lose(): this {
    return this.add('lost', 0, { count: 1 });
  }
}

async function classOf(machine: Machine): Promise<StallClass | undefined> {
  const { engine } = await followVtime(machine.events, autoDomain(), {}, HEADER);
  const task = engine.state.model.findTask(P);
  return task === undefined ? undefined : engine.waits.prove(task, machine.now).class;
}

/** The waiter with a late key, while others with earlier ones are taken. */
function losing(decisions: number, machine = new Machine()): Machine {
  machine.put(101, 0n).put(102, 0n).put(P, ms(500));
  for (let i = 0; i < decisions; i++) machine.take(0, 101 + (i % 2), ms(i >> 1), ms((i >> 1) + 1));
  return machine;
}

const WAITS: readonly {
  readonly kind: StallClass;
  readonly shown: () => Machine;
  readonly not: readonly [string, () => Machine, StallClass];
  readonly unseen: readonly [string, () => Machine];
}[] = [
  {
    kind: 'order',
    shown: () => losing(12),
    not: ['too few decisions', () => losing(5), 'unknown'],
    unseen: ['records were lost meanwhile', () => losing(6).lose().put(P, ms(500))],
  },
  {
    kind: 'not-served',
    shown: () => new Machine().put(P, 0n).look(0, 0x200).pass(),
    not: ['its CPU looked there, too', () => new Machine().put(P, 0n).look(0, 0x200).look(0).pass(), 'unknown'],
    unseen: ['no consumption was recorded', () => new Machine().put(P, 0n).pass()],
  },
  {
    kind: 'ineligible',
    shown: () => new Machine().put(P, 0n).look(1).pass(),
    not: ['a CPU looked that may run it', () => new Machine().put(P, 0n).look(1).look(0).pass(), 'unknown'],
    unseen: ['its mask was not recorded', () => new Machine(null).put(P, 0n).look(1).pass()],
  },
  {
    kind: 'no-dispatch',
    shown: () => new Machine().put(P, 0n).look(1, 0x200).pass(),
    not: [
      'its CPU came to dispatch',
      () => new Machine().put(P, 0n).look(1, 0x200).look(0, 0x200).pass(),
      'not-served',
    ],
    unseen: ['no consumption was recorded', () => new Machine().put(P, 0n).pass()],
  },
  {
    kind: 'idle-cpu',
    shown: () => new Machine().switchTo(0, 0, IDLE).put(P, 0n).look(1, 0x200).pass(),
    not: ['its CPU was busy', () => new Machine().put(P, 0n).look(1, 0x200).pass(), 'no-dispatch'],
    unseen: ['what its CPU does was not seen', () => unswitched().put(P, 0n).look(1, 0x200).pass()],
  },
  {
    kind: 'higher-class',
    shown: () => new Machine().switchTo(0, 7, RT).put(P, 0n).look(1, 0x200).pass(),
    not: ['its CPU ran ext tasks', () => new Machine().put(P, 0n).look(1, 0x200).pass(), 'no-dispatch'],
    unseen: ['what its CPU does was not seen', () => unswitched().put(P, 0n).look(1, 0x200).pass()],
  },
  {
    kind: 'held-by-bpf',
    shown: () => held(new Machine()).pass(),
    not: ['it was inserted', () => new Machine().put(P, 0n).look(0, 0x200).pass(), 'not-served'],
    unseen: ['records were lost meanwhile', () => held(new Machine()).lose().pass()],
  },
  {
    kind: 'bypass',
    shown: () => bypass(new Machine().put(P, 0n).look(0, 0x200), true).pass(),
    not: [
      'bypass was over',
      () => bypass(bypass(new Machine(), true), false).put(P, 0n).look(0, 0x200).pass(),
      'not-served',
    ],
    unseen: ['records were lost meanwhile', () => bypass(new Machine().put(P, 0n), true).lose().put(P, 0n).pass()],
  },
];

function unswitched(): Machine {
  const machine = new Machine();
  const seen = machine.events.filter(({ type }) => type !== 'switch');
  machine.events.splice(0, machine.events.length, ...seen);
  return machine;
}

function held(machine: Machine): Machine {
  machine.add('ops_enqueue', 0, { pid: P, rq: 0, phase: 'begin', sched: 1 });
  machine.add('ops_enqueue', 0, { pid: P, rq: 0, phase: 'end', ops_state: '0xc2' });
  return machine;
}

function bypass(machine: Machine, on: boolean): Machine {
  return machine.add('bypass', 0, { step: 'switch', phase: 'end', sched: 1, bypass: on, depth: on ? 1 : 0 });
}

describe.each(WAITS)('$kind', ({ kind, shown, not, unseen }) => {
  test('is proved', async () => {
    expect(await classOf(shown())).toBe(kind);
  });

  test(`is not said when ${not[0]}`, async () => {
    expect(await classOf(not[1]())).toBe(not[2]);
  });

  test(`is not known when ${unseen[0]}`, async () => {
    expect(await classOf(unseen[1]())).toBe('unknown');
  });
});
