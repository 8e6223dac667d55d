// Inside one trace: the last request of the scheduler or of user space that a violation needs. Once it was made, leaving out
// later ones does not avoid the violation any more: the rest is what the core makes of it.
import type { EventSource, Probe, Target } from '../minimize/probe.ts';
import { newTraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import { EVENT_TYPES, type EventType, KIND } from '../trace/vocabulary/index.ts';

/** What schedulers and users ask for. Everything else is what the core does about it. */
const REQUESTS: readonly EventType[] = [
  'insert',
  'move',
  'move_to_local',
  'reenqueue',
  'kick',
  'set_slice',
  'set_vtime',
  'affinity',
  'migration_disabled',
  'weight',
  'yield',
  'dsq_create',
  'dsq_destroy',
  'cpu_online',
  'cpu_offline',
  'cap_grant',
  'cap_revoke',
  'sub_kill',
  'bpf_exit',
  'select_cpu',
];
const IS_REQUEST = new Uint8Array(EVENT_TYPES.length);
for (const type of REQUESTS) IS_REQUEST[KIND[type]] = 1;

export interface PointOfNoReturn {
  /** Ordinal of the request; -1: none is needed. */
  readonly decided: number;
  /** Ordinal of the event at which the violation is reported. */
  readonly reported: number;
}

/** Finds the shortest prefix whose requests suffice: first in growing steps back from the report, then by halves. */
export function pointOfNoReturn(
  probe: Probe,
  source: EventSource,
  header: TraceHeader,
  target: Target,
): PointOfNoReturn {
  const event = newTraceEvent();
  const reported = target.seq >= 0 ? target.seq : source.length - 1;
  const requests: number[] = [];
  for (let i = 0; i <= reported; i++) {
    source.load(i, event);
    if (IS_REQUEST[event.kind] === 1) requests.push(i);
  }
  const isRequest = new Set(requests);
  /** The finding comes when of all requests only the first `n` are made. */
  const comes = (n: number): boolean => {
    const first = n < requests.length ? (requests[n] ?? 0) : source.length;
    const kept: number[] = [];
    for (let i = 0; i < source.length; i++) if (i < first || i > reported || !isRequest.has(i)) kept.push(i);
    return probe.keeps(header, Uint32Array.from(kept), target);
  };
  let holds = requests.length;
  let fails = -1;
  for (let step = 1; ; step *= 2) {
    const n = Math.max(0, requests.length - step);
    if (!comes(n)) {
      fails = n;
      break;
    }
    holds = n;
    if (n === 0) break;
  }
  while (holds - fails > 1) {
    const middle = (holds + fails) >> 1;
    if (comes(middle)) holds = middle;
    else fails = middle;
  }
  return { decided: holds === 0 ? -1 : (requests[holds - 1] ?? -1), reported };
}
