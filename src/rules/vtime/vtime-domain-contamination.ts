// Rule: a basis is moved only by tasks whose vtime belongs to it.
import type { AdvanceFact } from '../../vtime/facts.ts';
import { distance } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeDomainContamination = defineRule({
  id: 'vtime-domain-contamination',
  title: 'A basis is not moved by a task whose vtime comes from a domain that is far ahead.',
  severity: 'warning',
  fn: 'ops.running, ops.stopping',
  needs: ['run', 'stop', ['insert', 'dsq_link']],
  vtime: 'described',
  meaning:
    'The vtime of the task was last set against another basis, which is far ahead of this one, and a run of it moved this one: a whole domain is lifted by somebody who does not belong to it.',
  causes: ['an update without a gate', 'a CPU that changed its group between placement and run', 'the wrong LLC slot'],
  avoid: 'Bring the vtime of a task to the domain in which it runs before that domain follows it.',
  create(context) {
    const told = new Set<string>();
    return {
      vtime: {
        onAdvance(fact: AdvanceFact) {
          const { task, sched, basis, reference, referenceGapNs } = fact;
          if (reference === undefined) return;
          context.checked();
          if (reference === basis) return;
          if (
            fact.retagged ||
            referenceGapNs <= sched.domain.limits.number('vtime-domain-contamination', 'k') * sched.domain.sliceNs
          )
            return;
          const key = `${task.pid}/${basis.label}/${reference.label}`;
          if (told.has(key)) return;
          told.add(key);
          context.report({
            verdict: 'violation',
            message: `${task.task.label}, whose vtime was set against basis ${reference.label}, moves basis ${basis.label} by ${distance(fact.movedNs, sched.domain)}; that one was ${distance(referenceGapNs, sched.domain)} behind`,
            task: task.task,
            sched: sched.sched,
            began: task.queueSeq,
            evidence: [
              { seq: task.queueSeq, note: 'its last insert' },
              { seq: task.chargedRunSeq, note: 'the run begins' },
            ],
            note: 'and moves the basis',
            at: fact,
            premise: sched.premise,
            details: {
              domain: sched.domain.name,
              basis: basis.label,
              from: reference.label,
              moved_ns: fact.movedNs,
              gap_ns: referenceGapNs,
            },
          });
        },
      },
    };
  },
});
