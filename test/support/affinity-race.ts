// A long violating trace: tasks that come and go on all CPUs, and at its end one that is dispatched to a CPU which its mask
// lost. Shaped like a recording of the race, with events of the kernel in their order.
import type { EventJson } from './replay.ts';

export const RACE_HEADER = {
  kernel: '7.3',
  cpus: { possible: '0-3', online: '0-3' },
  tasks: Array.from({ length: 12 }, (_, i) => ({ pid: 500 + i, comm: `hog-${i}`, cpus: i === 3 ? '1-3' : '0-3' })),
};

/** `noise` events of other tasks, then the race. */
export function affinityRace({ noise, seed = 1 }: { noise: number; seed?: number }): EventJson[] {
  const events: EventJson[] = [];
  let ts = 5_000;
  let state = seed;
  const random = (n: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % n;
  };
  const push = (cpu: number, type: string, fields: object): void => {
    ts += 700 + random(900);
    events.push({ ts, cpu, type, ...fields });
  };
  const SCHED = '0xffff888012345678';
  push(2, 'sched_attach', { step: 'link', sched: SCHED, name: 'misb' });
  for (let i = 0; i < noise; ) {
    const cpu = random(4);
    const pid = 500 + ((4 + random(8)) % 12);
    push(cpu, 'pick', { phase: 'begin', rq: cpu });
    push(cpu, 'insert', { step: 'commit', pid, dsq: '0x100', slice: 20_000_000 });
    push(cpu, 'affinity', { phase: 'begin', step: 'scx', pid, new_cpus: '0-3', old_cpus: '0-3' });
    push(cpu, 'affinity', { phase: 'end', step: 'scx', pid, cpus: '0-3' });
    push(cpu, 'flush', { phase: 'end', rq: cpu });
    i += 5;
  }
  push(1, 'pick', { phase: 'begin', rq: 1 });
  push(0, 'affinity', { phase: 'begin', step: 'scx', pid: 503, new_cpus: '3', old_cpus: '1-3' });
  push(0, 'affinity', { phase: 'end', step: 'scx', pid: 503, cpus: '3' });
  push(1, 'insert', { step: 'commit', pid: 503, dsq: 'local_on:1', slice: 20_000_000 });
  push(1, 'can_run_remote', {
    phase: 'begin',
    pid: 503,
    migration_disabled: 0,
    cpus: '3',
    task_cpu: 3,
    rq: 1,
    enforce: true,
  });
  const msg = 'SCX_DSQ_LOCAL[_ON] target CPU 1 not allowed for hog-3[503]';
  push(1, 'sched_exit', { step: 'message', sched: SCHED, exit_kind: 1024, msg });
  return events;
}
