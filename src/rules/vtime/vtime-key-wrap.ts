// Rule: keys stay where the order of the scheduler's comparisons holds.
import type { Task } from '../../model/task.ts';
import { before, difference, lessThan } from '../../trace/u64.ts';
import type { InsertFact } from '../../vtime/facts.ts';
import { defineRule } from '../rule.ts';

/** Keys further apart than this have no order that wraps, ns. */
const HUGE = 2 ** 62;

export const vtimeKeyWrap = defineRule({
  id: 'vtime-key-wrap',
  title: 'The keys of one DSQ have one order, by the comparison that the scheduler uses.',
  severity: 'error',
  fn: 'scx_dispatch_enqueue',
  needs: [['insert', 'dsq_link']],
  vtime: 'any',
  meaning:
    'A key near 2^64 meets small ones. The kernel compares with wrap, and takes it for an early one; a scheduler that compares without wrap takes it for the latest of all.',
  causes: ['a floor (basis - lag) computed while the basis is still small', 'min, max, < or > on vtimes'],
  avoid: 'Compare with time_before64(), and keep floors at zero.',
  create(context) {
    const report = (fact: InsertFact, kind: string, text: string, other: Task | undefined): void => {
      const { task, sched, key } = fact;
      context.report({
        verdict: 'violation',
        class: kind,
        message: `${task.task.label}: ${text}`,
        task: task.task,
        dsq: fact.queue.name,
        sched: sched.sched,
        began: other?.linkSeq ?? task.observedSeq,
        evidence: [
          ...(other === undefined ? [] : [{ seq: other.linkSeq, note: `${other.label} was put there` }]),
          { seq: task.observedSeq, note: 'its vtime before' },
        ],
        // That two keys have no order is so whatever the scheduler is.
        ...(kind === 'no-order' ? {} : { premise: sched.premise }),
        details: { domain: sched.domain.name, key: key.toBigInt().toString() },
      });
    };
    /** Compares the new key with one that is there; true: reported. */
    const meets = (fact: InsertFact, other: Task | undefined): boolean => {
      if (other?.onPriq !== true || other === fact.task.task) return false;
      const { key } = fact;
      const { vtime } = other;
      if (Math.abs(difference(key.hi, key.lo, vtime.hi, vtime.lo)) > HUGE) {
        const text = `key ${key.toBigInt()} and key ${vtime.toBigInt()} of ${other.label} are so far apart that neither is before the other`;
        report(fact, 'no-order', text, other);
        return true;
      }
      if (!fact.sched.domain.unsignedCompare || key.equals(vtime.hi, vtime.lo)) return false;
      if (before(key.hi, key.lo, vtime.hi, vtime.lo) === lessThan(key.hi, key.lo, vtime.hi, vtime.lo)) return false;
      const text = `key ${key.toBigInt()} meets key ${vtime.toBigInt()} of ${other.label}: the kernel and the scheduler, which compares without wrap, order them differently`;
      report(fact, 'unsigned', text, other);
      return true;
    };
    return {
      vtime: {
        onInsert(fact: InsertFact) {
          context.checked();
          const { key, sched } = fact;
          if (sched.domain.lag?.floorZero === true && key.hi < 0) {
            report(
              fact,
              'floor',
              `key ${key.toBigInt()} lies below zero, where the scheduler says it floors it`,
              undefined,
            );
            return;
          }
          const dsq = sched.sched?.userDsqs.get(fact.dsqHi, fact.dsqLo);
          if (!meets(fact, dsq?.head)) meets(fact, dsq?.tail);
        },
      },
    };
  },
});
