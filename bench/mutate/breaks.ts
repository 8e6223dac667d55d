// How one event is broken: dropped, doubled, swapped with the next one, or given another value.
import { formatDsqId } from '../../src/kernel/dsq-id.ts';
import { newTraceEvent, type TraceEvent } from '../../src/trace/event.ts';
import type { EventType } from '../../src/trace/vocabulary/index.ts';
import type { Mutant, Mutation } from './mutation.ts';
import type { Random } from './random.ts';
import type { Recording } from './recording.ts';

/** Which events lend themselves to a break. */
export type Filter = (event: TraceEvent, index: number, recording: Recording) => boolean;
/** Why the break of this event can't be seen; '' it can. */
export type Why = (event: TraceEvent, index: number, recording: Recording) => string;

/** Events are looked for from this share of the recording on: by then a scheduler is loaded and the model has settled. */
const SETTLED = 0.1;
const TRIES = 200;

function copyOf(event: TraceEvent): TraceEvent {
  const copy = newTraceEvent();
  copy.copy(event);
  return copy;
}

/** A random event of a type for which the filter holds. */
function choose(recording: Recording, random: Random, types: readonly EventType[], filter: Filter): number {
  for (let i = 0; i < TRIES; i++) {
    const list = recording.byType.get(random.pick(types) ?? 'switch') ?? [];
    const index = random.pick(list);
    if (index === undefined) continue;
    const event = recording.events[index];
    if (event === undefined || (index < recording.events.length * SETTLED && list.length > 20)) continue;
    if (filter(event, index, recording)) return index;
  }
  return -1;
}

function mutantAt(
  recording: Recording,
  at: number,
  replaced: number,
  by: readonly TraceEvent[],
  unobservable: string,
): Mutant {
  const touched = [...by, ...recording.events.slice(at, at + replaced)];
  const pids = touched.flatMap((event) => [event.pid, event.prev, event.next].filter((pid) => pid > 0));
  const cpus = touched.flatMap((event) => [event.cpu, event.rq, event.target, event.dst].filter((cpu) => cpu >= 0));
  const named = touched.find((event) => event.has('dsq'));
  return {
    at,
    replaced,
    by,
    pids,
    cpus,
    dsq: named === undefined ? '' : formatDsqId(named.dsq_hi, named.dsq_lo),
    unobservable,
  };
}

const always: Filter = () => true;
const seen: Why = () => '';

/** What becomes of the events from a chosen one on: how many are replaced, and by what. */
interface Change {
  readonly replaced: number;
  readonly by: readonly TraceEvent[];
}

/** A break of events of some types: `change` says what becomes of one, undefined when it does not lend itself to it. */
function breaking(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  filter: Filter,
  why: Why,
  change: (event: TraceEvent, at: number, recording: Recording, random: Random) => Change | undefined,
): Mutation {
  const list = typeof types === 'string' ? [types] : types;
  return {
    id,
    title,
    make(recording, random) {
      for (let i = 0; i < TRIES; i++) {
        const at = choose(recording, random, list, filter);
        const event = recording.events[at];
        if (event === undefined) return undefined;
        const changed = change(event, at, recording, random);
        if (changed !== undefined)
          return mutantAt(recording, at, changed.replaced, changed.by, why(event, at, recording));
      }
      return undefined;
    },
  };
}

export function drop(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  filter: Filter = always,
  why: Why = seen,
): Mutation {
  return breaking(id, title, types, filter, why, () => ({ replaced: 1, by: [] }));
}

export function double(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  filter: Filter = always,
  why: Why = seen,
): Mutation {
  return breaking(id, title, types, filter, why, (event) => ({ replaced: 1, by: [event, copyOf(event)] }));
}

/** `change` alters a copy of the event; false: this one does not lend itself to it. */
export function alter(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  change: (event: TraceEvent, recording: Recording, random: Random) => boolean,
  filter: Filter = always,
  why: Why = seen,
): Mutation {
  return breaking(id, title, types, filter, why, (event, _at, recording, random) => {
    const copy = copyOf(event);
    return change(copy, recording, random) ? { replaced: 1, by: [copy] } : undefined;
  });
}

/** Swaps an event with the next one of the same CPU. */
export function swap(
  id: string,
  title: string,
  types: EventType | readonly EventType[],
  filter: Filter = always,
  why: Why = seen,
): Mutation {
  return breaking(id, title, types, filter, why, (event, at, { events }) => {
    let next = at + 1;
    while (next < events.length && events[next]?.cpu !== event.cpu) next++;
    const other = events[next];
    return other === undefined
      ? undefined
      : { replaced: next - at + 1, by: [other, ...events.slice(at + 1, next), event] };
  });
}

export function otherPid(event: TraceEvent, recording: Recording, random: Random): number {
  for (let i = 0; i < TRIES; i++) {
    const pid = random.pick(recording.pids) ?? -1;
    if (pid > 0 && pid !== event.pid && pid !== event.next && pid !== event.prev) return pid;
  }
  return -1;
}

export function otherTask(event: TraceEvent, recording: Recording, random: Random): boolean {
  const pid = otherPid(event, recording, random);
  if (pid < 0) return false;
  event.pid = pid;
  return true;
}

export function otherCpu(recording: Recording, random: Random, cpu: number): number {
  const others = recording.cpus.filter((other) => other !== cpu);
  return random.pick(others) ?? -1;
}

export function otherDsq(event: TraceEvent, recording: Recording, random: Random): boolean {
  const others = recording.dsqs.filter((dsq) => dsq.addrHi !== event.dsq_addr_hi || dsq.addrLo !== event.dsq_addr_lo);
  const dsq = random.pick(others);
  if (dsq === undefined) return false;
  event.dsq_hi = dsq.hi;
  event.dsq_lo = dsq.lo;
  event.dsq_addr_hi = dsq.addrHi;
  event.dsq_addr_lo = dsq.addrLo;
  event.drop('dsq_cpu');
  return true;
}
