// Rule: a pick calls ops.dispatch() a limited number of times.
import { DSP_MAX_LOOPS } from '../../kernel/limits.ts';
import { defineRule } from '../rule.ts';

export const dispatchLoopLimit = defineRule({
  id: 'dispatch-loop-limit',
  title: `Within one pick ops.dispatch() of the root scheduler is called at most ${DSP_MAX_LOOPS} times.`,
  severity: 'error',
  fn: 'scx_dispatch_sched',
  needs: ['pick', 'flush', 'move_to_local'],
  since: '6.19',
  meaning: 'The core gives up after 32 rounds that dispatched tasks but none for this CPU, and comes back later.',
  causes: ['an event is missing in the trace', 'a kernel bug'],
  avoid:
    'Nothing that a scheduler can do; a scheduler that needs many rounds dispatches tasks that this CPU may not run.',
  create(context) {
    /** Rounds of the pick under way, and calls of move_to_local() that are open, by CPU. */
    const rounds: number[] = [];
    const moving: number[] = [];
    return {
      pick(event) {
        if (event.phase === 'begin') rounds[event.cpu] = 0;
        moving[event.cpu] = 0;
      },
      move_to_local(event) {
        moving[event.cpu] = event.phase === 'begin' ? 1 : 0;
      },
      'flush:call'(event, step) {
        const { rq, sched } = step;
        // Each move_to_local() flushes, too.
        if (moving[event.cpu] === 1 || sched === undefined || sched.level > 0) return;
        if (rq?.pick.active !== true) return;
        context.checked();
        const n = (rounds[event.cpu] ?? 0) + 1;
        rounds[event.cpu] = n;
        if (n !== DSP_MAX_LOOPS + 1) return;
        context.report({
          verdict: 'violation',
          message: `ops.dispatch() is called for the ${n}rd time within one pick of CPU ${rq.id}`,
          cpu: rq.id,
          sched,
          began: rq.pick.beginSeq,
          evidence: [{ seq: rq.pick.beginSeq, note: 'the pick begins' }],
        });
      },
    };
  },
});
