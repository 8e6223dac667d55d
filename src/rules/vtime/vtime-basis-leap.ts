// Rule: a basis moves in steps that ordinary runs explain.
import type { AdvanceFact } from '../../vtime/facts.ts';
import { distance } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

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
    'One update moved the basis by far more than any before, and by more than a full slice of that task costs. All other tasks are now far behind: they are clamped up, and their weights lose effect.',
  causes: [
    'a run of low weight that was not interrupted for many slices',
    'a task that had drifted away becomes visible at once',
  ],
  avoid: 'Charge long runs in between (ops.tick), and bound what one update may add.',
  create(context) {
    return {
      vtime: {
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
          context.report({
            verdict: 'violation',
            message: `${task.task.label} (weight ${task.task.weight}) moves basis ${basis.label} by ${distance(movedNs, sched.domain)} at once; the largest step before was ${distance(largestBefore, sched.domain)}, one slice of it costs ${distance(slice, sched.domain)}`,
            task: task.task,
            sched: sched.sched,
            began: task.chargedRunSeq,
            evidence: [{ seq: task.chargedRunSeq, note: 'the run begins' }],
            note: 'and moves the basis',
            at: fact,
            premise: sched.premise,
            details: {
              domain: sched.domain.name,
              basis: basis.label,
              moved_ns: movedNs,
              largest_before_ns: largestBefore,
            },
          });
        },
      },
    };
  },
});
