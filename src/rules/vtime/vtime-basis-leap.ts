// Rule: a basis moves in steps that ordinary runs explain.
import { difference, U64 } from '../../trace/u64.ts';
import type { Basis } from '../../vtime/basis.ts';
import { type AdvanceFact, INSERT_CLAMPED, type InsertFact } from '../../vtime/facts.ts';
import { distance } from '../common/vtime-words.ts';
import { defineRule, type Report } from '../rule.ts';

/** An update that moves a basis far, by the description. A key that is clamped far beyond where it was shows that it did. */
interface Leap {
  readonly from: U64;
  readonly report: Report;
}

/** Steps that must have been seen of a basis whose beginning is not known. */
const USUAL = 16;

export const vtimeBasisLeap = defineRule({
  id: 'vtime-basis-leap',
  title: 'No single update moves a basis much further than one slice of the task explains.',
  severity: 'warning',
  fn: 'ops.running, ops.stopping',
  needs: ['run', 'stop'],
  vtime: 'described',
  leadsTo: ['vtime-clamp-storm'],
  meaning:
    'One update moved the basis by far more than any before, and by more than a full slice of that task costs. All other tasks are now far behind: they are clamped up, and their weights lose effect. The first of them that is shows that the basis did move.',
  causes: [
    'a run of low weight that was not interrupted for many slices',
    'a task that had drifted away becomes visible at once',
  ],
  avoid: 'Charge long runs in between (ops.tick), and bound what one update may add.',
  create(context) {
    const leaps = new Map<Basis, Leap>();
    return {
      vtime: {
        onInsert(fact: InsertFact) {
          if (leaps.size === 0 || fact.kind !== INSERT_CLAMPED || fact.basis === undefined) return;
          const leap = leaps.get(fact.basis);
          if (leap === undefined) return;
          const { from, report } = leap;
          const { limits, sliceNs, keyOffsetMaxNs } = fact.sched.domain;
          const beyond = difference(fact.key.hi, fact.key.lo, from.hi, from.lo) - keyOffsetMaxNs;
          if (beyond <= limits.number('vtime-basis-leap', 'leap_slices') * sliceNs) return;
          leaps.delete(fact.basis);
          const evidence = [
            ...(report.evidence ?? []),
            { seq: fact.seq, note: `${fact.task.task.label} is clamped up to it` },
          ];
          context.report({ ...report, evidence });
        },
        onAdvance(fact: AdvanceFact) {
          const { task, sched, basis, movedNs, largestBefore } = fact;
          // How large its steps usually are is not known yet, nor where it began.
          if (fact.stepsBefore < USUAL && !(sched.loaded && basis.spec.init !== undefined)) return;
          context.checked();
          const { limits, sliceNs, charge } = sched.domain;
          if (movedNs <= limits.number('vtime-basis-leap', 'leap_slices') * sliceNs) return;
          const factor = limits.number('vtime-basis-leap', 'factor');
          const slice = (sliceNs * charge.num) / (task.task.weight || 100);
          if (movedNs <= factor * Math.max(largestBefore, slice)) return;
          const from = new U64();
          from.copy(basis.best);
          from.add(-movedNs);
          const report: Report = {
            verdict: 'violation',
            message: `${task.task.label} (weight ${task.task.weight}) moves basis ${basis.label} by ${distance(movedNs, sched.domain)} at once; the largest step before was ${distance(largestBefore, sched.domain)}, one slice of it costs ${distance(slice, sched.domain)}`,
            task: task.task,
            sched: sched.sched,
            began: task.chargedRunSeq,
            evidence: [{ seq: task.chargedRunSeq, note: 'the run begins' }],
            note: 'and moves the basis',
            at: { seq: fact.seq, t: fact.t },
            premise: sched.premise,
            details: {
              domain: sched.domain.name,
              basis: basis.label,
              moved_ns: movedNs,
              largest_before_ns: largestBefore,
            },
          };
          leaps.set(basis, { from, report });
        },
      },
      onEnd() {
        if (leaps.size > 0) context.undecided('leaps that no clamped key shows');
      },
    };
  },
});
