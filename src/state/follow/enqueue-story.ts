// What scx_do_enqueue_task() did with a task, from its begin to its end: given to the scheduler, or one of the shortcuts.
import { DSQ_INVALID, isBuiltinId } from '../../kernel/dsq-id.ts';
import {
  ENQ_HI_REENQ,
  OPS_ENQ_EXITING,
  OPS_ENQ_MIGRATION_DISABLED,
  OPSS_QUEUED,
  PF_EXITING,
} from '../../kernel/flags.ts';
import type { Model } from '../../model/model.ts';
import { NO, YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import type { Task } from '../../model/task.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { qseqOf } from '../task-view.ts';

/** Counters that the kernel increments on the way through scx_do_enqueue_task(), and what they prove. */
const SHORTCUTS: Readonly<Record<string, string>> = {
  SCX_EV_BYPASS_DISPATCH: 'its scheduler bypasses: it goes to the bypass DSQ without ops.enqueue()',
  SCX_EV_ENQ_SKIP_EXITING: 'it is exiting: it goes to the local DSQ without ops.enqueue()',
  SCX_EV_ENQ_SKIP_MIGRATION_DISABLED: 'it is migration-disabled: it goes to the local DSQ without ops.enqueue()',
};

export class EnqueueStory {
  /** An enqueue of the task is under way. */
  #open = false;
  #shortcut = '';
  /** What the task looked like when it began. */
  #guess = '';
  #inserted = false;

  /** Called for every event that concerns the task, after the model took it. */
  observe(event: TraceEvent, step: Step, task: Task, model: Model): void {
    switch (event.kind) {
      case KIND.ops_enqueue:
        if (step.task !== task || event.phase === 'end') return;
        this.#open = true;
        this.#shortcut = '';
        this.#inserted = false;
        this.#guess = guessShortcut(event, task, model);
        break;
      case KIND.scx_event:
        if (this.#open) this.#shortcut = SHORTCUTS[event.name] ?? this.#shortcut;
        break;
      case KIND.insert:
        if (this.#open && step.task === task && event.step !== 'kfunc') this.#inserted = true;
        break;
      default:
    }
  }

  /** Why the enqueue ended as it did, in words. */
  explainEnd(event: TraceEvent, task: Task): string {
    const seen = this.#open;
    this.#open = false;
    if (event.has('ops_state') && (event.ops_state_lo & 3) === OPSS_QUEUED)
      return `the scheduler took it and owes a decision (round ${qseqOf(task.opsState)})`;
    if (task.custodySeq === event.seq) return 'the scheduler took it and owes a decision';
    if (this.#shortcut !== '') return this.#shortcut;
    if (this.#inserted) {
      const target = task.ddsp.active ? ', to another CPU: that is carried out later (deferred)' : '';
      return `ops.enqueue() inserted it itself (direct dispatch)${target}`;
    }
    if (!seen) return 'it did not stay with the scheduler';
    if (this.#guess !== '') return this.#guess;
    // Without an insert, the global DSQ is where tasks go whose scheduler cannot be asked.
    if (task.dsq?.isGlobal === true) return 'its scheduler has no ops.enqueue(): the global DSQ is used';
    return 'it did not stay with the scheduler; why is not known';
  }
}

/** The shortcuts of scx_do_enqueue_task() in the kernel's order, as far as the model knows what they depend on. */
function guessShortcut(event: TraceEvent, task: Task, model: Model): string {
  const { sched } = task;
  const rq = model.cpu(event.rq);
  if (event.has('sticky_cpu') && event.sticky_cpu === event.rq)
    return 'the core moves it itself: straight to the local DSQ, ops.enqueue() is not asked';
  if (rq.isRqOnline === NO)
    return `CPU ${event.rq} is not online: straight to its local DSQ, ops.enqueue() is not asked`;
  if (sched?.isBypassing(event.rq) === YES)
    return 'its scheduler bypasses: it goes to the bypass DSQ without ops.enqueue()';
  const pending = event.has('ddsp_dsq')
    ? !isBuiltinId(event.ddsp_dsq_hi, event.ddsp_dsq_lo, DSQ_INVALID)
    : task.ddsp.active;
  if (pending)
    return 'ops.select_cpu() or the idle policy had decided already (direct dispatch): ops.enqueue() is not asked';
  if (sched?.opsFlagsKnown === true) {
    if ((event.task_flags_lo & PF_EXITING) !== 0 && (sched.opsFlags & OPS_ENQ_EXITING) === 0)
      return SHORTCUTS.SCX_EV_ENQ_SKIP_EXITING ?? '';
    if (
      model.semantics.migrationDisabledToLocal &&
      event.has('migration_disabled') &&
      event.migration_disabled > 0 &&
      (sched.opsFlags & OPS_ENQ_MIGRATION_DISABLED) === 0
    )
      return SHORTCUTS.SCX_EV_ENQ_SKIP_MIGRATION_DISABLED ?? '';
  }
  if ((event.enq_flags_hi & ENQ_HI_REENQ) !== 0 && model.semantics.reenqLimit === 'per-task')
    return 'a re-enqueue that the scheduler did not take: over the limit it is left on no queue';
  return '';
}
