// Where the affinity change lies relative to the decision that it forbids: the classes of a disallowed dispatch.
import type { KernelError } from '../../model/kernel-error.ts';
import type { MaskChange, Task } from '../../model/task.ts';
import type { EvidenceRef } from '../rule.ts';

export interface AffinityClass {
  readonly class: 'never-allowed' | 'ignored-update' | 'race-window' | 'late-change' | 'unknown-mask';
  /** What it means, in one sentence. */
  readonly meaning: string;
  /** The change that took the CPU away. */
  readonly change: MaskChange | undefined;
}

const MEANINGS: Readonly<Record<AffinityClass['class'], string>> = {
  'never-allowed': 'the CPU was never in the mask since the scheduler got the task: a bug of the scheduler',
  'ignored-update':
    'the scheduler was told of the change (set_cpumask and a new enqueue) before it began to decide: a bug of the scheduler',
  'race-window':
    'the CPU was allowed when the scheduler began to decide and was taken away before its insert: a race that the kernel does not forgive',
  'late-change':
    'the change came after the insert, which the kernel drops silently: look for a missed change or a wrong clock',
  'unknown-mask': 'the trace does not show the mask at the time of the decision',
};

/**
 * Classifies a dispatch of `task` to CPU `target` outside its mask. `clockErrorNs` is the bound between the clocks of two
 * CPUs. What is known of the decision was seen since the last gap, and so was every change of the mask after it.
 */
export function classifyAffinity(task: Task, target: number, error: KernelError, clockErrorNs: number): AffinityClass {
  const { maskChanges } = task;
  const removal = maskChanges.findLast((entry) => entry.before?.has(target) === true && !entry.after.has(target));
  // A change from a mask that is not known may have taken the CPU away, or not.
  const change = removal ?? maskChanges.findLast((entry) => entry.before === undefined && !entry.after.has(target));
  const of = (name: AffinityClass['class']): AffinityClass => ({ class: name, meaning: MEANINGS[name], change });
  const insert = error.decisionTime;
  if (insert < 0) return of('unknown-mask');
  const began = error.callbackTime < 0 ? insert : error.callbackTime;
  if (change === undefined) {
    const oldest = maskChanges[0];
    return of(
      task.maskChangesDropped && oldest !== undefined && oldest.beginTime >= began ? 'unknown-mask' : 'never-allowed',
    );
  }
  if (removal !== undefined && change.beginTime > insert + clockErrorNs) return of('late-change');
  // Under the locks of the task no change can fall in between, whatever the clocks say: what was seen before came before.
  const sawIt = removal !== undefined && change.endSeq >= 0 && change.endSeq < error.callbackSeq;
  if (sawIt && task.insertHoldsMask && task.insertSeq === error.decisionSeq) return of('ignored-update');
  const end = change.endTime < 0 ? Number.POSITIVE_INFINITY : change.endTime;
  const toldInTime = !change.queued || (change.enqueueEndTime >= 0 && change.enqueueEndTime + clockErrorNs < began);
  if (end + clockErrorNs < began && toldInTime) return of('ignored-update');
  return of(removal === undefined ? 'unknown-mask' : 'race-window');
}

/** The events of a disallowed dispatch, in words: the change, the decision. */
export function affinityEvidence(task: Task, error: KernelError, found: AffinityClass): EvidenceRef[] {
  const { change } = found;
  const evidence: EvidenceRef[] = [];
  if (change !== undefined) {
    const before = change.before === undefined ? '?' : change.before.toString();
    evidence.push({ seq: change.beginSeq, note: `cpus_ptr of ${task.label}: ${before} → ${change.after.toString()}` });
  }
  if (error.callbackSeq >= 0) evidence.push({ seq: error.callbackSeq, note: 'the scheduler begins to decide' });
  if (error.decisionSeq >= 0) evidence.push({ seq: error.decisionSeq, note: 'the decision' });
  return evidence;
}
