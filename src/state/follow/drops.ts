// Verdicts that the core drops: an entry of a dispatch buffer that the flush passes over without claiming its task.
import type { BufferedVerdict, Cpu } from '../../model/cpu.ts';
import { type Drop as ModelDrop, whyDropped } from '../../model/drop.ts';
import type { Model } from '../../model/model.ts';
import { NO } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import { claimSucceeds } from '../../model/transitions/verdict.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import type { ViewContext } from '../view-context.ts';
import type { Drop, Note } from './document.ts';

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

/** Verdicts that were lost after their claim, or never had one: the token was lost, or a deferred dispatch was cancelled. */
export function lateDropsOf(step: Step): readonly ModelDrop[] {
  if (step.drops.length === 0) return [];
  return step.drops.filter(({ reason }) => reason === 'token-lost' || reason === 'deferred-cancelled');
}

/** Such a drop as data, and what to say of it. */
export function viewLateDrop(context: ViewContext, event: TraceEvent, drop: ModelDrop): { drop: Drop; note: Note } {
  const why = whyDropped(drop, event.t);
  const inserted = { event: drop.seq, ts: context.ts(Math.max(drop.time, 0)) };
  const dropped = { event: event.seq, ts: context.ts(event.t) };
  const refers = context.moment(drop.causeSeq, drop.causeTime);
  return {
    drop: { pid: drop.task.pid, dsq: drop.dsq, inserted, dropped, why },
    note: {
      text: `the insert of ${drop.task.label} on DSQ ${drop.dsq} (@${drop.seq}) is dropped: ${why}`,
      ...(refers === null ? {} : { refers }),
    },
  };
}

const NOTHING: readonly BufferedVerdict[] = [];
