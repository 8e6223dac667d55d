// The header of a trace from the metadata of a trace.dat and the snapshot beside it.
import { CpuMask } from '../../trace/cpu-mask.ts';
import { emptyHeader, type TraceHeader } from '../../trace/header.ts';
import { addRecorded, type EventName, type RecordedSet } from '../../trace/recorded.ts';
import { applySnapshot } from '../snapshot.ts';
import type { DecodePlan } from './decode-plan.ts';
import type { DatFile } from './file.ts';
import { type CpuStats, headerLosses } from './losses.ts';

/** `snapshot`: path of the snapshot, undefined for none. */
export function headerOf(file: DatFile, stats: readonly CpuStats[], snapshot: string | undefined): TraceHeader {
  const header = emptyHeader();
  const release = file.uname === undefined ? undefined : releaseOf(file.uname);
  if (release !== undefined) header.kernel = release;
  if (file.clock !== undefined) header.clock = file.clock;
  header.features = new Set(
    [...file.formats.values()]
      .filter((format) => format.system === 'sched_ext')
      .map((format) => `tracepoint:${format.name}`),
  );
  header.losses = headerLosses(stats);
  if (snapshot !== undefined) applySnapshot(snapshot, header);
  if (header.schedClasses.size === 0) header.schedClasses = classesOf(file.kallsyms);
  const named = new Set(header.tasks.map((task) => task.pid));
  header.tasks = [
    ...header.tasks,
    ...[...file.cmdlines].filter(([pid]) => !named.has(pid)).map(([pid, comm]) => ({ pid, comm })),
  ];
  return header;
}

/** The CPUs that the file itself names. */
export function possibleCpus(file: DatFile): CpuMask {
  const mask = new CpuMask();
  for (let cpu = 0; cpu < (file.cpuCount ?? 0); cpu++) mask.add(cpu);
  for (const buffer of file.buffers) for (const { cpu } of buffer.cpuData) mask.add(cpu);
  return mask;
}

/** Dynamic events were defined in order to be recorded; of the kernel's own a format says nothing. */
export function recordedTypes(plans: readonly (DecodePlan | undefined)[]): RecordedSet {
  const recorded = new Set<EventName>();
  for (const plan of plans)
    if (plan !== undefined && plan.format.system !== 'ftrace') addRecorded(recorded, plan.probe.type, plan.probe.step);
  return recorded;
}

/** The release in `Linux host 7.3-cloud-amd64 x86_64`. */
function releaseOf(uname: string): string | undefined {
  return /^\S+\s+\S+\s+(\d\S*)/.exec(uname)?.[1] ?? uname.split(/\s+/).find((word) => /^\d+\.\d+/.test(word));
}

/** Addresses of the scheduling classes in a kallsyms text. */
function classesOf(kallsyms: string): ReadonlyMap<string, bigint> {
  const classes = new Map<string, bigint>();
  for (const match of kallsyms.matchAll(/^([0-9a-f]+) \w (stop|dl|rt|fair|ext|idle)_sched_class$/gm)) {
    const [, address, name] = match;
    if (address !== undefined && name !== undefined) {
      const value = BigInt(`0x${address}`);
      if (value !== 0n) classes.set(name, value);
    }
  }
  return classes;
}
