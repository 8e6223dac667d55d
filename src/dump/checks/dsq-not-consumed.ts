// Check: no task waits long on a DSQ while a CPU that may run it is idle.
import { CpuMask } from '../../trace/cpu-mask.ts';
import { defineCheck } from '../check.ts';
import { type DumpFacts, seconds, taskName, type WaitingTask } from '../facts.ts';

export const dsqNotConsumed = defineCheck({
  id: 'dsq-not-consumed',
  title: 'No task waits long on a DSQ while a CPU that may run it is idle.',
  verdicts: ['possible'],
  meaning:
    'An idle CPU calls ops.dispatch() before it goes idle. That it went idle although a task that it may run was waiting means that it does not consume this DSQ, or that ops.dispatch() did not get that far.',
  shownBy:
    'tasks on a user DSQ or the global DSQ that have been runnable for at least half of the timeout, and a CPU of their mask that runs its idle task, or is missing in a complete list of CPUs',
  provenBy:
    'a trace: the CPUs of a dump are read one after the other, and a task may have reached the DSQ just now; look for a pick of the idle CPU that finds nothing while the task is linked',
  run({ facts, checked, report, undecided }) {
    for (const [name, group] of facts.byDsq(['user-dsq', 'global'])) {
      const stuck: { entry: WaitingTask; idle: CpuMask }[] = [];
      for (const entry of group) {
        const allowed = facts.allowed(entry);
        if (allowed === undefined || entry.waitMs === undefined) {
          undecided('the mask or the waiting time of a task is not in the dump');
          continue;
        }
        checked();
        if (entry.waitMs < entry.longMs) continue;
        const idle = idleCpus(facts, allowed);
        if (!idle.isEmpty) stuck.push({ entry, idle });
      }
      const [first] = stuck.toSorted((a, b) => (b.entry.waitMs ?? 0) - (a.entry.waitMs ?? 0));
      if (first === undefined) continue;
      const { entry, idle } = first;
      const others = stuck.length === 1 ? '' : ` and ${stuck.length - 1} more`;
      report({
        verdict: 'possible',
        message: `DSQ ${name} is not consumed: ${taskName(entry.task)}${others} waits there, runnable for ${seconds(entry.waitMs ?? 0)}, while CPU ${idle.toString()} is idle`,
        tasks: stuck.map(({ entry: { task } }) => task),
        ...(entry.cpu.cpu >= 0 ? { cpu: entry.cpu.cpu } : {}),
        dsq: name,
        evidence: [
          { line: entry.task.line, text: `on DSQ ${name}, may run on ${entry.task.cpus?.toString() ?? '?'}` },
          ...idleEvidence(facts, idle),
        ],
      });
    }
  },
});

function idleCpus(facts: DumpFacts, allowed: CpuMask): CpuMask {
  const idle = new CpuMask();
  for (const cpu of allowed) {
    const activity = facts.activity(cpu);
    const block = facts.cpu(cpu);
    const online = block === undefined || !facts.isOffline(block);
    if (online && (activity === 'idle' || activity === 'not-listed')) idle.add(cpu);
  }
  return idle;
}

function idleEvidence(facts: DumpFacts, idle: CpuMask): { line: number; text: string }[] {
  return [...idle].slice(0, 4).map((cpu) => {
    const block = facts.cpu(cpu);
    if (block === undefined)
      return { line: facts.dump.line, text: `CPU ${cpu} is not listed: idle without tasks, or offline` };
    return { line: block.line, text: `CPU ${cpu} runs its idle task` };
  });
}
