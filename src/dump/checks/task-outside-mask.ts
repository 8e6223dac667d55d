// Check: a task is on a CPU of its mask.
import { defineCheck } from '../check.ts';
import { taskName } from '../facts.ts';

export const taskOutsideMask = defineCheck({
  id: 'task-outside-mask',
  title: 'A task is on a CPU of its mask.',
  verdicts: ['possible'],
  meaning:
    'The CPU that runs the task, or whose run queue it waits on, is not in its affinity mask. That is legal only for moments after a change of the mask, until the task is pushed away, and for migration-disabled tasks.',
  shownBy:
    'the number of the CPU block is not in cpus= of the task, and no_mig is not above 0; both were read under one lock',
  provenBy:
    'a second dump, or a trace, that shows the task there for longer than a change of affinity takes (rule run-continues-outside-mask)',
  rule: 'run-outside-mask',
  run({ facts, checked, report, undecided }) {
    for (const cpu of facts.dump.cpus) {
      for (const task of cpu.tasks) {
        if (task.cpus === undefined || cpu.cpu < 0 || task.current === undefined) {
          undecided('the mask or the CPU of a task is not in the dump');
          continue;
        }
        checked();
        if (task.cpus.has(cpu.cpu) || task.cpus.isEmpty || (task.noMig ?? 0) > 0) continue;
        report({
          verdict: 'possible',
          class: task.current ? 'running' : 'waiting',
          message: `${taskName(task)} ${task.current ? 'runs' : 'waits'} on CPU ${cpu.cpu}, which is not in its mask ${task.cpus.toString()}`,
          tasks: [task],
          cpu: cpu.cpu,
          evidence: [
            {
              line: task.line,
              text:
                task.noMig === undefined
                  ? `mask ${task.cpus.toString()}; whether it is migration-disabled this kernel does not print`
                  : `mask ${task.cpus.toString()}, not migration-disabled`,
            },
          ],
        });
      }
    }
  },
});
