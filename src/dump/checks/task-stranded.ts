// Check: a runnable task is on a queue or in somebody's hands.
import { EXIT_KIND } from '../../kernel/exit.ts';
import { defineCheck } from '../check.ts';
import { seconds, taskName } from '../facts.ts';

export const taskStranded = defineCheck({
  id: 'task-stranded',
  title: "A runnable task is on a queue or in somebody's hands.",
  verdicts: ['possible', 'info'],
  meaning:
    'The task is runnable, on no DSQ, not in the hands of the BPF scheduler and not on its way to another CPU. That is so for moments (a direct dispatch to another CPU that is being carried out, a re-enqueue), and for good after the limit of re-enqueues: then it runs again only when the scheduler is gone.',
  shownBy: 'ops_state 0, dsq_id (n/a) and holding_cpu -1 on a waiting task',
  provenBy: 'a trace: the last dsq_unlink of the task and nothing since',
  rule: 'reenq-limit',
  run({ facts, checked, report, undecided }) {
    const { trigger, message } = facts.dump;
    const limit = trigger?.kind === 'exit' && trigger.exitKind === EXIT_KIND.ERROR_REENQ ? message : undefined;
    for (const { task, cpu, waitMs, longMs, place } of facts.waiting) {
      if (place === 'unknown' || waitMs === undefined) {
        undecided('the state of a waiting task is not in the dump');
        continue;
      }
      checked();
      const named = limit?.startsWith(`${taskName(task)} `) === true;
      if (place !== 'none' || (!named && waitMs < longMs)) continue;
      report({
        verdict: named ? 'info' : 'possible',
        class: named ? 'reenq-limit' : 'unexplained',
        message: named
          ? `${taskName(task)} is on no queue: the limit of re-enqueues leaves it there until the scheduler is gone`
          : `${taskName(task)}, runnable for ${seconds(waitMs)}, is on no queue and in nobody's hands`,
        tasks: [task],
        ...(cpu.cpu >= 0 ? { cpu: cpu.cpu } : {}),
        evidence: [{ line: task.line, text: 'ops_state 0, on no DSQ, held by no CPU' }],
      });
    }
  },
});
