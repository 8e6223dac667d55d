// Rule: one DSQ holds FIFO tasks or vtime-ordered ones, told from the requests alone.
import { formatDsqId, isBuiltin } from '../../kernel/dsq-id.ts';
import { ENQ_HI_DSQ_PRIQ } from '../../kernel/flags.ts';
import type { Task } from '../../model/task.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

interface Member {
  readonly dsq: string;
  readonly ordered: boolean;
  readonly seq: number;
  readonly task: Task;
}

export const dsqMixedOrder = defineRule({
  id: 'dsq-mixed-order',
  title: 'No DSQ is asked to hold FIFO and vtime-ordered tasks at once, and no built-in DSQ ordered ones.',
  severity: 'error',
  fn: 'scx_dispatch_enqueue',
  needs: ['insert', ['run', 'dequeue']],
  meaning:
    'The kernel ends a scheduler that inserts FIFO into a DSQ with vtime-ordered tasks, or the other way round, or by vtime into a built-in DSQ. This rule judges the requests, for traces that do not record the insertions themselves.',
  causes: ['two code paths that use one DSQ differently', 'a fallback that inserts FIFO'],
  avoid: 'Decide for each DSQ how it is ordered.',
  create(context) {
    if (context.model.header.recorded?.has('dsq_link') === true) {
      context.undecided(
        'insertions are recorded: dsq-fifo-into-vtime, dsq-vtime-into-fifo and vtime-on-builtin-dsq judge them',
      );
      return {};
    }
    let linksSeen = false;
    /** Where each task was asked to be put last, and is believed to be still. */
    const members = new Map<number, Member>();
    const leave = (event: TraceEvent): void => {
      members.delete(event.pid);
    };
    return {
      dsq_link: () => {
        linksSeen = true;
      },
      insert(event, step) {
        const { task } = step;
        if (linksSeen || event.step === 'kfunc' || !event.has('dsq') || task === undefined) return;
        const ordered = (event.enq_flags_hi & ENQ_HI_DSQ_PRIQ) !== 0 || event.priq;
        const dsq = formatDsqId(event.dsq_hi, event.dsq_lo);
        context.checked();
        if (isBuiltin(event.dsq_hi)) {
          members.delete(task.pid);
          if (!ordered) return;
          context.report({
            verdict: 'violation',
            class: 'builtin',
            message: `${task.label} is to be inserted by vtime into the built-in DSQ ${dsq}`,
            task,
            dsq,
            began: event.seq,
          });
          return;
        }
        const other = [...members.values()].find(
          (member) => member.dsq === dsq && member.ordered !== ordered && member.task !== task,
        );
        members.set(task.pid, { dsq, ordered, seq: event.seq, task });
        if (other === undefined) return;
        context.report({
          verdict: 'violation',
          class: ordered ? 'vtime-into-fifo' : 'fifo-into-vtime',
          message: `${task.label} is to be inserted ${ordered ? 'by vtime' : 'FIFO'} into DSQ ${dsq}, where ${other.task.label} was put ${other.ordered ? 'by vtime' : 'FIFO'}`,
          task,
          dsq,
          began: other.seq,
          evidence: [{ seq: other.seq, note: `${other.task.label} was put there` }],
        });
      },
      run: leave,
      dequeue: leave,
      lost: () => members.clear(),
    };
  },
});
