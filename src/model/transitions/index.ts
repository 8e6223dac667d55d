// All transitions, by event kind.
import { EVENT_TYPES } from '../../trace/vocabulary/index.ts';
import type { Transition, Transitions } from '../handler.ts';
import { consumeTransitions } from './consume.ts';
import { dispatchTransitions } from './dispatch.ts';
import { dsqTransitions } from './dsq.ts';
import { enqueueTransitions } from './enqueue.ts';
import { kfuncTransitions } from './kfuncs.ts';
import { linkTransitions } from './link.ts';
import { machineTransitions } from './machine.ts';
import { pickTransitions } from './pick.ts';
import { runningTransitions } from './running.ts';
import { schedTransitions } from './scheds.ts';
import { taskTransitions } from './tasks.ts';
import { verdictTransitions } from './verdict.ts';
import { wakeupTransitions } from './wakeup.ts';

const ALL: Transitions = {
  ...machineTransitions,
  ...schedTransitions,
  ...taskTransitions,
  ...enqueueTransitions,
  ...pickTransitions,
  ...runningTransitions,
  ...dsqTransitions,
  ...linkTransitions,
  ...consumeTransitions,
  ...verdictTransitions,
  ...dispatchTransitions,
  ...kfuncTransitions,
  ...wakeupTransitions,
};

/** Transition of each event kind; undefined for kinds that change nothing in the model. */
export const TRANSITIONS: readonly (Transition | undefined)[] = EVENT_TYPES.map((type) => ALL[type]);
