// How the code of the core executes on one CPU: calls nest, and some are always followed by others under the same lock.
import { TASK_QUEUED } from '../kernel/flags.ts';
import { SLOT, type TraceEvent } from '../trace/event.ts';
import { EVENT_TYPES, type EventType, KIND } from '../trace/vocabulary/index.ts';
import { CallStack } from './call-stack.ts';
import { type Contradiction, contradict, contradiction, INCONSISTENT } from './contradiction.ts';
import type { Step } from './step.ts';

const { scx_flags: SCX_FLAGS, sticky_cpu: STICKY_CPU } = SLOT;

/** Calls that run with interrupts off from beginning to end, so that they nest on their CPU. */
const NESTING: readonly EventType[] = [
  'pick',
  'consume',
  'flush',
  'ops_enqueue',
  'select_cpu',
  'affinity',
  'move_to_local',
  'can_run_remote',
  'find_dsq',
  'insert',
];

/** Is it the call itself? Other steps of the same types lie inside them. */
function isCall(step: string): boolean {
  return step === '' || step === 'core' || step === 'scx' || step === 'kfunc';
}

/** Moves of a task under the lock of its rq. Between an event and the one that it leads to none of these can come. */
const MOVES: readonly EventType[] = [
  'enqueue',
  'dequeue',
  'ops_enqueue',
  'ops_dequeue',
  'dispatch_enqueue',
  'dispatch_dequeue',
  'dsq_link',
  'dsq_unlink',
  'move_local_task',
  'move_remote_task',
  'migrate',
  'run',
  'stop',
  'pick',
  'switch',
];

/** What cannot come between a call that links a task and the link either: interrupts are off, and nothing is unlocked. */
const ASIDE: readonly EventType[] = ['resched', 'wakeup', 'wakeup_preempt', 'tick', 'update_curr', 'slice_end', 'kick'];

/** A rule about a sequence is believed once it has held so often: recorders differ in what they can probe. */
const LEARNT = 8;
/** What is out of sequence earlier counts once the rule is believed, if this often the probes of both events had worked by then. */
const ATTACHED = 2;
/** That the ends of a call are recorded is believed sooner: without a probe there is not one. */
export const LEARNT_CALLS = 1;

const NESTS = 1;
const MOVES_TASK = 2;
const STANDS_ASIDE = 4;

/** What events of each kind do in a code path; 0: nothing. */
const roles = new Uint8Array(EVENT_TYPES.length);
for (const type of NESTING) roles[KIND[type]] = NESTS;
for (const type of MOVES) roles[KIND[type]] = (roles[KIND[type]] ?? 0) | MOVES_TASK;
for (const type of ASIDE) roles[KIND[type]] = STANDS_ASIDE;
const kinds = EVENT_TYPES.length;

/** What has been learnt about sequences, for all CPUs of one trace. */
export class CodePathRules {
  /** How often a call of that kind was seen to end. */
  readonly ended = new Float64Array(kinds);
  /** How often an event of one kind (row) was followed by the one of another (column) that it leads to. */
  readonly kept = new Float64Array(kinds * kinds);
  /** How often it was not, before the rule was believed. */
  readonly strays = new Float64Array(kinds * kinds);
  /** The first of these, for rules that are not believed yet. */
  readonly #held = new Map<number, Contradiction>();

  /** It was followed once more. */
  keep(cell: number, step: Step): void {
    const kept = (this.kept[cell] ?? 0) + 1;
    this.kept[cell] = kept;
    if (kept !== LEARNT || this.#held.size === 0) return;
    const held = this.#held.get(cell);
    // A recorder that misses several is no witness.
    if (held !== undefined && this.strays[cell] === 1) step.noteContradiction(held);
  }

  /** It was not followed: does that contradict a rule that is believed, or may be later? */
  stray(cell: number): boolean {
    const kept = this.kept[cell] ?? 0;
    if (kept >= LEARNT) return true;
    const strays = (this.strays[cell] ?? 0) + 1;
    this.strays[cell] = strays;
    return strays === 1 && kept >= ATTACHED;
  }

  /** Notes such a contradiction, now or once the rule is believed. */
  contradict(cell: number, found: Contradiction, step: Step): void {
    if ((this.kept[cell] ?? 0) >= LEARNT) step.noteContradiction(found);
    else this.#held.set(cell, found);
  }

  /** Records were lost: what was out of sequence may have been so for that. */
  forget(): void {
    this.#held.clear();
  }
}

/** What one CPU is in the middle of. */
export class CodePath {
  readonly #stack = new CallStack(NESTING.length);
  /** Kinds that began here since the start or the last loss: their ends can no longer be those of unseen beginnings. */
  readonly #begun = new Uint8Array(kinds);
  /** Kind of the event that leads to another, -1 none; the kinds that may follow, and the task. */
  #from = -1;
  #fromSeq = -1;
  #to = -1;
  #orTo = -1;
  #pid = -1;
  /** Task that the pick under way replaces. */
  #pickPrev = -1;

  forget(): void {
    this.#pickPrev = -1;
    this.#stack.cut(0);
    this.#begun.fill(0);
    this.#from = -1;
  }

  /** Is a call of that kind under way here, as far as is known? */
  isInside(kind: number): boolean {
    return this.#stack.find(kind) >= 0;
  }

  /** Follows one event that this CPU executed. */
  follow(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const { kind } = event;
    const role = roles[kind] ?? 0;
    if (role === 0) return;
    const { phase } = event;
    const ends = phase === 'end';
    if (kind === KIND.pick && !ends) this.#pickPrev = event.curr;
    const arrives =
      role === STANDS_ASIDE
        ? this.#from >= 0 && this.#to === KIND.dsq_link
        : ends
          ? kind === KIND.pick || (this.#from >= 0 && (role & NESTS) !== 0)
          : (role & MOVES_TASK) !== 0;
    if (arrives) this.#arrive(event, step, rules);
    if (kind === KIND.switch && this.#stack.length > 0) this.#abandon(event, step, rules);
    if ((role & NESTS) === 0 || phase === '' || !isCall(event.step)) return;
    if (ends) this.#leave(event, step, rules);
    else if (phase === 'begin') this.#enter(event, step, rules);
  }

  #enter(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const { kind } = event;
    const open = this.#stack.find(kind);
    if (open >= 0) {
      if ((rules.ended[kind] ?? 0) >= LEARNT_CALLS) {
        // None of these functions calls itself: an end is missing.
        const text = `${event.type} begins again on CPU ${event.cpu} before it ended`;
        contradict(step, INCONSISTENT, 'call-nesting', text, { cpu: event.cpu, sinceSeq: this.#stack.seqAt(open) });
        this.#stack.cut(open);
      } else {
        // Of some functions no end is ever recorded.
        this.#stack.remove(open);
      }
    }
    this.#begun[kind] = 1;
    this.#stack.push(kind, event.seq, event.pid);
  }

  #leave(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const { kind } = event;
    const open = this.#stack.find(kind);
    const known = (rules.ended[kind] ?? 0) >= LEARNT_CALLS;
    const inside = this.#unended(open, rules);
    if (open >= 0 && inside < 0) {
      rules.ended[kind] = (rules.ended[kind] ?? 0) + 1;
      const pid = this.#stack.pidAt(open);
      if (pid > 0 && event.pid > 0 && pid !== event.pid && kind !== KIND.pick) {
        const text = `${event.type} of pid ${pid} ends on CPU ${event.cpu} as one of pid ${event.pid}`;
        contradict(step, INCONSISTENT, 'call-nesting', text, { cpu: event.cpu, sinceSeq: this.#stack.seqAt(open) });
      }
    } else if (known && (inside >= 0 || this.#begun[kind] === 1)) {
      const inner = EVENT_TYPES[this.#stack.kindAt(inside)] ?? '';
      const text =
        open < 0
          ? `${event.type} ends on CPU ${event.cpu} without having begun`
          : `${event.type} ends on CPU ${event.cpu} while ${inner} inside it has not ended`;
      contradict(step, INCONSISTENT, 'call-nesting', text, {
        cpu: event.cpu,
        sinceSeq: this.#stack.seqAt(this.#stack.length - 1),
      });
    }
    if (open >= 0) this.#stack.cut(open);
  }

  /** Place of the innermost call above `open` of a kind whose ends are recorded; -1: none. */
  #unended(open: number, rules: CodePathRules): number {
    for (let i = this.#stack.length - 1; i > open; i--)
      if ((rules.ended[this.#stack.kindAt(i)] ?? 0) >= LEARNT_CALLS) return i;
    return -1;
  }

  #arrive(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const { kind, pid } = event;
    const from = this.#from;
    if (from >= 0) {
      const cell = from * kinds + this.#to;
      const whom = pid === this.#pid || (kind === KIND.stop && pid === this.#pickPrev);
      const fits = event.phase !== 'end' && whom && (kind === this.#to || kind === this.#orTo);
      if (fits) rules.keep(cell, step);
      else if (rules.stray(cell)) rules.contradict(cell, this.#outOfSequence(event, step), step);
      this.#from = -1;
    }
    if (event.phase !== 'end') this.#expect(event);
    else if (kind === KIND.pick) this.#expectSet(event);
  }

  #outOfSequence(event: TraceEvent, step: Step): Contradiction {
    const { pid } = event;
    const expected = EVENT_TYPES[this.#to] ?? '';
    return contradiction(
      step,
      INCONSISTENT,
      'sequence',
      `after ${EVENT_TYPES[this.#from] ?? ''} of pid ${this.#pid} CPU ${event.cpu} had to go on with ${expected}, and ${event.phase === 'end' ? 'the end of ' : ''}${event.type}${pid > 0 ? ` of pid ${pid}` : ''} came`,
      { cpu: event.cpu, sinceSeq: this.#fromSeq, at: { seq: event.seq, t: event.t } },
    );
  }

  /** put_prev_set_next_task() follows a pick of another task at once: prev is put, or next is set. */
  #expectSet(event: TraceEvent): void {
    if (event.pid > 0 && event.pid !== this.#pickPrev && this.#pickPrev >= 0) this.#owe(event, KIND.run, KIND.stop);
  }

  /** Interrupts are off in all of these calls: the CPU can't switch before they return. */
  #abandon(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const inside = this.#unended(-1, rules);
    if (inside >= 0) {
      const text = `CPU ${event.cpu} switches while ${EVENT_TYPES[this.#stack.kindAt(inside)] ?? ''} has not ended`;
      contradict(step, INCONSISTENT, 'call-nesting', text, { cpu: event.cpu, sinceSeq: this.#stack.seqAt(inside) });
    }
    this.#stack.cut(0);
  }

  /** What has to come next on this CPU. */
  #expect(event: TraceEvent): void {
    const queued = (event.scx_flags_lo & TASK_QUEUED) !== 0;
    switch (event.kind) {
      case KIND.enqueue:
        if (event.hasSlot(SCX_FLAGS) && !queued) this.#owe(event, KIND.ops_enqueue);
        break;
      case KIND.dequeue:
        if (queued) this.#owe(event, KIND.ops_dequeue);
        break;
      case KIND.run:
        if (queued) this.#owe(event, KIND.ops_dequeue);
        break;
      case KIND.ops_dequeue:
        this.#owe(event, KIND.dispatch_dequeue);
        break;
      case KIND.stop:
        if (queued) this.#owe(event, KIND.ops_enqueue, KIND.dispatch_enqueue);
        break;
      case KIND.dispatch_enqueue:
      case KIND.move_local_task:
        this.#owe(event, KIND.dsq_link);
        break;
      case KIND.move_remote_task:
        this.#owe(event, KIND.dequeue);
        break;
      case KIND.dispatch_dequeue:
        // A task that scx_bpf_dsq_move() takes to a remote local DSQ is still in the DSQ that it comes from.
        if (event.hasSlot(STICKY_CPU) && event.sticky_cpu >= 0) this.#owe(event, KIND.migrate, KIND.dsq_unlink);
        break;
      default:
    }
  }

  #owe(event: TraceEvent, to: number, orTo = -1): void {
    this.#from = event.kind;
    this.#fromSeq = event.seq;
    this.#to = to;
    this.#orTo = orTo;
    this.#pid = event.pid;
  }
}
