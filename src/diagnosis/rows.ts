// The rows of a dump in the result document: every field that the dump has, null where it has none.
import type { DumpCounter, DumpCpu, DumpTask } from '../dump/dump.ts';
import { type DumpFacts, dsqName, schedName, taskName } from '../dump/facts.ts';
import type { ExactNumber } from '../findings/result.ts';
import { eventCounter } from '../kernel/counters.ts';
import type { DumpCounterRow, DumpCpuRow, DumpDsqRow, DumpTaskRow } from './result.ts';

/** A number while JSON readers keep it, decimal text beyond. */
export function exactNumber(value: bigint): ExactNumber {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

const wide = (value: bigint | undefined): ExactNumber | null => (value === undefined ? null : exactNumber(value));

export function cpuRow(cpu: DumpCpu, facts: DumpFacts): DumpCpuRow {
  return {
    line: cpu.line,
    cpu: cpu.cpu < 0 ? null : cpu.cpu,
    activity: cpu.cpu < 0 ? 'unknown' : facts.activity(cpu.cpu),
    nr_run: cpu.nrRun ?? null,
    flags: cpu.flags ?? null,
    online: cpu.flags === undefined ? null : !facts.isOffline(cpu),
    cpu_released: cpu.cpuReleased ?? null,
    ops_qseq: wide(cpu.opsQseq),
    pnt_seq: wide(cpu.pntSeq),
    ksync: wide(cpu.ksync),
    rescue: cpu.rescue ?? null,
    rescue_budget_us: cpu.rescueBudgetUs ?? null,
    rescuing: cpu.rescuing == null ? null : taskName(cpu.rescuing),
    curr: cpu.curr === undefined ? null : taskName(cpu.curr),
    class: cpu.currClass ?? null,
    masks: Object.fromEntries(cpu.masks.map(({ name, cpus }) => [name, cpus.toString()])),
    extra: cpu.extra,
    ops_dump: cpu.ops,
    tasks: cpu.tasks.map((task) => taskRow(task, cpu, facts)),
  };
}

function taskRow(task: DumpTask, cpu: DumpCpu, facts: DumpFacts): DumpTaskRow {
  const waiting = facts.waitOf(task);
  return {
    line: task.line,
    cpu: cpu.cpu < 0 ? null : cpu.cpu,
    current: task.current ?? null,
    state: task.state ?? null,
    comm: task.comm ?? null,
    pid: task.pid ?? null,
    owner: task.owner === undefined ? null : schedName(task.owner),
    own: task.own ?? null,
    runnable_ms: task.runnableDelta === undefined ? null : 0 - task.runnableDelta,
    place: task.current === true ? 'running' : (waiting?.place ?? 'unknown'),
    dsq: typeof task.dsq === 'bigint' ? dsqName(task.dsq) : null,
    scx_state: task.scxState ?? null,
    flags: task.flags ?? null,
    dsq_flags: task.dsqFlags ?? null,
    ops_state: task.opsState ?? null,
    qseq: wide(task.qseq),
    sticky_cpu: task.stickyCpu ?? null,
    holding_cpu: task.holdingCpu ?? null,
    dsq_vtime: wide(task.vtime),
    slice: wide(task.slice),
    weight: task.weight ?? null,
    cpus: task.cpus?.toString() ?? null,
    no_mig: task.noMig ?? null,
    extra: task.extra,
    ops_dump: task.ops,
    stack: task.stack,
  };
}

/** Tasks by the DSQ that they wait on. */
export function dsqRows(facts: DumpFacts): DumpDsqRow[] {
  const groups = facts.byDsq(['user-dsq', 'global', 'local', 'bypass', 'reject', 'rescue']);
  return [...groups].map(([dsq, group]) => {
    const waits = group.flatMap(({ waitMs }) => (waitMs === undefined ? [] : [waitMs]));
    const vtimes = group
      .flatMap(({ task }) => (task.vtime === undefined || ((task.dsqFlags ?? 0) & 1) === 0 ? [] : [task.vtime]))
      .sort((a, b) => (BigInt.asIntN(64, a - b) < 0n ? -1 : 1));
    return {
      dsq,
      tasks: group.length,
      longest_ms: waits.length === 0 ? null : Math.max(...waits),
      vtime_min: wide(vtimes[0]),
      vtime_max: wide(vtimes.at(-1)),
    };
  });
}

export function counterRow({ name, value }: DumpCounter): DumpCounterRow {
  const counter = eventCounter(name);
  return {
    name,
    value: exactNumber(value),
    raised: counter?.raised ?? null,
    tells: counter?.tells ?? null,
    doubtful: counter?.count === 'doubtful',
  };
}
