// What the model expected of the delegation at an event, compared with what the event shows. Rules report what differs.
import { MISPREDICTED, NOT_PREDICTED, PREDICTED, UNDECIDED } from '../outcome.ts';
import type { Sched } from '../sched.ts';
import type { Task } from '../task.ts';

/** An event that supports a comparison, and in which way. */
export interface CheckEvidence {
  readonly seq: number;
  readonly note: string;
}

const NO_EVIDENCE: readonly CheckEvidence[] = [];

/** One comparison. Records are reused: nothing keeps them across events. */
export class CapsCheck {
  /** What is compared, which is the id of the rule about it. */
  aspect = '';
  /** PREDICTED, MISPREDICTED, UNDECIDED; NOT_PREDICTED for a mere remark. */
  outcome = UNDECIDED;
  sched: Sched | undefined;
  task: Task | undefined;
  /** CPU concerned; -1 none. */
  cpu = -1;
  /** What differs, or why nothing can be said; '' when all is well. */
  text = '';
  /** Event with which it began; -1 unknown. */
  began = -1;
  evidence: readonly CheckEvidence[] = NO_EVIDENCE;
  /** Capabilities that decide it; -1 none. */
  caps = -1;
}

/**
 * What the core did for lack of capabilities: turned an insertion away, parked or admitted it as a rescue, let it in all
 * the same, gave the task back to its owner, took it off a local DSQ, took the slice of the current task, denied a kick.
 */
export type DeedKind =
  | 'rejected'
  | 'parked'
  | 'rescued'
  | 'forced'
  | 'returned'
  | 'purged'
  | 'evicted'
  | 'kick-denied'
  | 'preempt-denied';

/** One deed of the core. Records are reused: nothing keeps them across events. */
export class CapsDeed {
  kind: DeedKind = 'rejected';
  sched: Sched | undefined;
  task: Task | undefined;
  /** CPU concerned; -1 none. */
  cpu = -1;
  /** Capabilities that were missing; -1 unknown. */
  missing = -1;
}

export class CapsChecks {
  readonly #list: CapsCheck[] = [];
  readonly #deeds: CapsDeed[] = [];
  length = 0;
  deeds = 0;
  /** Aspects in which nothing can be held against anybody, and why: what is recorded does not do for them. */
  withheld: ReadonlyMap<string, string> = new Map();

  at(index: number): CapsCheck | undefined {
    return index < this.length ? this.#list[index] : undefined;
  }

  deedAt(index: number): CapsDeed | undefined {
    return index < this.deeds ? this.#deeds[index] : undefined;
  }

  reset(): void {
    if (this.length > 0) this.length = 0;
    if (this.deeds > 0) this.deeds = 0;
  }

  /** The core did something for lack of capabilities, expected or not. */
  deed(kind: DeedKind, sched: Sched | undefined, task: Task | undefined, cpu: number, missing: number): void {
    let deed = this.#deeds[this.deeds];
    if (deed === undefined) {
      deed = new CapsDeed();
      this.#deeds.push(deed);
    }
    this.deeds++;
    deed.kind = kind;
    deed.sched = sched;
    deed.task = task;
    deed.cpu = cpu;
    deed.missing = missing;
  }

  /** The event shows what was expected. */
  pass(aspect: string, sched?: Sched, cpu = -1): CapsCheck {
    return this.#add(aspect, PREDICTED, sched, cpu);
  }

  /** Too little is known to expect anything. */
  open(aspect: string, why: string, sched?: Sched, cpu = -1): void {
    this.#add(aspect, UNDECIDED, sched, cpu).text = why;
  }

  /** The event shows something else than was expected. The record is returned for its details. */
  fail(aspect: string, text: string, sched?: Sched, cpu = -1): CapsCheck {
    const lacking = this.withheld.get(aspect);
    const check = this.#add(aspect, lacking === undefined ? MISPREDICTED : UNDECIDED, sched, cpu);
    check.text = lacking ?? text;
    return check;
  }

  /** Nothing is wrong, and yet worth a word. */
  note(aspect: string, text: string, sched?: Sched, cpu = -1): CapsCheck {
    const check = this.#add(aspect, NOT_PREDICTED, sched, cpu);
    check.text = text;
    return check;
  }

  #add(aspect: string, outcome: number, sched: Sched | undefined, cpu: number): CapsCheck {
    let check = this.#list[this.length];
    if (check === undefined) {
      check = new CapsCheck();
      this.#list.push(check);
    }
    this.length++;
    check.aspect = aspect;
    check.outcome = outcome;
    check.sched = sched;
    check.cpu = cpu;
    check.task = undefined;
    check.text = '';
    check.began = -1;
    check.evidence = NO_EVIDENCE;
    check.caps = -1;
    return check;
  }
}
