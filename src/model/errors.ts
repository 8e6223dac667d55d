// Raising errors: the model concludes that the core reports one at this event, and formats it as the kernel does.
import { errorSite, formatAt } from '../kernel/error-sites.ts';
import { formatKernel, messageFits } from '../kernel/format.ts';
import type { KernelError } from './kernel-error.ts';
import type { Model } from './model.ts';
import type { Sched } from './sched.ts';
import type { Step } from './step.ts';
import type { Task } from './task.ts';

export interface ErrorDetails {
  readonly sched: Sched | undefined;
  /** Arguments of the site's format; hexadecimal ones as digits without `0x`. Undefined, '' or missing: not known. */
  readonly args: readonly (string | number | undefined)[];
  readonly accepts?: (message: string) => boolean;
  readonly task?: Task | undefined;
  readonly target?: number;
  readonly dsq?: string;
  readonly certain?: boolean;
  readonly text: string;
  /** First event of the kernel function that raises the error, when this event comes later in it. */
  readonly sinceSeq?: number;
  readonly decision?: Decision;
}

/** When the scheduler decided what fails now: the insert, and the callback around it. -1: not known. */
export interface Decision {
  readonly seq: number;
  readonly time: number;
  readonly callbackSeq: number;
  readonly callbackTime: number;
}

export const NO_DECISION: Decision = { seq: -1, time: -1, callbackSeq: -1, callbackTime: -1 };

/** The last insert that named the task. */
export function lastInsert(task: Task | undefined): Decision {
  if (task === undefined) return NO_DECISION;
  return {
    seq: task.insertSeq,
    time: task.insertTime,
    callbackSeq: task.insertCallbackSeq,
    callbackTime: task.insertCallbackTime,
  };
}

function isKnown(arg: string | number | undefined): arg is string | number {
  return arg !== undefined && arg !== '';
}

/** Notes in the step that the core raises the error of `site` here. */
export function raise(model: Model, step: Step, site: string, details: ErrorDetails): void {
  const entry = errorSite(site);
  const format = formatAt(entry, model.semantics.version.release);
  const decision = details.decision ?? NO_DECISION;
  // What the trace does not tell may be anything in the kernel's message.
  const accepts = details.accepts ?? ((message: string): boolean => messageFits(format, details.args, message));
  const error: KernelError = {
    site,
    kind: entry.kind,
    sched: details.sched ?? model.root,
    message: formatKernel(format, [...details.args.map((arg) => (isKnown(arg) ? arg : '?')), '?', '?']),
    accepts,
    ...(details.task === undefined ? {} : { task: details.task }),
    target: details.target ?? -1,
    dsq: details.dsq ?? '',
    certain: details.certain ?? true,
    text: details.text,
    sinceSeq: details.sinceSeq !== undefined && details.sinceSeq >= 0 ? details.sinceSeq : model.seq,
    decisionSeq: decision.seq,
    decisionTime: decision.time,
    callbackSeq: decision.callbackSeq,
    callbackTime: decision.callbackTime,
  };
  step.errors.push(error);
}
