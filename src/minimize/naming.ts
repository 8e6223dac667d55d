// Which fields name tasks, CPUs, DSQs and schedulers, and whom the events of a trace name.
import { isLocalOn } from '../kernel/dsq-id.ts';
import { SLOTS, type TraceEvent } from '../trace/event.ts';
import type { FieldName } from '../trace/vocabulary/fields.ts';
import type { Target } from './probe.ts';

export const TASK_FIELDS = [
  'pid',
  'prev',
  'next',
  'curr',
  'parent',
  'old_pid',
  'to',
] as const satisfies readonly FieldName[];

/** CPUs that an event is about. */
export const CPU_FIELDS = [
  'rq',
  'target',
  'src',
  'dst',
  'orig_cpu',
  'dest_cpu',
  'dsq_cpu',
] as const satisfies readonly FieldName[];

/** CPUs that an event mentions as part of somebody's state. */
const STATE_CPU_FIELDS = [
  'task_cpu',
  'prev_cpu',
  'selected_cpu',
  'sticky_cpu',
  'holding_cpu',
  'exit_cpu',
] as const satisfies readonly FieldName[];

export const DSQ_FIELDS = [
  'dsq',
  'dsq_addr',
  'src_dsq',
  'src_dsq_addr',
  'found',
] as const satisfies readonly FieldName[];

const DSQ_ID_SLOTS = SLOTS.filter(({ kind }) => kind === 'dsq');

/** Pids of all tasks that the events name. */
export function namedTasks(events: readonly TraceEvent[]): ReadonlySet<number> {
  const pids = new Set<number>();
  for (const event of events) for (const field of TASK_FIELDS) if (event[field] > 0) pids.add(event[field]);
  return pids;
}

/** All CPUs that the events or the finding name; masks name nobody. */
export function namedCpus(events: readonly TraceEvent[], target: Target): ReadonlySet<number> {
  const cpus = new Set<number>(target.cpu >= 0 ? [target.cpu] : []);
  for (const event of events) {
    cpus.add(event.cpu);
    for (const field of [...CPU_FIELDS, ...STATE_CPU_FIELDS]) if (event[field] >= 0) cpus.add(event[field]);
    for (const slot of DSQ_ID_SLOTS) if (event.hasSlot(slot) && isLocalOn(event.high(slot))) cpus.add(event.low(slot));
  }
  return cpus;
}
