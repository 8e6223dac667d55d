// Two queues whose heads compete on a CPU: which of them a dispatch takes, and whether its own rule says so.
import { OP_DISPATCH } from '../model/cpu.ts';
import type { Dsq } from '../model/dsq.ts';
import { YES } from '../model/sched.ts';
import type { Step } from '../model/step.ts';
import type { Task } from '../model/task.ts';
import type { TraceEvent } from '../trace/event.ts';
import { before } from '../trace/u64.ts';
import type { QueueInstance, SchedVtime } from './sched-vtime.ts';
import type { QueueService } from './service.ts';
import type { VtimeState } from './state.ts';

export class Choices {
  readonly #state: VtimeState;
  readonly #active: boolean;
  readonly #raceNs: number;

  constructor(state: VtimeState) {
    this.#state = state;
    this.#active = state.domain.queues.some((queue) => queue.compareWith.length > 0);
    this.#raceNs = state.domain.limits.number('vtime-order-violation', 'race_window');
  }

  /** A task was put on that DSQ: it competes from here on, whether it was ever looked at or not. */
  inUse(dsq: Dsq): void {
    if (this.#active && dsq.isUser) this.#state.service.queueOf(dsq);
  }

  /** DSQs whose heads compete with that of `dsq` on `cpu`. */
  competing(dsq: Dsq, cpu: number): readonly QueueService[] {
    if (!this.#active) return [];
    const sched = this.#state.sched(dsq.sched ?? this.#state.model.root);
    const queue = sched.queue(dsq.idHi, dsq.idLo);
    if (queue === undefined || !this.#reaches(queue, cpu)) return [];
    return [...this.#rivals(sched, queue, cpu)].map(({ service }) => service);
  }

  /** A task has left an ordered DSQ: was it taken, and rightly so? */
  left(event: TraceEvent, step: Step): void {
    const { task, dsq } = step;
    if (task === undefined || dsq === undefined || this.#state.sinks.onTake.length === 0) return;
    if (this.#state.model.cpu(event.cpu).consume.taken !== task) return;
    const next = dsq.head;
    const wasHead = next === undefined || !goesBefore(next, task);
    this.#taken(event, step, wasHead ? task : next);
  }

  /** A task was taken from a shared DSQ; the model still has its key. `headBefore` was the head of that DSQ. */
  #taken(event: TraceEvent, step: Step, headBefore: Task | undefined): void {
    const { task, dsq } = step;
    if (!this.#active) return;
    if (task === undefined || dsq?.isUser !== true || headBefore === undefined) return;
    const sched = this.#state.sched(dsq.sched ?? this.#state.model.root);
    const cpu = event.cpu;
    const queue = sched.queue(dsq.idHi, dsq.idLo);
    if (queue === undefined || sched.sched?.aborting === true) return;
    const began = this.#beganAt(event, cpu);
    const own = this.#state.service.find(dsq);
    if (headBefore.linkSeq > began || (own?.previousRemovalSeq ?? -1) > began) return;
    for (const { service, instance } of this.#rivals(sched, queue, cpu)) {
      const { head } = service.dsq;
      if (head === undefined || !service.dsq.isComplete || head.linkSeq > began || service.lastRemovalSeq > began)
        continue;
      if (event.t - head.linkTime < this.#raceNs || head.allows(cpu) !== YES || head.migrationDisabled > 0) continue;
      const shouldWin = this.#wins(instance, queue, head, headBefore);
      const key = headBefore === task ? task.vtime : headBefore.vtime;
      const fact = {
        seq: event.seq,
        t: event.t,
        sched,
        cpu,
        task: this.#state.task(task),
        passed: shouldWin ? this.#state.task(head) : undefined,
        queue,
        other: instance,
        headKey: key,
        otherKey: head.vtime,
        otherWaitNs: event.t - head.linkTime,
        otherHead: this.#state.task(head),
      };
      for (const sink of this.#state.sinks.onTake) sink(fact);
    }
  }

  /** By the described rule: does the head of `rival` go before the head of `queue`? */
  #wins(rival: QueueInstance, queue: QueueInstance, rivalHead: Task, head: Task): boolean {
    const [a, b] = [rivalHead.vtime, head.vtime];
    if (before(a.hi, a.lo, b.hi, b.lo)) return true;
    if (!a.equals(b.hi, b.lo)) return false;
    const tie = queue.spec.tie >= 0 ? queue.spec.tie : queue.spec.index;
    return tie === rival.spec.index && tie !== queue.spec.index;
  }

  *#rivals(
    sched: SchedVtime,
    queue: QueueInstance,
    cpu: number,
  ): Generator<{ readonly service: QueueService; readonly instance: QueueInstance }> {
    for (const service of this.#state.service.queues()) {
      const { dsq } = service;
      if ((dsq.sched ?? this.#state.model.root) !== sched.sched) continue;
      const instance = sched.queue(dsq.idHi, dsq.idLo);
      if (instance === undefined || instance === queue || !queue.spec.compareWith.includes(instance.spec.index))
        continue;
      if (this.#reaches(instance, cpu)) yield { service, instance };
    }
  }

  /** Does the dispatch of that CPU look at the queue? */
  #reaches(queue: QueueInstance, cpu: number): boolean {
    const { groups } = this.#state;
    if (queue.cpu >= 0) return queue.cpu === cpu;
    if (queue.group >= 0 && groups.cpu(cpu) !== queue.group) return false;
    return !(this.#state.domain.llcAware && queue.llc >= 0 && groups.llc(cpu) >= 0 && groups.llc(cpu) !== queue.llc);
  }

  /** Ordinal of the event at which the dispatch of the CPU began: its look at the heads came later. */
  #beganAt(event: TraceEvent, cpu: number): number {
    const { op, opSeq, consume } = this.#state.model.cpu(cpu);
    if (op === OP_DISPATCH) return opSeq;
    return consume.active ? consume.beginSeq : event.seq - 1;
  }
}

/** On one DSQ: does `a` go before `b`, that is no longer on it? */
function goesBefore(a: Task, b: Task): boolean {
  if (before(a.vtime.hi, a.vtime.lo, b.vtime.hi, b.vtime.lo)) return true;
  return a.vtime.equals(b.vtime.hi, b.vtime.lo) && a.linkStamp < b.linkStamp;
}
