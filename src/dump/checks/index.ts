// The registry of checks, in the order in which reports list them: what is certain first, what explains it after.
import type { DumpCheck } from '../check.ts';
import { bypassInUse } from './bypass-in-use.ts';
import { counterDoubtful } from './counter-doubtful.ts';
import { cpuOffline } from './cpu-offline.ts';
import { dsqNotConsumed } from './dsq-not-consumed.ts';
import { dsqStarved } from './dsq-starved.ts';
import { duplicateTask } from './duplicate-task.ts';
import { linesMissing } from './lines-missing.ts';
import { localNotRun } from './local-not-run.ts';
import { parkedTask } from './parked-task.ts';
import { queuedWithoutSlice } from './queued-without-slice.ts';
import { taskForgotten } from './task-forgotten.ts';
import { taskOutsideMask } from './task-outside-mask.ts';
import { taskState } from './task-state.ts';
import { taskStranded } from './task-stranded.ts';
import { vtimeSpread } from './vtime-spread.ts';
import { waitingTooLong } from './waiting-too-long.ts';

export const DUMP_CHECKS: readonly DumpCheck[] = [
  waitingTooLong,
  taskForgotten,
  dsqNotConsumed,
  dsqStarved,
  vtimeSpread,
  localNotRun,
  parkedTask,
  taskStranded,
  taskOutsideMask,
  taskState,
  cpuOffline,
  bypassInUse,
  queuedWithoutSlice,
  counterDoubtful,
  duplicateTask,
  linesMissing,
];
