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

export class CapsChecks {
  readonly #list: CapsCheck[] = [];
  length = 0;

  at(index: number): CapsCheck | undefined {
    return index < this.length ? this.#list[index] : undefined;
  }

  reset(): void {
    this.length = 0;
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
    const check = this.#add(aspect, MISPREDICTED, sched, cpu);
    check.text = text;
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
