// Which errors of sites without a module of their own the model predicts, and at which events the core checks for them.
import { isBuiltin } from '../../kernel/dsq-id.ts';
import { ENQ_HI_REENQ } from '../../kernel/flags.ts';
import { OP_ENQUEUE, OP_SELECT_CPU } from '../../model/cpu.ts';
import { NO, type Tri, UNKNOWN, YES } from '../../model/sched.ts';
import type { Step } from '../../model/step.ts';
import { SLOT, type TraceEvent } from '../../trace/event.ts';
import type { ModelView } from '../rule.ts';
import type { SiteCheck } from './message-rule.ts';

const { ret: RET } = SLOT;

const isStep =
  (step: string) =>
  (event: TraceEvent): boolean =>
    event.step === step && event.phase !== 'end';
const isPeek = (event: TraceEvent): boolean => event.step === 'peek';
const isSelectKfunc = (event: TraceEvent): boolean => event.step === 'dfl' || event.step === 'and';

/** Decided when it is known whether the user DSQ of the event exists. */
function knowsDsq(event: TraceEvent, step: Step, model: ModelView): Tri {
  if (isBuiltin(event.dsq_hi)) return YES;
  return model.userDsqExists(step.sched, event.dsq_hi, event.dsq_lo) === UNKNOWN ? UNKNOWN : YES;
}

/** A kfunc for a task inside a callback about a task of the core's choice. */
function isOperated(event: TraceEvent, step: Step, op: number): Tri {
  if (!isSelectKfunc(event) || step.cpu?.op !== op) return NO;
  return step.cpu.opTask === undefined ? UNKNOWN : YES;
}

export const SITE_CHECKS: Readonly<Record<string, SiteCheck>> = {
  'dispatch-destroyed-dsq': { at: ['dispatch_enqueue'] },
  'dispatch-buffer-underflow': {
    at: ['dispatch_cancel'],
    needs: ['insert', 'flush'],
    isCheck: (_event, step) => (step.cpu?.bufferKnown === true ? YES : UNKNOWN),
    unknown: 'how many verdicts the buffer held is not known',
  },
  'enq-flags-invalid': { at: ['insert:kfunc:call'] },
  'immed-on-nonlocal': { at: ['insert:kfunc:call'] },
  'rescue-on-nonlocal': { at: ['insert:kfunc:call'] },
  'move-to-local-invalid-dsq': {
    at: ['move_to_local:call'],
    needs: ['dsq_create', 'dsq_destroy', 'sched_attach'],
    isCheck: knowsDsq,
    unknown: 'the DSQs that exist are not all known',
  },
  'reenq-limit': {
    at: ['ops_enqueue:call'],
    needs: ['run'],
    isCheck: (event, step) => {
      if ((event.enq_flags_hi & ENQ_HI_REENQ) === 0) return NO;
      return step.task !== undefined && step.task.reenqCount >= 0 ? YES : UNKNOWN;
    },
    unknown: 'how often the task was re-enqueued before is not known',
  },
  'reenq-dsq-not-allowed': {
    at: ['reenqueue'],
    isCheck: (event, step) => {
      if (event.step !== 'dsq_kfunc' || event.phase === 'end') return NO;
      return (step.sched?.bypassDepth ?? -1) < 0 ? UNKNOWN : YES;
    },
    unknown: 'whether the scheduler bypasses is not known',
  },
  'reenq-flags-invalid': { at: ['reenqueue'], isCheck: isStep('dsq_kfunc') },
  'dsq-destroy-busy': {
    at: ['dsq_destroy'],
    needs: ['dsq_link', 'dsq_unlink'],
    isCheck: (event, step) => {
      if (event.step === 'kfunc' || event.phase === 'end') return NO;
      return step.dsq !== undefined && step.expectedNr >= 0 ? YES : UNKNOWN;
    },
    unknown: 'who is on the DSQ is not known',
  },
  'kick-idle-flag-conflict': { at: ['kick'], isCheck: isStep('request') },
  'peek-builtin-dsq': { at: ['dsq_query'], isCheck: isPeek },
  'peek-nonexistent-dsq': {
    at: ['dsq_query'],
    needs: ['dsq_create', 'dsq_destroy'],
    isCheck: (event, step, model) => (isPeek(event) ? knowsDsq(event, step, model) : NO),
    unknown: 'the DSQs that exist are not all known',
  },
  'select-cpu-invalid': { at: ['cpu_invalid'] },
  'kfunc-invalid-cpu': { at: ['cpu_invalid'] },
  'select-cpu-cross-task': {
    at: ['select_cpu:dfl', 'select_cpu:and'],
    isCheck: (event, step) => isOperated(event, step, OP_ENQUEUE),
    unknown: 'the task of the callback is not known',
  },
  'kfunc-task-not-operated': {
    at: ['select_cpu:dfl', 'select_cpu:and'],
    isCheck: (event, step) => isOperated(event, step, OP_SELECT_CPU),
    unknown: 'the task of the callback is not known',
  },
  'init-task-failed': { at: ['task_init'], isCheck: (event) => event.hasSlot(RET) },
};
