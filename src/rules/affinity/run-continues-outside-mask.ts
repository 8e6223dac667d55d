// Rule: a running task whose CPU is taken from its mask leaves that CPU soon.

import type { Task } from '../../model/task.ts';
import { SLOT } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

const { old_pid: OLD_PID } = SLOT;

/** A task may go on this long on a CPU that its mask no longer contains, ns: the stopper has to get there. */
const GRACE_NS = 100_000_000;

/** Ticks that the CPU must have taken meanwhile: a CPU that stands still (a stopped virtual one) proves nothing. */
const MIN_TICKS = 10;

interface Overstay {
  readonly task: Task;
  readonly cpu: number;
  readonly since: number;
  readonly seq: number;
  ticks: number;
}

export const runContinuesOutsideMask = defineRule({
  id: 'run-continues-outside-mask',
  title: 'A running task leaves a CPU within 100 ms after its mask lost it.',
  severity: 'warning',
  fn: 'affine_move_task, migration_cpu_stop',
  needs: ['switch', 'affinity'],
  meaning:
    'The affinity of a running task changed so that its CPU is no longer allowed; the stopper should have moved it.',
  causes: ['the stopper thread of the CPU was held up', 'the task is migration-disabled (then it may stay)'],
  avoid: 'Nothing that a scheduler can do.',
  create(context) {
    const running = new Map<number, Overstay>();
    const ticksRecorded = context.model.records('tick');
    const judge = (stay: Overstay, now: number): void => {
      const overstayed = now - stay.since;
      if (overstayed <= GRACE_NS) {
        context.checked();
        return;
      }
      if (stay.task.migrationDisabled > 0) {
        context.undecided('the task is migration-disabled by now');
        return;
      }
      if (stay.ticks < MIN_TICKS) {
        context.undecided(ticksRecorded ? 'the CPU itself stood still' : 'ticks were not recorded');
        return;
      }
      context.checked();
      context.report({
        verdict: stay.task.migrationDisabled === 0 ? 'violation' : 'possible',
        message: `${stay.task.label} ran on CPU ${stay.cpu} for ${(overstayed / 1e6).toFixed(1)} ms after its mask had become ${stay.task.cpus.toString()}`,
        task: stay.task,
        cpu: stay.cpu,
        began: stay.seq,
        evidence: [{ seq: stay.seq, note: `CPU ${stay.cpu} is no longer in cpus_ptr` }],
      });
    };
    return {
      affinity(event, step) {
        const { task } = step;
        if (task === undefined || event.phase === 'begin' || task.maskChanging) return;
        const open = running.get(task.pid);
        if (task.onCpu >= 0 && task.allows(task.onCpu) === 0 && task.migrationDisabled <= 0) {
          if (open === undefined)
            running.set(task.pid, { task, cpu: task.onCpu, since: event.t, seq: event.seq, ticks: 0 });
        } else running.delete(task.pid);
      },
      switch(event, step) {
        const stay = step.prev === undefined ? undefined : running.get(step.prev.pid);
        if (stay === undefined) return;
        judge(stay, event.t);
        running.delete(stay.task.pid);
      },
      tick(event) {
        const stay = running.get(event.pid);
        if (stay !== undefined && stay.cpu === event.rq) stay.ticks++;
      },
      exec: (event) => {
        // The thread goes on under another pid; whose that was may not be known.
        if (!event.hasSlot(OLD_PID)) running.clear();
        const stay = running.get(event.old_pid);
        if (stay === undefined || event.old_pid === event.pid) return;
        running.delete(event.old_pid);
        running.set(event.pid, stay);
      },
      lost: () => running.clear(),
      onEnd: () => {
        // Who still runs there may leave in time.
        for (const stay of running.values())
          if (context.model.now - stay.since > GRACE_NS) judge(stay, context.model.now);
      },
    };
  },
});
