// Orders the events of a trace by how likely a finding depends on them: by the tasks, CPUs, DSQs and schedulers that its
// evidence names, and by their distance in time.
import type { TraceEvent } from '../trace/event.ts';
import { newTraceEvent } from '../trace/event.ts';
import { FIELDS } from '../trace/vocabulary/fields.ts';
import { EVENT_GROUPS, EVENT_SPECS, type EventType, fieldsOf, KIND } from '../trace/vocabulary/index.ts';
import { CPU_FIELDS, DSQ_FIELDS, TASK_FIELDS } from './naming.ts';
import { type EventSource, lockedBy, type Target } from './probe.ts';

/** Types of which there are few, and that change what everything else means. */
const RARE: ReadonlySet<EventType> = new Set<EventType>([
  ...(Object.keys(EVENT_GROUPS['scheduler instance']) as EventType[]),
  ...(Object.keys(EVENT_GROUPS.capabilities) as EventType[]),
  'cpu_online',
  'cpu_offline',
  'dsq_create',
  'dsq_destroy',
  'lost',
]);
/** Of these there are too many to count as rare. */
const FREQUENT: ReadonlySet<EventType> = new Set<EventType>(['scx_event', 'watchdog', 'dump', 'cap_sync']);

const IS_RARE = new Uint8Array(Object.keys(EVENT_SPECS).length);
for (const type of RARE) if (!FREQUENT.has(type)) IS_RARE[KIND[type]] = 1;

/** For each event kind, the fields of each sort that it can have. */
interface Names {
  readonly tasks: readonly (typeof TASK_FIELDS)[number][];
  readonly cpus: readonly (typeof CPU_FIELDS)[number][];
  readonly dsqs: readonly (typeof DSQ_FIELDS)[number][];
}

const NAMES: readonly Names[] = (Object.keys(EVENT_SPECS) as EventType[]).map((type) => {
  const fields = new Set(fieldsOf(type));
  return {
    tasks: TASK_FIELDS.filter((field) => fields.has(field)),
    cpus: CPU_FIELDS.filter((field) => fields.has(field)),
    dsqs: DSQ_FIELDS.filter((field) => fields.has(field)),
  };
});

/** Subjects that events have in common. */
class Subjects {
  readonly tasks = new Set<number>();
  readonly cpus = new Set<number>();
  readonly dsqs = new Set<string>();

  /** Takes up what the event names. */
  add(event: TraceEvent): void {
    const names = NAMES[event.kind];
    if (names === undefined) return;
    for (const field of names.tasks) if (event[field] > 0) this.tasks.add(event[field]);
    this.cpus.add(event.cpu);
    for (const field of names.cpus) if (event[field] >= 0) this.cpus.add(event[field]);
    for (const field of names.dsqs) {
      const id = dsqId(event, field);
      if (id !== '') this.dsqs.add(id);
    }
  }

  hasTask(event: TraceEvent, names: Names): boolean {
    for (const field of names.tasks) if (this.tasks.has(event[field])) return true;
    return false;
  }

  hasCpu(event: TraceEvent, names: Names): boolean {
    if (this.cpus.has(event.cpu)) return true;
    for (const field of names.cpus) if (this.cpus.has(event[field])) return true;
    return false;
  }

  hasDsq(event: TraceEvent, names: Names): boolean {
    if (this.dsqs.size === 0) return false;
    for (const field of names.dsqs) if (this.dsqs.has(dsqId(event, field))) return true;
    return false;
  }
}

/** Identity of a DSQ that an event names: its address, or the id of one that a scheduler made. */
function dsqId(event: TraceEvent, field: (typeof DSQ_FIELDS)[number]): string {
  if (!event.has(field)) return '';
  const isAddress = FIELDS[field].kind === 'hex';
  const hi = event[`${field}_hi`];
  const lo = event[`${field}_lo`];
  // Built-in ids name a kind of DSQ, not one DSQ.
  if (hi === 0 && lo === 0) return '';
  return isAddress || hi >= 0 ? `${field.replace('src_', '').replace('found', 'dsq')}:${hi}:${lo}` : '';
}

/** How near an event is to the finding. Of the last classes, events are taken in turns: so many of one for one of another. */
const RARE_EVENT = 0;
const TASK_INSIDE = 1;
const OTHER_INSIDE = 2;
const TASK_BEFORE = 3;
const DSQ_BEFORE = 4;
const CPU_BEFORE = 5;
const AFTER = 6;
const REST = 7;
/** Smaller: events of the class come earlier in the order. */
const WEIGHTS = [0, 0, 0, 1, 2, 4, 4, 32] as const;

/** Parts of a trace that a search may be confined to, the closest first; each holds those before it. */
const CIRCLES: readonly (readonly number[])[] = [
  [RARE_EVENT, TASK_INSIDE, TASK_BEFORE],
  [RARE_EVENT, TASK_INSIDE, TASK_BEFORE, OTHER_INSIDE, DSQ_BEFORE, AFTER],
  [RARE_EVENT, TASK_INSIDE, TASK_BEFORE, OTHER_INSIDE, DSQ_BEFORE, AFTER, CPU_BEFORE],
  [RARE_EVENT, TASK_INSIDE, TASK_BEFORE, OTHER_INSIDE, DSQ_BEFORE, AFTER, CPU_BEFORE, REST],
];

/**
 * Ordinals before `end` that the finding does not name, the most relevant first: rare events, then those between its first
 * event and its last that share a task, CPU or DSQ with it, then those before, the latest first. One order for each circle,
 * the last one holds all.
 */
export function byRelevance(source: EventSource, target: Target, end: number): readonly Uint32Array[] {
  const event = newTraceEvent();
  const locked = lockedBy(target);
  const subjects = new Subjects();
  for (const seq of locked) {
    source.load(seq, event);
    subjects.add(event);
  }
  if (target.pid > 0) subjects.tasks.add(target.pid);
  if (target.cpu >= 0) subjects.cpus.add(target.cpu);
  const begin = Math.min(...locked, end);
  const classes: number[][] = WEIGHTS.map(() => []);
  for (let i = end - 1; i >= 0; i--) {
    if (locked.has(i)) continue;
    source.load(i, event);
    const names = NAMES[event.kind];
    if (names === undefined) continue;
    const found = classify(event, names, subjects, i >= begin);
    const isAfter = target.seq >= 0 && i > target.seq && found !== RARE_EVENT;
    // What comes behind the finding can only tell what the kernel made of it.
    classes[!isAfter ? found : found === REST && event.kind !== KIND.dump ? REST : AFTER]?.push(i);
  }
  classes[AFTER]?.reverse();
  return CIRCLES.map((circle) => interleaved(classes, circle));
}

function classify(event: TraceEvent, names: Names, subjects: Subjects, inside: boolean): number {
  if (IS_RARE[event.kind] === 1) return RARE_EVENT;
  if (subjects.hasTask(event, names)) return inside ? TASK_INSIDE : TASK_BEFORE;
  if (subjects.hasDsq(event, names)) return inside ? OTHER_INSIDE : DSQ_BEFORE;
  if (subjects.hasCpu(event, names)) return inside ? OTHER_INSIDE : CPU_BEFORE;
  return REST;
}

/** Some classes merged: the next is the one whose place in its class, times the weight of the class, is smallest. */
function interleaved(classes: readonly (readonly number[])[], circle: readonly number[]): Uint32Array {
  const queues = circle.map((k) => ({ members: classes[k] ?? [], weight: WEIGHTS[k] ?? 1, taken: 0 }));
  const order = new Uint32Array(queues.reduce((sum, { members }) => sum + members.length, 0));
  for (let n = 0; n < order.length; n++) {
    let best: (typeof queues)[number] | undefined;
    let bestScore = Number.POSITIVE_INFINITY;
    for (const queue of queues) {
      const score = (queue.taken + 1) * queue.weight;
      if (queue.taken < queue.members.length && score < bestScore) {
        best = queue;
        bestScore = score;
      }
    }
    if (best !== undefined) order[n] = best.members[best.taken++] ?? 0;
  }
  return order;
}
