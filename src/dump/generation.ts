// Which releases print a dump of this shape, and what in it shows that.
import { EVENT_COUNTERS } from '../kernel/counters.ts';
import { ERROR_SITES } from '../kernel/error-sites.ts';
import { formatMatches } from '../kernel/format.ts';
import { RELEASES, type Release, releasesBetween } from '../kernel/release.ts';
import type { Dump, DumpTask } from './dump.ts';

export interface ShapeEvidence {
  /** What the dump shows. */
  readonly text: string;
  /** Releases of which this is true. */
  readonly releases: readonly Release[];
}

export interface ShapeReleases {
  /** Releases that print such a dump; all when nothing tells. */
  readonly releases: readonly Release[];
  readonly evidence: readonly ShapeEvidence[];
  /** No release prints all of it: a patched kernel, or lines of several dumps. */
  readonly contradictory: boolean;
}

/** Counters that a complete section has at least. */
const FEW_COUNTERS = 5;
/** Bits of rq->scx.flags that exist in some releases only: BAL_PENDING, BAL_KEEP, BYPASSING, the two IDLE_RENOTIFY. */
const RQ_FLAGS: readonly { readonly bit: number; readonly since: Release; readonly until?: Release }[] = [
  { bit: 0x4, since: '6.12', until: '6.18' },
  { bit: 0x8, since: '6.12', until: '7.1' },
  { bit: 0x10, since: '6.12', until: '7.0' },
  { bit: 0x80, since: '7.3' },
  { bit: 0x100, since: '7.3' },
];
const EXIT_KINDS: Readonly<Record<number, Release>> = { 68: '7.1', 69: '7.3', 1027: '7.3', 1028: '7.3' };
/** Built-in DSQs that came later: BYPASS, REJECT, RESCUE. */
const DSQS: ReadonlyMap<bigint, Release> = new Map([
  [0x8000000000000003n, '6.19'],
  [0x8000000000000004n, '7.3'],
  [0x8000000000000005n, '7.3'],
]);
/** Longer messages are no message of the kernel's own. */
const MAX_MESSAGE = 1100;

/** The releases whose dumps have the shape of this one, and the pieces of evidence that rule others out. */
export function releasesOfShape(dump: Dump): ShapeReleases {
  let releases: readonly Release[] = RELEASES;
  const evidence: ShapeEvidence[] = [];
  for (const entry of [...ofHead(dump), ...ofCpus(dump), ...ofTasks(dump), ...ofCounters(dump)]) {
    const left = releases.filter((release) => entry.releases.includes(release));
    if (left.length === releases.length) continue;
    evidence.push(entry);
    if (left.length === 0) return { releases: RELEASES, evidence, contradictory: true };
    releases = left;
  }
  return { releases, evidence, contradictory: false };
}

function* ofHead(dump: Dump): Generator<ShapeEvidence> {
  const { trigger, message } = dump;
  if (dump.owner !== undefined) {
    yield { text: 'the first line names the dumped scheduler', releases: releasesBetween('7.1') };
  }
  if (trigger?.kind === 'exit') {
    if (trigger.namesCpu === true) yield { text: 'the header names a CPU', releases: releasesBetween('7.2') };
    if (trigger.namesCpu === false && (trigger.exitKind ?? 0) >= 1024) {
      yield { text: 'the header names no CPU', releases: releasesBetween('6.12', '7.1') };
    }
    const since = EXIT_KINDS[trigger.exitKind ?? 0];
    if (since !== undefined)
      yield { text: `there is an exit kind ${trigger.exitKind}`, releases: releasesBetween(since) };
  }
  if (message !== undefined && !dump.messageCut && message.length < MAX_MESSAGE) yield* ofMessage(message);
}

/** Releases that have a check with this text; nothing when no check of the core has it. */
function* ofMessage(message: string): Generator<ShapeEvidence> {
  const releases = new Set<Release>();
  for (const site of ERROR_SITES) {
    if (!/[a-zA-Z]{3}/.test(site.format.replace(/%\w+/g, ''))) continue;
    let since = site.since;
    for (const old of site.older ?? []) {
      if (formatMatches(old.format, message))
        for (const release of releasesBetween(since, old.until)) releases.add(release);
      since = RELEASES[RELEASES.indexOf(old.until) + 1] ?? since;
    }
    if (formatMatches(site.format, message))
      for (const release of releasesBetween(since, site.until)) releases.add(release);
  }
  if (releases.size > 0) {
    yield { text: 'the words of the message', releases: RELEASES.filter((release) => releases.has(release)) };
  }
}

function* ofCpus(dump: Dump): Generator<ShapeEvidence> {
  let previous = -1;
  for (const cpu of dump.cpus) {
    if (cpu.pntSeq !== undefined) {
      yield cpu.opsQseq === undefined && cpu.lineComplete
        ? { text: 'CPU lines have pnt_seq and no ops_qseq', releases: ['6.12'] }
        : { text: 'CPU lines have pnt_seq', releases: releasesBetween('6.12', '6.18') };
    }
    if (cpu.ksync !== undefined) {
      yield cpu.opsQseq === undefined
        ? { text: 'CPU lines have ksync and no ops_qseq', releases: releasesBetween('7.2') }
        : { text: 'CPU lines have ops_qseq and ksync', releases: releasesBetween('6.19', '7.2') };
    }
    if (cpu.rescue !== undefined) yield { text: 'CPU blocks have a rescue line', releases: releasesBetween('7.3') };
    if (cpu.masks.some((mask) => mask.name === 'cpus_to_sync')) {
      yield { text: 'there is a mask cpus_to_sync', releases: releasesBetween('7.0') };
    }
    for (const { bit, since, until } of RQ_FLAGS) {
      if (((cpu.flags ?? 0) & bit) !== 0) {
        yield { text: `run queue flag 0x${bit.toString(16)}`, releases: releasesBetween(since, until) };
      }
    }
    if (cpu.cpu >= 0 && cpu.cpu < previous) {
      yield { text: 'the CPUs are not in ascending order', releases: releasesBetween('7.2') };
    }
    previous = cpu.cpu;
  }
}

function* ofTasks(dump: Dump): Generator<ShapeEvidence> {
  for (const task of dump.cpus.flatMap((cpu) => cpu.tasks)) {
    yield* ofTask(task);
  }
}

function* ofTask(task: DumpTask): Generator<ShapeEvidence> {
  const { shape } = task;
  if (shape.headLine) {
    yield task.owner === undefined
      ? { text: 'tasks name no scheduler', releases: releasesBetween('6.12', '7.0') }
      : { text: 'tasks name their scheduler', releases: releasesBetween('7.1') };
  }
  if (shape.vtimeBesideDsq) yield { text: 'dsq_vtime stands beside dsq_id', releases: releasesBetween('6.12', '6.13') };
  if (shape.vtimeLine && task.weight !== undefined) {
    yield { text: 'tasks have a line with dsq_vtime, slice and weight', releases: releasesBetween('6.14') };
  }
  if (shape.cpusLine && task.cpus !== undefined) {
    yield task.noMig === undefined
      ? { text: 'tasks have no no_mig', releases: releasesBetween('6.12', '6.17') }
      : { text: 'tasks have no_mig', releases: releasesBetween('6.18') };
  }
  // A task that runs under the scheduler is ENABLED: 3 in the old numbering, 4 in the new one.
  if (task.current === true && task.scxState === 3) {
    yield { text: 'a running task has scx_state 3', releases: releasesBetween('6.12', '7.0') };
  }
  if (task.current === true && task.scxState === 4) {
    yield { text: 'a running task has scx_state 4', releases: releasesBetween('7.1') };
  }
  const since = task.dsq === null || task.dsq === undefined ? undefined : DSQS.get(task.dsq);
  if (since !== undefined)
    yield { text: 'a task is on a DSQ that older kernels lack', releases: releasesBetween(since) };
}

function* ofCounters(dump: Dump): Generator<ShapeEvidence> {
  const names = new Set(dump.counters.map((counter) => counter.name));
  if (dump.countersShown || names.size > 0)
    yield { text: 'there are event counters', releases: releasesBetween('6.15') };
  else if (dump.closed && dump.truncated === undefined && !dump.headless) {
    yield { text: 'there are no event counters', releases: releasesBetween('6.12', '6.14') };
  }
  const complete = dump.countersShown && dump.truncated === undefined && names.size >= FEW_COUNTERS;
  for (const { name, since, until } of EVENT_COUNTERS) {
    if (names.has(name)) yield { text: `counter ${name}`, releases: releasesBetween(since, until) };
    else if (complete) {
      const releases = RELEASES.filter((release) => !releasesBetween(since, until).includes(release));
      yield { text: `no counter ${name}`, releases };
    }
  }
}
