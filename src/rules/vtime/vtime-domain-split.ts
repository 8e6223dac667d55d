// Rule: bases whose queues compete stay together.
import { difference } from '../../trace/u64.ts';
import type { TakeFact } from '../../vtime/facts.ts';
import { distance, driftCauses } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeDomainSplit = defineRule({
  id: 'vtime-domain-split',
  title: 'The bases of queues that compete do not stay apart while somebody waits on the losing side.',
  severity: 'warning',
  fn: 'ops.dispatch',
  needs: ['consume', 'dsq_unlink', 'dsq_link'],
  vtime: 'described',
  meaning:
    'Two queues are compared by their heads, and the bases that their keys follow have been far apart for long: the queue of the lagging basis always wins, the other one starves.',
  causes: ['one of the two bases is not moved by runs that it should follow'],
  avoid: 'Move both bases for every run on the CPU that serves both queues.',
  create(context) {
    /** Pair of bases to the time since which they are apart; reported ones stay at minus infinity. */
    const since = new Map<string, number>();
    return {
      vtime: {
        onTake(fact: TakeFact) {
          const { sched, queue, other } = fact;
          const [ahead, behind] = [other.fixed, queue.fixed];
          if (ahead === undefined || behind === undefined || !ahead.loKnown || !behind.hiKnown) return;
          context.checked();
          const { limits, sliceNs } = sched.domain;
          const key = `${ahead.label}/${behind.label}`;
          const gap = difference(ahead.lo.hi, ahead.lo.lo, behind.hi.hi, behind.hi.lo);
          if (gap <= limits.number('vtime-domain-split', 'k') * sliceNs) {
            since.delete(key);
            return;
          }
          const start = since.get(key) ?? fact.t;
          since.set(key, start);
          const long = limits.number('vtime-domain-split', 't');
          if (!Number.isFinite(start) || fact.t - start <= long || fact.otherWaitNs <= long) return;
          since.set(key, Number.NEGATIVE_INFINITY);
          const waiter = fact.otherHead.task;
          context.report({
            verdict: 'violation',
            message: `basis ${ahead.label} is ${distance(gap, sched.domain)} ahead of basis ${behind.label}, with which it competes on CPU ${fact.cpu}, and ${waiter.label} has waited ${(fact.otherWaitNs / 1e9).toFixed(3)} s on the losing side`,
            task: waiter,
            cpu: fact.cpu,
            dsq: other.name,
            sched: sched.sched,
            began: waiter.linkSeq,
            evidence: [{ seq: waiter.linkSeq, note: 'it was put there' }],
            note: `${fact.task.task.label} is taken from the other queue`,
            chain: driftCauses(fact.otherHead),
            premise: sched.premise,
            details: { domain: sched.domain.name, ahead: ahead.label, behind: behind.label, gap_ns: gap },
          });
        },
      },
    };
  },
});
