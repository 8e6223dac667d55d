// Makes what is left of a trace easy to read: optional fields that matter to nobody go, ids and pids become small, masks name
// only CPUs that occur, times become round. Every step is kept only if the finding stays.
import { CpuMask } from '../trace/cpu-mask.ts';
import { SLOT, SLOTS, type Slot, type TraceEvent } from '../trace/event.ts';
import { highHalf, lowHalf, toBigInt } from '../trace/u64.ts';
import type { FieldName } from '../trace/vocabulary/fields.ts';
import { EVENT_SPECS } from '../trace/vocabulary/index.ts';
import type { Workshop } from './draft.ts';
import { namedCpus, TASK_FIELDS } from './naming.ts';
import { lockedBy } from './probe.ts';

/** Fields that say which moment an event is: without them it would be another event. */
const MOMENT: ReadonlySet<FieldName> = new Set<FieldName>(['phase', 'step']);

/** Fields that tell the story of a finding: they stay on the events that it names. */
const TELLING: ReadonlySet<FieldName> = new Set<FieldName>([
  'dsq',
  'cpus',
  'new_cpus',
  'old_cpus',
  'dsq_flags',
  'exit_kind',
  'msg',
  'ret',
]);

/** Reduces the values of the workshop's draft. */
export function shrinkValues(workshop: Workshop): void {
  dropFields(workshop);
  renumberIds(workshop);
  renumberTasks(workshop);
  narrowMasks(workshop);
  roundTimes(workshop);
}

/** Takes optional fields out: each from all events at once, else from single ones. */
function dropFields(workshop: Workshop): void {
  const named = lockedBy(workshop.draft.target);
  for (const slot of SLOTS) {
    if (MOMENT.has(slot.field)) continue;
    const holders = workshop.draft.events.flatMap((event, i) =>
      isOptional(event, slot) && !(named.has(i) && TELLING.has(slot.field)) ? [i] : [],
    );
    if (holders.length === 0 || dropFrom(workshop, slot, holders) || holders.length === 1) continue;
    for (const i of holders) dropFrom(workshop, slot, [i]);
  }
}

function isOptional(event: TraceEvent, slot: Slot): boolean {
  return event.hasSlot(slot) && !EVENT_SPECS[event.type].required.includes(slot.field);
}

function dropFrom(workshop: Workshop, slot: Slot, holders: readonly number[]): boolean {
  const events = workshop.draft.copies();
  for (const i of holders) events[i]?.drop(slot.field);
  return workshop.try(workshop.draft.with({ events }));
}

/** Addresses and large ids of one sort become 1, 2, 3 …, in the order of their appearance. */
function renumberIds(workshop: Workshop): void {
  renumber(
    workshop,
    SLOTS.filter(({ kind }) => kind === 'id'),
  );
  renumber(
    workshop,
    SLOTS.filter(({ field }) => field === 'dsq_addr' || field === 'src_dsq_addr'),
  );
  renumber(
    workshop,
    SLOTS.filter(({ field }) => field === 'class' || field === 'prev_class' || field === 'next_class'),
  );
}

function renumber(workshop: Workshop, slots: readonly Slot[]): void {
  const numbers = new Map<bigint, bigint>();
  const numberOf = (value: bigint): bigint => {
    if (value === 0n) return 0n;
    const known = numbers.get(value) ?? BigInt(numbers.size + 1);
    numbers.set(value, known);
    return known;
  };
  const events = workshop.draft.copies();
  for (const event of events) {
    for (const slot of slots) {
      if (!event.hasSlot(slot)) continue;
      const value = numberOf(toBigInt(event.high(slot), event.low(slot)));
      event.setWide(slot, highHalf(value), lowHalf(value));
    }
  }
  if ([...numbers].every(([from, to]) => from === to)) return;
  const { header, target } = workshop.draft;
  const isSched = slots.some(({ field }) => field === 'sched');
  const isClass = slots.some(({ field }) => field === 'class');
  workshop.try(
    workshop.draft.with({
      events,
      header: {
        ...header,
        ...(isClass
          ? { schedClasses: new Map([...header.schedClasses].map(([name, address]) => [name, numberOf(address)])) }
          : {}),
        ...(isSched
          ? {
              schedulers: header.schedulers.map((sched) => ({ ...sched, sched: numberOf(sched.sched) })),
              tasks: header.tasks.map((task) =>
                task.sched === undefined ? task : { ...task, sched: numberOf(task.sched) },
              ),
            }
          : {}),
      },
      target: isSched ? { ...target, sched: renumberedSched(target.sched, numberOf) } : target,
    }),
  );
}

function renumberedSched(id: string, numberOf: (value: bigint) => bigint): string {
  const [hi, lo] = id.split(':').map(Number);
  if (hi === undefined || lo === undefined) return id;
  const value = numberOf(toBigInt(hi, lo));
  return `${highHalf(value)}:${lowHalf(value)}`;
}

/** First pid that a renumbered task gets: small, and not that of a task that every kernel has. */
const FIRST_PID = 101;

/** Pids become 101, 102 …, also in texts where they stand as `comm[pid]`. */
function renumberTasks(workshop: Workshop): void {
  const { draft } = workshop;
  const pids = new Map<number, number>();
  for (const event of draft.events) {
    for (const field of TASK_FIELDS) {
      const pid = event[field];
      if (pid > 0 && !pids.has(pid)) pids.set(pid, FIRST_PID + pids.size);
    }
  }
  const pidOf = (pid: number): number => pids.get(pid) ?? pid;
  const events = draft.copies();
  for (const event of events) {
    for (const field of [...TASK_FIELDS, 'tgid'] as const) {
      if (event.has(field) && event[field] > 0) event.setInt(SLOT[field], pidOf(event[field]));
    }
    for (const slot of [SLOT.msg, SLOT.text]) {
      if (event.hasSlot(slot)) event.setString(slot, renamed(event.string(slot), pidOf));
    }
  }
  const { header, target } = draft;
  const tasks = header.tasks.map((task) => ({
    ...task,
    pid: pidOf(task.pid),
    ...(task.tgid === undefined ? {} : { tgid: pidOf(task.tgid) }),
  }));
  if (new Set(tasks.map(({ pid }) => pid)).size < tasks.length) return;
  workshop.try(
    draft.with({
      events,
      header: { ...header, tasks },
      target: {
        ...target,
        pid: pidOf(target.pid),
        exitMessage: target.exitMessage === undefined ? undefined : renamed(target.exitMessage, pidOf),
      },
    }),
  );
}

function renamed(text: string, pidOf: (pid: number) => number): string {
  return text.replaceAll(/\[(\d+)\]/g, (_, pid: string) => `[${pidOf(Number(pid))}]`);
}

/** Masks lose CPUs that nothing else names; a mask that would be empty keeps its first. */
function narrowMasks(workshop: Workshop): void {
  const { draft } = workshop;
  const used = namedCpus(draft.events, draft.target);
  const events = draft.copies();
  const slots = SLOTS.filter(({ kind, field }) => kind === 'cpus' && field !== 'cids');
  for (const event of events) {
    for (const slot of slots) {
      if (!event.hasSlot(slot)) continue;
      const mask = event.masks[slot.index];
      if (mask === undefined || mask.isEmpty) continue;
      mask.copy(narrowedMask(mask, used));
    }
  }
  const tasks = draft.header.tasks.map((task) =>
    task.cpus === undefined || task.cpus.isEmpty ? task : { ...task, cpus: narrowedMask(task.cpus, used) },
  );
  workshop.try(draft.with({ events, header: { ...draft.header, tasks } }));
}

function narrowedMask(mask: CpuMask, used: ReadonlySet<number>): CpuMask {
  const left = [...mask].filter((cpu) => used.has(cpu));
  return CpuMask.of(...(left.length === 0 ? [mask.first] : left));
}

/** Time of the first event, and the gap to the next where nothing speaks against it, ns. */
const TICK_NS = 1000;

/** Gaps between events become as short or as round as the finding allows. */
function roundTimes(workshop: Workshop): void {
  const { draft } = workshop;
  const gaps = draft.events.map((event, i) => (i === 0 ? 0 : event.t - (draft.events[i - 1]?.t ?? 0)));
  if (!setGaps(workshop, gaps)) return;
  if (
    setGaps(
      workshop,
      gaps.map((gap, i) => (i === 0 || gap === 0 ? 0 : TICK_NS)),
    )
  )
    return;
  for (const [i, gap] of gaps.entries()) {
    if (gap === 0) continue;
    for (const value of [TICK_NS, rounded(gap, 1), rounded(gap, 2), rounded(gap, 3)]) {
      const candidate = gaps.with(i, value);
      if (value === gap || setGaps(workshop, candidate)) {
        gaps[i] = value;
        break;
      }
    }
  }
}

function setGaps(workshop: Workshop, gaps: readonly number[]): boolean {
  const events = workshop.draft.copies();
  let t = 0;
  for (const [i, event] of events.entries()) {
    t += gaps[i] ?? 0;
    event.t = t;
  }
  return workshop.try(workshop.draft.with({ events, timeBase: BigInt(TICK_NS) }));
}

/** The number with so many significant digits, but not less than a tick. */
function rounded(value: number, digits: number): number {
  return Math.max(TICK_NS, Number(value.toPrecision(digits)));
}
