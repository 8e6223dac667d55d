// Rule: the callbacks of a task nest.
import { contradictionRule } from '../common/contradiction-rule.ts';

export const callbackNesting = contradictionRule({
  id: 'callback-nesting',
  title: 'The callbacks of a task nest: init_task, enable, runnable, running, and back.',
  severity: 'error',
  verdict: 'violation',
  fn: 'set_next_task_scx, put_prev_task_scx, __scx_init_task, __scx_enable_task, scx_disable_task',
  needs: ['run', 'stop', 'class_change', 'fork'],
  checkedAt: ['run', 'stop', 'task_init', 'task_enable', 'task_disable', 'task_exit'],
  disturbance: true,
  meaning:
    'A callback came that the state of the task does not allow: running twice, stopping without running, enabled without having been initialised.',
  causes: ['an event is missing or doubled in the trace', 'a kernel bug'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
});
