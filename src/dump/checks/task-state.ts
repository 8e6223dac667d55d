// Check: tasks on a run queue of the ext class are under the scheduler.
import { defineCheck } from '../check.ts';
import { taskName } from '../facts.ts';

const OLD = ['NONE', 'INIT', 'READY', 'ENABLED'];
const NEW = ['NONE', 'INIT_BEGIN', 'INIT', 'READY', 'ENABLED', 'DEAD'];

export const taskState = defineCheck({
  id: 'task-state',
  title: 'Tasks on a run queue of the ext class are under the scheduler.',
  verdicts: ['possible'],
  meaning:
    'A task reaches the run queue of the ext class only in state ENABLED. Another state means that the dump fell into the moment in which the task changes its scheduler or class, or that the life cycle of the task went wrong.',
  shownBy: 'scx_state is not ENABLED (3 up to 7.0, 4 from 7.1 on)',
  provenBy: 'a second dump that shows the same, or a trace of the task_state events',
  run({ facts, checked, report, undecided }) {
    const enabled = facts.enabledState;
    for (const cpu of facts.dump.cpus) {
      for (const task of cpu.tasks) {
        if (task.scxState === undefined || enabled === undefined) {
          undecided('the release is not clear, and the numbers of the states depend on it');
          continue;
        }
        checked();
        if (task.scxState === enabled) continue;
        const name = (enabled === 4 ? NEW : OLD)[task.scxState] ?? '?';
        report({
          verdict: 'possible',
          message: `${taskName(task)} is on a run queue of the ext class in state ${task.scxState} (${name})`,
          tasks: [task],
          ...(cpu.cpu >= 0 ? { cpu: cpu.cpu } : {}),
          evidence: [{ line: task.line, text: `scx_state ${task.scxState}, not ENABLED (${enabled})` }],
        });
      }
    }
  },
});
