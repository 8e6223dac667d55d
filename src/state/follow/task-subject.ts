// Following a task: which events concern it, and what is counted about it.
import { formatDsqId } from '../../kernel/dsq-id.ts';
import { canConsume } from '../../model/can-run.ts';
import type { BufferedVerdict } from '../../model/cpu.ts';
import { NO } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import type { Task } from '../../model/task.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { isAbout } from '../orientation.ts';
import { taskFacts } from '../task-view.ts';
import type { ViewContext } from '../view-context.ts';
import type { Drop, Facts, FollowSummary, Note } from './document.ts';
import { DropWatch, lateDropsOf, viewLateDrop } from './drops.ts';
import { EnqueueStory } from './enqueue-story.ts';
import { Releases } from './releases.ts';
import type { Subject } from './subject.ts';
import { notesOnTask, passedOverText } from './task-notes.ts';
import { TaskShadow } from './task-shadow.ts';
import { TaskTally } from './task-tally.ts';

export class TaskSubject implements Subject {
  readonly kind = 'task';
  readonly #pid: number;
  readonly #context: ViewContext;
  readonly #shadow = new TaskShadow();
  readonly #drops: DropWatch;
  readonly #releases = new Releases();
  readonly #enqueues = new EnqueueStory();
  #tally = new TaskTally();
  /** What the current event dropped of this task, and what it was before the event. */
  #dropped: { readonly drop: Drop; readonly note: Note }[] = [];
  #linkTime = -1;
  #passedOver = false;

  constructor(context: ViewContext, pid: number) {
    this.#context = context;
    this.#pid = pid;
    this.#drops = new DropWatch(context.model);
  }

  get name(): string {
    return this.#context.name(this.#pid);
  }

  get #task(): Task | undefined {
    return this.#context.model.findTask(this.#pid);
  }

  prepare(event: TraceEvent): void {
    this.#drops.prepare(event);
    const task = this.#task;
    if (task === undefined) return;
    this.#linkTime = task.linkTime;
    this.#passedOver = event.kind === KIND.dsq_unlink && this.#isPassedOver(event, task);
    this.#tally.prepare(task);
  }

  concerns(event: TraceEvent, step: Step): boolean {
    const task = this.#task;
    if (this.#dropped.length > 0) this.#dropped = [];
    this.#releases.observe(event, step);
    if (task === undefined) return false;
    if (DropWatch.isAbout(event)) this.#noteDrops(event, step, task);
    for (const drop of lateDropsOf(step))
      if (drop.task === task) this.#dropped.push(viewLateDrop(this.#context, event, drop));
    return (
      isAbout(event, this.#pid) ||
      step.task === task ||
      step.prev === task ||
      this.#dropped.length > 0 ||
      this.#passedOver ||
      (step.errors.length > 0 && step.errors.some((error) => error.task === task)) ||
      isAround(this.#context, event, step, task) ||
      this.#shadow.differs(task)
    );
  }

  facts(): Facts | null {
    const task = this.#task;
    if (task === undefined) return null;
    this.#shadow.copy(task);
    return taskFacts(this.#context, task);
  }

  notes(event: TraceEvent, step: Step): Note[] {
    const task = this.#task;
    if (task === undefined) return [];
    this.#enqueues.observe(event, step, task, this.#context.model);
    this.#tally.observe(this.#context, event, step, task, {
      drops: this.#dropped.map(({ drop }) => drop),
      passedOver: this.#passedOver,
    });
    const notes = notesOnTask(this.#context, event, step, task, {
      enqueues: this.#enqueues,
      releases: this.#releases,
      linkTime: this.#linkTime,
    });
    for (const { note } of this.#dropped) notes.push(note);
    if (this.#passedOver) notes.push({ text: passedOverText(this.#context, event, task) });
    return notes;
  }

  restart(): void {
    this.#tally = new TaskTally();
  }

  summary(): FollowSummary {
    return this.#tally.summary(this.#context, this.#task);
  }

  #noteDrops(event: TraceEvent, step: Step, task: Task): void {
    for (const verdict of this.#drops.dropsOf(event, step)) {
      if (verdict.task !== task) continue;
      const why = this.#releases.explainDrop(this.#context, verdict, this.#context.model);
      this.#dropped.push(dropOf(this.#context, event, verdict, why));
    }
  }

  /** A consumption is taking a task behind this one from the DSQ that both are on. */
  #isPassedOver(event: TraceEvent, task: Task): boolean {
    const cpu = this.#context.model.cpu(event.cpu);
    const { dsq } = task;
    if (!cpu.consume.active || dsq === undefined || dsq === null || cpu.consume.dsq !== dsq) return false;
    const taken = this.#context.model.findTask(event.pid);
    if (taken === undefined || taken === task || taken.dsq !== dsq || canConsume(task, cpu) !== NO) return false;
    for (let behind = task.dsqNext; behind !== undefined; behind = behind.dsqNext) if (behind === taken) return true;
    return false;
  }
}

/** Events that name no task, and still are about this one: its scheduler's, its CPU's, a loss. */
function isAround({ model }: ViewContext, event: TraceEvent, step: Step, task: Task): boolean {
  switch (event.kind) {
    case KIND.lost:
      return true;
    case KIND.bypass:
    case KIND.sched_exit:
    case KIND.sched_detach:
      return step.sched !== undefined && step.sched === task.sched;
    case KIND.cpu_online:
    case KIND.cpu_offline:
      return event.target === task.taskCpu;
    case KIND.scx_event:
      return model.cpu(event.cpu).opTask === task;
    case KIND.find_dsq:
      return event.phase === 'end' && model.cpu(event.cpu).claimed?.task === task;
    default:
      return false;
  }
}

function dropOf(
  context: ViewContext,
  event: TraceEvent,
  verdict: BufferedVerdict,
  why: Note,
): { drop: Drop; note: Note } {
  const inserted = { event: verdict.seq, ts: context.ts(verdict.time) };
  const dsq = formatDsqId(verdict.dsqId.hi, verdict.dsqId.lo);
  return {
    drop: {
      pid: verdict.task?.pid ?? -1,
      dsq,
      inserted,
      dropped: { event: event.seq, ts: context.ts(event.t) },
      why: why.text,
    },
    note: {
      text: `the insert on DSQ ${dsq} (@${verdict.seq}) is dropped: ${why.text}`,
      ...(why.refers === undefined ? {} : { refers: why.refers }),
    },
  };
}
