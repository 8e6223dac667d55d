// The registry of rules, in the order in which reports list them.
import { directDispatchTwice } from './direct-dispatch-twice.ts';
import { directDispatchWrongTask } from './direct-dispatch-wrong-task.ts';
import { dispatchBufferOverflow } from './dispatch-buffer-overflow.ts';
import { dispatchDisallowedCpu } from './dispatch-disallowed-cpu.ts';
import { dispatchInvalidCpu } from './dispatch-invalid-cpu.ts';
import { dispatchMigrationDisabled } from './dispatch-migration-disabled.ts';
import { dsqFifoIntoVtime } from './dsq-fifo-into-vtime.ts';
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
import { vtimeDrift } from './vtime-drift.ts';
import { vtimeDriftEta } from './vtime-drift-eta.ts';
import { vtimeHiddenRuntime } from './vtime-hidden-runtime.ts';
import { vtimeModelMismatch } from './vtime-model-mismatch.ts';
import { vtimeOnBuiltinDsq } from './vtime-on-builtin-dsq.ts';
import { vtimeOrder } from './vtime-order.ts';
import { vtimeTooFarAhead } from './vtime-too-far-ahead.ts';

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
  vtimeModelMismatch,
  vtimeHiddenRuntime,
  vtimeDrift,
  vtimeDriftEta,
  vtimeTooFarAhead,
  taskLost,
  runnableStall,
  schedulerEjected,
];

export function findRule(id: string): RuleSpec | undefined {
  return RULES.find((rule) => rule.id === id);
}
