// Who is served from which DSQ, and what the CPUs do meanwhile: the ground on which stalls are proved.
import type { Dsq } from '../model/dsq.ts';
import type { Model } from '../model/model.ts';
import type { Step } from '../model/step.ts';
import type { TraceEvent } from '../trace/event.ts';
import { CpuTime } from './cpu-time.ts';
import { TakeLog } from './take-log.ts';

/** Service of one DSQ. */
export class QueueService {
  readonly dsq: Dsq;
  readonly takes = new TakeLog();
  /** Time at which each CPU last looked at it; absent: never. */
  readonly lastLook: number[] = [];
  /** Ordinals of the last two removals of any kind. */
  lastRemovalSeq = -1;
  previousRemovalSeq = -1;
  /** Nobody on it has waited since before this time: those that came later have waited less. */
  #nobodyBefore = Number.NEGATIVE_INFINITY;

  constructor(dsq: Dsq) {
    this.dsq = dsq;
  }

  /** Has anybody on it waited since that time, or longer, as of `now`? */
  hasWaiterSince(time: number, now: number): boolean {
    if (time < this.#nobodyBefore) return false;
    let oldest = Number.POSITIVE_INFINITY;
    for (let task = this.dsq.head; task !== undefined; task = task.dsqNext) oldest = Math.min(oldest, task.linkTime);
    if (oldest <= time) return true;
    this.#nobodyBefore = Math.min(oldest, now);
    return false;
  }
}

export class Service {
  readonly model: Model;
  readonly cpuTime = new CpuTime();
  readonly #queues = new Map<Dsq, QueueService>();
  /** The one asked for last: often there is but one. */
  #lastQueue: QueueService | undefined;
  /** Time at which each CPU last came to ops.dispatch(); absent: never. */
  readonly lastDispatch: number[] = [];
  /** Consumptions were seen at all. */
  sawLooks = false;
  /** Time of the last loss; windows that reach back beyond it say nothing. */
  knownSince = Number.NEGATIVE_INFINITY;

  constructor(model: Model) {
    this.model = model;
  }

  find(dsq: Dsq): QueueService | undefined {
    return this.#queues.get(dsq);
  }

  queues(): Iterable<QueueService> {
    return this.#queues.values();
  }

  consume(event: TraceEvent, step: Step): void {
    if (event.phase === 'end') return;
    this.sawLooks = true;
    this.lastDispatch[event.rq] = event.t;
    const { dsq } = step;
    if (dsq?.isUser !== true) return;
    this.queueOf(dsq).lastLook[event.rq] = event.t;
  }

  unlink(event: TraceEvent, step: Step): void {
    const { dsq, task } = step;
    if (dsq?.isUser !== true || task === undefined) return;
    const queue = this.queueOf(dsq);
    queue.previousRemovalSeq = queue.lastRemovalSeq;
    queue.lastRemovalSeq = event.seq;
    const { consume } = this.model.cpu(event.cpu);
    if (!consume.active || consume.taken !== task) return;
    const { takes } = queue;
    const replaced = takes.replaced;
    if (replaced >= 0 && queue.hasWaiterSince(replaced, event.t)) takes.grow();
    takes.add(event.t, event.seq, task.pid, event.cpu, task.vtime.hi, task.vtime.lo);
  }

  switch(event: TraceEvent, step: Step): void {
    this.cpuTime.switchTo(event.cpu, step.task, event.next, event.t);
  }

  lost(event: TraceEvent): void {
    this.knownSince = event.t;
    this.cpuTime.forget(event.t);
    this.#queues.clear();
    this.#lastQueue = undefined;
  }

  /** What is kept of a DSQ; it begins when the DSQ is first seen in use. */
  queueOf(dsq: Dsq): QueueService {
    const last = this.#lastQueue;
    if (last !== undefined && last.dsq === dsq) return last;
    let queue = this.#queues.get(dsq);
    if (queue === undefined) {
      queue = new QueueService(dsq);
      this.#queues.set(dsq, queue);
    }
    this.#lastQueue = queue;
    return queue;
  }
}
