// Rule: a task runs on one CPU at a time.

import { RUNNING_UNKNOWN, type Task } from '../../model/task.ts';
import { SLOT } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

const { old_pid: OLD_PID } = SLOT;

/** Overlaps kept until the end. */
const MAX_PROVEN = 2000;

interface Overlap {
  readonly task: Task;
  readonly first: number;
  readonly firstSeq: number;
  readonly second: number;
  readonly since: number;
  readonly seq: number;
}

export const taskOnTwoCpus = defineRule({
  id: 'task-on-two-cpus',
  title: 'A task runs on one CPU at a time.',
  severity: 'error',
  fn: 'finish_task, p->on_cpu',
  needs: ['switch'],
  disturbance: true,
  meaning: 'A CPU switched to a task that another CPU had not switched away from yet.',
  causes: ['a kernel bug', 'clocks of two CPUs that differ (set clock_error_ns in the header)', 'a lost switch record'],
  avoid: 'Record with a clock that is consistent across CPUs, such as mono.',
  create(context) {
    const clockError = context.model.header.clockErrorNs;
    const open = new Map<number, Overlap>();
    const runsSince = new Map<number, number>();
    /** Switches are missing from the trace without a mark: then the one that ended the first run may be, too. */
    let incomplete = false;
    /** Overlaps that are proven unless switches turn out to be missing. */
    const proven: { readonly overlap: Overlap; readonly length: number }[] = [];
    const judge = (overlap: Overlap, now: number): void => {
      const length = now - overlap.since;
      if (length > clockError && proven.length < MAX_PROVEN) proven.push({ overlap, length });
    };
    const report = ({ overlap, length }: (typeof proven)[number]): void => {
      context.report({
        verdict: 'violation',
        message: `${overlap.task.label} runs on CPU ${overlap.second} while it still runs on CPU ${overlap.first}`,
        task: overlap.task,
        cpu: overlap.second,
        began: overlap.firstSeq,
        evidence: [
          { seq: overlap.firstSeq, note: `CPU ${overlap.first} switches to it` },
          { seq: overlap.seq, note: `CPU ${overlap.second} switches to it, too` },
        ],
        at: { seq: overlap.seq, t: overlap.since },
        details: { overlap_ns: length },
      });
    };
    return {
      switch(event, step) {
        if (step.switchSeqBefore >= 0 && step.currBefore !== event.prev) incomplete = true;
        const leaving = step.prev === undefined ? undefined : open.get(step.prev.pid);
        if (leaving !== undefined && leaving.first === event.cpu) {
          judge(leaving, event.t);
          open.delete(leaving.task.pid);
        }
        const { task } = step;
        if (task === undefined) return;
        if (step.onCpuBefore === RUNNING_UNKNOWN) context.undecided('not known where the task was before');
        else context.checked();
        if (step.onCpuBefore >= 0 && step.onCpuBefore !== event.cpu) {
          open.set(task.pid, {
            task,
            first: step.onCpuBefore,
            firstSeq: runsSince.get(task.pid) ?? -1,
            second: event.cpu,
            since: event.t,
            seq: event.seq,
          });
        }
        runsSince.set(task.pid, event.seq);
      },
      exec: (event) => {
        if (!event.hasSlot(OLD_PID)) {
          runsSince.clear();
          open.clear();
        }
        if (event.old_pid <= 0 || event.old_pid === event.pid) return;
        runsSince.delete(event.old_pid);
        open.delete(event.old_pid);
      },
      task_dead: (event) => {
        runsSince.delete(event.pid);
      },
      lost: () => {
        open.clear();
        runsSince.clear();
      },
      onEnd: () => {
        // Recording does not end on all CPUs at once: only the switch away from the task proves that it ran until then.
        for (const { first } of open.values()) context.undecided(`the trace ends before CPU ${first} switches away`);
        if (incomplete) {
          for (const _ of proven) context.undecided('switches are missing from the trace (see switch-chain-broken)');
        } else for (const entry of proven) report(entry);
      },
    };
  },
});
