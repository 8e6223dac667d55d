// Check: a CPU runs what is on its local DSQ.
import { defineCheck } from '../check.ts';
import { type DumpFacts, SLICE_INF, seconds, taskName, type WaitingTask } from '../facts.ts';

/** An idle CPU takes what is on its local DSQ at once; this leaves time for interrupts, ticks and slow machines. */
const IDLE_MS = 1000;

const WORDS: Readonly<Record<string, string>> = {
  idle: 'the CPU is idle',
  'higher-class': 'the CPU runs a task of a higher scheduling class',
  'fair-class': 'the CPU runs a task of the fair class',
  'slice-inf': 'the CPU runs a task with a slice without end',
  'others-run': 'the CPU runs others',
};

export const localNotRun = defineCheck({
  id: 'local-not-run',
  title: 'A CPU runs what is on its local DSQ.',
  verdicts: ['possible'],
  meaning:
    'A task was dispatched to the local DSQ of a CPU, where only that CPU takes it, and does not get to run. With an idle CPU something is wrong with its wakeup; with a busy one the scheduler put the task where it has to wait.',
  shownBy:
    'dsq_id 0x8000000000000002 and a long time as runnable: 1 s or half of the timeout when the CPU is idle, half of the timeout when it is busy. CPU and task were read under one lock',
  provenBy:
    'a trace: the dump says how long the task has been runnable, not how long it has been on the local DSQ; look at its dsq_link and the picks of the CPU since',
  run({ facts, checked, report, undecided }) {
    for (const entry of facts.waiting) {
      if (entry.place !== 'local') continue;
      const { task, cpu, waitMs, longMs } = entry;
      const reason = waitMs === undefined ? undefined : occupant(facts, entry);
      if (reason === undefined || waitMs === undefined) {
        undecided('what the CPU of a task runs is not in the dump');
        continue;
      }
      checked();
      if (waitMs < (reason === 'idle' ? Math.min(IDLE_MS, longMs) : longMs)) continue;
      report({
        verdict: 'possible',
        class: reason,
        message: `${taskName(task)} is on the local DSQ of CPU ${cpu.cpu}, runnable for ${seconds(waitMs)}, and ${WORDS[reason]}`,
        tasks: [task],
        cpu: cpu.cpu,
        dsq: 'local',
        evidence: [
          { line: task.line, text: 'on the local DSQ' },
          { line: cpu.line, text: `CPU ${cpu.cpu} runs ${cpu.curr === undefined ? '?' : taskName(cpu.curr)}` },
          ...(reason === 'higher-class' && facts.isBefore('7.0')
            ? [{ line: cpu.line, text: 'before 7.0 nothing keeps higher classes from starving sched_ext tasks' }]
            : []),
        ],
      });
    }
  },
});

function occupant(facts: DumpFacts, { cpu }: WaitingTask): string | undefined {
  const current = cpu.tasks.find((task) => task.current === true);
  switch (facts.activity(cpu.cpu)) {
    case 'idle':
      return 'idle';
    case 'higher':
      return 'higher-class';
    case 'fair':
      return 'fair-class';
    case 'ext':
      return current?.slice === SLICE_INF ? 'slice-inf' : 'others-run';
    default:
      return undefined;
  }
}
