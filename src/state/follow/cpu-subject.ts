// Following a CPU: what runs on it, what its local DSQ and its dispatch buffer hold, which verdicts it drops.
import { formatDsqId } from '../../kernel/dsq-id.ts';
import type { BufferedVerdict, Cpu } from '../../model/cpu.ts';
import { MISPREDICTED, type Step } from '../../model/step.ts';
import { formatDuration } from '../../trace/duration.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { cpuFacts } from '../cpu-view.ts';
import type { ViewContext } from '../view-context.ts';
import type { CpuSummary, Drop, Facts, Note } from './document.ts';
import { DropWatch, lateDropsOf, viewLateDrop } from './drops.ts';
import { explainPick } from './pick-notes.ts';
import { Releases } from './releases.ts';
import type { Subject } from './subject.ts';
import { errorText } from './task-notes.ts';

/** Drops that are listed; all are counted. */
const LISTED = 100;

interface Counts {
  switches: number;
  busyNs: number;
  picks: number;
  picksOfNothing: number;
  inserts: number;
  drops: number;
  dropList: Drop[];
}

const noCounts = (): Counts => ({
  switches: 0,
  busyNs: 0,
  picks: 0,
  picksOfNothing: 0,
  inserts: 0,
  drops: 0,
  dropList: [],
});

export class CpuSubject implements Subject {
  readonly kind = 'cpu';
  readonly name: string;
  readonly #id: number;
  readonly #context: ViewContext;
  readonly #drops: DropWatch;
  readonly #releases = new Releases();
  #counts = noCounts();
  #dropped: { readonly verdict: BufferedVerdict; readonly why: Note }[] = [];
  #late: { readonly drop: Drop; readonly note: Note }[] = [];
  #switchTime = -1;
  #currPid = -1;

  constructor(context: ViewContext, id: number) {
    this.#context = context;
    this.#id = id;
    this.name = `CPU ${id}`;
    this.#drops = new DropWatch(context.model);
  }

  get #cpu(): Cpu | undefined {
    return this.#context.model.cpus[this.#id];
  }

  prepare(event: TraceEvent): void {
    this.#drops.prepare(event);
    this.#switchTime = this.#cpu?.switchTime ?? -1;
    this.#currPid = this.#cpu?.currPid ?? -1;
  }

  concerns(event: TraceEvent, step: Step): boolean {
    this.#releases.observe(event, step);
    const cpu = this.#cpu;
    if (cpu === undefined) return false;
    if (this.#dropped.length > 0) this.#dropped = [];
    if (this.#late.length > 0) this.#late = [];
    if (event.cpu === this.#id && step.drops.length > 0)
      this.#late = lateDropsOf(step).map((drop) => viewLateDrop(this.#context, event, drop));
    if (event.cpu === this.#id && DropWatch.isAbout(event)) {
      for (const verdict of this.#drops.dropsOf(event, step)) {
        const why = this.#releases.explainDrop(this.#context, verdict, this.#context.model);
        this.#dropped.push({ verdict, why });
      }
    }
    return (
      event.cpu === this.#id ||
      event.rq === this.#id ||
      event.target === this.#id ||
      step.rq === cpu ||
      (step.dsq !== undefined && step.dsq === cpu.local) ||
      event.kind === KIND.lost
    );
  }

  facts(): Facts | null {
    return this.#cpu === undefined ? null : cpuFacts(this.#context, this.#cpu);
  }

  notes(event: TraceEvent, step: Step): Note[] {
    this.#count(event);
    const notes: Note[] = [];
    const text = this.#explain(event, step);
    if (text !== undefined) notes.push({ text });
    for (const error of step.errors) notes.push({ text: errorText(error) });
    if (step.outcome === MISPREDICTED) notes.push({ text: `the model expected something else here (${step.reason})` });
    for (const { verdict, why } of this.#dropped) {
      const { dsqId, task, seq } = verdict;
      notes.push({
        text: `the insert of ${task?.label ?? '?'} on DSQ ${formatDsqId(dsqId.hi, dsqId.lo)} (@${seq}) is dropped: ${why.text}`,
        ...(why.refers === undefined ? {} : { refers: why.refers }),
      });
    }
    for (const { note } of this.#late) notes.push(note);
    return notes;
  }

  restart(): void {
    this.#counts = noCounts();
  }

  summary(): CpuSummary {
    const { switches, busyNs, picks, picksOfNothing, inserts, drops, dropList } = this.#counts;
    return {
      kind: 'cpu',
      switches,
      busy_ns: busyNs,
      picks,
      picks_of_nothing: picksOfNothing,
      inserts,
      drops,
      drop_list: dropList,
    };
  }

  #explain(event: TraceEvent, step: Step): string | undefined {
    const { model } = this.#context;
    if (event.kind === KIND.pick && event.rq === this.#id) {
      const { picked, pick } = this.#cpu ?? {};
      const task = picked ?? pick?.prev;
      const why = task === undefined ? undefined : explainPick(model, event, step, task);
      return why === undefined || task === undefined ? undefined : `${task.label}: ${why}`;
    }
    if (event.kind === KIND.switch && this.#switchTime >= 0)
      return `${this.#context.name(this.#currPid)} had it for ${formatDuration(event.t - this.#switchTime)}`;
    return undefined;
  }

  #count(event: TraceEvent): void {
    const counts = this.#counts;
    counts.drops += this.#dropped.length + this.#late.length;
    for (const { drop } of this.#late) if (counts.dropList.length < LISTED) counts.dropList.push(drop);
    for (const { verdict, why } of this.#dropped) {
      if (counts.dropList.length >= LISTED) break;
      counts.dropList.push({
        pid: verdict.task?.pid ?? -1,
        dsq: formatDsqId(verdict.dsqId.hi, verdict.dsqId.lo),
        inserted: { event: verdict.seq, ts: this.#context.ts(verdict.time) },
        dropped: { event: event.seq, ts: this.#context.ts(event.t) },
        why: why.text,
      });
    }
    if (event.kind === KIND.insert && event.step !== 'kfunc' && event.cpu === this.#id) counts.inserts++;
    if (event.kind === KIND.pick && event.phase !== 'begin' && event.rq === this.#id) {
      counts.picks++;
      if (event.pid < 0) counts.picksOfNothing++;
    }
    if (event.kind !== KIND.switch || event.cpu !== this.#id) return;
    counts.switches++;
    if (this.#currPid > 0 && this.#switchTime >= 0) counts.busyNs += event.t - this.#switchTime;
  }
}
