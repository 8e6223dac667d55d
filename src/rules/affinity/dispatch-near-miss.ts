// Rule: no dispatch to a CPU that the task may not use is saved only by being dropped.
import { describeDrop } from '../../model/drop.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { defineRule } from '../rule.ts';

/** Events at which a verdict turns out to be dropped before it had an effect. */
const SHOWING: ReadonlySet<number> = new Set([KIND.flush, KIND.find_dsq, KIND.dequeue, KIND.dispatch]);

export const dispatchNearMiss = defineRule({
  id: 'dispatch-near-miss',
  title: 'No dispatch to a CPU outside the mask is saved only by being dropped.',
  severity: 'info',
  fn: 'finish_dispatch, dispatch_to_local_dsq',
  needs: ['insert', 'flush', 'find_dsq', 'affinity', 'ops_enqueue', 'ops_dequeue'],
  meaning:
    'A task was inserted for the local DSQ of a CPU that its mask does not contain. The kernel dropped the verdict because the task had been dequeued meanwhile; a moment earlier or later it would have ejected the scheduler.',
  causes: [
    'the mask is read in ops.dispatch() while it is being changed',
    'a target CPU that was chosen in an earlier round of ops.enqueue()',
  ],
  avoid: 'Dispatch through DSQs, which skip tasks, or track ops.dequeue() with SCX_DEQ_SCHED_CHANGE before inserting.',
  create(context) {
    return {
      onDrop(event, step) {
        if (!SHOWING.has(event.kind)) return;
        for (const drop of step.drops) {
          if (drop.target < 0) continue;
          const allowed = drop.task.allows(drop.target);
          if (allowed < 0) continue;
          context.checked();
          if (allowed === 1 || drop.cause === 'dispatched' || drop.reason === 'never-given') continue;
          const change = drop.task.maskChanges.findLast(
            (entry) => entry.before?.has(drop.target) !== false && !entry.after.has(drop.target),
          );
          context.report({
            verdict: 'info',
            class: drop.reason,
            message: `${describeDrop(drop, event.t)}; its mask ${drop.task.cpus.toString()} does not contain CPU ${drop.target}`,
            task: drop.task,
            cpu: drop.target,
            dsq: drop.dsq,
            sched: drop.sched,
            began: drop.seq,
            evidence: [
              { seq: drop.seq, note: 'the decision' },
              ...(change === undefined
                ? []
                : [{ seq: change.beginSeq, note: `cpus_ptr of ${drop.task.label} changes` }]),
              ...(drop.causeSeq < 0 ? [] : [{ seq: drop.causeSeq, note: drop.cause }]),
            ],
          });
        }
      },
    };
  },
});

export const dispatchCookieRace = defineRule({
  id: 'dispatch-cookie-race',
  title: 'Tasks are not inserted between a change of their mask and the enqueue that tells of it.',
  severity: 'info',
  fn: 'scx_dsq_insert_commit, set_cpus_allowed_scx',
  needs: ['insert', 'affinity', 'ops_enqueue'],
  partOf: ['dispatch-disallowed-cpu'],
  meaning:
    'A task was inserted for a CPU that its mask lost since the scheduler began to decide: the window in which the kernel does not forgive. Whether it is ejected depends on which lock is taken first.',
  causes: ['ops.dispatch() reads a mask and inserts later, without a way to notice the change'],
  avoid: 'Keep the time between the test of the mask and the insert short, or let a DSQ do the test.',
  create(context) {
    return {
      'insert:commit'(event, step) {
        const { task } = step;
        if (task === undefined) return;
        const target = (event.dsq_hi | 0) >>> 30 === 3 ? event.dsq_lo : -1;
        const change = task.maskChanges.at(-1);
        if (target < 0 || change === undefined || task.insertCallbackTime < 0) return;
        context.checked();
        if (change.after.has(target) || change.before?.has(target) !== true) return;
        // Before the decision began: the scheduler could have known. After the insert: the kernel drops it.
        if (change.beginTime < task.insertCallbackTime || change.beginTime > event.t) return;
        context.report({
          verdict: 'info',
          message: `${task.label} is inserted for CPU ${target}, which its mask lost ${((event.t - change.beginTime) / 1000).toFixed(1)} µs before, after the scheduler had begun to decide`,
          task,
          cpu: target,
          began: change.beginSeq,
          evidence: [
            { seq: task.insertCallbackSeq, note: 'the scheduler begins to decide' },
            { seq: change.beginSeq, note: `cpus_ptr of ${task.label} changes` },
          ],
        });
      },
    };
  },
});
