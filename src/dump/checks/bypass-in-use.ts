// Check: no task waits on a bypass DSQ.
import { defineCheck } from '../check.ts';
import { seconds, taskName } from '../facts.ts';

export const bypassInUse = defineCheck({
  id: 'bypass-in-use',
  title: 'No task waits on a bypass DSQ.',
  verdicts: ['possible', 'info'],
  meaning:
    'The scheduler, or a sub-scheduler below it, was in bypass mode when the dump was taken: the core itself queued and ran its tasks, as it does around load, unload and suspend. What the dump shows is then not what the scheduler decided.',
  shownBy: 'dsq_id 0x8000000000000003',
  provenBy: 'a trace with the bypass events; that a task waited on the bypass DSQ for all that time',
  run({ facts, checked, report }) {
    const inBypass = facts.waiting.filter((entry) => entry.place === 'bypass');
    if (facts.dump.cpus.length > 0) checked();
    const oldest = inBypass.toSorted((a, b) => (b.waitMs ?? 0) - (a.waitMs ?? 0))[0];
    if (oldest === undefined) return;
    const long = (oldest.waitMs ?? 0) >= oldest.longMs;
    report({
      verdict: long ? 'possible' : 'info',
      class: long ? 'stuck' : 'in-use',
      message: `${inBypass.length} ${inBypass.length === 1 ? 'task waits' : 'tasks wait'} on bypass DSQs${long ? `, ${taskName(oldest.task)} runnable for ${seconds(oldest.waitMs ?? 0)}` : ''}`,
      tasks: inBypass.map(({ task }) => task),
      dsq: 'bypass',
      evidence: [{ line: oldest.task.line, text: 'on a bypass DSQ' }],
    });
  },
});
