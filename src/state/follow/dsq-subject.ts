// Following a DSQ: who comes on it where, who is taken off it by whom, who is passed over.

import { canConsume } from '../../model/can-run.ts';
import type { Dsq } from '../../model/dsq.ts';
import { NO } from '../../model/sched.ts';
import { MISPREDICTED, type Step } from '../../model/step.ts';
import type { Task } from '../../model/task.ts';
import { formatDuration } from '../../trace/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { dsqFacts, membersOf } from '../dsq-view.ts';
import { allDsqs, isNamed } from '../selection.ts';
import { positionOn } from '../task-view.ts';
import { schedId, type ViewContext } from '../view-context.ts';
import type { DsqSummary, Facts, Note } from './document.ts';
import type { Subject } from './subject.ts';
import { errorText } from './task-notes.ts';

export class DsqSubject implements Subject {
  readonly kind = 'dsq';
  readonly #context: ViewContext;
  readonly #wanted: string;
  /** Owner, by id or name, where several schedulers have a DSQ of that name. */
  readonly #owner: string | undefined;
  #dsq: Dsq | undefined;
  // What it was at the event before.
  #last: Dsq | undefined;
  #destroyed = false;
  #cpu = -1;
  #node = -1;
  #known = 0;
  #unknown = -1;
  #seq: number | undefined;
  #links = 0;
  #unlinks = 0;
  #maxNr = 0;
  #longest: DsqSummary['longest_stay'] = null;
  /** The task that an unlink is about to take off, since when it was there, and how many are ahead of it. */
  #leaving:
    | { readonly task: Task; readonly since: number; readonly sinceSeq: number; readonly ahead: number }
    | undefined;

  constructor(context: ViewContext, name: string, owner?: string) {
    this.#context = context;
    this.#wanted = name;
    this.#owner = owner;
  }

  get name(): string {
    return `DSQ ${this.#dsq?.name ?? this.#wanted}`;
  }

  prepare(event: TraceEvent): void {
    this.#leaving = undefined;
    if (event.kind !== KIND.dsq_unlink || this.#dsq === undefined) return;
    const task = this.#context.model.findTask(event.pid);
    if (task === undefined || task.dsq !== this.#dsq) return;
    let ahead = 0;
    for (let at = task.dsqPrev; at !== undefined; at = at.dsqPrev) ahead++;
    this.#leaving = { task, since: task.linkTime, sinceSeq: task.linkSeq, ahead };
  }

  concerns(event: TraceEvent, step: Step): boolean {
    this.#choose(event, step);
    const dsq = this.#dsq;
    if (dsq === undefined) return false;
    const changed =
      dsq !== this.#last ||
      dsq.known !== this.#known ||
      dsq.unknown !== this.#unknown ||
      dsq.seq !== this.#seq ||
      dsq.destroyed !== this.#destroyed ||
      dsq.cpu !== this.#cpu ||
      dsq.node !== this.#node;
    this.#last = dsq;
    this.#cpu = dsq.cpu;
    this.#node = dsq.node;
    this.#destroyed = dsq.destroyed;
    this.#known = dsq.known;
    this.#unknown = dsq.unknown;
    this.#seq = dsq.seq;
    return changed || step.dsq === dsq || event.kind === KIND.lost;
  }

  facts(): Facts | null {
    return this.#dsq === undefined ? null : dsqFacts(this.#dsq);
  }

  notes(event: TraceEvent, step: Step): Note[] {
    const dsq = this.#dsq;
    if (dsq === undefined) return [];
    this.#count(event, step, dsq);
    const notes: Note[] = [];
    const text = this.#explain(event, step, dsq);
    if (text !== undefined) notes.push({ text });
    for (const error of step.errors) notes.push({ text: errorText(error) });
    if (step.outcome === MISPREDICTED && step.dsq === dsq)
      notes.push({ text: `the model expected something else here (${step.reason})` });
    return notes;
  }

  restart(): void {
    this.#links = 0;
    this.#unlinks = 0;
    this.#maxNr = 0;
    this.#longest = null;
  }

  summary(): DsqSummary {
    return {
      kind: 'dsq',
      links: this.#links,
      unlinks: this.#unlinks,
      max_nr: this.#maxNr,
      longest_stay: this.#longest,
    };
  }

  /** The first DSQ of that name, and when it is gone the next. */
  #choose(event: TraceEvent, step: Step): void {
    const current = this.#dsq;
    if (current !== undefined && isLiving(current) && isNamed(current, this.#wanted)) return;
    const { dsq } = step;
    if (dsq !== undefined && this.#fits(dsq) && isLiving(dsq)) this.#dsq = dsq;
    // DSQs get their owner, and by it their place among others, while a scheduler is loaded: no event is about them then.
    else if (RENAMES.has(event.kind)) {
      const named = allDsqs(this.#context.model).filter((entry) => this.#fits(entry));
      this.#dsq = named.find(isLiving) ?? current ?? named[0];
    }
  }

  #fits(dsq: Dsq): boolean {
    return isNamed(dsq, this.#wanted) && this.#isOwned(dsq);
  }

  #isOwned({ sched }: Dsq): boolean {
    if (this.#owner === undefined) return true;
    return sched !== undefined && (sched.name === this.#owner || String(schedId(sched)) === this.#owner);
  }

  #explain(event: TraceEvent, step: Step, dsq: Dsq): string | undefined {
    if (step.dsq !== dsq) return undefined;
    if (event.kind === KIND.dsq_link && step.task !== undefined) {
      const position = positionOn(dsq, step.task);
      return position === null ? undefined : `position ${position} of ${dsq.nr}`;
    }
    if (event.kind === KIND.dsq_unlink && this.#leaving !== undefined) {
      const { since, ahead } = this.#leaving;
      const consumed = this.#context.model.cpu(event.cpu).consume;
      const how = consumed.active && consumed.dsq === dsq ? `CPU ${event.cpu} takes it ` : '';
      const over =
        consumed.active && ahead > 0
          ? `; it passes over ${ahead} ${ahead === 1 ? 'task' : 'tasks'} that it may not run`
          : '';
      return `${how}after ${formatDuration(event.t - since)} on it${over}`;
    }
    if (event.kind === KIND.consume && event.phase === 'end' && event.ret <= 0 && dsq.nr > 0)
      return this.#explainNothingTaken(event, dsq);
    return undefined;
  }

  #explainNothingTaken(event: TraceEvent, dsq: Dsq): string {
    const cpu = this.#context.model.cpu(event.rq);
    const members = [...membersOf(dsq)];
    const barred = dsq.isComplete && members.every((task) => canConsume(task, cpu) === NO);
    const names = nameSome(
      members.map((task) => `${task.label}${task.maskKnown ? ` may run on ${task.cpus.toString()}` : ''}`),
    );
    if (barred) return `nothing was taken: CPU ${event.rq} may run none of those that are there (${names})`;
    return `nothing was taken although ${dsq.nr === 1 ? '1 task is' : `${dsq.nr} tasks are`} there${names === '' ? '' : ` (${names})`}`;
  }

  #count(event: TraceEvent, step: Step, dsq: Dsq): void {
    this.#maxNr = Math.max(this.#maxNr, dsq.nr);
    if (step.dsq !== dsq) return;
    if (event.kind === KIND.dsq_link) this.#links++;
    if (event.kind !== KIND.dsq_unlink) return;
    this.#unlinks++;
    if (this.#leaving === undefined) return;
    const { task, since, sinceSeq } = this.#leaving;
    const ns = event.t - since;
    if (ns <= (this.#longest?.ns ?? -1)) return;
    const began = this.#context.moment(sinceSeq, since);
    const ended = this.#context.moment(event.seq, event.t);
    if (began !== null && ended !== null) this.#longest = { ns, began, ended, pid: task.pid };
  }
}

/** Events at which DSQs come and go without being named. */
const RENAMES = new Set<number>([KIND.sched_attach, KIND.sched_detach, KIND.dsq_create, KIND.dsq_destroy]);

function isLiving(dsq: Dsq): boolean {
  return !dsq.destroyed && dsq.sched?.gone !== true;
}

/** The first few of a list. */
function nameSome(names: readonly string[]): string {
  return `${names.slice(0, 4).join('; ')}${names.length > 4 ? ` and ${names.length - 4} more` : ''}`;
}
