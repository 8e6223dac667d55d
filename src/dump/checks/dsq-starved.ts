// Check: no task waits long on a DSQ because all CPUs that may run it run others.
import type { CpuMask } from '../../trace/cpu-mask.ts';
import { defineCheck } from '../check.ts';
import { type CpuActivity, type DumpFacts, SLICE_INF, seconds, taskName } from '../facts.ts';

const WORDS: Readonly<Record<string, string>> = {
  'higher-class': 'tasks of higher scheduling classes, over which the scheduler has no power',
  'fair-class': 'tasks of the fair class, which are not under the scheduler',
  'slice-inf': 'tasks with a slice without end, which only a kick or a block takes off',
  'others-run': 'other tasks of the scheduler',
};

export const dsqStarved = defineCheck({
  id: 'dsq-starved',
  title: 'No task waits long on a DSQ because all CPUs that may run it run others.',
  verdicts: ['possible'],
  meaning:
    'The task lost every choice for at least half of the timeout: the CPUs of its mask serve other DSQs first, the head of its DSQ cannot run on the CPUs that look at it, or something else occupies them.',
  shownBy:
    'tasks on a user DSQ or the global DSQ that have been runnable for at least half of the timeout, and what each CPU of their mask runs',
  provenBy:
    'a trace: rules fifo-order and vtime-order show whether a CPU took a later task, and the consumptions of the DSQ show which CPUs serve it',
  rule: 'runnable-stall',
  run({ facts, checked, report, undecided }) {
    for (const [name, group] of facts.byDsq(['user-dsq', 'global'])) {
      const stuck = group.filter((entry) => entry.waitMs !== undefined && entry.waitMs >= entry.longMs);
      for (const _ of group) checked();
      const oldest = stuck.toSorted((a, b) => (b.waitMs ?? 0) - (a.waitMs ?? 0))[0];
      if (oldest === undefined) continue;
      const allowed = facts.allowed(oldest);
      const found = allowed === undefined ? undefined : occupants(facts, allowed);
      if (allowed === undefined || found === 'unknown') {
        undecided('what the CPUs of a mask run is not in the dump');
        continue;
      }
      // An idle CPU is another matter.
      if (found === undefined) continue;
      const others = stuck.length === 1 ? '' : ` and ${stuck.length - 1} more`;
      report({
        verdict: 'possible',
        class: found,
        message: `${taskName(oldest.task)}${others} on DSQ ${name}, runnable for ${seconds(oldest.waitMs ?? 0)}, does not get a CPU: CPU ${allowed.toString()} ${allowed.size === 1 ? 'runs' : 'run'} ${WORDS[found]}`,
        tasks: stuck.map(({ task }) => task),
        ...(oldest.cpu.cpu >= 0 ? { cpu: oldest.cpu.cpu } : {}),
        dsq: name,
        evidence: [
          { line: oldest.task.line, text: `on DSQ ${name}, may run on ${allowed.toString()}` },
          ...[...allowed].slice(0, 4).flatMap((number) => {
            const cpu = facts.cpu(number);
            const name = cpu?.curr === undefined ? '?' : taskName(cpu.curr);
            return cpu === undefined ? [] : [{ line: cpu.line, text: `CPU ${number} runs ${name}` }];
          }),
        ],
      });
    }
  },
});

/** What keeps the CPUs of a mask busy; undefined when one of them is idle. */
function occupants(facts: DumpFacts, allowed: CpuMask): string | undefined {
  const seen = new Set<CpuActivity | 'slice-inf'>();
  for (const number of allowed) {
    const activity = facts.activity(number);
    if (activity === 'unknown') return 'unknown';
    if (activity === 'idle' || activity === 'not-listed') return undefined;
    const current = facts.cpu(number)?.tasks.find((task) => task.current === true);
    seen.add(activity === 'ext' && current?.slice === SLICE_INF ? 'slice-inf' : activity);
  }
  if (seen.size === 1 && seen.has('higher')) return 'higher-class';
  if (seen.size === 1 && seen.has('fair')) return 'fair-class';
  return seen.size === 1 && seen.has('slice-inf') ? 'slice-inf' : 'others-run';
}
