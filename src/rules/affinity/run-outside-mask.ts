// Rule: a task starts to run only on a CPU of its mask.

import { NO, YES } from '../../model/sched.ts';
import { SLOT } from '../../trace/event.ts';
import { defineRule } from '../rule.ts';

const { next_cpus: NEXT_CPUS } = SLOT;

export const runOutsideMask = defineRule({
  id: 'run-outside-mask',
  title: 'A task starts to run only on a CPU of its effective mask.',
  severity: 'error',
  fn: 'context_switch, is_cpu_allowed',
  needs: ['switch', 'affinity'],
  leadsTo: ['run-continues-outside-mask'],
  meaning:
    'A CPU switched to a task whose cpus_ptr does not contain it. The core prevents this, so the trace is wrong or the kernel is.',
  causes: ['a kernel bug in the affinity or migration-disable code', 'a trace with lost or reordered events'],
  avoid: 'Nothing that a scheduler can do: report it with the trace.',
  create(context) {
    const clockError = context.model.header.clockErrorNs;
    return {
      switch(event, step) {
        const { task } = step;
        if (task === undefined) return;
        const allowed = task.allows(event.cpu);
        if (allowed < 0) return;
        if (allowed === 1) {
          context.checked();
          return;
        }
        if (task.migrationDisabled !== 0) {
          if (task.migrationDisabled < 0) context.undecided('not known whether the task is migration-disabled');
          return;
        }
        // The stopper has not moved it yet, or the mask is changing this very moment.
        if (task.migrationPending === YES || task.maskChanging) return;
        if (!event.hasSlot(NEXT_CPUS) && !context.model.recordsMasksOf(task)) {
          context.undecided('the mask of a task may have changed, which was not recorded');
          return;
        }
        if (task.migrationPending !== NO) {
          context.undecided('not known whether the core owes the task a migration');
          return;
        }
        const change = task.maskChanges.at(-1);
        if (change !== undefined && event.t - change.endTime <= clockError) return;
        context.checked();
        context.report({
          verdict: 'violation',
          message: `${task.label} starts to run on CPU ${event.cpu}, its mask is ${task.cpus.toString()}`,
          task,
          cpu: event.cpu,
          began: change?.endSeq ?? -1,
          evidence:
            change === undefined
              ? []
              : [{ seq: change.endSeq, note: `cpus_ptr is ${change.after.toString()} from here on` }],
        });
      },
    };
  },
});
