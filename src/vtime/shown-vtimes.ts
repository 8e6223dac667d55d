// Events that show the vtime of a task: the result of a charge, a key that took effect, or a value that was set anew.
import type { TraceEvent } from '../trace/event.ts';
import { difference } from '../trace/u64.ts';
import { type Bounding, BY_REBASE } from './bounding.ts';
import type { Charging } from './charging.ts';
import type { Inserting } from './inserting.ts';
import type { VtimeState } from './state.ts';
import type { VtimeTask } from './task-state.ts';

export class ShownVtimes {
  readonly #state: VtimeState;
  readonly #charging: Charging;
  readonly #inserting: Inserting;
  readonly #bounding: Bounding;

  constructor(state: VtimeState, charging: Charging, inserting: Inserting, bounding: Bounding) {
    this.#state = state;
    this.#charging = charging;
    this.#inserting = inserting;
    this.#bounding = bounding;
  }

  /** The event shows that the task's vtime is (hi, lo). */
  show(event: TraceEvent, task: VtimeTask, hi: number, lo: number): void {
    if (task.charging) {
      this.#charging.settle(task, true, hi, lo, event);
      return;
    }
    if (task.askedPending && task.asked.equals(hi, lo)) {
      this.#inserting.committed(task, event.seq);
      return;
    }
    if (!task.vKnown) {
      task.setV(hi, lo, event.seq);
      return;
    }
    if (task.v.equals(hi, lo)) {
      task.slack = 0;
      return;
    }
    if (task.slack > 0) {
      const ahead = difference(hi, lo, task.v.hi, task.v.lo);
      if (ahead >= 0 && ahead <= task.slack) {
        task.setV(hi, lo, event.seq);
        return;
      }
    }
    this.#rebased(event, task, hi, lo);
  }

  /** The vtime was set outside of a charge. */
  #rebased(event: TraceEvent, task: VtimeTask, hi: number, lo: number): void {
    const state = this.#state;
    const sched = state.schedOf(task);
    const cause = task.rebaseAllowed ? task.rebaseCause : '';
    const { domain } = sched;
    const keeps = cause !== '' && domain.translate.has(cause) && !domain.reset.has(cause);
    if (state.sinks.onRebase.length > 0 && !sched.premise.broken && task.basis !== undefined && !keeps) {
      const fact = {
        seq: event.seq,
        t: event.t,
        task,
        sched,
        cause,
        driftMin: state.driftMin(task.v.hi, task.v.lo, task.basis),
        driftMax: state.driftMax(task.v.hi, task.v.lo, task.slack, task.basis),
      };
      for (const sink of state.sinks.onRebase) sink(fact);
    }
    task.rebaseDeltaNs = difference(task.v.hi, task.v.lo, hi, lo);
    task.setV(hi, lo, event.seq);
    // Against which basis it was set shows at the next insert.
    task.reference = undefined;
    if (keeps) return;
    if (cause !== '' && domain.reset.has(cause)) task.lastChargeNs = 0;
    task.clearDrift();
    task.rebasedSeq = cause === '' ? -1 : event.seq;
    if (cause === 'enable') this.enabledWith(event, task);
  }

  /** ops.enable() gave the task the value of the one basis that there is. */
  enabledWith(event: TraceEvent, task: VtimeTask): void {
    const sched = this.#state.schedOf(task);
    const { domain } = sched;
    const [spec] = domain.bases;
    if (!domain.reset.has('enable') || domain.bases.length !== 1 || spec?.scope !== 'global') return;
    const basis = sched.instance(spec, 0);
    task.basis ??= basis;
    task.reference = basis;
    task.rebasedSeq = -1;
    const { sighting } = this.#bounding;
    sighting.begin(
      BY_REBASE,
      task,
      task.v,
      task.enableBeginSeq >= 0 ? task.enableBeginSeq : event.seq,
      event.seq,
      event.t,
    );
    sighting.atLeast(0);
    sighting.atMost(0);
    this.#bounding.see(sched, basis);
  }
}
