// Makes the subject that a user names, and the error for one that no event names.
import { InputError } from '../../errors.ts';
import type { Model } from '../../model/model.ts';
import { findCpu, findDsqs, findTask } from '../selection.ts';
import type { ViewContext } from '../view-context.ts';
import { CpuSubject } from './cpu-subject.ts';
import { DsqSubject } from './dsq-subject.ts';
import type { Subject } from './subject.ts';
import { TaskSubject } from './task-subject.ts';

export type SubjectChoice =
  | { readonly kind: 'task'; readonly pid: number }
  | { readonly kind: 'cpu'; readonly id: number }
  | { readonly kind: 'dsq'; readonly name: string; readonly owner?: string };

export function makeSubject(context: ViewContext, choice: SubjectChoice): Subject {
  switch (choice.kind) {
    case 'task':
      return new TaskSubject(context, choice.pid);
    case 'cpu':
      return new CpuSubject(context, choice.id);
    case 'dsq':
      return new DsqSubject(context, choice.name, choice.owner);
  }
}

/** The error for a subject that no event named; it says what there is. */
export function missingSubject(model: Model, choice: SubjectChoice, path: string): InputError {
  try {
    if (choice.kind === 'task') findTask(model, choice.pid, path);
    else if (choice.kind === 'cpu') findCpu(model, choice.id, path);
    else findDsqs(model, choice.name, path);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  const who =
    choice.kind === 'task' ? `pid ${choice.pid}` : choice.kind === 'cpu' ? `CPU ${choice.id}` : `DSQ ${choice.name}`;
  const owner = choice.kind === 'dsq' && choice.owner !== undefined ? ` of scheduler ${choice.owner}` : '';
  return new InputError({ code: 'not-in-trace', path }, `no event is about ${who}${owner}`);
}
