// Verdicts that the core drops: an entry of a dispatch buffer that the flush passes over without claiming its task.
import type { BufferedVerdict, Cpu } from '../../model/cpu.ts';
import type { Model } from '../../model/model.ts';
import { NO } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import { claimSucceeds } from '../../model/transitions/verdict.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';

/** Looks at the dispatch buffer before and after each event that works it off. */
export class DropWatch {
  readonly #model: Model;
  #flushIndex = -1;
  #length = 0;
  /** Claims are recorded: an entry that is passed over without one was dropped. */
  #claimsShown = false;

  constructor(model: Model) {
    this.#model = model;
  }

  /** Can the event show a drop? */
  static isAbout({ kind }: TraceEvent): boolean {
    return kind === KIND.flush || kind === KIND.find_dsq || kind === KIND.dispatch;
  }

  /** Called before the model takes an event. */
  prepare(event: TraceEvent): void {
    if (!DropWatch.isAbout(event)) return;
    if (event.kind !== KIND.flush) this.#claimsShown = true;
    const cpu = this.#model.cpu(event.cpu);
    this.#flushIndex = cpu.flushIndex;
    this.#length = cpu.bufferLength;
  }

  /** Verdicts that the event shows to have been dropped. Called after the model took it. */
  dropsOf(event: TraceEvent, step: Step): readonly BufferedVerdict[] {
    const cpu = this.#model.cpu(event.cpu);
    switch (event.kind) {
      case KIND.dispatch:
        return event.result === 'dropped' && cpu.claimed !== undefined ? [cpu.claimed] : NOTHING;
      case KIND.find_dsq:
        // The entry before the new index was claimed; those before it were not.
        if (event.phase === 'end' || this.#flushIndex < 0 || cpu.flushIndex <= this.#flushIndex) return NOTHING;
        return this.#dropped(cpu, cpu.flushIndex - 1, step);
      case KIND.flush:
        return event.phase === 'end' && this.#flushIndex >= 0 ? this.#dropped(cpu, this.#length, step) : NOTHING;
      default:
        return NOTHING;
    }
  }

  #dropped(cpu: Cpu, end: number, step: Step): BufferedVerdict[] {
    return cpu.buffer
      .slice(this.#flushIndex, end)
      .filter(
        (verdict) =>
          (verdict.sched === step.sched || step.sched === undefined) &&
          (this.#claimsShown || claimSucceeds(verdict) === NO),
      );
  }
}

const NOTHING: readonly BufferedVerdict[] = [];
