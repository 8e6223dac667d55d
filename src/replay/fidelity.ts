// How well the model predicted what the recording shows: picks, consumptions, DSQ lengths, exits.
import { MISPREDICTED, NOT_PREDICTED, PREDICTED, type Step } from '../model/step.ts';
import { SLOT, type TraceEvent } from '../trace/event.ts';
import { KIND } from '../trace/vocabulary/index.ts';

const { local_nr: LOCAL_NR, dsq_seq: DSQ_SEQ } = SLOT;

export interface FidelityLine {
  /** What the recording shows and the model could predict. */
  observed: number;
  /** Of these, predicted right. */
  explained: number;
  /** Shown, but the model knew too little to predict (after a loss, at the start). */
  unknown: number;
}

export type FidelityName = 'picks' | 'consumes' | 'dsq_lengths' | 'bypass_lb' | 'exits' | 'caps';

export interface Mismatch {
  readonly line: FidelityName;
  readonly seq: number;
  readonly text: string;
}

/** Mismatches that are kept for `--explain-fidelity`; all are counted. */
const MAX_MISMATCHES = 1000;

export class Fidelity {
  readonly lines: Readonly<Record<FidelityName, FidelityLine>> = {
    picks: { observed: 0, explained: 0, unknown: 0 },
    consumes: { observed: 0, explained: 0, unknown: 0 },
    dsq_lengths: { observed: 0, explained: 0, unknown: 0 },
    bypass_lb: { observed: 0, explained: 0, unknown: 0 },
    exits: { observed: 0, explained: 0, unknown: 0 },
    caps: { observed: 0, explained: 0, unknown: 0 },
  };
  readonly mismatches: Mismatch[] = [];

  /** Compares what the step predicted with what the event shows. */
  compare(event: TraceEvent, step: Step): void {
    if (step.checks.length > 0) this.#compareCaps(event, step);
    if (step.lengthOutcome !== NOT_PREDICTED) {
      if (tally(this.lines.dsq_lengths, step.lengthOutcome)) this.#note('dsq_lengths', event, lengthText(event, step));
    }
    if (step.outcome === NOT_PREDICTED) return;
    if (event.kind === KIND.pick) {
      if (tally(this.lines.picks, step.outcome)) this.#note('picks', event, pickText(event, step));
    } else if (event.kind === KIND.consume) {
      if (tally(this.lines.consumes, step.outcome)) this.#note('consumes', event, consumeText(event, step));
    } else if (event.kind === KIND.bypass_lb) {
      if (tally(this.lines.bypass_lb, step.outcome))
        this.#note('bypass_lb', event, `node ${event.node}: ${step.reason}`);
    }
  }

  /** The event shows something while records are missing: nothing could be predicted. */
  skip(event: TraceEvent, step: Step): void {
    if (step.lengthOutcome !== NOT_PREDICTED) this.lines.dsq_lengths.unknown++;
    if (step.outcome === NOT_PREDICTED) return;
    if (event.kind === KIND.pick) this.lines.picks.unknown++;
    else if (event.kind === KIND.consume) this.lines.consumes.unknown++;
  }

  #compareCaps(event: TraceEvent, step: Step): void {
    const { checks } = step;
    for (let i = 0; i < checks.length; i++) {
      const check = checks.at(i);
      if (check === undefined || check.outcome === NOT_PREDICTED) continue;
      if (tally(this.lines.caps, check.outcome)) this.#note('caps', event, `${check.text} [${check.aspect}]`);
    }
  }

  /** Counts an outcome; true when it is a mismatch. */
  count(name: FidelityName, outcome: number): boolean {
    return tally(this.lines[name], outcome);
  }

  noteExit(seq: number, text: string): void {
    this.#push({ line: 'exits', seq, text });
  }

  get isComplete(): boolean {
    return Object.values(this.lines).every((line) => line.explained === line.observed);
  }

  #note(line: FidelityName, event: TraceEvent, text: string): void {
    this.#push({ line, seq: event.seq, text });
  }

  #push(mismatch: Mismatch): void {
    if (this.mismatches.length < MAX_MISMATCHES) this.mismatches.push(mismatch);
  }
}

/** Counts an outcome; true when it is a mismatch. */
function tally(line: FidelityLine, outcome: number): boolean {
  if (outcome === PREDICTED || outcome === MISPREDICTED) line.observed++;
  else line.unknown++;
  if (outcome === PREDICTED) line.explained++;
  return outcome === MISPREDICTED;
}

function pickText(event: TraceEvent, step: Step): string {
  const expected =
    step.expectedTask === undefined
      ? 'something else'
      : step.expectedTask === null
        ? 'nothing'
        : step.expectedTask.label;
  const found =
    event.verdict === 'retry' ? 'a retry' : event.pid >= 0 ? (step.task?.label ?? `pid ${event.pid}`) : 'nothing';
  return `CPU ${event.rq} picked ${found}, expected ${expected} (${step.reason})`;
}

function consumeText(event: TraceEvent, step: Step): string {
  const expected =
    step.expectedTask === undefined || step.expectedTask === null ? 'another result' : step.expectedTask.label;
  const found = event.ret > 0 ? 'took a task' : 'took nothing';
  return `CPU ${event.rq} ${found} from DSQ ${step.dsq?.name ?? '?'}, expected ${expected} (${step.reason})`;
}

function lengthText(event: TraceEvent, step: Step): string {
  const found = event.hasSlot(LOCAL_NR) ? event.local_nr : event.nr;
  const seq =
    event.hasSlot(DSQ_SEQ) && step.expectedDsqSeq >= 0 && step.expectedDsqSeq !== event.dsq_seq
      ? `, seq ${event.dsq_seq} instead of ${step.expectedDsqSeq}`
      : '';
  return `DSQ ${step.dsq?.name ?? '?'} holds ${found} tasks, expected ${step.expectedNr < 0 ? 'otherwise' : step.expectedNr}${seq}`;
}
