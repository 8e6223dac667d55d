// Replays an opened trace and builds the result document.
import { InputError } from '../errors.ts';
import { findCauses } from '../findings/causes.ts';
import type { RuleRun } from '../findings/collector.ts';
import type { Finding } from '../findings/finding.ts';
import {
  type EvidenceItem,
  type ExactNumber,
  RESULT_SCHEMA,
  type ReplayResult,
  type ResultDrops,
  type ResultFinding,
  type ResultRule,
} from '../findings/result.ts';
import { exitCodeOf, reasonOf, verdictOf, worst } from '../findings/verdict.ts';
import { exitReason } from '../kernel/exit.ts';
import type { KernelError } from '../model/kernel-error.ts';
import { NO, type Sched, UNKNOWN, YES } from '../model/sched.ts';
import { MISPREDICTED, PREDICTED, UNDECIDED } from '../model/step.ts';
import type { OpenTrace } from '../readers/reader.ts';
import { formatSchedId } from '../trace/describe.ts';
import { collectEvidence, exact } from './evidence.ts';
import type { KernelStatus } from './exits.ts';
import { fittingDomains } from './fitting.ts';
import { type DropCount, RECOVERIES } from './recoveries.ts';
import { Replay, type ReplayOptions } from './replay.ts';

export interface RunOptions extends ReplayOptions {
  /** Path as the user gave it, for commands in findings. */
  readonly path: string;
  /** Options that name the domain, as on the command line, for commands in findings. */
  readonly domainOptions?: string;
  /** Rules asked for by name: not being able to evaluate one of them is no pass. */
  readonly named?: ReadonlySet<string>;
  readonly strict?: boolean;
  /** What is possible or predicted fails the run like a violation. */
  readonly failOnPossible?: boolean;
  /** Damage in the input ends the replay there instead of being thrown. */
  readonly keepGoing?: boolean;
  /** At most this many findings are listed, in all. */
  readonly limit?: number;
  /** List what the model did not predict. */
  readonly explainFidelity?: boolean;
}

/** Replays the trace. Damaged input is an InputError unless `keepGoing` is set. */
export function runReplay(trace: OpenTrace, options: RunOptions): ReplayResult {
  const replay = new Replay(trace.header, options);
  let incomplete: InputError | undefined;
  try {
    trace.run(replay);
  } catch (error) {
    if (!(error instanceof InputError) || options.keepGoing !== true) throw error;
    incomplete = error;
  }
  replay.end();
  return new ResultBuilder(trace, replay, options, incomplete).build();
}

/** How an exit counts, by whether the trace explains it. */
const EXIT_OUTCOME = { [YES]: PREDICTED, [NO]: MISPREDICTED, [UNKNOWN]: UNDECIDED } as const;

const NO_CAUSES: ReadonlyMap<Finding, number> = new Map();

class ResultBuilder {
  readonly #trace: OpenTrace;
  readonly #replay: Replay;
  readonly #options: RunOptions;
  readonly #incomplete: InputError | undefined;
  readonly #statuses: ReadonlyMap<KernelError, KernelStatus>;
  /** Built-in descriptions that fit where the given one does not. */
  #fitting = '';

  constructor(trace: OpenTrace, replay: Replay, options: RunOptions, incomplete: InputError | undefined) {
    this.#trace = trace;
    this.#replay = replay;
    this.#options = options;
    this.#incomplete = incomplete;
    this.#statuses = replay.exits.judge();
  }

  #fittingText(): string {
    return this.#fitting === '' ? 'no built-in description fits' : `built-in descriptions that fit: ${this.#fitting}`;
  }

  build(): ReplayResult {
    const replay = this.#replay;
    this.#judgeExits();
    for (const run of replay.ruleRuns) this.#settleContradictions(run);
    const rules = replay.ruleRuns.map((run) => this.#rule(run));
    const findings = this.#listed(replay.ruleRuns.filter((run) => run.total > 0).flatMap((run) => run.findings));
    const causes = this.#causes(findings);
    const mismatches = this.#options.explainFidelity === true ? replay.fidelity.mismatches : [];
    // The reader's own counts are complete now; the second pass for evidence would start them anew.
    const traceInfo = this.#traceInfo();
    const ordinals = new Set([
      ...findings.flatMap((finding) => [
        finding.began,
        ...finding.evidence.map((ref) => ref.seq),
        ...finding.chain.map((cause) => cause.seq),
      ]),
      ...mismatches.map((entry) => entry.seq),
      ...(replay.whatIf?.differences ?? []).map((entry) => entry.seq),
    ]);
    ordinals.delete(-1);
    const evidence = collectEvidence(this.#trace, ordinals, (pid) => this.#name(pid), replay.kept);
    if (findings.some(isMismatch)) this.#fitting = fittingDomains(this.#trace, this.#options.kernel).join(', ');
    const fatalThere = replay.whatIf?.differences.some((entry) => entry.change === 'fatal') === true;
    const reached = fatalThere ? 'violation' : worst(rules.map((rule) => rule.verdict));
    // What lies behind the damage nobody has checked.
    const verdict = reached === 'pass' && this.#incomplete !== undefined ? 'inconclusive' : reached;
    const missing = replay.ruleRuns
      .filter((run) => this.#options.named?.has(run.spec.id) === true && run.notEvaluated !== undefined)
      .map((run) => run.spec.id);
    return {
      schema: RESULT_SCHEMA,
      trace: traceInfo,
      schedulers: replay.model.scheds.map((sched) => ({
        id: schedId(sched),
        name: sched.name,
        level: sched.level,
        parent: sched.parent === undefined ? null : schedId(sched.parent),
        exit:
          sched.exit === undefined
            ? null
            : {
                kind: sched.exit.kind,
                code: exact(sched.exit.code),
                reason: exitReason(sched.exit.kind),
                message: sched.exit.message ?? '',
              },
        drops: this.#drops(sched),
      })),
      verdict,
      exit_code: exitCodeOf({
        verdict,
        missing: missing.length > 0,
        incomplete: this.#incomplete !== undefined,
        strict: this.#options.strict === true,
        failOnPossible: this.#options.failOnPossible === true,
      }),
      fidelity: replay.fidelity.lines,
      recoveries: Object.fromEntries(
        RECOVERIES.flatMap(({ id }) => {
          const n = replay.recoveries.counts.get(id) ?? 0;
          return n === 0 ? [] : [[id, n]];
        }),
      ),
      rules,
      findings: findings.map((finding) => this.#finding(finding, evidence, causes.get(finding) ?? null)),
      ...(missing.length > 0 ? { missing } : {}),
      ...this.#whatIf(evidence),
      ...(replay.figures === undefined ? {} : { figures: replay.figures.figures() }),
      ...(this.#incomplete === undefined ? {} : { incomplete: { error: this.#incomplete.describe() } }),
      ...(this.#options.explainFidelity === true
        ? {
            mismatches: mismatches.flatMap((entry) => {
              const item = evidence.get(entry.seq);
              return item === undefined ? [] : [{ line: entry.line, text: entry.text, evidence: item }];
            }),
          }
        : {}),
    };
  }

  /** Every exit that the recording shows is an observation of the model's fidelity. */
  #judgeExits(): void {
    const { fidelity, exits, model } = this.#replay;
    for (const verdict of exits.explain(model.scheds)) {
      if (fidelity.count('exits', EXIT_OUTCOME[verdict.explained])) {
        const text = `scheduler ${verdict.sched.label} ended (${exitReason(verdict.exit.kind)}${verdict.exit.message === undefined ? '' : `: ${verdict.exit.message}`}), which the model did not predict`;
        fidelity.noteExit(verdict.exit.claimSeq, text);
      }
    }
  }

  /**
   * The kernel has the last word: what it confirms is certain, what it demonstrably did not raise is no violation: the model,
   * or the trace, is wrong about it. The same goes for what follows from a description that does not fit.
   */
  #settleContradictions(run: RuleRun): void {
    for (const finding of run.findings) {
      if (finding.premise?.broken === true) run.withdraw(finding, finding.premise.reason);
      const status = finding.error === undefined ? undefined : this.#statuses.get(finding.error);
      if (status === 'confirmed') run.confirm(finding);
      if (status === 'contradicted') run.withdraw(finding, 'the model predicts an error that the kernel did not raise');
    }
  }

  #rule(run: RuleRun): ResultRule {
    const verdict = verdictOf(run);
    return {
      id: run.spec.id,
      severity: run.spec.severity,
      verdict,
      checked: run.checked,
      findings: run.total,
      reason: reasonOf(run, verdict, this.#replay.lost !== 0),
      ...(run.record === undefined || verdict !== 'not evaluated' ? {} : { record: run.record }),
    };
  }

  /** Findings in the order of time, those that explain others first; the first of each rule when there are too many. */
  #listed(findings: readonly Finding[]): readonly Finding[] {
    const sorted = findings.toSorted((a, b) => Number(b.leads) - Number(a.leads) || a.seq - b.seq);
    return this.#options.limit === undefined ? sorted : sorted.slice(0, this.#options.limit);
  }

  /** What the release of `--as` would have done differently. */
  #whatIf(evidence: ReadonlyMap<number, EvidenceItem>): Pick<ReplayResult, 'what_if'> {
    const { whatIf } = this.#replay;
    if (whatIf === undefined) return {};
    const differences = whatIf.differences.flatMap(({ change, text, count, seq, rule = null }) => {
      const first = evidence.get(seq);
      return first === undefined ? [] : [{ change, text, rule, count, first }];
    });
    const { release, point } = whatIf.there.version;
    return { what_if: { kernel: point > 0 ? `${release}.${point}` : release, differences } };
  }

  /** Index of the finding that each one is a symptom of. */
  #causes(findings: readonly Finding[]): ReadonlyMap<Finding, number> {
    if (findings.length < 2) return NO_CAUSES;
    const causes = findCauses({
      findings,
      rules: new Map(this.#replay.ruleRuns.map((run) => [run.spec.id, run.spec])),
      isConfirmed: (finding) => finding.error !== undefined && this.#statuses.get(finding.error) === 'confirmed',
    });
    const index = new Map(findings.map((finding, i) => [finding, i]));
    return new Map([...causes].map(([symptom, cause]) => [symptom, index.get(cause) ?? -1]));
  }

  #drops(sched: Sched): Record<string, ResultDrops> {
    const drops = this.#replay.recoveries.drops.get(sched.index) ?? new Map<string, DropCount>();
    return Object.fromEntries(
      [...drops].map(([id, { count, examples }]) => [
        id,
        {
          count,
          examples: examples.map((example) => ({
            text: example.text,
            ts: this.#time(example.t),
            position: this.#trace.positionOf(example),
          })),
        },
      ]),
    );
  }

  #finding(finding: Finding, evidence: ReadonlyMap<number, EvidenceItem>, cause: number | null): ResultFinding {
    const { error } = finding;
    const sched = this.#replay.model.scheds[finding.sched];
    const began = evidence.get(finding.began);
    const status = error === undefined ? null : (this.#statuses.get(error) ?? null);
    const confirmed = status === 'confirmed' ? error?.sched?.exit?.message : undefined;
    return {
      rule: finding.rule,
      verdict: finding.verdict,
      severity: finding.severity,
      class: finding.class === '' ? null : finding.class,
      message: isMismatch(finding) ? `${finding.message}; ${this.#fittingText()}` : finding.message,
      ts: this.#time(finding.t),
      cpu: finding.cpu < 0 ? null : finding.cpu,
      pid: finding.pid < 0 ? null : finding.pid,
      comm: finding.comm === '' ? null : finding.comm,
      dsq: finding.dsq === '' ? null : finding.dsq,
      sched: sched === undefined ? null : schedId(sched),
      kernel_message: error === undefined ? null : (confirmed ?? error.message),
      kernel: status,
      cause,
      evidence: finding.evidence.flatMap((ref) => {
        const item = evidence.get(ref.seq);
        if (item === undefined) return [];
        return [ref.note === undefined ? item : { ...item, text: `${item.text} (${ref.note})` }];
      }),
      details: {
        ...finding.details,
        ...(isMismatch(finding) ? { fitting: this.#fitting } : {}),
        ...(began === undefined ? {} : { began }),
        ...(finding.chain.length === 0 ? {} : { chain: this.#chain(finding, evidence) }),
        command: this.#command(finding),
      },
    };
  }

  /** Causes with their events. */
  #chain(finding: Finding, evidence: ReadonlyMap<number, EvidenceItem>): readonly object[] {
    return finding.chain.map(({ rule, seq, text }) => ({ rule, text, event: evidence.get(seq) ?? null }));
  }

  /** The command that shows this finding alone. */
  #command(finding: Finding): string {
    const parts = ['scx-check replay', quote(this.#options.path), `--rules ${finding.rule}`];
    const { domainOptions = '' } = this.#options;
    if (domainOptions !== '') parts.push(domainOptions);
    if (finding.pid >= 0) parts.push(`--pid ${finding.pid}`);
    const ts = this.#trace.timeBase + BigInt(finding.t);
    parts.push(`--from ${ts}ns --to ${ts}ns`);
    return parts.join(' ');
  }

  #traceInfo(): ReplayResult['trace'] {
    const replay = this.#replay;
    const { header } = this.#trace;
    const unused = Object.fromEntries([...this.#trace.unused].toSorted(([a], [b]) => (a < b ? -1 : 1)));
    const used = replay.count + this.#trace.absorbed;
    const midRun =
      header.startsMidRun ??
      (header.schedExtState !== undefined && header.schedExtState !== ''
        ? header.schedExtState !== 'disabled' || replay.model.beganLoaded
        : replay.startedMidRun);
    return {
      path: this.#options.path,
      format: this.#trace.format,
      kernel: header.kernel ?? null,
      clock: header.clock ?? null,
      cpus: header.possible?.size ?? replay.model.cpus.length,
      starts_mid_run: midRun,
      span_ns: replay.firstTime < 0 ? 0 : replay.lastTime - replay.firstTime,
      events: {
        total: used + [...this.#trace.unused.values()].reduce((sum, n) => sum + n, 0),
        used,
        unused,
        lost: replay.lost,
      },
    };
  }

  #time(t: number): ExactNumber {
    return exact(this.#trace.timeBase + BigInt(t));
  }

  #name(pid: number): string {
    if (pid === 0) return 'idle';
    const comm = this.#replay.model.findTask(pid)?.comm ?? '';
    return comm === '' ? `pid ${pid}` : `${comm}[${pid}]`;
  }
}

/** Id of an instance in documents. */
export function schedId(sched: Sched): ExactNumber {
  const text = formatSchedId(sched.id.hi, sched.id.lo);
  return text.startsWith('0x') ? text : Number(text);
}

function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

function isMismatch(finding: Finding): boolean {
  return finding.rule === 'vtime-model-mismatch';
}
