// Who took a task out of the hands of its scheduler last, and why: what explains a verdict that came too late.
import { DEQ_HI_CORE_SCHED_EXEC, DEQ_SLEEP, OPSS_DISPATCHING, OPSS_NONE, OPSS_QUEUED } from '../../kernel/flags.ts';
import type { BufferedVerdict } from '../../model/cpu.ts';
import type { Model } from '../../model/model.ts';
import { YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import type { Task } from '../../model/task.ts';
import { formatDuration } from '../../trace/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { qseqOf } from '../task-view.ts';
import type { ViewContext } from '../view-context.ts';
import type { Note } from './document.ts';

/** Why a task left the scheduler: it is put back with a new round, unless it sleeps or is on a DSQ. */
type Cause =
  | 'sleep'
  | 'run'
  | 'affinity change'
  | 'class change'
  | 'weight change'
  | 'cgroup move'
  | 'property change'
  | 'switch of bypass mode'
  | 'dispatch';

interface Release {
  readonly seq: number;
  readonly t: number;
  /** CPU that did it. */
  readonly cpu: number;
  cause: Cause;
  /** The task has not been enqueued again: what changes now is the reason of the dequeue. */
  open: boolean;
  /** It has been enqueued again, so this says nothing about where it is now. */
  past: boolean;
}

/** What a change event says about the dequeue around it. */
const CAUSES: Readonly<Record<number, Cause>> = {
  [KIND.affinity]: 'affinity change',
  [KIND.class_change]: 'class change',
  [KIND.weight]: 'weight change',
  [KIND.cgroup_move]: 'cgroup move',
};

export class Releases {
  readonly #last = new Map<Task, Release>();
  /** CPUs that are switching bypass mode on or off: they take every task off and put it back. */
  readonly #switching = new Set<number>();

  /** Called for every event, after the model took it. */
  observe(event: TraceEvent, step: Step): void {
    switch (event.kind) {
      case KIND.ops_dequeue:
        // A carry from one run queue to another is part of the dispatch that was noted before.
        if (step.task !== undefined && step.task.holdingCpu < 0)
          this.#note(step.task, event, this.#causeOf(event, step.task));
        break;
      case KIND.find_dsq:
        if (event.phase !== 'end') this.#note(step.task, event, 'dispatch');
        break;
      case KIND.bypass:
        if (event.step === 'dsp_disable') break;
        if (event.phase === 'begin') this.#switching.add(event.cpu);
        else this.#switching.delete(event.cpu);
        break;
      case KIND.affinity:
      case KIND.class_change:
      case KIND.weight:
      case KIND.cgroup_move: {
        const release = step.task === undefined ? undefined : this.#last.get(step.task);
        if (release?.open === true && release.cause === 'property change')
          release.cause = CAUSES[event.kind] ?? 'property change';
        break;
      }
      case KIND.enqueue: {
        const release = step.task === undefined ? undefined : this.#last.get(step.task);
        if (release !== undefined) release.open = false;
        break;
      }
      case KIND.ops_enqueue: {
        const release = step.task === undefined ? undefined : this.#last.get(step.task);
        if (release !== undefined) release.past = true;
        break;
      }
      default:
    }
  }

  /** Is bypass mode being switched on or off on that CPU? */
  isSwitchingBypass(cpu: number): boolean {
    return this.#switching.has(cpu);
  }

  /** Why finish_dispatch() drops a verdict, as a clause: `dequeued by an affinity change 12 µs before …`. */
  explainDrop(context: ViewContext, verdict: BufferedVerdict, model: Model): Note {
    const { task } = verdict;
    if (task === undefined) return { text: 'the task is not known' };
    const release = this.#last.get(task);
    const late = release !== undefined && release.seq > verdict.seq;
    const missed = release !== undefined && !late && !release.past && !wasHeld(verdict);
    const since = late || missed ? release : undefined;
    const refers = since === undefined ? undefined : context.moment(since.seq, since.t);
    const text = missed
      ? `the scheduler did not hold the task any more: ${releaseText(since, model.now)}`
      : `${releaseText(since, model.now)}${this.#rounds(verdict, task, since === undefined)}`;
    return { text, ...(refers === null || refers === undefined ? {} : { refers }) };
  }

  /** What the rounds say: finish_dispatch() compares the round of the verdict with that of the task. */
  #rounds(verdict: BufferedVerdict, task: Task, alone: boolean): string {
    if (!verdict.opsStateKnown || !task.opsStateKnown) return alone ? 'why is not known' : '';
    if (!wasHeld(verdict)) return `${alone ? '' : ', and '}the scheduler did not hold the task when it made the insert`;
    const then = qseqOf(verdict.opsState);
    switch (task.opsPhase) {
      case OPSS_QUEUED: {
        const now = qseqOf(task.opsState);
        return then === now
          ? alone
            ? 'why is not known: the task is still in the round of the insert'
            : ''
          : `${alone ? '' : ' and '}enqueued again: the insert was for round ${then}, now it is round ${now}`;
      }
      case OPSS_DISPATCHING:
        return alone ? 'another dispatch has claimed the task' : '';
      default:
        return alone ? 'the scheduler no longer holds the task' : '';
    }
  }

  #causeOf(event: TraceEvent, task: Task): Cause {
    if ((event.deq_flags_lo & DEQ_SLEEP) !== 0) return 'sleep';
    if ((event.deq_flags_hi & DEQ_HI_CORE_SCHED_EXEC) !== 0) return 'run';
    // A task on a CPU that its mask no longer allows is taken off it as part of the change of the mask.
    if (task.migrationPending === YES) return 'affinity change';
    return this.#switching.has(event.cpu) ? 'switch of bypass mode' : 'property change';
  }

  #note(task: Task | undefined, event: TraceEvent, cause: Cause): void {
    if (task === undefined) return;
    this.#last.set(task, {
      seq: event.seq,
      t: event.t,
      cpu: event.cpu,
      cause,
      open: cause !== 'dispatch' && cause !== 'run',
      past: false,
    });
  }
}

/** The scheduler held the task when it made the insert: the insert carries a round. */
function wasHeld(verdict: BufferedVerdict): boolean {
  const phase = verdict.opsState.lo & 3;
  return !verdict.opsStateKnown || (phase !== OPSS_NONE && phase !== OPSS_DISPATCHING);
}

function releaseText(release: Release | undefined, now: number): string {
  if (release === undefined) return '';
  const before = `${formatDuration(now - release.t)} before`;
  if (release.cause === 'dispatch') return `CPU ${release.cpu} had dispatched it ${before}`;
  if (release.cause === 'run') return `CPU ${release.cpu} had set it to run ${before}`;
  if (release.cause === 'sleep') return `it went to sleep ${before}`;
  return `dequeued by ${/^[aeiou]/.test(release.cause) ? 'an' : 'a'} ${release.cause} ${before}`;
}
