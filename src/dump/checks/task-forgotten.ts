// Check: the BPF scheduler does not keep a task for long.
import { defineCheck } from '../check.ts';
import { seconds, taskName } from '../facts.ts';

export const taskForgotten = defineCheck({
  id: 'task-forgotten',
  title: 'The BPF scheduler does not keep a task for long.',
  verdicts: ['possible'],
  meaning:
    'ops.enqueue() gave the task to the BPF side and no insert of it took effect: it sits in a map, a list or an arena of the scheduler, or was dropped from there.',
  shownBy: 'ops_state 2 (QUEUED), no DSQ, and runnable for at least half of the timeout',
  provenBy:
    'a trace that shows the task being given to the scheduler and no decision since: the dump says how long it has been runnable, not how long the scheduler has had it',
  rule: 'task-lost',
  run({ facts, checked, report, undecided }) {
    const keepLast = facts.dump.counters.find((counter) => counter.name === 'SCX_EV_DISPATCH_KEEP_LAST')?.value ?? 0n;
    for (const { task, cpu, waitMs, longMs, place } of facts.waiting) {
      if (place === 'unknown' || waitMs === undefined) {
        undecided('the state of a waiting task is not in the dump');
        continue;
      }
      checked();
      if (place !== 'held' || waitMs < longMs) continue;
      report({
        verdict: 'possible',
        message: `the BPF scheduler holds ${taskName(task)}, runnable for ${seconds(waitMs)}, and has not dispatched it`,
        tasks: [task],
        ...(cpu.cpu >= 0 ? { cpu: cpu.cpu } : {}),
        evidence: [
          { line: task.line, text: `ops_state 2 (QUEUED), qseq ${task.qseq ?? '?'}, on no DSQ` },
          ...(keepLast > 0n
            ? [
                {
                  line: task.line,
                  text: `${keepLast} times a CPU found nothing else to run (SCX_EV_DISPATCH_KEEP_LAST)`,
                },
              ]
            : []),
        ],
      });
    }
  },
});
