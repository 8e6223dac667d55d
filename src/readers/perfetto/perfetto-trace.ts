// Reads Perfetto traces: the ftrace events of all CPUs, merged by time; or, without any, the slices of wprof.
import type { InputError } from '../../errors.ts';
import type { Source } from '../../input/source.ts';
import { PROBE_BY_NAME } from '../../probes/catalogue.ts';
import { CpuMask, MAX_CPU } from '../../trace/cpu-mask.ts';
import { newTraceEvent, SLOT, type TraceEvent } from '../../trace/event.ts';
import { type CpuInfo, emptyHeader, type TraceHeader } from '../../trace/header.ts';
import { addRecorded, type EventName, type RecordedSet } from '../../trace/recorded.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import type { EventSink, OpenTrace, Place, ReaderOptions } from '../reader.ts';
import { applySnapshot, findSnapshot } from '../snapshot.ts';
import { SwitchNames } from '../switch-names.ts';
import { BundleCursor, CURRENT } from './bundle-cursor.ts';
import { expandCompressed } from './expand.ts';
import { FtraceEvents } from './ftrace-events.ts';
import { CLOCK_NAMES, FTRACE_EVENT } from './schema.ts';
import { SliceSwitches } from './slice-switches.ts';
import { type Survey, survey } from './survey.ts';

/** Records between two reports of progress. */
const PROGRESS_INTERVAL = 1 << 16;

const SWITCH = 4;

export async function openPerfetto(source: Source, options: ReaderOptions): Promise<OpenTrace> {
  const plain = await expandCompressed(source);
  return new PerfettoTrace(plain.source, options, survey(plain.source, options.chunkBytes), plain.damage);
}

class PerfettoTrace implements OpenTrace {
  readonly format: string;
  readonly header: TraceHeader;
  readonly timeBase: bigint;
  readonly unused = new Map<string, number>();
  absorbed = 0;
  readonly #source: Source;
  readonly #options: ReaderOptions;
  readonly #survey: Survey;
  readonly #events: FtraceEvents;
  readonly #useSlices: boolean;
  /** What ended the file early; thrown when everything before it was delivered. */
  readonly #damage: InputError | undefined;

  constructor(source: Source, options: ReaderOptions, found: Survey, damage: InputError | undefined) {
    this.#source = source;
    this.#options = options;
    this.#survey = found;
    this.#damage = found.damage ?? damage;
    this.timeBase = found.base.toBigInt();
    const { counts } = found;
    const switches = (counts.byNumber.get(SWITCH) ?? 0) + counts.compactSwitches;
    this.#useSlices = switches === 0 && counts.slices > 0;
    this.format = this.#useSlices ? 'Perfetto (wprof)' : counts.compactSwitches > 0 ? 'Perfetto (compact)' : 'Perfetto';
    this.header = this.#buildHeader();
    const nrCpuIds = Math.max((this.header.possible?.last ?? -1) + 1, found.bundles.length);
    this.#events = new FtraceEvents(nrCpuIds, this.header.possible !== undefined);
    for (const [number, descriptor] of found.descriptors) this.#events.describe(number, descriptor);
    this.header.recorded ??= this.#recorded();
    if (counts.compactSwitches > 0) this.header.features = new Set([...this.header.features, 'inferred:prev']);
  }

  positionOf(place: Place): string {
    return `CPU ${place.cpu}, byte ${place.position}`;
  }

  run(sink: EventSink): void {
    this.unused.clear();
    for (const [name, n] of this.#survey.counts.tracks) this.unused.set(name, n);
    const run = new PerfettoRun(this.#survey, this.#events, this.unused, this.#options, sink);
    try {
      if (this.#useSlices) run.slices(new SliceSwitches(this.#source, this.#survey));
      else {
        if (this.#survey.counts.slices > 0) this.unused.set('track event ONCPU', this.#survey.counts.slices);
        run.merge(
          this.#survey.bundles
            .filter((bundles) => bundles.length > 0)
            .map((bundles) => new BundleCursor(this.#source, bundles, this.#survey.base)),
        );
      }
    } finally {
      this.absorbed = run.absorbed;
    }
    if (this.#damage !== undefined) throw this.#damage;
  }

  #buildHeader(): TraceHeader {
    const { metadata, clock, tracks } = this.#survey;
    const header = emptyHeader();
    if (metadata.kernel !== undefined) header.kernel = metadata.kernel;
    const clockName = this.#useSlices ? CLOCK_NAMES[tracks.clock] : clock;
    if (clockName !== undefined) header.clock = clockName;
    header.mayBeFiltered = true;
    header.losses = metadata.losses.filter((loss) => loss.overrun > 0 || loss.dropped > 0);
    if (metadata.topology !== undefined) applyTopology(metadata.topology, header);
    const snapshot = this.#options.snapshot ?? findSnapshot(this.#source.path);
    if (snapshot !== undefined) applySnapshot(snapshot, header);
    if (header.possible === undefined && metadata.cpus !== undefined && metadata.cpus > 0)
      header.possible = CpuMask.of(...Array.from({ length: metadata.cpus }, (_, cpu) => cpu));
    const named = new Set(header.tasks.map((task) => task.pid));
    header.tasks = [...header.tasks, ...[...metadata.tasks.values()].filter((task) => !named.has(task.pid))];
    return header;
  }

  /** What the configuration asked for, and what occurs. */
  #recorded(): RecordedSet {
    const recorded = new Set<EventName>();
    const { counts, metadata } = this.#survey;
    const add = (plan: {
      readonly probe: { readonly type: Parameters<typeof addRecorded>[1]; readonly step?: string };
    }): void => addRecorded(recorded, plan.probe.type, plan.probe.step);
    for (const number of counts.byNumber.keys()) {
      const plan = this.#events.planOfNumber(number);
      if (plan !== undefined) add(plan);
    }
    for (const name of counts.generic.keys()) {
      const plan = this.#events.planOfGeneric(name);
      if (plan !== undefined) add(plan);
    }
    if (counts.compactSwitches > 0 || this.#useSlices) addRecorded(recorded, 'switch', undefined);
    if (counts.compactWakings > 0) addRecorded(recorded, 'wakeup', 'waking');
    for (const name of metadata.recorded) {
      const probe = PROBE_BY_NAME.get(name);
      if (probe !== undefined) addRecorded(recorded, probe.type, probe.step);
    }
    return recorded;
  }
}

class PerfettoRun {
  readonly #survey: Survey;
  readonly #events: FtraceEvents;
  readonly #unused: Map<string, number>;
  readonly #options: ReaderOptions;
  readonly #sink: EventSink;
  readonly #event: TraceEvent = newTraceEvent();
  readonly #switches = new SwitchNames();
  readonly #bothSwitches: boolean;
  /** Task that a CPU runs, for compact switches, which do not name it; -1 unknown. */
  readonly #current: number[] = [];
  #seq = 0;
  #inferred = 0;

  constructor(
    found: Survey,
    events: FtraceEvents,
    unused: Map<string, number>,
    options: ReaderOptions,
    sink: EventSink,
  ) {
    this.#survey = found;
    this.#events = events;
    this.#unused = unused;
    this.#options = options;
    this.#sink = sink;
    this.#bothSwitches =
      found.counts.byNumber.has(SWITCH) && (found.counts.generic.has('switch') || this.#describes('switch'));
  }

  /** Records used without becoming an event. */
  get absorbed(): number {
    return this.#switches.absorbed + this.#inferred;
  }

  /** All CPUs, merged by time; CPUs with equal times in the order of their numbers. */
  merge(cursors: readonly BundleCursor[]): void {
    const live = cursors.filter((cursor) => cursor.advance());
    let done = 0;
    while (live.length > 0) {
      let best = 0;
      let bestTime = live[0]?.t ?? 0;
      let limit = Number.POSITIVE_INFINITY;
      for (let i = 1; i < live.length; i++) {
        const t = live[i]?.t ?? 0;
        if (t < bestTime) {
          limit = bestTime;
          best = i;
          bestTime = t;
        } else if (t < limit) limit = t;
      }
      const cursor = live[best];
      if (cursor === undefined) return;
      do {
        if (!this.#record(cursor)) return;
        if ((++done & (PROGRESS_INTERVAL - 1)) === 0) this.#options.onProgress?.(done);
        if (!cursor.advance()) {
          live.splice(best, 1);
          break;
        }
      } while (cursor.t < limit);
    }
  }

  slices(switches: SliceSwitches): void {
    const event = this.#event;
    while (switches.advance()) {
      event.begin(KIND.switch);
      event.prev = switches.prev;
      event.next = switches.next;
      event.cpu = switches.cpu;
      this.#inferred++;
      if (!this.#deliver(switches.t, switches.position)) return;
    }
    if (switches.halves > 0) this.#unused.set('ONCPU slice whose other half was filtered out', switches.halves);
  }

  #record(cursor: BundleCursor): boolean {
    switch (cursor.what) {
      case CURRENT.lost:
        this.#current[cursor.cpu] = -1;
        this.#event.begin(KIND.lost);
        break;
      case CURRENT.compactSwitch:
        if (!this.#compactSwitch(cursor)) return true;
        break;
      case CURRENT.compactWaking:
        this.#compactWaking(cursor);
        break;
      default:
        if (!this.#fullEvent(cursor)) return true;
    }
    this.#event.cpu = cursor.cpu;
    return this.#deliver(cursor.t, cursor.position);
  }

  /** Fills the event from a full one; false when it becomes none. */
  #fullEvent(cursor: BundleCursor): boolean {
    const event = this.#event;
    const { number, bytes, from, to } = cursor;
    const isGeneric = number === FTRACE_EVENT.generic;
    const filled = isGeneric
      ? this.#events.fillGeneric(bytes, from, to, event)
      : this.#events.fill(number, bytes, from, to, event);
    if (!filled) {
      this.#count(isGeneric ? this.#events.genericName(bytes, from, to) : this.#events.nameOf(number));
      return false;
    }
    event.cpu = cursor.cpu;
    if (event.kind !== KIND.switch) return true;
    if (this.#bothSwitches && number === SWITCH) {
      this.#switches.absorb(event);
      return false;
    }
    if (number !== SWITCH) this.#switches.complete(event);
    this.#current[cursor.cpu] = event.next;
    return true;
  }

  /** The first compact switch of a CPU only tells who comes: it becomes no event. */
  #compactSwitch({ cpu, compact, index }: BundleCursor): boolean {
    const event = this.#event;
    const prev = this.#current[cpu] ?? -1;
    const next = compact.switchNext.at(index);
    while (this.#current.length < cpu) this.#current.push(-1);
    this.#current[cpu] = next;
    if (prev < 0) {
      this.#inferred++;
      return false;
    }
    event.begin(KIND.switch);
    event.prev = prev;
    event.next = next;
    if (compact.switchState.length > 0) event.prev_state = compact.switchState.at(index);
    const comm = compact.names[compact.switchComm.at(index)] ?? '';
    if (comm !== '' && next !== 0 && this.#events.newComm(next, comm)) event.setString(SLOT.next_comm, comm);
    return true;
  }

  #compactWaking({ compact, index }: BundleCursor): void {
    const event = this.#event;
    const pid = compact.wakingPid.at(index);
    event.begin(KIND.wakeup);
    event.setString(SLOT.step, 'waking');
    event.pid = pid;
    if (compact.wakingTarget.length > 0) event.target = compact.wakingTarget.at(index);
    if (compact.wakingPrio.length > 0) event.prio = compact.wakingPrio.at(index);
    const comm = compact.names[compact.wakingComm.at(index)] ?? '';
    if (comm !== '' && this.#events.newComm(pid, comm)) event.setString(SLOT.comm, comm);
  }

  #deliver(t: number, position: number): boolean {
    const event = this.#event;
    event.seq = this.#seq++;
    event.t = t;
    event.position = position;
    return this.#sink.event(event);
  }

  #count(name: string): void {
    this.#unused.set(name, (this.#unused.get(name) ?? 0) + 1);
  }

  #describes(name: string): boolean {
    return [...this.#survey.counts.byNumber.keys()].some(
      (number) => number !== SWITCH && this.#events.nameOf(number) === name,
    );
  }
}

/** CPUs, caches and nodes as scxtop notes them. What makes no sense is left out: it is an extra of that tool. */
function applyTopology(text: string, header: TraceHeader): void {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return;
  }
  if (typeof json !== 'object' || json === null) return;
  const table = (name: string): ReadonlyMap<number, number> => {
    const value: unknown = (json as Readonly<Record<string, unknown>>)[name];
    if (typeof value !== 'object' || value === null) return new Map();
    return new Map(
      Object.entries(value).flatMap(([cpu, id]) =>
        typeof id === 'number' && /^\d+$/.test(cpu) && Number(cpu) <= MAX_CPU ? [[Number(cpu), id]] : [],
      ),
    );
  };
  const nodes = table('cpu_to_numa');
  const caches = table('cpu_to_llc');
  const cores = table('cpu_to_core');
  const members = (of: ReadonlyMap<number, number>, id: number | undefined): CpuMask =>
    CpuMask.of(...[...of].filter(([, other]) => other === id).map(([cpu]) => cpu));
  header.cpus = [...caches.keys()]
    .toSorted((a, b) => a - b)
    .map((cpu): CpuInfo => {
      const node = nodes.get(cpu);
      const core = cores.get(cpu);
      return {
        cpu,
        llc: members(caches, caches.get(cpu)),
        ...(node === undefined ? {} : { node }),
        ...(core === undefined ? {} : { core, siblings: members(cores, core) }),
      };
    });
  if (header.cpus.length > 0) header.possible ??= CpuMask.of(...header.cpus.map((info) => info.cpu));
}
