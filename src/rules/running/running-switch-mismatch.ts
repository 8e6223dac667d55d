// Rule: the task that is set running is the one that the CPU switches to.
import { contradictionRule } from '../common/contradiction-rule.ts';

export const runningSwitchMismatch = contradictionRule({
  id: 'running-switch-mismatch',
  title: 'A CPU switches to the ext task that ops.running() named, and to no other.',
  severity: 'error',
  verdict: 'violation',
  fn: 'set_next_task_scx, context_switch',
  needs: ['run', 'stop', 'switch'],
  checkedAt: ['switch'],
  disturbance: true,
  meaning:
    'ops.running() and sched_switch name different tasks on one CPU: the scheduler believes that another task runs than really does.',
  causes: ['an event is missing or altered in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
});
