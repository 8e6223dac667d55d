// Rule: nobody waits past the watchdog.
import { isErrorKind } from '../../kernel/exit.ts';
import { NO, YES } from '../../model/sched.ts';
import { jiffiesLagNs, watchdogTimeoutNs } from '../../model/stall.ts';
import type { Task } from '../../model/task.ts';
import { defineRule } from '../rule.ts';

export const runnableTooLong = defineRule({
  id: 'runnable-too-long',
  title: 'No task waits longer than the watchdog allows without the scheduler being ended.',
  severity: 'error',
  fn: 'check_rq_for_timeouts, scx_watchdog_workfn',
  needs: ['enqueue', 'run', 'sched_attach'],
  meaning:
    'A task was runnable for longer than the timeout of its scheduler, the watchdog passed by more than once, and nothing happened.',
  causes: ['an event is missing in the trace', 'a stalled watchdog (see watchdog-stall)', 'a kernel bug'],
  avoid:
    'Nothing that a scheduler can do about the watchdog; the wait itself is what task-lost and runnable-stall are about.',
  create(context) {
    /** Tasks that a pass of the watchdog left waiting although their time was up, with that pass. */
    const passed = new Map<Task, number>();
    const timeoutOf = (task: Task): number => {
      const timeout = watchdogTimeoutNs(context.model, task.sched);
      return timeout === 0 || task.sched?.exit !== undefined ? 0 : timeout;
    };
    return {
      watchdog(event) {
        const lag = jiffiesLagNs(context.model);
        for (const task of context.model.tasks()) {
          if (task.waiting !== YES || task.runnableAt < 0 || !task.alive || task.taskCpu < 0) continue;
          if (context.model.cpus[task.taskCpu]?.online === NO) continue;
          const timeout = timeoutOf(task);
          if (timeout === 0) continue;
          context.checked();
          const waited = event.t - task.runnableAt;
          if (waited <= timeout + lag) continue;
          const first = passed.get(task);
          if (first === undefined) {
            passed.set(task, event.seq);
            continue;
          }
          context.report({
            verdict: 'violation',
            message: `${task.label} has been runnable for ${(waited / 1e9).toFixed(3)} s (timeout ${(timeout / 1e9).toFixed(3)} s), and the watchdog has passed twice`,
            task,
            cpu: task.taskCpu,
            sched: task.sched,
            began: task.runnableAtSeq,
            evidence: [
              { seq: task.runnableAtSeq, note: 'it became runnable' },
              { seq: first, note: 'the watchdog should have seen it here' },
            ],
            details: { waited_ns: waited, timeout_ns: timeout },
          });
          passed.delete(task);
        }
      },
      run(event, step) {
        const { task } = step;
        if (task === undefined || step.waitedSince < 0) return;
        passed.delete(task);
        const timeout = timeoutOf(task);
        if (timeout === 0) return;
        context.checked();
        const waited = event.t - step.waitedSince;
        // Without the passes of the watchdog in the trace, it may simply have been late.
        if (context.model.records('watchdog') || waited <= 2 * timeout + jiffiesLagNs(context.model)) return;
        if (context.model.scheds.some((sched) => sched.exit !== undefined && isErrorKind(sched.exit.kind))) return;
        context.report({
          verdict: 'possible',
          message: `${task.label} waited ${(waited / 1e9).toFixed(3)} s to run, the timeout of its scheduler is ${(timeout / 1e9).toFixed(3)} s`,
          task,
          cpu: event.rq,
          began: step.waitedSinceSeq,
          evidence: [{ seq: step.waitedSinceSeq, note: 'it became runnable' }],
          details: { waited_ns: waited, timeout_ns: timeout },
        });
      },
    };
  },
});
