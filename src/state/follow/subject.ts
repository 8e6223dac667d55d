// What can be followed through a trace: a task, a CPU, a DSQ.
import type { Step } from '../../model/step.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { Facts, FollowSummary, Note, SubjectKind } from './document.ts';

export interface Subject {
  readonly kind: SubjectKind;
  /** Name as far as it is known now. */
  readonly name: string;
  /** Called before the model takes an event: what the event may destroy is remembered. */
  prepare(event: TraceEvent): void;
  /** Is the event about the subject, or did it change it? Called for every event, after the model took it. */
  concerns(event: TraceEvent, step: Step): boolean;
  /** The facts after the event; null while nothing has named the subject. */
  facts(): Facts | null;
  /** Why, in words. Called for every event that concerns it. */
  notes(event: TraceEvent, step: Step): Note[];
  /** Forgets what was counted so far: the summary is about what comes. */
  restart(): void;
  summary(): FollowSummary;
}
