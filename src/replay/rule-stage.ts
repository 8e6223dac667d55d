// What rules see and how they speak: one small object a rule, since every replay, however short, makes hundreds of them.
import type { FindingFilter, RuleRun } from '../findings/collector.ts';
import type { Model } from '../model/model.ts';
import type { Sched } from '../model/sched.ts';
import type { Step } from '../model/step.ts';
import type { ExitExplanation, Report, RuleContext } from '../rules/rule.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { VtimeEngine } from '../vtime/engine.ts';
import type { ExitTracker } from './exits.ts';
import type { KeptEvents } from './kept-events.ts';

/** What all rules of a replay share. */
export interface RuleStage {
  readonly model: Model;
  readonly step: Step;
  readonly filter: FindingFilter;
  readonly exits: ExitTracker;
  /** The event that is being handled. */
  event: TraceEvent;
  vtime: VtimeEngine | undefined;
  readonly kept: KeptEvents;
}

/** The context of one rule. Its methods are called on it, never taken off it. */
export class StagedRule implements RuleContext {
  readonly model: Model;
  readonly #run: RuleRun;
  readonly #stage: RuleStage;

  constructor(run: RuleRun, stage: RuleStage) {
    this.model = stage.model;
    this.#run = run;
    this.#stage = stage;
  }

  get vtime(): VtimeEngine | undefined {
    return this.#stage.vtime;
  }

  checked(times = 1): void {
    this.#run.checked += times;
  }

  report(report: Report): void {
    const { event, step, filter, kept } = this.#stage;
    if (report.at === undefined) kept.keep(event);
    this.#run.add(report, event, step, filter);
  }

  keep(): void {
    this.#stage.kept.keep(this.#stage.event);
  }

  note(text: string): void {
    this.#run.note(text);
  }

  undecided(reason: string): void {
    this.#run.noteUndecided(reason);
  }

  explainExit(sched: Sched): ExitExplanation | undefined {
    const verdict = this.#stage.exits.explain([sched])[0];
    return verdict === undefined
      ? undefined
      : { cause: verdict.cause, site: verdict.site?.id ?? '', error: verdict.error };
  }
}
