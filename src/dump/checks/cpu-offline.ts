// Check: no task waits on a run queue that is offline.
import { defineCheck } from '../check.ts';
import { seconds, taskName } from '../facts.ts';

export const cpuOffline = defineCheck({
  id: 'cpu-offline',
  title: 'No task waits on a run queue that is offline.',
  verdicts: ['possible', 'info'],
  meaning:
    'The run queue of the CPU is offline for sched_ext. ops.dispatch() is not called there, dispatches to it go to the global DSQ, and the watchdog does not look at it. Rebuilding scheduling domains makes run queues go offline for a moment.',
  shownBy: 'bit 0x1 (ONLINE) of flags is not set in the CPU line',
  provenBy: 'a trace of the hotplug events, or a second dump that shows the same',
  run({ facts, checked, report, undecided }) {
    for (const cpu of facts.dump.cpus) {
      if (cpu.flags === undefined) {
        undecided('the flags of a CPU are not in the dump');
        continue;
      }
      checked();
      const waiting = facts.waiting.filter((entry) => entry.cpu === cpu);
      if (!facts.isOffline(cpu) || waiting.length === 0) continue;
      const oldest = waiting.toSorted((a, b) => (b.waitMs ?? 0) - (a.waitMs ?? 0))[0];
      const long = oldest !== undefined && (oldest.waitMs ?? 0) >= oldest.longMs;
      report({
        verdict: long ? 'possible' : 'info',
        class: long ? 'stuck' : 'in-passing',
        message: `CPU ${cpu.cpu} is offline for sched_ext and ${waiting.length} ${waiting.length === 1 ? 'task waits' : 'tasks wait'} on its run queue${long && oldest !== undefined ? `, ${taskName(oldest.task)} runnable for ${seconds(oldest.waitMs ?? 0)}` : ''}`,
        tasks: waiting.map(({ task }) => task),
        cpu: cpu.cpu,
        evidence: [{ line: cpu.line, text: `flags 0x${cpu.flags.toString(16)} without ONLINE (0x1)` }],
      });
    }
  },
});
