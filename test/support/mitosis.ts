// scx_mitosis as its sources have it, version by version, written out by hand: what the interpreter of descriptions is held against.
import { ms, Story } from './story.ts';

export type Version = 'M0' | 'M1' | 'M2' | 'M3' | 'M4' | 'M5' | 'M6' | 'F';

export const SLICE = ms(20);
export const LIMIT = 8192n * SLICE;

const U64 = (1n << 64n) - 1n;
const signed = (x: bigint): bigint => BigInt.asIntN(64, x);
const max = (a: bigint, b: bigint): bigint => (signed(a - b) < 0n ? b : a);

interface SimTask {
  readonly pid: number;
  readonly weight: bigint;
  readonly home: number;
  /** CPU that it is pinned to; -1: it may use its whole cell. */
  readonly pin: number;
  v: bigint;
  chargeCell: number;
  borrowed: boolean;
}

/** One machine with cells, not LLC-aware. Writes what the core would record into `story`. */
export class Mitosis {
  readonly story = new Story();
  readonly version: Version;
  readonly cpu: bigint[] = [];
  readonly cell: bigint[] = [];
  readonly #owner: number[];
  readonly #tasks = new Map<number, SimTask>();
  /** Pid that the scheduler ended itself over, and the drift that it printed. */
  error: { readonly pid: number; readonly diff: bigint } | undefined;

  readonly #start: bigint;

  /** `owner[cpu]` is the cell that owns the CPU; every basis begins at `start`. */
  constructor(version: Version, owner: readonly number[], start = 0n) {
    this.version = version;
    this.#start = start;
    this.#owner = [...owner];
    this.story.attach('mitosis');
    owner.forEach((cell, cpu) => {
      this.cpu[cpu] = start;
      this.cell[cell] = start;
      this.story.cell(cpu, cell);
    });
  }

  task(pid: number, options: { readonly weight: number; readonly home: number; readonly pin?: number }): void {
    const { weight, home, pin = -1 } = options;
    this.cell[home] ??= this.#start;
    const whole = `0-${this.#owner.length - 1}`;
    this.story.task({ pid, weight, cpus: pin < 0 ? whole : String(pin), cpu: Math.max(pin, 0), vtime: this.#start });
    this.story.taskCell(pid, home);
    const v = pin < 0 ? this.#cellOf(home) : this.#cpuOf(pin);
    this.#tasks.set(pid, { pid, weight: BigInt(weight), home, pin, v, chargeCell: home, borrowed: false });
  }

  v(pid: number): bigint {
    return this.#task(pid).v;
  }

  /** ops.enqueue(): false when the scheduler ended itself. */
  enqueue(pid: number, onCpu: number): boolean {
    const p = this.#task(pid);
    const before = p.v;
    p.chargeCell = this.#snapshot(p);
    const basis = p.pin < 0 ? this.#cellOf(p.home) : this.#cpuOf(p.pin);
    if (signed(basis + LIMIT - p.v) < 0n) {
      const diff = signed(p.v - basis);
      this.error = { pid, diff };
      const { story } = this;
      story.add('ops_enqueue', onCpu, { pid, rq: onCpu, phase: 'begin', vtime: before, sched: 1 });
      const msg = `vtime too far ahead: pid=${pid} vtime=${p.v} basis=${basis} diff=${diff} cell=${p.home}`;
      story.add('bpf_exit', onCpu, { sched: 1, exit_kind: 1025 });
      story.add('sched_exit', onCpu, { sched: 1, exit_kind: 1025, step: 'claim' });
      story.add('sched_exit', onCpu, { sched: 1, exit_kind: 1025, step: 'message', msg });
      return false;
    }
    p.v = max(p.v, (basis - SLICE) & U64);
    const dsq = p.pin < 0 ? 0x20000000 + p.home * 0x10000 : 0x10000000 + p.pin;
    this.story.enqueue(pid, onCpu, dsq, p.v, before);
    return true;
  }

  /** select_cpu() found an idle CPU: a borrowed one when the cell of the task does not own it. */
  direct(pid: number, cpu: number): void {
    const p = this.#task(pid);
    p.borrowed = p.pin < 0 && this.#owner[cpu] !== p.home;
    p.chargeCell = this.#snapshot(p);
    this.story.direct(pid, cpu, cpu);
  }

  run(pid: number, cpu: number, ns: bigint): void {
    const p = this.#task(pid);
    const c = this.#owner[cpu] ?? 0;
    const before = p.v;
    if (this.version === 'M0') {
      this.cpu[cpu] = max(this.#cpuOf(cpu), p.v);
      this.cell[c] = max(this.#cellOf(c), p.v);
    }
    p.v = (p.v + (ns * 100n) / p.weight) & U64;
    this.#stopping(p, cpu, c);
    p.borrowed = false;
    this.story.run(pid, cpu, ns, { before, after: p.v });
    // The CPU goes on: its callbacks have returned.
    this.story.add('switch', cpu, { prev: pid, next: 0 });
  }

  #stopping(p: SimTask, cpu: number, c: number): void {
    const advanceCpu = (): void => {
      this.cpu[cpu] = max(this.#cpuOf(cpu), p.v);
    };
    const advanceCell = (cell: number): void => {
      this.cell[cell] = max(this.#cellOf(cell), p.v);
    };
    switch (this.version) {
      case 'M0':
        return;
      case 'M1':
        advanceCpu();
        advanceCell(p.home);
        return;
      case 'M2':
        advanceCpu();
        advanceCell(c);
        return;
      case 'M3':
        if (p.home === c) advanceCpu();
        advanceCell(p.home);
        return;
      case 'M4':
        if (!p.borrowed) advanceCpu();
        advanceCell(p.home);
        return;
      case 'M5':
      case 'M6':
        if (p.borrowed || p.chargeCell !== c) return;
        advanceCpu();
        advanceCell(c);
        return;
      case 'F':
        if (!p.borrowed && p.chargeCell === c) advanceCpu();
        advanceCell(p.chargeCell);
    }
  }

  #snapshot(p: SimTask): number {
    return this.version === 'F' && p.pin >= 0 ? (this.#owner[p.pin] ?? 0) : p.home;
  }

  #task(pid: number): SimTask {
    const task = this.#tasks.get(pid);
    if (task === undefined) throw new Error(`there is no task ${pid}`);
    return task;
  }

  #cpuOf(cpu: number): bigint {
    return this.cpu[cpu] ?? this.#start;
  }

  #cellOf(cell: number): bigint {
    return this.cell[cell] ?? this.#start;
  }
}
