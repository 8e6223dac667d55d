// How the code of the core executes on one CPU: calls nest, and some are always followed by others under the same lock.
import { TASK_QUEUED } from '../kernel/flags.ts';
import type { TraceEvent } from '../trace/event.ts';
import { EVENT_TYPES, type EventType, KIND } from '../trace/vocabulary/index.ts';
import { contradict, INCONSISTENT } from './contradiction.ts';
import type { Step } from './step.ts';

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
];

/** Moves of a task under the lock of its rq. Between an event and the one that it leads to none of these can come. */
const MOVES: readonly EventType[] = [
  'enqueue',
  'dequeue',
  'ops_enqueue',
  'ops_dequeue',
  'dispatch_enqueue',
  'dispatch_dequeue',
  'dsq_link',
  'move_local_task',
  'move_remote_task',
  'migrate',
  'run',
  'stop',
  'pick',
  'switch',
];

/** A rule about a sequence is believed once it has held so often: recorders differ in what they can probe. */
const LEARNT = 8;

const nests = flagsOf(NESTING);
const moves = flagsOf(MOVES);
const kinds = EVENT_TYPES.length;

/** What has been learnt about sequences, for all CPUs of one trace. */
export class CodePathRules {
  /** How often a call of that kind was seen to end. */
  readonly ended = new Float64Array(kinds);
  /** How often an event of one kind (row) was followed by the one of another (column) that it leads to. */
  readonly kept = new Float64Array(kinds * kinds);
}

/** What one CPU is in the middle of. */
export class CodePath {
  readonly #stack: number[] = [];
  readonly #stackSeq: number[] = [];
  /** Kinds that began here since the start or the last loss: their ends can no longer be those of unseen beginnings. */
  readonly #begun = new Uint8Array(kinds);
  /** Kind of the event that leads to another, -1 none; the kinds that may follow, and the task. */
  #from = -1;
  #fromSeq = -1;
  #to = -1;
  #orTo = -1;
  #pid = -1;

  forget(): void {
    this.#stack.length = 0;
    this.#stackSeq.length = 0;
    this.#begun.fill(0);
    this.#from = -1;
  }

  /** Follows one event that this CPU executed. */
  follow(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const { kind } = event;
    if (moves[kind] === 1 && event.phase !== 'end') this.#arrive(event, step, rules);
    if (nests[kind] === 1 && (event.step === '' || event.step === 'core' || event.step === 'scx')) {
      if (event.phase === 'begin') this.#enter(event, step, rules);
      else if (event.phase === 'end') this.#leave(event, step, rules);
    }
  }

  #enter(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const { kind } = event;
    const open = this.#stack.indexOf(kind);
    if (open >= 0) {
      // None of these functions calls itself: an end is missing.
      if ((rules.ended[kind] ?? 0) >= LEARNT) {
        contradict(
          step,
          INCONSISTENT,
          'call-nesting',
          `${event.type} begins again on CPU ${event.cpu} before it ended`,
          {
            cpu: event.cpu,
            sinceSeq: this.#stackSeq[open] ?? -1,
          },
        );
      }
      this.#stack.length = open;
      this.#stackSeq.length = open;
    }
    this.#begun[kind] = 1;
    this.#stack.push(kind);
    this.#stackSeq.push(event.seq);
  }

  #leave(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const { kind } = event;
    const open = this.#stack.lastIndexOf(kind);
    const known = (rules.ended[kind] ?? 0) >= LEARNT;
    if (open >= 0 && open === this.#stack.length - 1) rules.ended[kind] = (rules.ended[kind] ?? 0) + 1;
    else if (known && (this.#stack.length > 0 || this.#begun[kind] === 1)) {
      const inner = EVENT_TYPES[this.#stack.at(-1) ?? 0] ?? '';
      const text =
        open < 0
          ? `${event.type} ends on CPU ${event.cpu} without having begun`
          : `${event.type} ends on CPU ${event.cpu} while ${inner} inside it has not ended`;
      contradict(step, INCONSISTENT, 'call-nesting', text, { cpu: event.cpu, sinceSeq: this.#stackSeq.at(-1) ?? -1 });
    }
    if (open >= 0) {
      this.#stack.length = open;
      this.#stackSeq.length = open;
    }
  }

  #arrive(event: TraceEvent, step: Step, rules: CodePathRules): void {
    const { kind, pid } = event;
    const from = this.#from;
    if (from >= 0) {
      const cell = from * kinds + this.#to;
      if (pid === this.#pid && (kind === this.#to || kind === this.#orTo))
        rules.kept[cell] = (rules.kept[cell] ?? 0) + 1;
      else if ((rules.kept[cell] ?? 0) >= LEARNT) {
        const expected = EVENT_TYPES[this.#to] ?? '';
        contradict(
          step,
          INCONSISTENT,
          'sequence',
          `after ${EVENT_TYPES[from] ?? ''} of pid ${this.#pid} CPU ${event.cpu} had to go on with ${expected}, and ${event.type}${pid > 0 ? ` of pid ${pid}` : ''} came`,
          { cpu: event.cpu, sinceSeq: this.#fromSeq },
        );
      }
      this.#from = -1;
    }
    this.#expect(event);
  }

  /** What has to come next on this CPU. */
  #expect(event: TraceEvent): void {
    const queued = (event.scx_flags_lo & TASK_QUEUED) !== 0;
    switch (event.kind) {
      case KIND.enqueue:
        if (event.has('scx_flags') && !queued) this.#owe(event, KIND.ops_enqueue);
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
        if (event.has('sticky_cpu') && event.sticky_cpu >= 0) this.#owe(event, KIND.migrate);
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

function flagsOf(types: readonly EventType[]): Uint8Array {
  const flags = new Uint8Array(EVENT_TYPES.length);
  for (const type of types) flags[KIND[type]] = 1;
  return flags;
}
