// Check: no task waits longer than the watchdog timeout of its scheduler.
import { defineCheck } from '../check.ts';
import { dsqName, type Place, seconds, stallOf, taskName, type WaitingTask } from '../facts.ts';

const PLACES: Readonly<Record<Place, string>> = {
  held: 'the BPF scheduler holds it and has not dispatched it',
  enqueueing: 'it is being given to the scheduler',
  dispatching: 'it is being dispatched',
  'in-transfer': 'it is being moved to another CPU',
  none: 'it is on no queue and in no hands',
  local: 'it waits on the local DSQ of its CPU',
  global: 'it waits on the global DSQ',
  bypass: 'it waits on a bypass DSQ',
  reject: 'it waits on a reject DSQ',
  rescue: 'it waits on a rescue DSQ',
  'user-dsq': 'it waits on a DSQ of the scheduler',
  unknown: 'where it waits the dump does not say',
};

export const waitingTooLong = defineCheck({
  id: 'waiting-too-long',
  title: 'No task waits longer than the watchdog timeout of its scheduler.',
  verdicts: ['violation', 'possible'],
  meaning:
    'A runnable task was not run within ops.timeout_ms. The watchdog ejects a scheduler for that; it looks every half timeout, so several tasks can be over it at the same time.',
  shownBy:
    'the time in the first line of the task block is longer than --timeout, than the wait that a stall message reports, or than 30 s, which no timeout may exceed',
  provenBy: 'nothing more is needed, unless the CPU is offline: the watchdog does not look there',
  rule: 'runnable-stall',
  run({ facts, checked, report, undecided }) {
    const named = stallOf(facts.dump.message ?? '')?.name;
    for (const waiting of facts.waiting) {
      const { task, cpu, waitMs, overMs, place } = waiting;
      if (waitMs === undefined) {
        undecided('the dump does not say how long a task has been runnable');
        continue;
      }
      checked();
      if (waitMs <= overMs) continue;
      const blamed = taskName(task) === named ? ', the one that the watchdog found' : '';
      report({
        verdict: facts.isOffline(cpu) ? 'possible' : 'violation',
        class: place,
        message: `${taskName(task)}${blamed} has been runnable for ${seconds(waitMs)} without running: ${PLACES[place]}`,
        tasks: [task],
        ...(cpu.cpu >= 0 ? { cpu: cpu.cpu } : {}),
        ...(typeof task.dsq === 'bigint' ? { dsq: dsqName(task.dsq) } : {}),
        evidence: [{ line: task.line, text: limitText(waiting, facts.timeout.source) }],
      });
    }
  },
});

function limitText({ waitMs, overMs }: WaitingTask, source: string): string {
  const limit =
    source === 'message'
      ? 'at least as long as the task of the stall message'
      : `more than ${seconds(overMs)}${source === 'limit' ? ', the longest timeout there is' : ''}`;
  return `runnable for ${waitMs} ms, ${limit}`;
}
