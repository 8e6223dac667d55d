// The registry of rules, in the order in which reports list them.
import { directDispatchTwice } from './direct-dispatch-twice.ts';
import { directDispatchWrongTask } from './direct-dispatch-wrong-task.ts';
import { dispatchBufferOverflow } from './dispatch-buffer-overflow.ts';
import { dispatchDisallowedCpu } from './dispatch-disallowed-cpu.ts';
import { dispatchInvalidCpu } from './dispatch-invalid-cpu.ts';
import { dispatchMigrationDisabled } from './dispatch-migration-disabled.ts';
import { dsqFifoIntoVtime } from './dsq-fifo-into-vtime.ts';
import { dsqMixedOrder } from './dsq-mixed-order.ts';
import { dsqNonexistent } from './dsq-nonexistent.ts';
import { dsqVtimeIntoFifo } from './dsq-vtime-into-fifo.ts';
import { fifoOrder } from './fifo-order.ts';
import type { RuleSpec } from './rule.ts';
import { runContinuesOutsideMask } from './run-continues-outside-mask.ts';
import { runOutsideMask } from './run-outside-mask.ts';
import { runnableStall } from './runnable-stall.ts';
import { schedulerEjected } from './scheduler-ejected.ts';
import { switchChainBroken } from './switch-chain-broken.ts';
import { taskLost } from './task-lost.ts';
import { taskOnTwoCpus } from './task-on-two-cpus.ts';
import { taskOnTwoDsqs } from './task-on-two-dsqs.ts';
import { vtimeBasisLeap } from './vtime-basis-leap.ts';
import { vtimeBasisRegress } from './vtime-basis-regress.ts';
import { vtimeChargeMismatch } from './vtime-charge-mismatch.ts';
import { vtimeChargeUnderflow } from './vtime-charge-underflow.ts';
import { vtimeClampStorm } from './vtime-clamp-storm.ts';
import { vtimeDomainContamination } from './vtime-domain-contamination.ts';
import { vtimeDomainSplit } from './vtime-domain-split.ts';
import { vtimeDrift } from './vtime-drift.ts';
import { vtimeDriftEta } from './vtime-drift-eta.ts';
import { vtimeHiddenRuntime } from './vtime-hidden-runtime.ts';
import { vtimeKeyWrap } from './vtime-key-wrap.ts';
import { vtimeLowClampMissing } from './vtime-low-clamp-missing.ts';
import { vtimeModelMismatch } from './vtime-model-mismatch.ts';
import { vtimeOnBuiltinDsq } from './vtime-on-builtin-dsq.ts';
import { vtimeOrder } from './vtime-order.ts';
import { vtimeOrderViolation } from './vtime-order-violation.ts';
import { vtimeResetDiscount } from './vtime-reset-discount.ts';
import { vtimeStaleKey } from './vtime-stale-key.ts';
import { vtimeStarvation } from './vtime-starvation.ts';
import { vtimeStarvationPredicted } from './vtime-starvation-predicted.ts';
import { vtimeTooFarAhead } from './vtime-too-far-ahead.ts';
import { vtimeUninitBasis } from './vtime-uninit-basis.ts';
import { weightRange } from './weight-range.ts';

export const RULES: readonly RuleSpec[] = [
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
  runOutsideMask,
  runContinuesOutsideMask,
  taskOnTwoCpus,
  switchChainBroken,
  taskOnTwoDsqs,
  fifoOrder,
  vtimeOrder,
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
  schedulerEjected,
];

export function findRule(id: string): RuleSpec | undefined {
  return RULES.find((rule) => rule.id === id);
}
