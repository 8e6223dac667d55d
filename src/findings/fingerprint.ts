// Who a finding is about, in the words of one trace and in words that hold across recordings: for baselines, bisections, CI.
import type { ExactNumber, ResultFinding, ResultScheduler } from './result.ts';

/** Parts of a finding that name its subject; a finding lacks those that do not apply. */
export interface Subject {
  /** `comm[pid]` of the task. */
  readonly task?: string;
  readonly cpu?: number;
  readonly dsq?: string;
  /** Name of the scheduler; its id where it has no name. */
  readonly sched?: string;
}

/** The subject as one trace spells it. */
export function subjectOf(finding: ResultFinding, schedulers: readonly ResultScheduler[]): Subject {
  const sched = finding.sched === null ? undefined : schedName(finding.sched, schedulers);
  return {
    ...(finding.pid === null ? {} : { task: `${finding.comm ?? '?'}[${finding.pid}]` }),
    ...(finding.cpu === null ? {} : { cpu: finding.cpu }),
    ...(finding.dsq === null ? {} : { dsq: finding.dsq }),
    ...(sched === undefined ? {} : { sched }),
  };
}

/** Names of the subject that a pattern may match, the most telling one first. */
export function subjectNames(finding: ResultFinding, schedulers: readonly ResultScheduler[]): readonly string[] {
  const subject = subjectOf(finding, schedulers);
  return [
    ...(subject.task === undefined ? [] : [subject.task, finding.comm ?? '', `pid:${finding.pid}`]),
    ...(subject.dsq === undefined ? [] : [`dsq:${subject.dsq}`]),
    ...(subject.cpu === undefined ? [] : [`cpu:${subject.cpu}`]),
    ...(subject.sched === undefined ? [] : [`sched:${subject.sched}`]),
  ];
}

/** One line that names the subject: `hog-3[508]`, `DSQ 0x100`, `CPU 3`, `scheduler simple`, or nothing. */
export function subjectText({ task, cpu, dsq, sched }: Subject): string {
  if (task !== undefined) return task;
  if (dsq !== undefined) return `DSQ ${dsq}`;
  if (cpu !== undefined) return `CPU ${cpu}`;
  return sched === undefined ? '' : `scheduler ${sched}`;
}

/** What stays the same when the same bug shows in another recording. */
export interface Fingerprint {
  readonly rule: string;
  /** Class within the rule; '' none. */
  readonly class: string;
  /** Subject without numbers that change from run to run; '' when the finding is about nobody. */
  readonly subject: string;
}

/**
 * Pids, CPUs and DSQs differ from run to run, and so do the numbers in command names (`kworker/3:1`, `worker-17`); a task
 * is known by the rest of its name. What has no task is known by its scheduler, else by its DSQ or CPU.
 */
export function fingerprintOf(finding: ResultFinding, schedulers: readonly ResultScheduler[]): Fingerprint {
  const subject = subjectOf(finding, schedulers);
  const name =
    subject.task !== undefined
      ? (finding.comm ?? '?').replaceAll(/\d+/g, '#')
      : subject.sched !== undefined
        ? `scheduler ${subject.sched}`
        : subjectText(subject);
  return { rule: finding.rule, class: finding.class ?? '', subject: name };
}

/** The fingerprint alone, of something that has more. */
export function plainFingerprint({ rule, class: kind, subject }: Fingerprint): Fingerprint {
  return { rule, class: kind, subject };
}

/** The fingerprint as one text, for maps and for tools that want a string. */
export function fingerprintKey({ rule, class: kind, subject }: Fingerprint): string {
  return `${rule}/${kind}/${subject}`;
}

function schedName(id: ExactNumber, schedulers: readonly ResultScheduler[]): string {
  const name = schedulers.find((sched) => sched.id === id)?.name ?? '';
  return name === '' ? String(id) : name;
}
