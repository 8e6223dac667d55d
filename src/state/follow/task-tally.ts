// Counts what happens to a task over a span: runs, waits, migrations, decisions, drops.
import { UNKNOWN, YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import type { Task } from '../../model/task.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import type { Moment } from '../document.ts';
import type { ViewContext } from '../view-context.ts';
import type { Drop, TaskSummary } from './document.ts';

/** Drops and errors that are listed; all drops are counted. */
const LISTED = 100;

interface CpuRuns {
  runs: number;
  ns: number;
}

export class TaskTally {
  #runs = 0;
  #runNs = 0;
  readonly #cpus = new Map<number, CpuRuns>();
  #lastCpu = -1;
  #migrations = 0;
  #runningSince = -1;
  #waits = 0;
  #waitNs = 0;
  #longest: { ns: number; began: Moment; ended: Moment } | null = null;
  #enqueues = 0;
  #taken = 0;
  #inserts = 0;
  #affinityChanges = 0;
  #passedOver = 0;
  #drops = 0;
  readonly #dropList: Drop[] = [];
  readonly #errors: string[] = [];
  // The wait before the current event.
  #waiting: number = UNKNOWN;
  #runnableAt = -1;
  #runnableAtSeq = -1;

  /** Called before the model takes an event. */
  prepare(task: Task): void {
    this.#waiting = task.waiting;
    this.#runnableAt = task.runnableAt;
    this.#runnableAtSeq = task.runnableAtSeq;
  }

  /** Called for every event that concerns the task, after the model took it. */
  observe(
    context: ViewContext,
    event: TraceEvent,
    step: Step,
    task: Task,
    seen: { readonly drops: readonly Drop[]; readonly passedOver: boolean },
  ): void {
    const own = step.task === task;
    switch (event.kind) {
      case KIND.run:
        if (own) this.#endWait(context, event);
        break;
      case KIND.switch:
        if (event.next === task.pid) {
          this.#endWait(context, event);
          this.#beginRun(event);
        } else if (event.prev === task.pid) this.#endRun(event);
        break;
      case KIND.ops_enqueue:
        if (!own || event.phase === 'begin') break;
        this.#enqueues++;
        if (task.custodySeq === event.seq) this.#taken++;
        break;
      case KIND.insert:
        if (own && event.step !== 'kfunc') this.#inserts++;
        break;
      case KIND.affinity:
        if (own && event.phase !== 'begin' && (event.step !== 'common' || !task.maskChanging)) this.#affinityChanges++;
        break;
      default:
    }
    if (seen.passedOver) this.#passedOver++;
    this.#drops += seen.drops.length;
    for (const drop of seen.drops) if (this.#dropList.length < LISTED) this.#dropList.push(drop);
    for (const error of step.errors)
      if (error.task === task && this.#errors.length < LISTED) this.#errors.push(error.message);
  }

  summary(context: ViewContext, task: Task | undefined): TaskSummary {
    const { model } = context;
    // A run that goes on counts up to the end.
    const open = this.#runningSince < 0 ? 0 : model.now - this.#runningSince;
    return {
      kind: 'task',
      runs: this.#runs,
      run_ns: this.#runNs + open,
      cpus: [...this.#cpus]
        .toSorted(([a], [b]) => a - b)
        .map(([cpu, { runs, ns }]) => ({ cpu, runs, run_ns: ns + (cpu === this.#lastCpu ? open : 0) })),
      migrations: this.#migrations,
      waits: this.#waits,
      wait_ns: this.#waitNs,
      longest_wait: this.#longest,
      open_wait:
        task?.alive === true && task.waiting === YES ? context.moment(task.runnableAtSeq, task.runnableAt) : null,
      enqueues: this.#enqueues,
      taken: this.#taken,
      inserts: this.#inserts,
      affinity_changes: this.#affinityChanges,
      passed_over: this.#passedOver,
      drops: this.#drops,
      drop_list: this.#dropList,
      errors: this.#errors,
    };
  }

  #endWait(context: ViewContext, event: TraceEvent): void {
    if (this.#waiting !== YES || this.#runnableAt < 0) return;
    const ns = event.t - this.#runnableAt;
    this.#waits++;
    this.#waitNs += ns;
    const began = context.moment(this.#runnableAtSeq, this.#runnableAt);
    const ended = context.moment(event.seq, event.t);
    if (began !== null && ended !== null && ns > (this.#longest?.ns ?? -1)) this.#longest = { ns, began, ended };
  }

  #beginRun(event: TraceEvent): void {
    this.#runs++;
    this.#runningSince = event.t;
    if (this.#lastCpu >= 0 && this.#lastCpu !== event.cpu) this.#migrations++;
    this.#lastCpu = event.cpu;
    const cpu = this.#cpus.get(event.cpu) ?? { runs: 0, ns: 0 };
    cpu.runs++;
    this.#cpus.set(event.cpu, cpu);
  }

  #endRun(event: TraceEvent): void {
    if (this.#runningSince < 0) return;
    const ns = event.t - this.#runningSince;
    this.#runNs += ns;
    const cpu = this.#cpus.get(event.cpu);
    if (cpu !== undefined) cpu.ns += ns;
    this.#runningSince = -1;
  }
}
