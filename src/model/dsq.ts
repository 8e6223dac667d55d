// A dispatch queue: who is on it, in dispatch order, as far as the trace shows it.
import {
  DSQ_BYPASS,
  DSQ_GLOBAL,
  DSQ_LOCAL,
  DSQ_REJECT,
  DSQ_RESCUE,
  formatDsqId,
  isBuiltin,
  isBuiltinId,
} from '../kernel/dsq-id.ts';
import { before } from '../trace/u64.ts';
import type { Sched } from './sched.ts';
import type { Task } from './task.ts';

export class Dsq {
  readonly idHi: number;
  readonly idLo: number;
  /** Owner; undefined for rq-owned DSQs and where it is not known. */
  sched: Sched | undefined;
  /** CPU of LOCAL, BYPASS, REJECT, RESCUE; -1 none or unknown. */
  cpu = -1;
  /** NUMA node of GLOBAL; -1 none or unknown. */
  node = -1;

  /** Known members in dispatch order, linked through the tasks. */
  head: Task | undefined;
  tail: Task | undefined;
  /** Number of known members. */
  known = 0;
  /** Number of members that the trace has not named; -1 when not even their number is known. */
  unknown = -1;
  /** Known members that are ordered by vtime. */
  ordered = 0;
  /** The order of the known members is that of the kernel's list: every insertion said where it went. */
  orderKnown = true;
  /** dsq->seq after the last insertion seen; undefined before the first. */
  seq: number | undefined;
  /** DSQ of the same id that was there when this one was made. */
  replaced: Dsq | undefined;
  /** Last change of a bypass DSQ: CPU, event, and the length before. */
  changedBy = -1;
  changedSeq = -1;
  nrBefore = -1;
  /** It was destroyed. */
  destroyed = false;
  /** Event that created or first showed it. */
  sinceSeq = -1;

  constructor(idHi: number, idLo: number) {
    this.idHi = idHi;
    this.idLo = idLo;
  }

  get isLocal(): boolean {
    return isBuiltinId(this.idHi, this.idLo, DSQ_LOCAL);
  }

  get isGlobal(): boolean {
    return isBuiltinId(this.idHi, this.idLo, DSQ_GLOBAL);
  }

  get isBypass(): boolean {
    return isBuiltinId(this.idHi, this.idLo, DSQ_BYPASS);
  }

  get isUser(): boolean {
    return !isBuiltin(this.idHi);
  }

  /** LOCAL, REJECT, RESCUE: guarded by the rq lock. */
  get isRqOwned(): boolean {
    return (
      this.isLocal || isBuiltinId(this.idHi, this.idLo, DSQ_REJECT) || isBuiltinId(this.idHi, this.idLo, DSQ_RESCUE)
    );
  }

  /** Number of tasks on it, -1 when unknown. */
  get nr(): number {
    return this.unknown < 0 ? -1 : this.known + this.unknown;
  }

  /** Every member is known, and so is their order. */
  get isComplete(): boolean {
    return this.unknown === 0 && this.orderKnown;
  }

  /** `local:3`, `global:0` (node), `bypass:2`, `0x100`: the name people know it by. */
  get name(): string {
    const id = formatDsqId(this.idHi, this.idLo);
    if (this.cpu >= 0) return `${id}:${this.cpu}`;
    return this.node >= 0 ? `${id}:${this.node}` : id;
  }

  pushTail(task: Task): void {
    task.dsqPrev = this.tail;
    task.dsqNext = undefined;
    if (this.tail === undefined) this.head = task;
    else this.tail.dsqNext = task;
    this.tail = task;
    this.#added(task);
  }

  /** Links a task before `next`; undefined: at the tail. */
  insertBefore(task: Task, next: Task | undefined): void {
    if (next === undefined) {
      this.pushTail(task);
      return;
    }
    task.dsqNext = next;
    task.dsqPrev = next.dsqPrev;
    if (next.dsqPrev === undefined) this.head = task;
    else next.dsqPrev.dsqNext = task;
    next.dsqPrev = task;
    this.#added(task);
  }

  /** Head insertion; behind the leading run of protected tasks on rq-owned DSQs. */
  pushHead(task: Task): void {
    let next = this.head;
    if (this.isRqOwned) while (next?.isProtected === true) next = next.dsqNext;
    this.insertBefore(task, next);
  }

  /** Insertion by vtime; equal keys go behind existing ones. The place is looked for from both ends: queues are long. */
  insertOrdered(task: Task): void {
    const { hi, lo } = task.vtime;
    let next = this.head;
    let previous = this.tail;
    for (;;) {
      // In front of the first one that comes later.
      if (next === undefined || before(hi, lo, next.vtime.hi, next.vtime.lo)) break;
      next = next.dsqNext;
      // Behind the last one that does not.
      if (previous === undefined || !before(hi, lo, previous.vtime.hi, previous.vtime.lo)) {
        next = previous === undefined ? this.head : previous.dsqNext;
        break;
      }
      previous = previous.dsqPrev;
    }
    this.insertBefore(task, next);
    task.onPriq = true;
    this.ordered++;
  }

  /** Takes a known member off. */
  remove(task: Task): void {
    if (task.dsqPrev === undefined) this.head = task.dsqNext;
    else task.dsqPrev.dsqNext = task.dsqNext;
    if (task.dsqNext === undefined) this.tail = task.dsqPrev;
    else task.dsqNext.dsqPrev = task.dsqPrev;
    task.dsqPrev = undefined;
    task.dsqNext = undefined;
    if (task.onPriq) this.ordered--;
    task.onPriq = false;
    task.dsq = null;
    this.known--;
    if (this.known === 0) this.orderKnown = true;
  }

  /** Forgets all members: their number is unknown from here on. */
  forget(): void {
    for (let task = this.head; task !== undefined; ) {
      const next: Task | undefined = task.dsqNext;
      task.dsqPrev = undefined;
      task.dsqNext = undefined;
      task.onPriq = false;
      task.dsq = undefined;
      task = next;
    }
    this.head = undefined;
    this.tail = undefined;
    this.known = 0;
    this.ordered = 0;
    this.orderKnown = true;
    this.unknown = -1;
    this.seq = undefined;
  }

  /** The kernel's own count: settles how many members are unknown. False when the model had to give way. */
  settle(nr: number): boolean {
    if (this.unknown < 0) {
      if (nr >= this.known) {
        this.unknown = nr - this.known;
        return true;
      }
    } else if (this.known + this.unknown === nr) return true;
    if (nr < this.known) this.forget();
    this.unknown = nr - this.known;
    return false;
  }

  #added(task: Task): void {
    task.dsq = this;
    this.known++;
  }
}
