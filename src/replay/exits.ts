// Compares the errors that the model predicts with the exits that the recording shows, per scheduler instance.
import { ERROR_SITES, type ErrorSite, formatAt } from '../kernel/error-sites.ts';
import { EXIT_KIND, exitReason } from '../kernel/exit.ts';
import { formatMatches } from '../kernel/format.ts';
import type { Release } from '../kernel/release.ts';
import { SUB_ERROR_SITES } from '../kernel/sub-error-sites.ts';
import type { KernelError } from '../model/kernel-error.ts';
import { type ExitState, NO, type Sched, type Tri, UNKNOWN, YES } from '../model/sched.ts';
import { hasParameters, isShown } from '../model/site-needs.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { TraceHeader } from '../trace/header.ts';
import { KIND } from '../trace/vocabulary/index.ts';

/**
 * What the kernel did about a predicted error: `confirmed` it raised exactly this one; `masked` an exit had been claimed
 * before; `contradicted` it did not raise it; `unknown` the recording does not show exits.
 */
export type KernelStatus = 'confirmed' | 'masked' | 'contradicted' | 'unknown';

/** An error site that was reached on a CPU, as the recording shows it. */
interface ReachedSite {
  readonly fmt: string;
  readonly seq: number;
  readonly cpu: number;
  used: boolean;
}

interface Prediction {
  readonly error: KernelError;
  readonly seq: number;
  readonly cpu: number;
  /** The CPU has left the kernel function that would have raised it, and no record is missing in between. */
  overdue: boolean;
}

/** Why one instance ended. */
export interface ExitVerdict {
  readonly sched: Sched;
  readonly exit: ExitState;
  /**
   * YES: the trace shows what brought it about, and the kernel's message is the one that follows from it. NO: it does not,
   * although it shows the instance from its beginning. UNKNOWN: the cause may lie in what is missing.
   */
  readonly explained: Tri;
  readonly cause: string;
  /** Error site, undefined when the message belongs to none that is known. */
  readonly site: ErrorSite | undefined;
  /** The prediction that it confirms. */
  readonly error: KernelError | undefined;
}

export class ExitTracker {
  readonly #release: Release;
  readonly #recorded: TraceHeader['recorded'];
  readonly #predictions: Prediction[] = [];
  #pending: Prediction[] = [];
  readonly #reached: ReachedSite[] = [];
  /** Exits and errors that the BPF side asked for: kind and format. */
  readonly #bpfExits: { readonly kind: number; readonly fmt: string }[] = [];
  /** Requests seen, by the exit kind that they lead to. */
  readonly #requested = new Set<number>();
  /** `cpu 2 going offline`, as the kernel says it. */
  readonly #hotplug = new Set<string>();
  #exitsShown = false;
  /** Ordinal of the last event behind a gap; -1 when nothing is missing. */
  #gapSeq = -1;

  constructor(release: Release, header: TraceHeader) {
    this.#release = release;
    this.#recorded = header.recorded;
    this.#exitsShown = header.recorded?.has('sched_exit') === true;
  }

  predict(error: KernelError, event: TraceEvent): void {
    const prediction = { error, seq: event.seq, cpu: event.cpu, overdue: false };
    this.#predictions.push(prediction);
    this.#pending.push(prediction);
  }

  /** Predictions that the kernel may still answer. */
  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /**
   * Notes that a CPU is through with what it was doing: errors are raised with its run queue locked, so before it switches;
   * those of the watchdog before its next pass.
   */
  settle(event: TraceEvent): void {
    const pass = event.kind === KIND.watchdog;
    this.#pending = this.#pending.filter((prediction) => {
      const byWatchdog = prediction.error.kind === EXIT_KIND.ERROR_STALL;
      const through = event.seq > prediction.seq && (byWatchdog ? pass : !pass && prediction.cpu === event.cpu);
      if (through) prediction.overdue = true;
      return !through;
    });
  }

  /** Notes what may end a scheduler. */
  observe(event: TraceEvent): void {
    switch (event.kind) {
      case KIND.sched_exit:
        this.#exitsShown = true;
        if (event.step === 'error') this.#reached.push({ fmt: event.fmt, seq: event.seq, cpu: event.cpu, used: false });
        break;
      case KIND.sched_detach:
        if (event.step === 'unreg') this.#requested.add(EXIT_KIND.UNREG);
        else if (event.step === 'sysrq') this.#requested.add(EXIT_KIND.SYSRQ);
        break;
      case KIND.bpf_exit:
        this.#bpfExits.push({ kind: event.exit_kind, fmt: event.fmt });
        break;
      case KIND.cpu_online:
        this.#hotplug.add(`cpu ${event.target} going online`);
        break;
      case KIND.cpu_offline:
        this.#hotplug.add(`cpu ${event.target} going offline`);
        break;
      case KIND.sub_kill:
        this.#requested.add(EXIT_KIND.PARENT_KILL);
        break;
      default:
    }
  }

  /** Records before this event are missing. */
  noteGap(seq: number): void {
    this.#gapSeq = seq;
    this.#pending = [];
  }

  /** Nothing is missing from an event of that ordinal on; -1: an event before the trace. */
  #isWholeSince(seq: number): boolean {
    return seq >= 0 && seq >= this.#gapSeq;
  }

  /** What the kernel did about each predicted error. Complete when the trace is over. */
  judge(): ReadonlyMap<KernelError, KernelStatus> {
    for (const site of this.#reached) site.used = false;
    return new Map(this.#predictions.map((prediction) => [prediction.error, this.#judge(prediction)]));
  }

  /** Why each instance that ended did so, in the order of the instances. */
  explain(scheds: readonly Sched[]): ExitVerdict[] {
    return scheds.flatMap((sched) => (sched.exit === undefined ? [] : [this.#explain(sched, sched.exit)]));
  }

  #judge({ error, seq, cpu, overdue }: Prediction): KernelStatus {
    const reached = this.#reached.find(
      (site) => !site.used && site.cpu === cpu && site.seq >= error.sinceSeq && formatMatches(site.fmt, error.message),
    );
    if (reached !== undefined) reached.used = true;
    const exit = error.sched?.exit;
    const unanswered = this.#exitsShown && overdue ? 'contradicted' : 'unknown';
    if (exit === undefined) return unanswered;
    if (error.sched !== undefined && this.#winner(error.sched, exit)?.error === error) return 'confirmed';
    if (exit.claimSeq < error.sinceSeq) return 'masked';
    return reached !== undefined || exit.claimSeq <= seq || isTheExit(error, exit) ? 'masked' : unanswered;
  }

  /** The prediction that the exit confirms: the one on the CPU that claimed it, else the first that fits. */
  #winner(sched: Sched, exit: ExitState): Prediction | undefined {
    const fitting = this.#predictions.filter(({ error }) => error.sched === sched && isTheExit(error, exit));
    return fitting.findLast(({ error, cpu }) => cpu === exit.claimCpu && error.sinceSeq <= exit.claimSeq) ?? fitting[0];
  }

  #explain(sched: Sched, exit: ExitState): ExitVerdict {
    const error = this.#winner(sched, exit)?.error;
    if (error !== undefined) {
      return {
        sched,
        exit,
        explained: YES,
        cause: error.text,
        site: ERROR_SITES.find((entry) => entry.id === error.site),
        error,
      };
    }
    const site = this.#siteOf(sched, exit);
    const cause = site?.meaning ?? `${exitReason(exit.kind)}: no known error site has this message`;
    return {
      sched,
      exit,
      explained: this.#isExplained(sched, exit, site),
      cause,
      site,
      error: undefined,
    };
  }

  #isExplained(sched: Sched, exit: ExitState, site: ErrorSite | undefined): Tri {
    if (site !== undefined && this.#isEvident(sched, exit, site)) return YES;
    const id = site?.id ?? '';
    const told = exit.kind > 0 && (exit.message !== undefined || exit.fmt !== '' || site?.format === '');
    const shown = told && isShown(id, this.#recorded) && hasParameters(id, sched);
    return shown && this.#isWholeSince(sched.sinceSeq) ? NO : UNKNOWN;
  }

  #siteOf(sched: Sched, exit: ExitState): ErrorSite | undefined {
    // Some texts are used at two sites, one for root schedulers and one for others.
    const sites = (sched.level > 0 ? SITES_OF_SUBS : ERROR_SITES).filter((entry) => entry.kind === exit.kind);
    const textless = sites.find((entry) => entry.format === '');
    if (textless !== undefined) return textless;
    const message = exit.message ?? '';
    return (
      sites.find((entry) => formatMatches(formatAt(entry, this.#release), message)) ??
      sites.find((entry) => exit.fmt !== '' && entry.format === exit.fmt)
    );
  }

  /** Does the trace show the cause, or is the cause one that no trace can show? */
  #isEvident(sched: Sched, exit: ExitState, site: ErrorSite): boolean {
    switch (exit.kind) {
      case EXIT_KIND.UNREG:
      case EXIT_KIND.SYSRQ:
      case EXIT_KIND.PARENT_KILL:
        return this.#requested.has(exit.kind);
      case EXIT_KIND.PARENT:
        return sched.level > 0;
      case EXIT_KIND.UNREG_BPF:
      case EXIT_KIND.ERROR_BPF:
        return this.#bpfExits.some((asked) => asked.kind === exit.kind && bpfTextMatches(asked.fmt, exit.message));
      case EXIT_KIND.UNREG_KERN:
        return site.id !== 'hotplug-not-handled' || this.#hotplug.has(exit.message?.split(',')[0] ?? '');
      default:
        // What the model should have predicted, and did not, is not explained by having happened.
        return site.observability !== 'P' && site.observability !== 'M';
    }
  }
}

/** Sites that only sub-schedulers meet come first. */
const SITES_OF_SUBS: readonly ErrorSite[] = [...SUB_ERROR_SITES, ...ERROR_SITES];

/** The exit is the one that the predicted error leads to. */
function isTheExit(error: KernelError, exit: ExitState): boolean {
  if (error.kind !== exit.kind) return false;
  if (exit.message !== undefined) return error.accepts(exit.message);
  return exit.fmt !== '' && formatMatches(exit.fmt, error.message);
}

/** BPF programs format with more conversions than the kernel's sites use: compare the constant beginning only. */
function bpfTextMatches(fmt: string, message: string | undefined): boolean {
  if (message === undefined || fmt === '') return true;
  const constant = fmt.slice(0, Math.max(0, fmt.includes('%') ? fmt.indexOf('%') : fmt.length));
  return message.startsWith(constant);
}
