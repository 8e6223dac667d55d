// Rule: the key of an insert belongs to the queue and to the moment.
import type { InsertFact } from '../../vtime/facts.ts';
import { distance } from '../common/vtime-words.ts';
import { defineRule } from '../rule.ts';

export const vtimeStaleKey = defineRule({
  id: 'vtime-stale-key',
  title: 'The key of an insert is the vtime of the task as it is then, against the basis of that queue.',
  severity: 'error',
  fn: 'ops.enqueue',
  needs: [['insert', 'dsq_link']],
  vtime: 'described',
  meaning:
    'The vtime was set anew in the same callback, and the key is still the old one; or it refers to the basis of another queue.',
  causes: [
    'the vtime is read into a variable before the code that rebases it',
    'the queue is changed after the key was computed',
  ],
  avoid: 'Read the vtime last.',
  create(context) {
    return {
      vtime: {
        onInsert(fact: InsertFact) {
          const { task, sched, basis } = fact;
          context.checked();
          const tolerance = sched.domain.limits.number('vtime-stale-key', 'tol');
          const foreign = fact.fromElsewhere && fact.belowObserved > tolerance;
          if (!fact.staleRead && !foreign) return;
          context.report({
            verdict: 'violation',
            class: fact.staleRead ? 'stale-read' : 'other-basis',
            message: fact.staleRead
              ? `${task.task.label} is inserted with key ${fact.key.toBigInt()}, which its vtime was before it was set to ${fact.before.toBigInt()} in the same callback`
              : `${task.task.label} is inserted with key ${fact.key.toBigInt()}, ${distance(fact.belowObserved, sched.domain)} before the low clamp of basis ${basis?.label}: its vtime was last set against basis ${task.reference?.label}`,
            task: task.task,
            dsq: fact.queue.name,
            sched: sched.sched,
            began: task.opSeq,
            evidence: [
              { seq: task.opSeq, note: 'the callback begins' },
              { seq: task.observedSeq, note: `its vtime is ${fact.before.toBigInt()}` },
            ],
            note: 'the key is the old one',
            ...(fact.staleRead ? {} : { premise: sched.premise }),
            details: {
              domain: sched.domain.name,
              key: fact.key.toBigInt().toString(),
              vtime: fact.before.toBigInt().toString(),
            },
          });
        },
      },
    };
  },
});
