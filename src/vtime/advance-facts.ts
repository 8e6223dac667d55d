// Tells listeners that a callback moved a basis.
import { difference } from '../trace/u64.ts';
import type { Basis } from './basis.ts';
import type { AdvanceFact } from './facts.ts';
import type { AdvanceSink } from './pending.ts';
import type { Sinks } from './sinks.ts';

/** `cpuSeq`: ordinal of the last change of the group of a CPU. */
export function advanceTeller(sinks: Sinks, cpuSeq: (cpu: number) => number): AdvanceSink {
  const { onAdvance } = sinks;
  return (update, basis, movedNs, fresh) => {
    const { task, sched } = update;
    if (task === undefined || sched === undefined) return;
    const { largestStep: largestBefore, steps: stepsBefore } = basis;
    basis.countStep(movedNs);
    if (onAdvance.length === 0 || sched.premise.broken) return;
    const { reference } = task;
    const fact: AdvanceFact = {
      seq: update.since,
      t: task.stopSeq === update.since ? task.stopTime : task.runTime,
      task,
      sched,
      basis,
      movedNs,
      largestBefore,
      stepsBefore,
      reference,
      referenceGapNs: reference === undefined || reference === basis ? 0 : leadOf(reference, basis, movedNs),
      fresh,
      retagged: Math.max(task.groupSeq, cpuSeq(task.chargeCpu)) > task.placedSeq,
    };
    for (const sink of onAdvance) sink(fact);
  };
}

/** By how much `a` was certainly ahead of `b` before `b` moved by `movedNs`, ns. */
function leadOf(a: Basis, b: Basis, movedNs: number): number {
  if (!a.loKnown || !b.hiKnown) return 0;
  return Math.max(0, difference(a.lo.hi, a.lo.lo, b.hi.hi, b.hi.lo) + movedNs);
}
