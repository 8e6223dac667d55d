// Writes canonical events of a small machine as a story: who is enqueued with which key, runs where, and for how long.
import type { EventJson } from './replay.ts';

export const ms = (n: number): bigint => BigInt(Math.round(n * 1e6));
export const seconds = (n: number): bigint => BigInt(Math.round(n * 1e9));

export interface TaskLine {
  readonly pid: number;
  readonly comm?: string;
  readonly weight?: number;
  readonly cpus?: string;
  readonly vtime?: bigint;
  readonly cpu?: number;
}

/** Events in order; `now` is the time of the next one, ns. Every event takes one ns at least. */
export class Story {
  readonly events: EventJson[] = [];
  now = 1_000_000;

  add(type: string, cpu: number, fields: Readonly<Record<string, unknown>> = {}): this {
    const spelled = Object.entries(fields).map(([key, value]) => [
      key,
      typeof value === 'bigint' ? (value < 2n ** 53n ? Number(value) : String(value)) : value,
    ]);
    this.events.push({ ts: this.now, cpu, type, ...Object.fromEntries(spelled) });
    this.now += 1000;
    return this;
  }

  wait(ns: bigint | number): this {
    this.now += Number(ns);
    return this;
  }

  attach(name = 'test'): this {
    return this.add('sched_attach', 0, { step: 'link', sched: 1, name, level: 0 });
  }

  cell(cpu: number, cell: number): this {
    return this.add('cell', 0, { target: cpu, cell });
  }

  taskCell(pid: number, cell: number): this {
    return this.add('cell', 0, { pid, cell });
  }

  task({ pid, comm = `task-${pid}`, weight = 100, cpus = '0-3', vtime = 0n, cpu = 0 }: TaskLine): this {
    const scx_flags = '0x1';
    return this.add('task_enable', 0, { pid, comm, weight, cpus, vtime, task_cpu: cpu, scx_flags, sched: 1, slice: 0 });
  }

  /** ops.enqueue() with an ordered insert. `v` is the vtime that the core shows at its begin. */
  enqueue(pid: number, cpu: number, dsq: number | bigint, key: bigint, v: bigint = key, rq = cpu): this {
    this.add('ops_enqueue', cpu, { pid, rq, phase: 'begin', vtime: v, sched: 1 });
    this.add('insert', cpu, { pid, step: 'commit', dsq: `0x${dsq.toString(16)}`, vtime: key, priq: true, sched: 1 });
    return this.add('ops_enqueue', cpu, { pid, rq, phase: 'end', sched: 1 });
  }

  /** A direct dispatch to the local DSQ of a CPU, out of ops.select_cpu(). */
  direct(pid: number, cpu: number, target: number): this {
    const dsq = `0x${((0xc0000000n << 32n) | BigInt(target)).toString(16)}`;
    return this.add('insert', cpu, { pid, step: 'commit', dsq, sched: 1 });
  }

  /** Runs for `ns`; `v` is the vtime after the charge where it is shown by an event. */
  run(pid: number, cpu: number, ns: bigint, shown: { readonly before?: bigint; readonly after?: bigint } = {}): this {
    const { before, after } = shown;
    this.add('run', cpu, { pid, rq: cpu, ...(before === undefined ? {} : { vtime: before }) });
    this.now += Number(ns) - 1000;
    this.add('stop', cpu, { pid, rq: cpu });
    return after === undefined ? this : this.add('set_vtime', cpu, { pid, vtime: after });
  }
}
