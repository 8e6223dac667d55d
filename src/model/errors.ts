// Raising errors: the model concludes that the core reports one at this event, and formats it as the kernel does.
import { type ErrorSite, errorSite, formatAt } from '../kernel/error-sites.ts';
import { formatKernel, messageFits } from '../kernel/format.ts';
import { isAtLeast, type Release } from '../kernel/release.ts';
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

/** Arguments as far as they are known, for people. */
function shown(args: ErrorDetails['args']): readonly (string | number)[] {
  return [...args.map((arg) => (arg === undefined || arg === '' ? '?' : arg)), '?', '?'];
}

/**
 * Notes in the step that the core raises the error of `site` here. When another release is asked for (what-if), `there`
 * tells whether it would come to this site, too.
 */
export function raise(model: Model, step: Step, site: string, details: ErrorDetails, there = true): void {
  const entry = errorSite(site);
  const { release } = model.semantics.version;
  const here = existsIn(entry, release);
  if (model.asked !== undefined)
    noteDifference(step, entry, details, here ? release : undefined, there ? model.asked.version.release : undefined);
  if (!here) return;
  const format = formatAt(entry, release);
  const decision = details.decision ?? NO_DECISION;
  // What the trace does not tell may be anything in the kernel's message.
  const accepts = details.accepts ?? ((message: string): boolean => messageFits(format, details.args, message));
  const error: KernelError = {
    site,
    kind: entry.kind,
    sched: details.sched ?? model.root,
    message: formatKernel(format, shown(details.args)),
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
  step.noteError(error);
}

/** What-if only: the release that is asked for raises the error of `site` here, this one does not. */
export function raiseThere(model: Model, step: Step, site: string, details: ErrorDetails): void {
  if (model.asked !== undefined) noteDifference(step, errorSite(site), details, undefined, model.asked.version.release);
}

function existsIn(site: ErrorSite, release: Release): boolean {
  return isAtLeast(release, site.since) && (site.until === undefined || isAtLeast(site.until, release));
}

/** Compares what two releases make of a site; undefined: the release does not come to it. */
function noteDifference(
  step: Step,
  site: ErrorSite,
  details: ErrorDetails,
  here: Release | undefined,
  asked: Release | undefined,
): void {
  const there = asked === undefined || !existsIn(site, asked) ? undefined : asked;
  const what = details.certain === false ? `${details.text} (possibly)` : details.text;
  if (here === undefined && there !== undefined) {
    const message = formatKernel(formatAt(site, there), shown(details.args));
    step.whatIf.push({ change: 'fatal', text: `${what}: the scheduler is ejected (${message})`, site: site.id });
  } else if (here !== undefined && there === undefined) {
    step.whatIf.push({
      change: 'survives',
      text: `${what}: the scheduler is not ejected for it (${site.id})`,
      site: site.id,
    });
  } else if (here !== undefined && there !== undefined) {
    const message = formatKernel(formatAt(site, there), shown(details.args));
    if (message !== formatKernel(formatAt(site, here), shown(details.args)))
      step.whatIf.push({ change: 'message', text: `${what}: ejected with another text (${message})`, site: site.id });
  }
}
