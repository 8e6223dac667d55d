// Which errors of sites without a module of their own the model predicts, and at which events the core checks for them.
import { ENQ_HI_REENQ } from '../../kernel/flags.ts';
import type { TraceEvent } from '../../trace/event.ts';
import type { SiteCheck } from './message-rule.ts';

const isKfunc = (event: TraceEvent): boolean => event.phase !== 'end' && event.step !== 'commit';
const isStep =
  (step: string) =>
  (event: TraceEvent): boolean =>
    event.step === step && event.phase !== 'end';
const isPeek = (event: TraceEvent): boolean => event.step === 'peek';
const isSelectKfunc = (event: TraceEvent): boolean => event.step === 'dfl' || event.step === 'and';

export const SITE_CHECKS: Readonly<Record<string, SiteCheck>> = {
  'dispatch-destroyed-dsq': { at: ['dispatch_enqueue'] },
  'dispatch-buffer-underflow': { at: ['dispatch_cancel'], needs: ['insert', 'flush'] },
  'enq-flags-invalid': { at: ['insert'], isCheck: isKfunc },
  'immed-on-nonlocal': { at: ['insert'], isCheck: isKfunc },
  'rescue-on-nonlocal': { at: ['insert'], isCheck: isKfunc },
  'move-to-local-invalid-dsq': { at: ['move_to_local'], needs: ['dsq_create', 'dsq_destroy', 'sched_attach'] },
  'reenq-limit': { at: ['ops_enqueue'], needs: ['run'], isCheck: (event) => (event.enq_flags_hi & ENQ_HI_REENQ) !== 0 },
  'reenq-dsq-not-allowed': { at: ['reenqueue'], isCheck: isStep('dsq_kfunc') },
  'reenq-flags-invalid': { at: ['reenqueue'], isCheck: isStep('dsq_kfunc') },
  'dsq-destroy-busy': { at: ['dsq_destroy'], needs: ['dsq_link', 'dsq_unlink'] },
  'kick-idle-flag-conflict': { at: ['kick'], isCheck: isStep('request') },
  'peek-builtin-dsq': { at: ['dsq_query'], isCheck: isPeek },
  'peek-nonexistent-dsq': { at: ['dsq_query'], needs: ['dsq_create', 'dsq_destroy'], isCheck: isPeek },
  'select-cpu-invalid': { at: ['cpu_invalid'] },
  'kfunc-invalid-cpu': { at: ['cpu_invalid'] },
  'select-cpu-cross-task': { at: ['select_cpu'], isCheck: isSelectKfunc },
  'kfunc-task-not-operated': { at: ['select_cpu'], isCheck: isSelectKfunc },
  'init-task-failed': { at: ['task_init'], isCheck: (event) => event.has('ret') },
};
