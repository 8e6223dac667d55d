// Rule: inserts have an effect.
import { KIND } from '../../trace/vocabulary/index.ts';
import { defineRule } from '../rule.ts';

/** From this share of all inserts on (and this number) it is no accident. */
const RATIO = 0.5;
const LEAST = 100;

export const insertNoEffect = defineRule({
  id: 'insert-no-effect',
  title: 'ops.dispatch() inserts tasks that the scheduler has.',
  severity: 'info',
  fn: 'finish_dispatch',
  needs: ['insert', 'flush', 'find_dsq', 'ops_enqueue'],
  meaning:
    'Most inserts of a scheduler named tasks that it had not been given, or had dispatched before. The core ignores them; each costs a slot of the dispatch buffer.',
  causes: ['the same task is inserted more than once', 'a queue of the scheduler keeps tasks that have left'],
  avoid: 'Remove a task from the structures of the scheduler when it is dispatched and in ops.dequeue().',
  create(context) {
    let inserts = 0;
    let dropped = 0;
    let first = -1;
    return {
      'insert:commit'() {
        inserts++;
        context.checked();
      },
      onDrop(event, step) {
        if (event.kind !== KIND.flush) return;
        for (const drop of step.drops) {
          if (drop.reason !== 'never-given' && drop.cause !== 'dispatched') continue;
          dropped++;
          if (first >= 0) continue;
          first = event.seq;
          context.keep();
        }
      },
      onEnd() {
        if (dropped < LEAST || dropped < inserts * RATIO) return;
        context.report({
          verdict: 'info',
          message: `${dropped} of ${inserts} inserts named tasks that were not the scheduler's to dispatch`,
          began: first,
          evidence: [{ seq: first, note: 'the first of them is dropped here' }],
          at: { seq: context.model.seq, t: context.model.now },
        });
      },
    };
  },
});
