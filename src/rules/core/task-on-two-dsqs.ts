// Rule: a task is on one DSQ at a time.
import type { Dsq } from '../../model/dsq.ts';
import type { Task } from '../../model/task.ts';
import { defineRule, type Report } from '../rule.ts';

interface Doubt {
  readonly task: Task;
  readonly from: Dsq;
  readonly cpu: number;
  readonly t: number;
  readonly report: Report;
}

export const taskOnTwoDsqs = defineRule({
  id: 'task-on-two-dsqs',
  title: 'A task is on one DSQ at a time.',
  severity: 'error',
  fn: 'scx_dispatch_enqueue',
  needs: ['dsq_link', 'dsq_unlink'],
  disturbance: true,
  meaning: 'A task was linked on a DSQ while it was still linked on one. The core prevents this.',
  causes: ['a kernel bug', 'a trace with lost or reordered events'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const clockError = context.model.header.clockErrorNs;
    /** Findings that a removal on another CPU may still refute: it may have come first, within the error of the clocks. */
    let open: Doubt[] = [];
    const release = (now: number): void => {
      for (const doubt of open) if (now - doubt.t > clockError) context.report(doubt.report);
      open = open.filter((doubt) => now - doubt.t <= clockError);
    };
    return {
      dsq_link(event, step) {
        if (open.length > 0) release(event.t);
        const { task, dsqBefore, dsq } = step;
        if (task === undefined || dsqBefore === undefined) return;
        context.checked();
        if (dsqBefore === null) return;
        open.push({
          task,
          from: dsqBefore,
          cpu: event.cpu,
          t: event.t,
          report: {
            verdict: 'violation',
            message: `${task.label} is put on DSQ ${dsq?.name ?? '?'} while it is on DSQ ${dsqBefore.name}`,
            task,
            dsq: dsq?.name ?? '',
            sched: step.sched,
            began: step.linkSeqBefore,
            evidence: [{ seq: step.linkSeqBefore, note: `put on DSQ ${dsqBefore.name}` }],
            at: { seq: event.seq, t: event.t },
          },
        });
      },
      dsq_unlink(event, step) {
        if (open.length === 0) return;
        release(event.t);
        const refuted = open.filter(
          (doubt) => doubt.task === step.task && doubt.from === step.dsq && doubt.cpu !== event.cpu,
        );
        if (refuted.length === 0) return;
        open = open.filter((doubt) => !refuted.includes(doubt));
        context.undecided('a removal on another CPU is closer than the clocks tell apart');
      },
      lost(event) {
        release(event.t);
        if (open.length > 0) context.undecided('the records that would decide were lost');
        open = [];
      },
      onEnd: () => release(Number.POSITIVE_INFINITY),
    };
  },
});
