// Rule: a task is dispatched only to CPUs in its effective mask.

import { isLocalId } from '../../kernel/dsq-id.ts';
import { errorSite } from '../../kernel/error-sites.ts';
import { affinityEvidence, classifyAffinity } from '../common/affinity-class.ts';
import { isResolution, reportError, reportExits } from '../common/kernel-error-rule.ts';
import { defineRule } from '../rule.ts';

export const dispatchDisallowedCpu = defineRule({
  id: 'dispatch-disallowed-cpu',
  title: 'A task is dispatched only to CPUs in its effective mask.',
  severity: 'error',
  site: 'dispatch-disallowed-cpu',
  fn: 'task_can_run_on_remote_rq',
  needs: [['can_run_remote', 'dispatch_to_local', 'dispatch'], 'affinity'],
  meaning:
    'A verdict for SCX_DSQ_LOCAL_ON (or scx_bpf_dsq_move to a local DSQ) names a CPU that is not in the affinity of the task when the verdict is carried out. The kernel ejects the scheduler and puts the task on the global DSQ.',
  causes: [
    'race-window: another CPU changed the affinity between the test of cpus_ptr and the insert',
    'ignored-update: the scheduler decided on a mask that it had been told was outdated',
    'never-allowed: the scheduler did not test the mask',
  ],
  avoid:
    'Put the task on a DSQ and let the CPU consume it: consumption skips tasks that may not run there. Or track ops.dequeue() with SCX_DEQ_SCHED_CHANGE (7.1+) and drop decisions made before it.',
  create(context) {
    const clockError = context.model.header.clockErrorNs;
    return {
      'can_run_remote:call'(event, step) {
        if (!event.enforce) return;
        if (step.task?.allows(event.rq) === -1) context.undecided('the mask of the task is not known');
        else context.checked();
      },
      dispatch_to_local(event, step) {
        if (context.model.records('can_run_remote') || event.dst < 0) return;
        if (step.task?.allows(event.dst) === -1) context.undecided('the mask of the task is not known');
        else context.checked();
      },
      dispatch(event, step) {
        if (!isResolution(event) || !isLocalId(event.dsq_hi, event.dsq_lo)) return;
        if (step.task === undefined || !step.task.maskKnown) context.undecided('the mask of the task is not known');
        else context.checked();
      },
      onError(error) {
        const { task } = error;
        if (task === undefined) return;
        const found = classifyAffinity(task, error.target, error, clockError);
        reportError(context, error, {
          class: found.class,
          evidence: affinityEvidence(task, error, found),
          note: found.meaning,
        });
      },
      onEnd() {
        reportExits(context, errorSite('dispatch-disallowed-cpu'));
      },
    };
  },
});
