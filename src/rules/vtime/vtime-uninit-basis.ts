// Rule: a new instance of a basis begins where its tasks are.
import type { AdvanceFact, InsertFact } from '../../vtime/facts.ts';
import { distance } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeUninitBasis = defineRule({
  id: 'vtime-uninit-basis',
  title: 'A basis that is used for the first time is not far from the vtimes of the tasks that come to it.',
  severity: 'warning',
  fn: 'ops.enqueue, ops.stopping',
  needs: [['insert', 'dsq_link'], 'sched_attach'],
  vtime: 'described',
  meaning:
    'A cell, layer or domain that came into use still has its initial value, while its tasks carry vtimes of long uptime: the first of them leaps the basis, or all their vtimes are thrown away.',
  causes: ['a group that is made at run time and starts at 0', 'a CPU that was idle since the scheduler was loaded'],
  avoid: 'Start a new basis at the highest one of its neighbours.',
  create(context) {
    const told = new Set<string>();
    return {
      vtime: {
        onInsert(fact: InsertFact) {
          const { basis, task, sched } = fact;
          if (basis === undefined || basis.spec.init === undefined || !fact.freshBasis || !fact.beforeKnown) return;
          context.checked();
          const limit = sched.domain.limits.number('vtime-uninit-basis', 'k') * sched.domain.sliceNs;
          const reset = Number.isNaN(fact.rebaseDeltaNs) ? 0 : fact.rebaseDeltaNs;
          const away =
            Math.abs(reset) > limit ? reset : fact.fromElsewhere && fact.driftMin > limit ? fact.driftMin : 0;
          if (away === 0 || told.has(basis.label)) return;
          told.add(basis.label);
          context.report({
            verdict: 'violation',
            message:
              reset === away
                ? `basis ${basis.label} is used for the first time at its initial value, and the vtime of ${task.task.label} is set back to it by ${distance(away, sched.domain)}`
                : `basis ${basis.label} is used for the first time at its initial value, ${distance(away, sched.domain)} behind ${task.task.label}, which comes from basis ${task.reference?.label}`,
            task: task.task,
            dsq: fact.queue.name,
            sched: sched.sched,
            began: task.observedSeq,
            evidence: [{ seq: task.observedSeq, note: 'its vtime' }],
            note: 'the first insert against that basis',
            premise: sched.premise,
            details: { domain: sched.domain.name, basis: basis.label, distance_ns: away },
          });
        },
        onAdvance(fact: AdvanceFact) {
          const { basis, task, sched, reference } = fact;
          if (!fact.fresh || basis.spec.init === undefined || reference === undefined || reference === basis) return;
          context.checked();
          const limit = sched.domain.limits.number('vtime-uninit-basis', 'k') * sched.domain.sliceNs;
          if (fact.referenceGapNs <= limit || fact.retagged || told.has(basis.label)) return;
          told.add(basis.label);
          context.report({
            verdict: 'violation',
            message: `the first update of basis ${basis.label} since the scheduler was loaded moves it by ${distance(fact.movedNs, sched.domain)}: ${task.task.label} comes from basis ${reference.label}`,
            task: task.task,
            sched: sched.sched,
            began: task.queueSeq,
            evidence: [{ seq: task.queueSeq, note: 'its last insert' }],
            note: 'the first update of that basis',
            at: fact,
            premise: sched.premise,
            details: { domain: sched.domain.name, basis: basis.label, distance_ns: fact.movedNs },
          });
        },
      },
    };
  },
});
