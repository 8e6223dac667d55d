// The worked example as a list of events that tests can change: by step, type and fields.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReplayResult } from '../../src/findings/result.ts';
import { type EventJson, replayEvents } from '../support/replay.ts';

export const WORKED_EXAMPLE = join(import.meta.dirname, '../../fixtures/caps/worked-example.json');

type Fields = Readonly<Record<string, unknown>>;

export class Script {
  readonly header: Readonly<Record<string, unknown>>;
  readonly events: EventJson[];

  constructor() {
    const {
      events,
      comment: _comment,
      ...header
    } = JSON.parse(readFileSync(WORKED_EXAMPLE, 'utf8')) as {
      events: EventJson[];
      comment: string;
    };
    this.header = header;
    this.events = events;
  }

  /** Time of the mark that begins a step; that of the end behind the last one. */
  begin(step: number): number {
    const mark = this.events.find(
      ({ type, text }) =>
        type === 'mark' && (text === 'end' ? step === 20 : `${text as string}:`.startsWith(`step ${step}:`)),
    );
    if (mark === undefined) throw new Error(`the example has no step ${step}`);
    return mark.ts;
  }

  /** Ordinals of the events of a step that have these fields. */
  #find(step: number, type: string, fields: Fields): number[] {
    const from = this.begin(step);
    const to = this.begin(step + 1);
    const found = this.events.flatMap((event, i) =>
      event.ts > from &&
      event.ts < to &&
      event.type === type &&
      Object.entries(fields).every(([name, value]) => event[name] === value)
        ? [i]
        : [],
    );
    if (found.length === 0) throw new Error(`step ${step} has no ${type} with ${JSON.stringify(fields)}`);
    return found;
  }

  /** Changes the first such event. */
  edit(step: number, type: string, fields: Fields, change: Fields): this {
    const [i = -1] = this.#find(step, type, fields);
    const event = this.events[i];
    if (event !== undefined) this.events[i] = { ...event, ...change };
    return this;
  }

  /** Takes out all such events. */
  drop(step: number, type: string, fields: Fields = {}): this {
    const found = new Set(this.#find(step, type, fields));
    this.#replace(this.events.filter((_, i) => !found.has(i)));
    return this;
  }

  /** Puts events behind the first such event. */
  after(step: number, type: string, fields: Fields, ...added: readonly Omit<EventJson, 'ts'>[]): this {
    const [i = -1] = this.#find(step, type, fields);
    this.#insert(i + 1, added);
    return this;
  }

  /** Puts events at the end of a step. */
  append(step: number, ...added: readonly Omit<EventJson, 'ts'>[]): this {
    const end = this.begin(step + 1);
    this.#insert(
      this.events.findIndex(({ ts }) => ts >= end),
      added,
    );
    return this;
  }

  #insert(at: number, added: readonly Omit<EventJson, 'ts'>[]): void {
    const before = this.events[at - 1]?.ts ?? 0;
    this.events.splice(at, 0, ...added.map((event, i) => ({ ...event, ts: before + 1 + i }) as EventJson));
  }

  #replace(events: readonly EventJson[]): void {
    this.events.splice(0, this.events.length, ...events);
  }

  /** Rules that find something: also errors that the kernel does not raise, as in a trace that is wrong. */
  async broken(): Promise<Set<string>> {
    const result = await this.replay();
    return new Set(
      result.findings.flatMap(({ rule, verdict, kernel }) =>
        verdict === 'inconclusive' && kernel !== 'contradicted' ? [] : [rule],
      ),
    );
  }

  /** Whatever occurs counts as recorded. */
  replay(): Promise<ReplayResult> {
    const recorded = new Set([...(this.header.recorded as string[]), ...this.events.map(({ type }) => type)]);
    return replayEvents(this.events, { ...this.header, recorded: [...recorded] });
  }
}
