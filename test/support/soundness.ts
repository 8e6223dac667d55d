// Compares what a damaged view of a trace claims with what the whole trace does: less evidence must make no new claim.
import type { ReplayResult } from '../../src/findings/result.ts';
import type { EventSink, OpenTrace } from '../../src/readers/reader.ts';
import { runReplay } from '../../src/replay/run.ts';
import { RULES } from '../../src/rules/index.ts';
import type { RuleSpec } from '../../src/rules/rule.ts';
import { newTraceEvent, type TraceEvent } from '../../src/trace/event.ts';
import type { FieldName } from '../../src/trace/vocabulary/fields.ts';
import { EVENT_SPECS, type EventType } from '../../src/trace/vocabulary/index.ts';

export interface Whole {
  readonly trace: OpenTrace;
  readonly rules: readonly RuleSpec[];
  readonly events: number;
  readonly cpus: number;
  /** Its accusations, by rule and place. */
  readonly found: ReadonlySet<string>;
  /** Whom they name, as `RULE PID`: what is judged when a trace ends has its place there. */
  readonly named: ReadonlySet<string>;
  /** Rules about the ends of its schedulers, which the kernel's own message proves wherever it is seen. */
  readonly ended: ReadonlySet<string>;
  /** What was predicted wrong, by what was compared and place. */
  readonly mispredicted: ReadonlySet<string>;
}

const replay = (trace: OpenTrace, rules: readonly RuleSpec[]): ReplayResult =>
  runReplay(trace, { path: 'trace', rules, explainFidelity: true });

/**
 * Findings that speak against a scheduler, a kernel or a recorder, by rule and place; whom they name depends on what is
 * known.
 */
function accusations(result: ReplayResult): Accusation[] {
  return result.findings
    .filter((finding) => finding.verdict === 'violation' || finding.verdict === 'possible' || isContradiction(finding))
    .map((finding) => ({ rule: named(finding), pid: finding.pid, text: `${named(finding)} at ${finding.ts}` }));
}

interface Accusation {
  readonly rule: string;
  readonly pid: number | null;
  readonly text: string;
}

/** Rule, and for contradictions their class. */
function named(finding: ReplayResult['findings'][number]): string {
  return isContradiction(finding) && finding.class !== null ? `${finding.rule}/${finding.class}` : finding.rule;
}

/** A trace that is only incomplete does not contradict itself. */
function isContradiction(finding: ReplayResult['findings'][number]): boolean {
  return finding.rule === 'trace-inconsistent';
}

/** What `rules` say of the whole trace. */
export function measure(trace: OpenTrace, rules: readonly RuleSpec[] = RULES): Whole {
  let events = 0;
  let cpus = 0;
  trace.run({
    event(event) {
      events++;
      cpus = Math.max(cpus, event.cpu + 1);
      return true;
    },
  });
  const result = replay(trace, rules);
  const ejections = result.findings.filter((finding) => finding.rule === 'scheduler-ejected');
  const ended = new Set(ejections.flatMap((finding) => [finding.rule, finding.class ?? '']));
  const made = accusations(result);
  return {
    trace,
    rules,
    events,
    cpus,
    found: new Set(made.map((entry) => entry.text)),
    named: new Set(made.map((entry) => `${entry.rule} ${entry.pid}`)),
    ended,
    mispredicted: new Set(mismatches(result).map(({ place }) => place)),
  };
}

/** Rules that judge from less what others judge where they can. */
const STAND_INS: Readonly<Record<string, readonly string[]>> = {
  'dsq-mixed-order': ['dsq-fifo-into-vtime', 'dsq-vtime-into-fifo', 'vtime-on-builtin-dsq'],
};

/** Rules that judge what is still open when a scheduler or the trace ends, or place what the scheduler said of itself where that shows. */
const JUDGED_AT_END = new Set(['task-lost', 'vtime-too-far-ahead']);

/** What a damaged view claims beyond the whole recording, and what it predicts wrong. */
export function unsound(whole: Whole, damaged: OpenTrace): string[] {
  const result = replay(damaged, whole.rules);
  return [
    ...accusations(result)
      .filter(({ rule, pid, text }) => {
        if (whole.found.has(text) || whole.ended.has(rule)) return false;
        if (STAND_INS[rule]?.some((other) => [...whole.named].some((name) => name.startsWith(`${other} `))) === true)
          return false;
        return !JUDGED_AT_END.has(rule) || !whole.named.has(`${rule} ${pid}`);
      })
      .map(({ text }) => text),
    ...mismatches(result)
      .filter(({ place }) => !whole.mispredicted.has(place))
      .map(({ text }) => text),
  ];
}

interface Mismatch {
  readonly text: string;
  /** What was compared, and where: the words name what is known of those concerned. */
  readonly place: string;
}

function mismatches(result: ReplayResult): Mismatch[] {
  return (result.mismatches ?? []).map(({ line, text, evidence }) => ({
    text: `${line}: ${text} at ${evidence.ts}`,
    place: `${line} ${/\[([a-z-]+)\]$/.exec(text)?.[1] ?? ''} at ${evidence.ts}`,
  }));
}

/** Fields that say what an event is, or which DSQ it names: without them it is another one. */
const DEFINING = new Set(['dsq_addr', 'step', 'phase', 'enforce', 'expect']);

export interface Vocabulary {
  readonly types: readonly EventType[];
  readonly fields: readonly (readonly [EventType, FieldName])[];
}

/** Event types and optional fields that occur. */
export function vocabularyOf(trace: OpenTrace): Vocabulary {
  const fields = new Map<EventType, Set<FieldName>>();
  trace.run({
    event(event) {
      const seen = fields.get(event.type) ?? new Set();
      fields.set(event.type, seen);
      for (const field of EVENT_SPECS[event.type].optional) if (event.has(field)) seen.add(field);
      return true;
    },
  });
  return {
    types: [...fields.keys()],
    fields: [...fields].flatMap(([type, names]) =>
      [...names].filter((name) => !DEFINING.has(name)).map((name) => [type, name] as const),
    ),
  };
}

/** The first `limit` events of a trace, kept in memory: they can be replayed again and again at no cost of reading. */
export function held(trace: OpenTrace, limit: number): OpenTrace {
  const events: TraceEvent[] = [];
  trace.run({
    event(event) {
      const copy = newTraceEvent();
      copy.copy(event);
      events.push(copy);
      return events.length < limit;
    },
  });
  const { timeBase } = trace;
  return {
    format: trace.format,
    header: trace.header,
    timeBase,
    unused: trace.unused,
    absorbed: trace.absorbed,
    positionOf: (event) => trace.positionOf(event),
    run(sink: EventSink) {
      const scratch = newTraceEvent();
      for (const event of events) {
        scratch.copy(event);
        if (!sink.event(scratch)) return;
      }
    },
  };
}
