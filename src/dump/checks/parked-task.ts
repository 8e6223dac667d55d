// Check: no task waits long on a reject or rescue DSQ.
import { defineCheck } from '../check.ts';
import { schedName, seconds, taskName } from '../facts.ts';

export const parkedTask = defineCheck({
  id: 'parked-task',
  title: 'No task waits long on a reject or rescue DSQ.',
  verdicts: ['possible'],
  meaning:
    'The sub-scheduler of the task dispatched it to a CPU on which it holds no capability. Rejected tasks go back to their scheduler; tasks inserted with SCX_ENQ_RESCUE wait for the rescue bandwidth of the CPU.',
  shownBy: 'dsq_id 0x8000000000000004 (reject) or ...05 (rescue) and runnable for at least half of the timeout',
  provenBy: 'a trace with the capability probes: what the scheduler holds on that CPU, and the rescues',
  run({ facts, checked, report }) {
    for (const { task, cpu, waitMs, longMs, place } of facts.waiting) {
      if (waitMs === undefined || place === 'unknown') continue;
      checked();
      if ((place !== 'reject' && place !== 'rescue') || waitMs < longMs) continue;
      report({
        verdict: 'possible',
        class: place,
        message: `${taskName(task)} of ${task.owner === undefined ? 'its scheduler' : schedName(task.owner)} waits on the ${place} DSQ of CPU ${cpu.cpu}, runnable for ${seconds(waitMs)}`,
        tasks: [task],
        ...(cpu.cpu >= 0 ? { cpu: cpu.cpu } : {}),
        dsq: place,
        evidence: [
          { line: task.line, text: `on the ${place} DSQ` },
          ...(cpu.rescueBudgetUs === undefined
            ? []
            : [{ line: cpu.line, text: `${cpu.rescue ?? '?'} parked for rescue, budget ${cpu.rescueBudgetUs} us` }]),
        ],
      });
    }
  },
});
