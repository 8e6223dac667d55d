// A call of scx_bpf_dsq_insert() that is under way on a CPU: what it was given must be what the core takes.
import { SLOT, type TraceEvent } from '../trace/event.ts';
import { formatDecimal, U64 } from '../trace/u64.ts';
import { contradict, INCONSISTENT } from './contradiction.ts';
import type { Step } from './step.ts';
import type { Task } from './task.ts';

const { slice: SLICE } = SLOT;

export class InsertCall {
  /** Task of the call; -1: none is under way, or its beginning was not seen. */
  #pid = -1;
  #seq = -1;
  #committed = false;
  #sliceKnown = false;
  readonly #slice = new U64();

  begin(event: TraceEvent): void {
    this.#pid = event.pid;
    this.#seq = event.seq;
    this.#committed = false;
    // 0 asks for what the task has left.
    this.#sliceKnown = event.slice_hi !== 0 || event.slice_lo !== 0;
    this.#slice.set(event.slice_hi, event.slice_lo);
  }

  /** scx_dsq_insert_commit(): the verdict is accepted. */
  commit(event: TraceEvent, step: Step, task: Task): void {
    if (this.#pid !== event.pid) return;
    this.#committed = true;
    if (!this.#sliceKnown || !event.hasSlot(SLICE) || this.#slice.equals(event.slice_hi, event.slice_lo)) return;
    contradict(
      step,
      INCONSISTENT,
      'verdict-values',
      `the insert of ${task.label} is accepted with slice ${formatDecimal(event.slice_hi, event.slice_lo)}, ${formatDecimal(this.#slice.hi, this.#slice.lo)} was asked for`,
      { task, sinceSeq: this.#seq },
    );
  }

  /** The kfunc returns true when it has accepted the verdict. `commits`: acceptances are recorded. */
  end(event: TraceEvent, step: Step, task: Task, commits: boolean): void {
    const shown = this.#pid === event.pid && !this.#committed && event.ret === 1;
    this.#pid = -1;
    if (!shown || !commits) return;
    contradict(step, INCONSISTENT, 'verdict', `the insert of ${task.label} succeeds and has not been accepted`, {
      task,
      sinceSeq: this.#seq,
    });
  }

  forget(): void {
    this.#pid = -1;
  }
}
