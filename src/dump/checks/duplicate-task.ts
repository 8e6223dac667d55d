// Check: a task is listed once.
import { defineCheck } from '../check.ts';
import type { DumpCpu, DumpTask } from '../dump.ts';
import { taskName } from '../facts.ts';

export const duplicateTask = defineCheck({
  id: 'duplicate-task',
  title: 'A task is listed once.',
  verdicts: ['possible', 'info'],
  meaning:
    'Twice on different CPUs means that the task moved while the CPUs were read one after the other: what the dump shows is not one moment. Twice on one CPU cannot happen under its lock, unless the list is damaged or a task name imitates a block.',
  shownBy: 'two task blocks with the same pid',
  provenBy: 'for two on one CPU: a second dump that shows the same',
  run({ facts, checked, report }) {
    const seen = new Map<number, { task: DumpTask; cpu: DumpCpu }>();
    for (const cpu of facts.dump.cpus) {
      for (const task of cpu.tasks) {
        if (task.pid === undefined || task.pid <= 0) continue;
        checked();
        const before = seen.get(task.pid);
        seen.set(task.pid, { task, cpu });
        if (before === undefined) continue;
        const same = before.cpu === cpu;
        report({
          verdict: same ? 'possible' : 'info',
          class: same ? 'same-cpu' : 'moved',
          message: same
            ? `${taskName(task)} is listed twice on CPU ${cpu.cpu}`
            : `${taskName(task)} is listed on CPU ${before.cpu.cpu} and on CPU ${cpu.cpu}: it moved while the dump was taken`,
          tasks: [task],
          cpu: cpu.cpu,
          evidence: [
            { line: before.task.line, text: `on CPU ${before.cpu.cpu}` },
            { line: task.line, text: `on CPU ${cpu.cpu}` },
          ],
        });
      }
    }
  },
});
