// Collects what the rules report: all are counted, the first of each rule are kept.

import type { Step } from '../model/step.ts';
import type { FindingVerdict, Report, RuleSpec } from '../rules/rule.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { Finding } from './finding.ts';

/** Findings kept per rule; the counts are exact beyond it. */
const KEPT_PER_RULE = 2000;

export interface FindingFilter {
  readonly pid?: number;
  /** Times since the time base, ns. */
  readonly from?: number;
  readonly to?: number;
}

const NONE: readonly never[] = [];
const NOTHING_UNDECIDED: ReadonlyMap<string, number> = new Map();

/** State of one rule during a replay. */
export class RuleRun {
  readonly spec: RuleSpec;
  checked = 0;
  violations = 0;
  possibles = 0;
  inconclusives = 0;
  infos = 0;
  /** Most rules of most replays have nothing to say: what they could say is made when they do. */
  #undecided: Map<string, number> | undefined;
  #notes: string[] | undefined;
  #findings: Finding[] | undefined;
  /** Why it is not evaluated; undefined: it is. */
  notEvaluated: string | undefined;
  /** How to record what it lacks, '' when nothing records it; undefined: nothing is lacking. */
  record: string | undefined;

  constructor(spec: RuleSpec) {
    this.spec = spec;
  }

  /** Reasons of undecided checks, with their number. */
  get undecided(): ReadonlyMap<string, number> {
    return this.#undecided ?? NOTHING_UNDECIDED;
  }

  /** What is worth knowing about the rule in this trace. */
  get notes(): readonly string[] {
    return this.#notes ?? NONE;
  }

  get findings(): readonly Finding[] {
    return this.#findings ?? NONE;
  }

  get total(): number {
    return this.violations + this.possibles + this.inconclusives + this.infos;
  }

  noteUndecided(reason: string): void {
    this.#undecided ??= new Map();
    this.#undecided.set(reason, (this.#undecided.get(reason) ?? 0) + 1);
  }

  note(text: string): void {
    this.#notes ??= [];
    this.#notes.push(text);
  }

  add(report: Report, event: TraceEvent, step: Step, filter: FindingFilter): void {
    const { task } = report;
    const pid = task?.pid ?? -1;
    const { seq, t } = report.at ?? event;
    if (filter.pid !== undefined && pid !== filter.pid) return;
    if (filter.from !== undefined && t < filter.from) return;
    if (filter.to !== undefined && t > filter.to) return;
    this.#count(report.verdict, 1);
    if (this.findings.length >= KEPT_PER_RULE) return;
    const sched = report.sched ?? step.sched;
    const evidence = [...(report.evidence ?? []), { seq, note: report.note }];
    this.#findings ??= [];
    this.#findings.push({
      rule: this.spec.id,
      verdict: report.verdict,
      severity: report.severity ?? this.spec.severity,
      class: report.class ?? '',
      message: report.message,
      seq,
      t,
      cpu: report.cpu ?? -1,
      pid,
      comm: task?.comm ?? '',
      dsq: report.dsq ?? '',
      sched: sched?.index ?? -1,
      began: report.began ?? -1,
      evidence: evidence
        .filter((entry, i) => entry.seq >= 0 && evidence.findLastIndex((other) => other.seq === entry.seq) === i)
        .toSorted((a, b) => a.seq - b.seq),
      error: report.error,
      chain: report.chain ?? [],
      premise: report.premise,
      leads: report.leads === true,
      details: report.details ?? {},
    });
  }

  /** The kernel says the same: what was possible is certain. */
  confirm(finding: Finding): void {
    if (finding.verdict !== 'possible') return;
    this.#count('possible', -1);
    finding.verdict = 'violation';
    this.#count('violation', 1);
  }

  /** What a finding stood on has broken: it decides nothing any more. */
  withdraw(finding: Finding, reason: string): void {
    if (finding.verdict === 'inconclusive' || finding.verdict === 'info') return;
    this.#count(finding.verdict, -1);
    finding.verdict = 'inconclusive';
    this.#count('inconclusive', 1);
    this.noteUndecided(reason);
  }

  #count(verdict: FindingVerdict, n: number): void {
    if (verdict === 'violation') this.violations += n;
    else if (verdict === 'possible' || verdict === 'prediction') this.possibles += n;
    else if (verdict === 'inconclusive') this.inconclusives += n;
    else this.infos += n;
  }
}
