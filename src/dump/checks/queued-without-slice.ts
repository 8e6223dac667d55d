// Check: a task on a DSQ has a slice.
import { defineCheck } from '../check.ts';
import { taskName } from '../facts.ts';

export const queuedWithoutSlice = defineCheck({
  id: 'queued-without-slice',
  title: 'A task on a DSQ has a slice.',
  verdicts: ['info'],
  meaning:
    'Every insertion leaves a task with a slice of at least 1 ns. A queued task without one had it taken away afterwards; the core will give it the default slice when it is picked, and warns once.',
  shownBy: 'slice=0 on a waiting task that is on a DSQ',
  provenBy: 'nothing more is needed; it is no fault by itself',
  run({ facts, checked, report }) {
    for (const { task, cpu, place } of facts.waiting) {
      if (task.slice === undefined || !['local', 'global', 'user-dsq'].includes(place)) continue;
      checked();
      if (task.slice !== 0n) continue;
      report({
        verdict: 'info',
        message: `${taskName(task)} is queued without a slice`,
        tasks: [task],
        ...(cpu.cpu >= 0 ? { cpu: cpu.cpu } : {}),
        evidence: [{ line: task.line, text: 'slice=0' }],
      });
    }
  },
});
