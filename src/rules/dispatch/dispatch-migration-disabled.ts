// Rule: a migration-disabled task is not dispatched to another CPU.
import { NO, UNKNOWN, YES } from '../../model/sched.ts';
import { KIND } from '../../trace/vocabulary/index.ts';
import { isResolution, kernelErrorRule } from '../common/kernel-error-rule.ts';

export const dispatchMigrationDisabled = kernelErrorRule({
  id: 'dispatch-migration-disabled',
  title: 'A migration-disabled task is not dispatched to another CPU.',
  fn: 'task_can_run_on_remote_rq',
  since: '6.14',
  needs: [['can_run_remote', 'dispatch_to_local', 'dispatch']],
  checkedAt: ['can_run_remote:call', 'dispatch'],
  isCheck: (event, { task }) => {
    if (!isResolution(event) || (event.kind === KIND.can_run_remote && !event.enforce)) return NO;
    return task === undefined || task.migrationDisabled < 0 ? UNKNOWN : YES;
  },
  unknown: 'not known whether the task is migration-disabled',
  meaning:
    'The task holds migrate_disable() and was dispatched to the local DSQ of a CPU other than its own. The kernel ejects the scheduler.',
  causes: [
    'SCX_OPS_ENQ_MIGRATION_DISABLED is set and ops.dispatch() ignores p->migration_disabled (its mask is narrowed to one CPU)',
    'up to 7.1: a false alarm of the kernel, when a BPF program runs in the context of the task that is switched out',
  ],
  avoid:
    'Clear SCX_OPS_ENQ_MIGRATION_DISABLED so that such tasks skip ops.enqueue(), or dispatch them to their own CPU only.',
});
