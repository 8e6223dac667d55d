// Check: the dump lists as many tasks as its CPUs count.
import { defineCheck } from '../check.ts';

export const linesMissing = defineCheck({
  id: 'lines-missing',
  title: 'The dump lists as many tasks as its CPUs count.',
  verdicts: ['info'],
  meaning:
    'A CPU counts more runnable tasks than are listed: lines were lost on the way, for example to the rate limit of a logger. What other checks do not find may be in them.',
  shownBy:
    'nr_run of a CPU block that is followed by another one is larger than its number of task blocks; both come from under one lock',
  provenBy: 'the buffer of the exit information, or the tracepoint, which lose no lines',
  run({ facts, checked, report }) {
    const { dump } = facts;
    // SysRq-D lists the tasks of one scheduler; the count is that of all.
    if (dump.trigger?.kind === 'sysrq' && dump.owner !== undefined) return;
    for (const [i, cpu] of dump.cpus.entries()) {
      const last = i === dump.cpus.length - 1 && !facts.listComplete;
      if (cpu.nrRun === undefined || last || cpu.cpu < 0) continue;
      checked();
      if (cpu.nrRun <= cpu.tasks.length) continue;
      report({
        verdict: 'info',
        message: `CPU ${cpu.cpu} counts ${cpu.nrRun} runnable tasks, and ${cpu.tasks.length} are listed: lines are missing`,
        cpu: cpu.cpu,
        evidence: [{ line: cpu.line, text: `nr_run=${cpu.nrRun}` }],
      });
    }
  },
});
