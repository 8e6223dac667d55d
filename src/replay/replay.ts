// The engine: events go through the model, then to the rules that name their type. Knows nothing of formats and output.

import { type FindingFilter, RuleRun } from '../findings/collector.ts';
import { type DetectedKernel, detectKernel } from '../kernel/detect.ts';
import { isAtLeast, type KernelVersion } from '../kernel/release.ts';
import { semanticsOf } from '../kernel/semantics.ts';
import { withheldAspects } from '../model/caps/check-needs.ts';
import { isProven } from '../model/contradiction-needs.ts';
import { Model } from '../model/model.ts';
import { Step } from '../model/step.ts';
import { levelFor } from '../probes/needs.ts';
import type { EventHandler, RuleHandlers, RuleSpec } from '../rules/rule.ts';
import { newTraceEvent, type TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import { comprises, MOMENTS, type Moment, momentsIn, type ParsedMoment, parseMoment } from '../trace/moment.ts';
import { isRecorded, type RecordedSet } from '../trace/recorded.ts';
import { NEVER } from '../trace/time.ts';
import { EVENT_TYPES, type EventType, KIND } from '../trace/vocabulary/index.ts';
import { autoDomain } from '../vtime/compile.ts';
import type { Domain } from '../vtime/domain.ts';
import { newVtimeEngine } from '../vtime/engine.ts';
import type { VtimeHandlers } from '../vtime/facts.ts';
import { ExitTracker } from './exits.ts';
import { Fidelity } from './fidelity.ts';
import { Figures } from './figures.ts';
import { KeptEvents } from './kept-events.ts';
import { Recoveries } from './recoveries.ts';
import { type RuleStage, StagedRule } from './rule-stage.ts';
import { WhatIf } from './what-if.ts';

export interface ReplayOptions {
  readonly rules: readonly RuleSpec[];
  readonly kernel?: KernelVersion;
  /** Release whose answers to the same requests are asked for. */
  readonly as?: KernelVersion;
  readonly filter?: FindingFilter;
  /** Count waits, picks and migrations, too. */
  readonly figures?: boolean;
  /** Sees every event after the model and the rules have. */
  readonly observe?: (event: TraceEvent, step: Step, model: Model) => void;
  /** How the scheduler keeps vtime; absent: nothing is known of it. */
  readonly domain?: Domain;
}

/** An empty list that V8 takes for one of functions, like all others: of lists of different kinds it makes slower code. */
const NOBODY: EventHandler[] = [() => {}];
NOBODY.length = 0;

interface Listener {
  readonly wanted: ParsedMoment;
  readonly handler: EventHandler;
}

interface ActiveRule {
  readonly run: RuleRun;
  readonly handlers: RuleHandlers;
}

export class Replay {
  readonly model: Model;
  readonly kernel: DetectedKernel;
  readonly fidelity = new Fidelity();
  readonly exits: ExitTracker;
  readonly recoveries = new Recoveries();
  /** Evidence that need not be looked up. */
  readonly kept = new KeptEvents();
  readonly whatIf: WhatIf | undefined;
  readonly figures: Figures | undefined;
  readonly ruleRuns: readonly RuleRun[];
  /** Number of events seen. */
  count = 0;
  firstTime = NEVER;
  /** Records lost, as the trace says; -1 after a loss of unknown size. */
  lost = 0;
  /** Ext activity was seen before any scheduler was attached. */
  startedMidRun = false;
  readonly #step = new Step();
  readonly #stage: RuleStage;
  readonly #observer: ReplayOptions['observe'];
  /** Who listens to events of each kind, in the order in which they are told. */
  readonly #listeners: readonly Listener[][];
  /** Whom an event of a moment concerns: looked up when the first one comes. */
  readonly #handlers = new Array<readonly EventHandler[] | undefined>(MOMENTS).fill(undefined);
  readonly #active: ActiveRule[] = [];
  readonly #onDrop: EventHandler[] = [];
  /** Rules by id, by the error site and by the comparison of the model that they are about: most replays never ask. */
  #byId: ReadonlyMap<string, ActiveRule> | undefined;
  #bySite: ReadonlyMap<string, ActiveRule> | undefined;
  #byAspect: ReadonlyMap<string, ActiveRule> | undefined;
  /** Number of events judged, by moment: those seen while no records were missing. */
  readonly #judged = new Float64Array(MOMENTS);
  /** CPUs of which records are missing right now: what is seen meanwhile proves nothing. */
  readonly #blind = new Set<number>();
  #attachSeen = false;

  constructor(header: TraceHeader, options: ReplayOptions) {
    this.kernel = detectKernel(header, options.kernel);
    const semantics = semanticsOf(this.kernel.version);
    const asked = options.as === undefined ? undefined : semanticsOf(options.as);
    this.model = new Model({ header, semantics, ...(asked === undefined ? {} : { asked }) });
    this.#step.checks.withheld = withheldAspects(header.recorded);
    this.whatIf = asked === undefined ? undefined : new WhatIf(semantics, asked);
    this.figures = options.figures === true ? new Figures() : undefined;
    this.exits = new ExitTracker(this.kernel.version.release, header);
    this.#observer = options.observe;
    this.#stage = {
      model: this.model,
      step: this.#step,
      filter: options.filter ?? {},
      exits: this.exits,
      event: newTraceEvent(),
      vtime: undefined,
      kept: this.kept,
    };
    this.ruleRuns = options.rules.map((spec) => new RuleRun(spec));
    const domain = options.domain ?? autoDomain();
    for (const run of this.ruleRuns) this.#activate(run, header, domain);
    const listeners: Listener[][] = EVENT_TYPES.map(() => []);
    const told: VtimeHandlers[] = [];
    let needsVtime = false;
    for (const { run, handlers } of this.#active) {
      if (run.spec.vtime !== undefined) needsVtime = true;
      if (handlers.vtime !== undefined) told.push(handlers.vtime);
      if (handlers.onDrop !== undefined) this.#onDrop.push(handlers.onDrop);
    }
    // Facts are told before the rules that listen to the event itself are asked.
    if (needsVtime) {
      const engine = newVtimeEngine({ model: this.model, domain, listeners: told });
      this.#stage.vtime = engine;
      listen(listeners, engine.handlers);
    }
    for (const rule of this.#active) listen(listeners, rule.handlers);
    this.#listeners = listeners;
  }

  #activate(run: RuleRun, header: TraceHeader, domain: Domain): void {
    if (!this.#holdsHere(run)) return;
    const handlers = run.spec.create(new StagedRule(run, this.#stage));
    if (hasEvidence(run, header) && isDescribed(run, domain)) {
      this.#active.push({ run, handlers });
      return;
    }
    // What led to the end of a scheduler cannot be seen, but its message can.
    const { onEnd } = handlers;
    if (run.spec.site !== undefined && onEnd !== undefined) this.#active.push({ run, handlers: { onEnd } });
  }

  /** Time of the last event, ns; meaningless before the first. */
  get lastTime(): number {
    return this.model.now;
  }

  /** Takes one event: the model, then what compares it with the model's expectations, then the rules. */
  event(event: TraceEvent): boolean {
    const step = this.#step;
    const { kind } = event;
    this.#stage.event = event;
    this.count++;
    if (this.firstTime < 0) this.firstTime = event.t;
    this.model.apply(event, step);
    const traits = TRAITS[kind] ?? 0;
    if ((traits & RARE) !== 0) this.#observe(event);
    else if ((traits & EXT_ACTIVITY) !== 0 && !this.#attachSeen) this.startedMidRun = true;
    if (this.#blind.size > 0 && kind !== KIND.lost) {
      this.fidelity.skip(event, step);
      this.#observer?.(event, step, this.model);
      return true;
    }
    const { moment } = event;
    const { checks, isNoteworthy } = step;
    this.#judged[moment] = (this.#judged[moment] ?? 0) + 1;
    this.fidelity.compare(event, step);
    if ((traits & SETTLES_EXITS) !== 0 && this.exits.hasPending) this.exits.settle(event);
    if (isNoteworthy && step.errors.length > 0) this.#raise(event, step);
    if (checks.length > 0) this.#check(event, step);
    this.whatIf?.observe(event, step);
    this.figures?.observe(event, step);
    if (isNoteworthy) {
      if (step.contradictions.length > 0) this.#contradict(event, step);
      if (step.drops.length > 0) this.#drop(event, step);
    }
    if (isNoteworthy || (traits & RECOVERS) !== 0) this.recoveries.observe(event, step);
    const handlers = this.#handlers[moment] ?? this.#concerned(kind, moment);
    for (let i = 0; i < handlers.length; i++) {
      const handler = handlers[i];
      if (handler !== undefined) handler(event, step);
    }
    this.#observer?.(event, step, this.model);
    return true;
  }

  #concerned(kind: number, moment: number): readonly EventHandler[] {
    let handlers: readonly EventHandler[] = NOBODY;
    for (const { handler, wanted } of this.#listeners[kind] ?? [])
      if (comprises(wanted, moment)) handlers = [...handlers, handler];
    this.#handlers[moment] = handlers;
    return handlers;
  }

  /** The trace is over. */
  end(): void {
    this.#step.reset();
    if (this.#blind.size > 0) {
      this.model.forget();
      this.exits.noteGap(this.#stage.event.seq);
    }
    this.#stage.vtime?.end();
    for (const { run, handlers } of this.#active) {
      for (const key of handlers.checkedAt ?? []) run.checked += this.#judgedAt(key);
      handlers.onEnd?.();
    }
  }

  /** Number of events judged that a moment comprises. */
  #judgedAt(key: Moment): number {
    const wanted = parseMoment(key);
    if (wanted === undefined) throw new Error(`no event type ${key}`);
    return momentsIn(wanted).reduce((sum, moment) => sum + (this.#judged[moment] ?? 0), 0);
  }

  #raise(event: TraceEvent, step: Step): void {
    this.#bySite ??= indexed(this.#active, ({ site }) => site);
    const bySite = this.#bySite;
    for (const error of step.errors) {
      this.exits.predict(error, event);
      bySite.get(error.site)?.handlers.onError?.(error, event, step);
    }
  }

  /** Records are missing from here on, up to here, or (without a phase) right before. The model has forgotten all. */
  #lose(event: TraceEvent): void {
    this.exits.noteGap(event.seq);
    if (event.phase === 'begin') this.#blind.add(event.cpu);
    else if (event.phase === 'end') this.#blind.delete(event.cpu);
    if (event.phase !== 'end')
      this.lost = event.has('count') && this.lost >= 0 ? this.lost + Number(event.value('count')) : -1;
  }

  #check(event: TraceEvent, step: Step): void {
    this.#byAspect ??= indexed(this.#active, ({ aspect }) => aspect);
    const byAspect = this.#byAspect;
    const { checks } = step;
    for (let i = 0; i < checks.length; i++) {
      const check = checks.at(i);
      if (check !== undefined) byAspect.get(check.aspect)?.handlers.onCheck?.(check, event, step);
    }
  }

  #drop(event: TraceEvent, step: Step): void {
    for (const handler of this.#onDrop) handler(event, step);
  }

  #contradict(event: TraceEvent, step: Step): void {
    this.#byId ??= indexed(this.#active, ({ id }) => id);
    const byId = this.#byId;
    for (const contradiction of step.contradictions)
      if (isProven(contradiction, this.model.header.recorded))
        byId.get(contradiction.rule)?.handlers.onContradiction?.(contradiction, event, step);
  }

  #observe(event: TraceEvent): void {
    if (event.kind === KIND.lost) {
      this.#lose(event);
      return;
    }
    this.exits.observe(event);
    if (event.kind === KIND.sched_attach) this.#attachSeen = true;
  }

  /** Does the rule hold in this kernel version? */
  #holdsHere(run: RuleRun): boolean {
    const { since, until } = run.spec;
    const { release } = this.kernel.version;
    if (since !== undefined && !isAtLeast(release, since))
      run.notEvaluated = `the rule holds from Linux ${since} on, the trace is from ${release}`;
    else if (until !== undefined && !isAtLeast(until, release))
      run.notEvaluated = `the rule holds up to Linux ${until}, the trace is from ${release}`;
    return run.notEvaluated === undefined;
  }
}

/** Enters the handlers of one listener by event kind. */
function listen(listeners: readonly Listener[][], handlers: Readonly<Record<string, unknown>>): void {
  // Thousands of handlers for a replay of a few events: no list is made of them.
  for (const key in handlers) {
    const wanted = parseMoment(key);
    if (wanted !== undefined) listeners[wanted.kind]?.push({ wanted, handler: handlers[key] as EventHandler });
  }
}

function indexed(
  rules: readonly ActiveRule[],
  keyOf: (spec: RuleSpec) => string | undefined,
): ReadonlyMap<string, ActiveRule> {
  const index = new Map<string, ActiveRule>();
  for (const rule of rules) {
    const key = keyOf(rule.run.spec);
    if (key !== undefined) index.set(key, rule);
  }
  return index;
}

/** What the engine itself makes of events of each kind. */
const TRAITS = new Uint8Array(EVENT_TYPES.length);
/** It looks at them itself. */
const RARE = 1;
/** They only occur while a scheduler is loaded. */
const EXT_ACTIVITY = 2;
/** They show a silent recovery of the core. */
const RECOVERS = 4;
/** A predicted error that was not raised by now will not be. */
const SETTLES_EXITS = 8;
const TYPES_WITH: readonly (readonly [number, readonly EventType[]])[] = [
  [RARE, ['lost', 'sched_attach', 'sched_detach', 'sched_exit', 'bpf_exit', 'sub_kill', 'cpu_online', 'cpu_offline']],
  [EXT_ACTIVITY, ['pick', 'run', 'stop', 'ops_enqueue', 'dsq_link', 'insert', 'consume']],
  [RECOVERS, ['scx_event', 'can_run_remote']],
  [SETTLES_EXITS, ['switch', 'watchdog']],
];
for (const [trait, types] of TYPES_WITH)
  for (const type of types) TRAITS[KIND[type]] = (TRAITS[KIND[type]] ?? 0) | trait;

/** Was recorded what the rule needs? Otherwise it says why it is not evaluated. */
function hasEvidence(run: RuleRun, header: TraceHeader): boolean {
  const missing = header.recorded === undefined ? [] : missingNeeds(run.spec.needs, header.recorded);
  if (missing.length === 0) return true;
  run.notEvaluated = `not recorded: ${missing.map((need) => (typeof need === 'string' ? need : need.join(' or '))).join(', ')}`;
  const level = levelFor(missing);
  run.record = level === undefined ? '' : `scx-check record --level ${level}`;
  return false;
}

/** Is enough known of how the scheduler keeps vtime? Otherwise the rule says what it misses. */
function isDescribed(run: RuleRun, domain: Domain): boolean {
  if (!domain.auto || run.spec.vtime !== 'described') return true;
  run.notEvaluated = 'needs to know how the scheduler keeps vtime: --domain NAME or FILE';
  return false;
}

/** What a rule needs and the recording does not hold. */
export function missingNeeds(needs: RuleSpec['needs'], recorded: RecordedSet): RuleSpec['needs'] {
  return needs.filter((need) =>
    typeof need === 'string' ? !isRecorded(need, recorded) : !need.some((name) => isRecorded(name, recorded)),
  );
}
