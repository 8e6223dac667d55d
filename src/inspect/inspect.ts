// Looks a trace through once: counts what it holds, and asks every rule whether it could decide anything from that.
import { InputError } from '../errors.ts';
import { exitReason } from '../kernel/exit.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { Replay } from '../replay/replay.ts';
import type { RuleSpec } from '../rules/rule.ts';
import { CpuMask } from '../trace/cpu-mask.ts';
import { formatSchedId } from '../trace/describe.ts';
import type { TraceEvent } from '../trace/event.ts';
import { EVENT_TYPES, KIND } from '../trace/vocabulary/index.ts';
import { INSPECTION_SCHEMA, type InspectedWait, type Inspection, type UndecidableRules } from './inspection.ts';
import { type Wait, Waits } from './waits.ts';

export interface InspectRequest {
  readonly path: string;
  /** Size of the (unpacked) input. */
  readonly bytes: number;
  readonly rules: readonly RuleSpec[];
}

/** Damage in the input ends the inspection, and is told in it. */
export function inspectTrace(trace: OpenTrace, { path, bytes, rules }: InspectRequest): Inspection {
  const tally = new Tally();
  let damage: string | undefined;
  try {
    trace.run(tally);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    damage = error.describe();
  }
  const { header } = trace;
  // The events are not replayed: rules say from the header alone whether they can be evaluated.
  const replay = new Replay(header, { rules });
  const { kernel } = replay;
  const { waits } = tally;
  const spelled = (wait: Wait | undefined): InspectedWait | null =>
    wait === undefined ? null : { pid: wait.pid, since: String(trace.timeBase + BigInt(wait.since)), ns: wait.ns };
  const at = (t: number): string | null => (t < 0 ? null : String(trace.timeBase + BigInt(t)));
  return {
    schema: INSPECTION_SCHEMA,
    path,
    format: trace.format,
    bytes,
    kernel: header.kernel ?? null,
    semantics: `${kernel.version.release} (${kernel.source})`,
    clock: header.clock ?? null,
    first: at(tally.first),
    last: at(tally.last),
    span_ns: Math.max(0, tally.last - tally.first),
    cpus: {
      possible: header.possible?.toString() ?? null,
      online: header.online?.toString() ?? null,
      seen: tally.cpus.toString(),
    },
    tasks: {
      in_header: header.tasks.length,
      with_affinity: header.tasks.filter((task) => task.cpus !== undefined).length,
      seen: tally.pids.size,
    },
    schedulers: tally.schedulers(),
    sched_ext: header.schedExtState ?? null,
    events: {
      total: tally.total,
      by_type: Object.fromEntries(
        EVENT_TYPES.map((type) => [type, tally.counts[KIND[type]] ?? 0] as const).filter(([, n]) => n > 0),
      ),
      unused: Object.fromEntries(trace.unused),
    },
    lost: { records: tally.lost, by_cpu: Object.fromEntries([...tally.lostByCpu].toSorted(([a], [b]) => a - b)) },
    waits: {
      measured: waits.measured,
      mean_ns: waits.measured === 0 ? 0 : Math.round(waits.totalNs / waits.measured),
      longest: spelled(waits.longest),
      waiting_at_end: spelled(waits.waiting(tally.last)),
    },
    may_be_filtered: header.mayBeFiltered === true,
    rules: {
      decidable: replay.ruleRuns.filter((run) => run.notEvaluated === undefined).map((run) => run.spec.id),
      undecidable: groups(replay),
    },
    ...(damage === undefined ? {} : { damage }),
  };
}

/** Rules that cannot be decided, those together that lack the same. */
function groups(replay: Replay): readonly UndecidableRules[] {
  const byReason = new Map<string, { record: string | undefined; reason: string; rules: string[] }>();
  for (const { spec, notEvaluated: reason, record } of replay.ruleRuns) {
    if (reason === undefined) continue;
    const group = byReason.get(reason) ?? { record, reason, rules: [] };
    group.rules.push(spec.id);
    byReason.set(reason, group);
  }
  return [...byReason.values()].map(({ record, reason, rules }) => ({
    ...(record === undefined ? {} : { record }),
    reason,
    rules,
  }));
}

/** Counts the events of one pass. */
class Tally {
  readonly counts = new Float64Array(EVENT_TYPES.length);
  readonly cpus = new CpuMask();
  readonly pids = new Set<number>();
  readonly lostByCpu = new Map<number, number>();
  readonly waits = new Waits();
  total = 0;
  lost = 0;
  first = -1;
  last = -1;
  readonly #names = new Map<string, string>();
  readonly #exits = new Map<string, string>();

  event(event: TraceEvent): boolean {
    const { kind } = event;
    this.waits.event(event);
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    this.total++;
    if (this.first < 0) this.first = event.t;
    this.last = event.t;
    if (event.cpu >= 0) this.cpus.add(event.cpu);
    if (kind === KIND.switch) {
      if (event.prev > 0) this.pids.add(event.prev);
      if (event.next > 0) this.pids.add(event.next);
    } else if (event.has('pid') && event.pid > 0) this.pids.add(event.pid);
    if (kind === KIND.lost) this.#loss(event);
    else if (kind === KIND.sched_attach) this.#attach(event);
    else if (kind === KIND.sched_exit) this.#exit(event);
    return true;
  }

  schedulers(): Inspection['schedulers'] {
    return [...this.#names].map(([id, name]) => ({ id, name, exit: this.#exits.get(id) ?? null }));
  }

  #loss(event: TraceEvent): void {
    const n = event.has('count') ? Number(event.value('count')) : -1;
    this.lost = n < 0 || this.lost < 0 ? -1 : this.lost + n;
    const before = this.lostByCpu.get(event.cpu) ?? 0;
    this.lostByCpu.set(event.cpu, n < 0 || before < 0 ? -1 : before + n);
  }

  #attach(event: TraceEvent): void {
    if (!event.has('sched')) return;
    const id = formatSchedId(event.sched_hi, event.sched_lo);
    const name = event.has('name') ? event.name : '';
    if (name !== '' || !this.#names.has(id)) this.#names.set(id, name);
  }

  #exit(event: TraceEvent): void {
    if (!event.has('sched') || !event.has('exit_kind') || event.exit_kind <= 0) return;
    const id = formatSchedId(event.sched_hi, event.sched_lo);
    if (!this.#names.has(id)) this.#names.set(id, '');
    if (!this.#exits.has(id)) this.#exits.set(id, exitReason(event.exit_kind));
  }
}
