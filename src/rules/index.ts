// The registry of rules, in the order in which reports list them.

import { dispatchCookieRace, dispatchNearMiss } from './affinity/dispatch-near-miss.ts';
import { runContinuesOutsideMask } from './affinity/run-continues-outside-mask.ts';
import { runOutsideMask } from './affinity/run-outside-mask.ts';
import { bypassDepthNegative } from './bypass/bypass-depth-negative.ts';
import { bypassQueue } from './bypass/bypass-queue.ts';
import { LB_BALANCE_RULES, lbExact } from './bypass/lb-balance.ts';
import { lbDequeueRace, lbInBypass, lbMigrations, lbPeriod } from './bypass/lb-course.ts';
import { LB_RECORD_RULES } from './bypass/lb-record.ts';
import { opDuringBypass } from './bypass/op-during-bypass.ts';
import { CAPS_RULES } from './caps/index.ts';
import { consumeMismatch } from './core/consume-mismatch.ts';
import { dsqCount } from './core/dsq-count.ts';
import { dsqMembership } from './core/dsq-membership.ts';
import { dsqModeMix } from './core/dsq-mode-mix.ts';
import { fifoOrder } from './core/fifo-order.ts';
import { pickMismatch } from './core/pick-mismatch.ts';
import { taskOnTwoDsqs } from './core/task-on-two-dsqs.ts';
import { traceInconsistent } from './core/trace-inconsistent.ts';
import { vtimeOrder } from './core/vtime-order.ts';
import { dequeueDuplicate, directDispatchDequeue } from './custody/dequeue-duplicate.ts';
import { dequeueFlags } from './custody/dequeue-flags.ts';
import { dequeueMissing } from './custody/dequeue-missing.ts';
import { enqueueTwice } from './custody/enqueue-twice.ts';
import { insertNoEffect } from './custody/insert-no-effect.ts';
import { reenqReason } from './custody/reenq-reason.ts';
import { reenqStorm } from './custody/reenq-storm.ts';
import { taskLost } from './custody/task-lost.ts';
import { directDispatchTwice } from './dispatch/direct-dispatch-twice.ts';
import { directDispatchWrongTask } from './dispatch/direct-dispatch-wrong-task.ts';
import { dispatchBufferOverflow } from './dispatch/dispatch-buffer-overflow.ts';
import { dispatchDisallowedCpu } from './dispatch/dispatch-disallowed-cpu.ts';
import { dispatchInvalidCpu } from './dispatch/dispatch-invalid-cpu.ts';
import { dispatchMigrationDisabled } from './dispatch/dispatch-migration-disabled.ts';
import { dsqFifoIntoVtime } from './dispatch/dsq-fifo-into-vtime.ts';
import { dsqNonexistent } from './dispatch/dsq-nonexistent.ts';
import { dsqVtimeIntoFifo } from './dispatch/dsq-vtime-into-fifo.ts';
import { vtimeOnBuiltinDsq } from './dispatch/vtime-on-builtin-dsq.ts';
import { enableStateOrder } from './lifecycle/enable-state-order.ts';
import { exitOnce } from './lifecycle/exit-once.ts';
import { opAfterExit } from './lifecycle/op-after-exit.ts';
import { messageRules } from './message-rules.ts';
import type { RuleSpec } from './rule.ts';
import { callbackNesting } from './running/callback-nesting.ts';
import { idleNotify } from './running/idle-notify.ts';
import { idleWithGlobalWork } from './running/idle-with-global-work.ts';
import { idleWithLocalWork } from './running/idle-with-local-work.ts';
import { runnableStall } from './running/runnable-stall.ts';
import { runnableTooLong } from './running/runnable-too-long.ts';
import { runningSwitchMismatch } from './running/running-switch-mismatch.ts';
import { sliceAccounting } from './running/slice-accounting.ts';
import { sliceOverrun } from './running/slice-overrun.ts';
import { switchChainBroken } from './running/switch-chain-broken.ts';
import { taskOnTwoCpus } from './running/task-on-two-cpus.ts';
import { counterConsistency, counterMonotone } from './scheduler/counters.ts';
import { dispatchLoopLimit } from './scheduler/dispatch-loop-limit.ts';
import { enqLastUnrequested } from './scheduler/enq-last-unrequested.ts';
import { schedulerEjected } from './scheduler/scheduler-ejected.ts';
import { selectCpuDisallowed } from './scheduler/select-cpu-disallowed.ts';
import { weightMapping } from './scheduler/weight-mapping.ts';
import { dsqMixedOrder } from './vtime/dsq-mixed-order.ts';
import { vtimeBasisLeap } from './vtime/vtime-basis-leap.ts';
import { vtimeBasisRegress } from './vtime/vtime-basis-regress.ts';
import { vtimeChargeMismatch } from './vtime/vtime-charge-mismatch.ts';
import { vtimeChargeUnderflow } from './vtime/vtime-charge-underflow.ts';
import { vtimeClampStorm } from './vtime/vtime-clamp-storm.ts';
import { vtimeDomainContamination } from './vtime/vtime-domain-contamination.ts';
import { vtimeDomainSplit } from './vtime/vtime-domain-split.ts';
import { vtimeDrift } from './vtime/vtime-drift.ts';
import { vtimeDriftEta } from './vtime/vtime-drift-eta.ts';
import { vtimeHiddenRuntime } from './vtime/vtime-hidden-runtime.ts';
import { vtimeKeyWrap } from './vtime/vtime-key-wrap.ts';
import { vtimeLowClampMissing } from './vtime/vtime-low-clamp-missing.ts';
import { vtimeModelMismatch } from './vtime/vtime-model-mismatch.ts';
import { vtimeOrderViolation } from './vtime/vtime-order-violation.ts';
import { vtimeResetDiscount } from './vtime/vtime-reset-discount.ts';
import { vtimeStaleKey } from './vtime/vtime-stale-key.ts';
import { vtimeStarvation } from './vtime/vtime-starvation.ts';
import { vtimeStarvationPredicted } from './vtime/vtime-starvation-predicted.ts';
import { vtimeTooFarAhead } from './vtime/vtime-too-far-ahead.ts';
import { vtimeUninitBasis } from './vtime/vtime-uninit-basis.ts';
import { weightRange } from './vtime/weight-range.ts';

/** Rules with a module of their own; the others are generated from the table of error sites. */
export const MODULE_RULES: readonly RuleSpec[] = [
  dispatchDisallowedCpu,
  dispatchMigrationDisabled,
  dispatchInvalidCpu,
  dsqNonexistent,
  vtimeOnBuiltinDsq,
  dsqVtimeIntoFifo,
  dsqFifoIntoVtime,
  directDispatchTwice,
  directDispatchWrongTask,
  dispatchBufferOverflow,
  dispatchNearMiss,
  dispatchCookieRace,
  runOutsideMask,
  runContinuesOutsideMask,
  taskOnTwoCpus,
  switchChainBroken,
  runningSwitchMismatch,
  callbackNesting,
  taskOnTwoDsqs,
  dsqMembership,
  dsqCount,
  dsqModeMix,
  fifoOrder,
  vtimeOrder,
  pickMismatch,
  consumeMismatch,
  dsqMixedOrder,
  weightRange,
  vtimeModelMismatch,
  vtimeHiddenRuntime,
  vtimeDrift,
  vtimeDriftEta,
  vtimeTooFarAhead,
  vtimeBasisLeap,
  vtimeBasisRegress,
  vtimeClampStorm,
  vtimeDomainContamination,
  vtimeDomainSplit,
  vtimeUninitBasis,
  vtimeResetDiscount,
  vtimeChargeMismatch,
  vtimeChargeUnderflow,
  vtimeKeyWrap,
  vtimeStaleKey,
  vtimeLowClampMissing,
  vtimeOrderViolation,
  vtimeStarvation,
  vtimeStarvationPredicted,
  taskLost,
  runnableStall,
  runnableTooLong,
  enqueueTwice,
  dequeueMissing,
  dequeueDuplicate,
  dequeueFlags,
  directDispatchDequeue,
  insertNoEffect,
  reenqStorm,
  reenqReason,
  sliceAccounting,
  sliceOverrun,
  idleWithLocalWork,
  idleWithGlobalWork,
  idleNotify,
  bypassDepthNegative,
  opDuringBypass,
  bypassQueue,
  ...LB_RECORD_RULES,
  ...LB_BALANCE_RULES,
  lbExact,
  lbPeriod,
  lbInBypass,
  lbMigrations,
  lbDequeueRace,
  opAfterExit,
  enableStateOrder,
  exitOnce,
  enqLastUnrequested,
  dispatchLoopLimit,
  selectCpuDisallowed,
  weightMapping,
  counterMonotone,
  counterConsistency,
  traceInconsistent,
  schedulerEjected,
  ...CAPS_RULES,
];

export const RULES: readonly RuleSpec[] = [
  ...MODULE_RULES,
  ...messageRules(new Set(MODULE_RULES.map((rule) => rule.id))),
];

export function findRule(id: string): RuleSpec | undefined {
  return RULES.find((rule) => rule.id === id);
}
