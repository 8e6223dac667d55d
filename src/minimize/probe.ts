// Replays parts of a trace and asks whether one certain finding is still there: same rule, class, subject, evidence, and the
// same word of the kernel about it.
import { UsageError } from '../errors.ts';
import type { Finding } from '../findings/finding.ts';
import type { KernelVersion } from '../kernel/release.ts';
import type { KernelError } from '../model/kernel-error.ts';
import type { KernelStatus } from '../replay/exits.ts';
import { Replay } from '../replay/replay.ts';
import type { RuleSpec } from '../rules/rule.ts';
import { newTraceEvent, type TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import type { Domain } from '../vtime/domain.ts';

/** Events that can be loaded by their ordinal. */
export interface EventSource {
  readonly length: number;
  load(i: number, event: TraceEvent): void;
}

/** The finding that must stay. Ordinals are those of the whole trace. */
export interface Target {
  readonly rule: RuleSpec;
  readonly class: string;
  /** What was found, in words. */
  readonly message: string;
  readonly pid: number;
  readonly comm: string;
  readonly cpu: number;
  readonly dsq: string;
  /** Id and name of the scheduler; '' none. */
  readonly sched: string;
  readonly schedName: string;
  /** Event at which it is reported; -1: at the end of the trace, whatever the last event is. */
  readonly seq: number;
  readonly began: number;
  /** Events that prove it. */
  readonly evidence: readonly number[];
  /** What the kernel did about the error, and the message of the exit that it led to. */
  readonly status: KernelStatus | undefined;
  readonly exitMessage: string | undefined;
  /** Events of the error: where the kernel function began, the decision, the callback; -1 none. */
  readonly error: readonly number[];
}

export interface ProbeOptions {
  readonly rule: RuleSpec;
  readonly kernel?: KernelVersion | undefined;
  readonly domain?: Domain | undefined;
}

/** Which finding to look for. */
export interface Wanted {
  readonly pid?: number | undefined;
}

interface Outcome {
  readonly replay: Replay;
  /** Findings from this index on were reported after the last event. */
  readonly atEnd: number;
}

export class Probe {
  /** Replays so far, and events that went through them. */
  replays = 0;
  events = 0;
  readonly #source: EventSource;
  readonly #options: ProbeOptions;
  readonly #event = newTraceEvent();

  constructor(source: EventSource, options: ProbeOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** The first violation of the rule in the whole trace. Undefined: there is none. */
  findTarget(header: TraceHeader, wanted: Wanted): Target | undefined {
    const all = Uint32Array.from({ length: this.#source.length }, (_, i) => i);
    const outcome = this.#replay(header, all);
    const { replay } = outcome;
    const [run] = replay.ruleRuns;
    const statuses = replay.exits.judge();
    const findings = run?.findings ?? [];
    const index = findings.findIndex(
      (finding) =>
        (wanted.pid === undefined || finding.pid === wanted.pid) && isViolation(finding, statusOf(finding, statuses)),
    );
    const finding = findings[index];
    if (finding === undefined) {
      if (run?.notEvaluated === undefined) return undefined;
      throw new UsageError(`${run.spec.id} cannot be evaluated on this trace: ${run.notEvaluated}`);
    }
    // A report at the end of the trace names its last event, unless it names the one it is about.
    const floats = index >= outcome.atEnd && finding.seq === this.#source.length - 1;
    return {
      rule: this.#options.rule,
      class: finding.class,
      message: finding.message,
      pid: finding.pid,
      comm: finding.comm,
      cpu: finding.cpu,
      dsq: finding.dsq,
      sched: schedOf(replay, finding),
      schedName: replay.model.scheds[finding.sched]?.name ?? '',
      seq: floats ? -1 : finding.seq,
      began: finding.began,
      evidence: finding.evidence.map(({ seq }) => seq).filter((seq) => !floats || seq !== finding.seq),
      status: statusOf(finding, statuses),
      exitMessage: exitMessageOf(replay, finding),
      error: errorEvents(finding),
    };
  }

  /** Does the finding remain when only these events, in ascending order, are replayed? */
  keeps(header: TraceHeader, ordinals: Uint32Array, target: Target): boolean {
    const { replay } = this.#replay(header, ordinals);
    const statuses = target.status === undefined ? undefined : replay.exits.judge();
    return (replay.ruleRuns[0]?.findings ?? []).some((finding) => {
      const status = statusOf(finding, statuses);
      return status === target.status && isViolation(finding, status) && isTarget(finding, target, replay);
    });
  }

  #replay(header: TraceHeader, ordinals: Uint32Array): Outcome {
    const { rule, kernel, domain } = this.#options;
    const replay = new Replay(header, {
      rules: [rule],
      ...(kernel === undefined ? {} : { kernel }),
      ...(domain === undefined ? {} : { domain }),
    });
    const event = this.#event;
    const source = this.#source;
    for (let i = 0; i < ordinals.length; i++) {
      source.load(ordinals[i] ?? 0, event);
      replay.event(event);
    }
    const atEnd = replay.ruleRuns[0]?.findings.length ?? 0;
    replay.end();
    this.replays++;
    this.events += ordinals.length;
    return { replay, atEnd };
  }
}

function isTarget(finding: Finding, target: Target, replay: Replay): boolean {
  if (finding.class !== target.class || finding.pid !== target.pid || finding.comm !== target.comm) return false;
  if (finding.cpu !== target.cpu || finding.dsq !== target.dsq) return false;
  if (finding.began !== target.began || schedOf(replay, finding) !== target.sched) return false;
  if ((replay.model.scheds[finding.sched]?.name ?? '') !== target.schedName) return false;
  if (exitMessageOf(replay, finding) !== target.exitMessage) return false;
  if (errorEvents(finding).some((seq, i) => seq !== target.error[i])) return false;
  if (target.seq >= 0 && finding.seq !== target.seq) return false;
  const found = new Set(finding.evidence.map(({ seq }) => seq));
  return target.evidence.every((seq) => found.has(seq));
}

/** What the finding is once the trace is over and the kernel had its word. */
function isViolation({ verdict, premise }: Finding, status: KernelStatus | undefined): boolean {
  if (status === 'contradicted' || premise?.broken === true) return false;
  return verdict === 'violation' || (verdict === 'possible' && status === 'confirmed');
}

function statusOf(
  { error }: Finding,
  statuses: ReadonlyMap<KernelError, KernelStatus> | undefined,
): KernelStatus | undefined {
  return error === undefined ? undefined : statuses?.get(error);
}

function schedOf(replay: Replay, finding: Finding): string {
  const sched = replay.model.scheds[finding.sched];
  return sched === undefined ? '' : `${sched.id.hi}:${sched.id.lo}`;
}

function exitMessageOf(replay: Replay, finding: Finding): string | undefined {
  return replay.model.scheds[finding.sched]?.exit?.message;
}

function errorEvents({ error }: Finding): readonly number[] {
  return error === undefined ? [] : [error.sinceSeq, error.decisionSeq, error.callbackSeq];
}

/** Ordinals that the finding itself names: they always stay. */
export function lockedBy({ evidence, seq, began, error }: Target): ReadonlySet<number> {
  return new Set([...evidence, seq, began, ...error].filter((ordinal) => ordinal >= 0));
}
