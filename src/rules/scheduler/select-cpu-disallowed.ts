// Rule: ops.select_cpu() chooses a CPU that the task may run on.
import { defineRule } from '../rule.ts';

export const selectCpuDisallowed = defineRule({
  id: 'select-cpu-disallowed',
  title: 'ops.select_cpu() returns a CPU of the mask of the task.',
  severity: 'info',
  fn: 'select_task_rq_scx, select_fallback_rq',
  needs: ['select_cpu'],
  meaning:
    'The CPU that was chosen is not allowed for the task. The core takes another one without a word: harmless, but the choice was in vain. They are counted, with the first as an example.',
  causes: ['the mask is not looked at in ops.select_cpu()', 'the previous CPU is returned after the mask has changed'],
  avoid: 'Test bpf_cpumask_test_cpu(cpu, p->cpus_ptr) before returning a CPU.',
  create(context) {
    let disallowed = 0;
    let choices = 0;
    let first = { seq: -1, t: -1 };
    return {
      'select_cpu:core:return'(event, step) {
        const { task } = step;
        if (task === undefined || event.ret < 0) return;
        const allowed = task.allows(event.ret);
        if (allowed < 0) {
          context.undecided('the mask of the task is not known');
          return;
        }
        context.checked();
        choices++;
        if (allowed === 1) return;
        if (disallowed++ > 0) return;
        first = { seq: event.seq, t: event.t };
        context.keep();
      },
      onEnd() {
        if (disallowed === 0) return;
        context.report({
          verdict: 'info',
          message: `${disallowed} of ${choices} choices of ops.select_cpu() were not allowed; the core took another CPU`,
          at: first,
        });
      },
    };
  },
});
