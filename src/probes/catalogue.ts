// The catalogue of probes: what is recorded, and what each recorded event becomes. Origin of recorder and readers.
import { CAPS_PROBES } from './caps-probes.ts';
import { DSQ_PROBES } from './dsq-probes.ts';
import type { Probe } from './probe.ts';
import { RQ_PROBES } from './rq-probes.ts';
import { SCHED_PROBES } from './sched-probes.ts';
import { TASK_PROBES } from './task-probes.ts';

export const PROBES: readonly Probe[] = [...RQ_PROBES, ...DSQ_PROBES, ...TASK_PROBES, ...SCHED_PROBES, ...CAPS_PROBES];

/** Catalogue entry by `system/event`, as trace files name their events. */
export const PROBE_BY_NAME: ReadonlyMap<string, Probe> = new Map(
  PROBES.map((probe) => [`${probe.system}/${probe.event}`, probe]),
);
