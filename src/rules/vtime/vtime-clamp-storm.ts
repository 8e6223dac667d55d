// Rule: tasks that do not sleep are not clamped up all the time.
import type { Basis } from '../../vtime/basis.ts';
import { formatDuration } from '../../vtime/durations.ts';
import { INSERT_CLAMPED, type InsertFact } from '../../vtime/facts.ts';
import { defineRule } from '../rule.ts';

/** Inserts against one basis within one window, by tasks that did not sleep before. */
interface Window {
  start: number;
  startSeq: number;
  inserts: number;
  clamped: number;
  /** The last clamped one. */
  lastSeq: number;
  lastTime: number;
  readonly tasks: Set<number>;
}

export const vtimeClampStorm = defineRule({
  id: 'vtime-clamp-storm',
  title: 'Tasks that stay runnable are not clamped up to their basis most of the time.',
  severity: 'warning',
  fn: 'ops.enqueue',
  needs: [['insert', 'dsq_link']],
  vtime: 'described',
  meaning:
    'Most inserts of tasks that never slept hit the low clamp: something drags the basis ahead of them, they all get the same vtime, and their weights have no effect.',
  causes: [
    'a basis that leaps (vtime-basis-leap)',
    'a task of another domain that moves the basis (vtime-domain-contamination)',
  ],
  avoid: 'Find what moves the basis so far.',
  create(context) {
    const windows = new Map<Basis, Window>();
    const told = new Set<Basis>();
    /** Windows in a row in which most keys were clamped. */
    const stormy = new Map<Basis, number>();
    /** A window is over: judges it as a whole. */
    const judge = (window: Window, basis: Basis, fact: InsertFact): void => {
      const { sched } = fact;
      const { limits } = sched.domain;
      context.checked();
      const isStormy =
        window.inserts >= limits.number('vtime-clamp-storm', 'n') &&
        window.tasks.size >= limits.number('vtime-clamp-storm', 'tasks') &&
        window.clamped > window.inserts * limits.number('vtime-clamp-storm', 'share');
      const inRow = isStormy ? (stormy.get(basis) ?? 0) + 1 : 0;
      stormy.set(basis, inRow);
      // A single window is what follows any leap of a task of low weight.
      if (told.has(basis) || inRow < limits.number('vtime-clamp-storm', 'windows')) return;
      told.add(basis);
      context.report({
        verdict: 'violation',
        message: `${window.clamped} of ${window.inserts} inserts of tasks that did not sleep are clamped up to basis ${basis.label} within ${formatDuration(limits.number('vtime-clamp-storm', 'window'))} (${window.tasks.size} tasks)`,
        dsq: fact.queue.name,
        sched: sched.sched,
        began: window.startSeq,
        evidence: [{ seq: window.startSeq, note: 'the window begins' }],
        note: `the last of ${window.clamped} clamped keys`,
        at: { seq: window.lastSeq, t: window.lastTime },
        premise: sched.premise,
        details: {
          domain: sched.domain.name,
          basis: basis.label,
          inserts: window.inserts,
          clamped: window.clamped,
          tasks: window.tasks.size,
        },
      });
    };
    return {
      vtime: {
        onInsert(fact: InsertFact) {
          const { basis, sched, task } = fact;
          if (basis === undefined || !fact.continuous) return;
          let window = windows.get(basis);
          if (
            window === undefined ||
            fact.t - window.start > sched.domain.limits.number('vtime-clamp-storm', 'window')
          ) {
            if (window !== undefined) judge(window, basis, fact);
            window = {
              start: fact.t,
              startSeq: fact.seq,
              inserts: 0,
              clamped: 0,
              lastSeq: -1,
              lastTime: -1,
              tasks: new Set(),
            };
            windows.set(basis, window);
          }
          window.inserts++;
          if (fact.kind !== INSERT_CLAMPED) return;
          window.clamped++;
          window.lastSeq = fact.seq;
          window.lastTime = fact.t;
          window.tasks.add(task.pid);
        },
      },
    };
  },
});
