// Rule: an instance that is gone has no callbacks any more.
import type { Sched } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import { defineRule } from '../rule.ts';

export const opAfterExit = defineRule({
  id: 'op-after-exit',
  title: 'After its ops.exit() no callback of an instance is called.',
  severity: 'error',
  fn: 'scx_root_disable, scx_sub_disable',
  needs: ['sched_detach', 'sched_attach', ['ops_enqueue', 'insert', 'flush']],
  meaning: 'A callback of a scheduler instance was called after the instance had been taken out of the kernel.',
  causes: ['an event is missing or out of order in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const goneAt = new Map<Sched, number>();
    const check = (step: Step, what: string): void => {
      const { sched } = step;
      if (sched === undefined) return;
      context.checked();
      const seq = goneAt.get(sched);
      if (seq === undefined) return;
      context.report({
        verdict: 'violation',
        message: `${what} of scheduler ${sched.label}, which is gone`,
        task: step.task,
        sched,
        began: seq,
        evidence: [{ seq, note: 'it is taken out of the kernel' }],
      });
    };
    return {
      sched_detach(event, step) {
        if (event.step === 'unlink' && step.sched !== undefined) goneAt.set(step.sched, event.seq);
      },
      // An address can serve a new instance (before 7.3, ids are addresses).
      sched_attach(_event, step) {
        if (step.sched !== undefined) goneAt.delete(step.sched);
      },
      lost: () => goneAt.clear(),
      'ops_enqueue:return'(event, step) {
        if (step.task?.custodySeq === event.seq) check(step, 'ops.enqueue()');
      },
      'insert:commit': (_event, step) => check(step, 'an insert'),
      'flush:call': (_event, step) => check(step, 'ops.dispatch()'),
    };
  },
});
