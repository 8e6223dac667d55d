// Rule: a scheduler that takes a task decides about it.
import type { Sched } from '../../model/sched.ts';
import { watchdogTimeoutNs } from '../../model/stall.ts';
import type { Task } from '../../model/task.ts';
import { defineRule, type EventHandler } from '../rule.ts';

/** At the end of a recording, a task that has waited less than this share of the timeout is simply in flight. */
const OPEN_SHARE = 0.1;

export const taskLost = defineRule({
  id: 'task-lost',
  title: 'A task that the scheduler took in ops.enqueue() gets a decision within the watchdog timeout.',
  severity: 'error',
  fn: 'scx_do_enqueue_task',
  needs: ['ops_enqueue', 'ops_dequeue', 'dsq_link', 'sched_attach'],
  leadsTo: ['runnable-stall', 'runnable-too-long'],
  meaning:
    'ops.enqueue() returned without an insert, so the BPF scheduler owns the task, and no insert of it took effect.',
  causes: [
    'the task was put on a structure of the scheduler and never taken off',
    'an insert was dropped and the scheduler does not enqueue again',
    'the scheduler throttles it (then raise ops.timeout_ms)',
  ],
  avoid: 'Use DSQs for waiting tasks; handle every path of ops.enqueue().',
  create(context) {
    const judge = (task: Task, sched: Sched | undefined, now: number): void => {
      const timeout = watchdogTimeoutNs(context.model, sched);
      if (task.custodySeq < 0) return;
      if (timeout === 0) {
        context.undecided('the timeout of the scheduler is not known');
        return;
      }
      const age = now - task.custodyTime;
      if (age < timeout * OPEN_SHARE) {
        context.undecided('the trace ends before a decision is due');
        return;
      }
      if (age >= timeout) context.checked();
      const lost = age >= timeout;
      context.report({
        verdict: lost ? 'violation' : 'inconclusive',
        class: lost ? '' : 'still-open',
        message: lost
          ? `${task.label} was given to the scheduler and got no decision for ${(age / 1e9).toFixed(3)} s (timeout ${(timeout / 1e9).toFixed(3)} s)`
          : `${task.label} was given to the scheduler ${(age / 1e9).toFixed(3)} s before the end and has no decision yet`,
        task,
        cpu: task.taskCpu,
        sched,
        began: task.custodySeq,
        evidence: [
          { seq: task.custodySeq, note: 'the scheduler takes the task' },
          ...(task.insertSeq > task.custodySeq ? [{ seq: task.insertSeq, note: 'an insert that had no effect' }] : []),
        ],
        details: { waited_ns: age, timeout_ns: timeout },
      });
    };
    const judged = new Set<Task>();
    const judgeAll = (of: Sched | undefined): void => {
      for (const task of context.model.tasks()) {
        if (!task.alive || judged.has(task) || (of !== undefined && task.sched !== of)) continue;
        const timeout = watchdogTimeoutNs(context.model, task.sched);
        // When a scheduler ends, only what is certain by then is reported: its tasks are taken back right after.
        if (
          of !== undefined &&
          (timeout === 0 || task.custodySeq < 0 || context.model.now - task.custodyTime < timeout)
        )
          continue;
        judged.add(task);
        judge(task, task.sched, context.model.now);
      }
    };
    /** Tasks that the scheduler holds. */
    let held = 0;
    const settle: EventHandler = (_event, step) => {
      if (step.custodySeqBefore < 0) return;
      context.checked();
      held = Math.max(0, held - 1);
    };
    return {
      ops_enqueue(event, step) {
        settle(event, step);
        if (event.phase !== 'begin' && step.task !== undefined && step.task.custodySeq === event.seq) held++;
      },
      ops_dequeue: settle,
      dsq_link: settle,
      lost() {
        if (held > 0) context.undecided('records were lost while the scheduler held tasks');
        held = 0;
      },
      sched_exit(event, step) {
        if (step.sched?.exit?.claimSeq === event.seq) judgeAll(step.sched);
      },
      onEnd: () => judgeAll(undefined),
    };
  },
});
