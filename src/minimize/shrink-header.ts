// Leaves in the header of a short trace what its finding needs and its reader wants: the rest is taken out, key by key.
import { CpuMask } from '../trace/cpu-mask.ts';
import type { TaskInfo, TraceHeader } from '../trace/header.ts';
import { type EventName, parseEventName, type RecordedSet } from '../trace/recorded.ts';
import type { EventType } from '../trace/vocabulary/index.ts';
import type { Draft, Workshop } from './draft.ts';
import { namedCpus, namedTasks } from './naming.ts';

/** Reduces the header of the workshop's draft. */
export function shrinkHeader(workshop: Workshop): void {
  const change = (edit: (header: TraceHeader) => TraceHeader): boolean =>
    workshop.try(workshop.draft.with({ header: edit(workshop.draft.header) }));
  for (const edit of REMOVALS) change(edit);
  shrinkTasks(workshop);
  // A trace that does not say what was recorded goes on not saying it.
  const { recorded } = workshop.draft.header;
  if (recorded !== undefined) change((header) => ({ ...header, recorded: narrowed(recorded, workshop.draft) }));
  shrinkPossible(workshop);
}

/** Each takes out something that few findings need. */
const REMOVALS: readonly ((header: TraceHeader) => TraceHeader)[] = [
  (header) => ({ ...header, cpus: [] }),
  (header) => ({ ...header, params: new Map() }),
  (header) => ({ ...header, cgroups: new Map() }),
  (header) => ({ ...header, features: new Set() }),
  (header) => ({ ...header, losses: [] }),
  (header) => ({ ...header, schedClasses: new Map() }),
  (header) => ({ ...header, schedulers: [] }),
  (header) => without(header, 'hotplugSeq'),
  (header) => without(header, 'schedExtState'),
  (header) => without(header, 'clock'),
  (header) => without(header, 'hz'),
  (header) => without(header, 'online'),
  (header) => without(header, 'expect'),
  (header) => without(header, 'startsMidRun'),
];

function without(header: TraceHeader, key: keyof TraceHeader): TraceHeader {
  const { [key]: _, ...rest } = header;
  return rest as TraceHeader;
}

/** Tasks that no event names go first, then what is left of each task piece by piece. */
function shrinkTasks(workshop: Workshop): void {
  const setTasks = (tasks: readonly TaskInfo[]): boolean =>
    workshop.try(workshop.draft.with({ header: { ...workshop.draft.header, tasks } }));
  if (setTasks([])) return;
  const named = namedTasks(workshop.draft.events);
  setTasks(workshop.draft.header.tasks.filter(({ pid }) => named.has(pid)));
  for (const { pid } of workshop.draft.header.tasks) {
    if (setTasks(workshop.draft.header.tasks.filter((task) => task.pid !== pid))) continue;
    for (const key of [
      'tgid',
      'policy',
      'nice',
      'rtPrio',
      'flags',
      'cpu',
      'weight',
      'vtime',
      'cgroup',
      'sched',
      'cpus',
      'comm',
    ]) {
      setTasks(
        workshop.draft.header.tasks.map((task) =>
          task.pid === pid
            ? (Object.fromEntries(Object.entries(task).filter(([name]) => name !== key)) as unknown as TaskInfo)
            : task,
        ),
      );
    }
  }
}

/** What counts as recorded: the types that are there and those that the rule needs, so that other rules judge nothing. */
function narrowed(recorded: RecordedSet, { events, target }: Draft): RecordedSet {
  const typeOf = (name: EventName): EventType | undefined => parseEventName(name)?.type;
  const needed = new Set<EventType | undefined>([
    ...target.rule.needs.flat().map(typeOf),
    ...events.map(({ type }) => type),
  ]);
  return new Set([...recorded].filter((name) => needed.has(typeOf(name))));
}

function shrinkPossible(workshop: Workshop): void {
  const { header, events, target } = workshop.draft;
  if (header.possible === undefined) return;
  const used = namedCpus(events, target);
  const possible = CpuMask.of(...[...header.possible].filter((cpu) => used.has(cpu)));
  const online =
    header.online === undefined ? {} : { online: CpuMask.of(...[...header.online].filter((cpu) => used.has(cpu))) };
  if (possible.isEmpty) return;
  const cpus = header.cpus.filter(({ cpu }) => used.has(cpu));
  workshop.try(workshop.draft.with({ header: { ...header, possible, ...online, cpus } }));
}
