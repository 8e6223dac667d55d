// What one event did to the model: the transition that rules and fidelity look at. One record, reused for every event.
import { NEVER } from '../trace/time.ts';
import { CapsChecks } from './caps/check.ts';
import type { Contradiction } from './contradiction.ts';
import type { Cpu } from './cpu.ts';
import type { Drop } from './drop.ts';
import type { Dsq } from './dsq.ts';
import type { KernelError } from './kernel-error.ts';
import { NOT_PREDICTED } from './outcome.ts';
import { type Sched, type Tri, UNKNOWN } from './sched.ts';
import type { Task } from './task.ts';

export { MISPREDICTED, NOT_PREDICTED, PREDICTED, UNDECIDED } from './outcome.ts';

export class Step {
  // Who is concerned. Undefined: the event names nobody, or nobody known.
  cpu: Cpu | undefined;
  rq: Cpu | undefined;
  task: Task | undefined;
  prev: Task | undefined;
  dsq: Dsq | undefined;
  sched: Sched | undefined;

  // Predictions. `outcome` compares the main one with the event.
  outcome = NOT_PREDICTED;
  /** Task that the model expected (pick, consumption); null: none. */
  expectedTask: Task | null | undefined;
  /** Number of tasks that the model had on the DSQ before the operation; -1 unknown. */
  expectedNr = -1;
  /** dsq->seq that the model expected after the insertion; -1 unknown. */
  expectedDsqSeq = -1;
  /** Outcome of the DSQ length (and insertion counter) of this event. */
  lengthOutcome = NOT_PREDICTED;
  /** Why the model expected what it expected, for explanations. */
  reason = '';

  // State before the transition.
  /** DSQ that the task was on; null none, undefined unknown. */
  dsqBefore: Dsq | null | undefined;
  /** Event that had put it there, and whether it was ordered by vtime there. */
  linkSeqBefore = -1;
  wasOrdered = false;
  /** The vtime of the task was written while it was queued, by no event of the trace. */
  vtimeWritten = false;
  /** CPU that the task was running on; see Task.onCpu. */
  onCpuBefore = -2;
  /** pid that the model had as current on the CPU, -1 unknown. */
  currBefore = -1;
  /** Time since which `task` had been waiting runnable; -1 it was not, or not known. */
  waitedSince = NEVER;
  waitedSinceSeq = -1;
  /** Event with which the task had been given to the scheduler, not taken back since; -1 it was not. */
  custodySeqBefore = -1;
  /** IN_CUSTODY of the task, and the event that settled it. */
  inCustodyBefore: Tri = UNKNOWN;
  inCustodySeqBefore = -1;
  /** Re-enqueues that the model had counted since the task last ran; -1 unknown. */
  reenqBefore = -1;
  /** Ordinal of the previous switch on the CPU, -1 none. */
  switchSeqBefore = -1;
  /** The take of a consumption passed over an earlier member that certainly could have run. */
  passedOver: Task | undefined;

  /** There are errors, contradictions or drops. */
  isNoteworthy = false;
  /** Errors that the core raises at this event, as the model sees it. */
  readonly errors: KernelError[] = [];
  /** What was expected of capability delegation, compared with what the event shows. */
  readonly checks = new CapsChecks();
  /** What another release that was asked for would do differently. */
  readonly whatIf: {
    readonly change: 'fatal' | 'survives' | 'message' | 'fallback';
    readonly text: string;
    /** Error site that it is about. */
    readonly site?: string;
  }[] = [];
  /** What this event shows that cannot follow from the state before. */
  readonly contradictions: Contradiction[] = [];
  /** Verdicts that this event shows to have been dropped. */
  readonly drops: Drop[] = [];

  reset(): void {
    this.cpu = undefined;
    this.rq = undefined;
    this.task = undefined;
    this.prev = undefined;
    this.dsq = undefined;
    this.sched = undefined;
    this.outcome = NOT_PREDICTED;
    this.expectedTask = undefined;
    this.expectedNr = -1;
    this.expectedDsqSeq = -1;
    this.lengthOutcome = NOT_PREDICTED;
    this.reason = '';
    this.dsqBefore = undefined;
    this.linkSeqBefore = -1;
    this.wasOrdered = false;
    this.vtimeWritten = false;
    this.onCpuBefore = -2;
    this.currBefore = -1;
    this.waitedSince = -1;
    this.waitedSinceSeq = -1;
    this.custodySeqBefore = -1;
    this.inCustodyBefore = UNKNOWN;
    this.inCustodySeqBefore = -1;
    this.reenqBefore = -1;
    this.switchSeqBefore = -1;
    this.passedOver = undefined;
    this.checks.reset();
    if (this.whatIf.length > 0) this.whatIf.length = 0;
    if (this.isNoteworthy) this.#forgetNotes();
  }

  noteError(error: KernelError): void {
    this.errors.push(error);
    this.isNoteworthy = true;
  }

  noteContradiction(contradiction: Contradiction): void {
    this.contradictions.push(contradiction);
    this.isNoteworthy = true;
  }

  noteDrop(drop: Drop): void {
    this.drops.push(drop);
    this.isNoteworthy = true;
  }

  #forgetNotes(): void {
    this.errors.length = 0;
    this.contradictions.length = 0;
    this.drops.length = 0;
    this.isNoteworthy = false;
  }
}
