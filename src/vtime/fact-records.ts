// The records in which facts are told: made once by an engine and filled anew for each fact.
import { UNKNOWN } from '../model/sched.ts';
import { NEVER } from '../trace/time.ts';
import { U64 } from '../trace/u64.ts';
import { type ChargeFact, INSERT_UNKNOWN, type InsertFact } from './facts.ts';
import type { QueueInstance, SchedVtime } from './sched-vtime.ts';
import type { VtimeTask } from './task-state.ts';

export function newChargeFact(): ChargeFact {
  return {
    seq: -1,
    t: NEVER,
    // Filled before it is handed to anybody.
    task: undefined as unknown as VtimeTask,
    sched: undefined as unknown as SchedVtime,
    cpu: -1,
    borrowed: UNKNOWN,
    runSeq: -1,
    runtimeNs: -1,
    runtimeMin: -1,
    runtimeMax: -1,
    before: new U64(),
    beforeKnown: false,
    after: new U64(),
    observed: false,
    deltaNs: Number.NaN,
    sliceLeftNs: -1,
    modelMin: -1,
    modelMax: -1,
    isPure: true,
    fit: -1,
  };
}

export function newInsertFact(): InsertFact {
  return {
    seq: -1,
    t: NEVER,
    // Filled before it is handed to anybody.
    task: undefined as unknown as VtimeTask,
    sched: undefined as unknown as SchedVtime,
    queue: undefined as unknown as QueueInstance,
    basis: undefined,
    key: new U64(),
    before: new U64(),
    beforeKnown: false,
    kind: INSERT_UNKNOWN,
    staleRead: false,
    belowObserved: 0,
    fromElsewhere: false,
    continuous: false,
    driftMin: 0,
    driftMax: 0,
    freshBasis: false,
    rebaseDeltaNs: Number.NaN,
    dsqHi: 0,
    dsqLo: 0,
  };
}
