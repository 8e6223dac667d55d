// CPUs, tasks and DSQs of a dump as lines of a report.
import type { DumpCpuRow, DumpDocument, DumpTaskRow } from '../diagnosis/result.ts';
import type { Style } from './style.ts';

const ACTIVITIES: Readonly<Record<DumpCpuRow['activity'], string>> = {
  idle: 'idle',
  ext: 'runs',
  higher: 'runs',
  fair: 'runs',
  'not-listed': 'not listed',
  unknown: '?',
};

/** One line a CPU. */
export function cpuTable(dump: DumpDocument, style: Style): string[] {
  if (dump.cpus.length === 0) return [];
  const lines = ['  CPUs'];
  for (const cpu of dump.cpus) {
    const waiting = cpu.tasks.filter((task) => task.current === false);
    const longest = Math.max(-1, ...waiting.map((task) => task.runnable_ms ?? -1));
    const facts = [
      what(cpu),
      ...(cpu.online === false ? [style.possible('offline')] : []),
      ...(waiting.length === 0
        ? []
        : [`${waiting.length} waiting${longest < 0 ? '' : `, the longest ${seconds(longest)}`}`]),
      ...(cpu.nr_run === null ? [] : [`nr_run ${cpu.nr_run}`]),
      ...(cpu.rescuing === null ? [] : [`rescuing ${cpu.rescuing}`]),
      ...Object.entries(cpu.masks).map(([name, cpus]) => `${name} ${cpus}`),
    ];
    lines.push(`    ${String(cpu.cpu ?? '?').padStart(4)}  ${facts.join('; ')}`);
    for (const line of cpu.ops_dump) lines.push(style.faint(`          | ${line}`));
  }
  if (dump.not_listed !== '') lines.push(`    not listed, so idle without tasks, or offline: ${dump.not_listed}`);
  return lines;
}

function what(cpu: DumpCpuRow): string {
  if (cpu.activity === 'idle' || cpu.curr === null) return ACTIVITIES[cpu.activity];
  const sched = cpu.class === null ? '' : ` (${cpu.class.replace(/_sched_class$/, '')})`;
  return `runs ${cpu.curr}${sched}`;
}

/** Tasks that wait, the longest wait first. */
export function taskLines(dump: DumpDocument, style: Style, limit: number): string[] {
  const waiting = dump.cpus
    .flatMap((cpu) => cpu.tasks)
    .filter((task) => task.current === false)
    .sort((a, b) => (b.runnable_ms ?? -1) - (a.runnable_ms ?? -1));
  if (waiting.length === 0) return ['  no task waits'];
  const shown = waiting.slice(0, limit);
  const names = shown.map((task) => `${task.comm ?? '?'}[${task.pid ?? '?'}]`.replaceAll('\n', ' '));
  const width = Math.max(...names.map((name) => name.length));
  const lines = [`  ${waiting.length} waiting ${waiting.length === 1 ? 'task' : 'tasks'}`];
  for (const [i, task] of shown.entries()) {
    const wait = task.runnable_ms === null ? '?' : seconds(task.runnable_ms);
    lines.push(`    ${wait.padStart(10)}  ${(names[i] ?? '').padEnd(width)}  ${whereText(task)}`);
    for (const line of task.ops_dump) lines.push(style.faint(`                | ${line}`));
  }
  if (waiting.length > limit) lines.push(style.faint(`    and ${waiting.length - limit} more; --limit shows more`));
  return lines;
}

const PLACES: Readonly<Record<string, string>> = {
  held: 'held by the BPF scheduler',
  enqueueing: 'being enqueued',
  dispatching: 'being dispatched',
  'in-transfer': 'on its way to another CPU',
  none: 'on no queue',
  unknown: 'where is not known',
};

function whereText(task: DumpTaskRow): string {
  const owner = task.own === false && task.owner !== null ? `, of ${task.owner}` : '';
  return [
    `${task.dsq === null ? (PLACES[task.place] ?? task.place) : `on DSQ ${task.dsq}`}${owner}`,
    `CPU ${task.cpu ?? '?'}, may run on ${task.cpus ?? '?'}${(task.no_mig ?? 0) > 0 ? ', migration-disabled' : ''}`,
    ...(task.dsq_vtime === null || ((task.dsq_flags ?? 0) & 1) === 0 ? [] : [`vtime ${task.dsq_vtime}`]),
    ...(task.slice === null ? [] : [`slice ${sliceText(task.slice)}`]),
  ].join('; ');
}

function sliceText(slice: number | string): string {
  if (slice === '18446744073709551615') return 'infinite';
  return `${(Number(slice) / 1e6).toFixed(1)} ms`;
}

export function dsqLines(dump: DumpDocument, style: Style): string[] {
  if (dump.dsqs.length === 0) return [];
  return [
    '  DSQs with waiting tasks',
    ...dump.dsqs.map(
      ({ dsq, tasks, longest_ms: longest, vtime_min: min, vtime_max: max }) =>
        `    ${dsq}: ${tasks} ${tasks === 1 ? 'task' : 'tasks'}${longest === null ? '' : `, the longest wait ${seconds(longest)}`}${min === null || tasks < 2 ? '' : style.faint(`, vtime ${min} to ${max}`)}`,
    ),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}
