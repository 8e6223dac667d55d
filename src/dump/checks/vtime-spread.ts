// Check: the vtimes of one DSQ lie close together.
import { SLICE_DFL_NS } from '../../kernel/limits.ts';
import { defineCheck } from '../check.ts';
import { seconds, taskName, type WaitingTask } from '../facts.ts';

/** A task this many default slices ahead of the others of its DSQ, scaled by its weight, is far ahead. */
const FAR_SLICES = 64n;
/** Beyond this many, schedulers with a limit of their own give up. */
const LIMIT_SLICES = 8192n;
/** Differences beyond 2^62 are no progress: a vtime went below zero, or was never set. */
const WRAP = 2n ** 62n;
const DSQ_PRIQ = 1;

export const vtimeSpread = defineCheck({
  id: 'vtime-spread',
  title: 'The vtimes of one DSQ lie close together.',
  verdicts: ['possible', 'info'],
  meaning:
    'A vtime-ordered DSQ serves the smallest vtime first. A task whose vtime ran far ahead loses against everybody until the others have caught up, which can take longer than the watchdog waits.',
  shownBy:
    'dsq_vtime of the tasks on one vtime-ordered DSQ (dsq_flags 1), compared as the kernel does, in default slices scaled by weight: more than 64 and the task has waited for half of the timeout, or more than 8192',
  provenBy:
    'a trace of the charges: which runs advanced the vtime of the task, and which advanced what it is compared with (rule vtime-drift)',
  rule: 'vtime-order',
  run({ facts, checked, report, undecided }) {
    for (const [name, group] of facts.byDsq(['user-dsq'])) {
      const ordered = group.filter(({ task }) => ((task.dsqFlags ?? 0) & DSQ_PRIQ) !== 0);
      const known = ordered.flatMap((entry) =>
        entry.task.vtime === undefined ? [] : [{ entry, vtime: entry.task.vtime }],
      );
      if (known.length < ordered.length) undecided('the vtime of a task is not in the dump');
      if (known.length < 2) continue;
      checked();
      const base = known[0]?.vtime ?? 0n;
      const sorted = known
        .map(({ entry, vtime }) => ({ entry, offset: BigInt.asIntN(64, vtime - base) }))
        .sort((a, b) => (a.offset < b.offset ? -1 : a.offset > b.offset ? 1 : 0));
      const first = sorted[0];
      const last = sorted.at(-1);
      if (first === undefined || last === undefined) continue;
      const gap = last.offset - first.offset;
      const found = judge(gap, last.entry);
      if (found === undefined) continue;
      report({
        verdict: found === 'wide' ? 'info' : 'possible',
        class: found,
        message: `on DSQ ${name} the vtime of ${taskName(last.entry.task)} is ${seconds(Number(gap) / 1e6)} ahead of that of ${taskName(first.entry.task)}${found === 'starving' ? `, and it has been runnable for ${seconds(last.entry.waitMs ?? 0)}` : ''}`,
        tasks: [last.entry.task],
        dsq: name,
        evidence: [
          {
            line: last.entry.task.line,
            text: `dsq_vtime ${last.entry.task.vtime}, weight ${last.entry.task.weight ?? '?'}`,
          },
          { line: first.entry.task.line, text: `dsq_vtime ${first.entry.task.vtime}` },
        ],
      });
    }
  },
});

function judge(gap: bigint, { task, waitMs, longMs }: WaitingTask): 'starving' | 'wide' | 'wrapped' | undefined {
  if (gap > WRAP) return 'wrapped';
  // One default slice costs a task of weight w so much; where weights are not printed, the most that it can cost.
  const slice = (BigInt(SLICE_DFL_NS) * 100n) / BigInt(Math.max(task.weight ?? 1, 1));
  if (gap > slice * FAR_SLICES && waitMs !== undefined && waitMs >= longMs) return 'starving';
  return gap > slice * LIMIT_SLICES ? 'wide' : undefined;
}
